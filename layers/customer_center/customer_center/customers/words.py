"""The words that a search finds customers by, and what a search asks for. No I/O, no clock.

Words are compared without case, accents and invisible characters (`platform/search.py`), by their beginning.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence

from customer_center.customers.fields import FIELDS
from customer_center.customers.listing import row_of
from customer_center.customers.model import Customer
from customer_center.platform.email_address import shown_email
from customer_center.platform.frozen import frozen
from customer_center.platform.ids import ULID_PATTERN
from customer_center.platform.search import folded, words

# Fields whose words are found; numbers are found with and without their blanks. Of an address, the city is found.
_NAMES = ("first_name", "middle_name", "last_name", "organisation", "contact_person")
_NUMBERS = ("vat_number", "chamber_of_commerce_number")
MAX_WORD = 100
"""Longer words are found by their beginning. A sort key of DynamoDB has at most 1024 bytes."""
POSITION = re.compile(rf"[^\ud800-\udfff]{{1,{MAX_WORD}}}#cus_{ULID_PATTERN}", re.DOTALL)
"""What positions among the found words look like."""
# From here on in Unicode a single character may be a word (Chinese, Japanese, Korean).
_IDEOGRAPHS = "\u2e80"
_PHONE = re.compile(r"[+(]?\d[\d\s()/.-]{3,}", re.ASCII)
# Calling codes of one and two digits (ITU-T E.164, List of assigned country codes, 2016). All others have three.
_CALLING_CODE = re.compile(r"[17]|2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58]|\d{1,3}", re.ASCII)


def words_of(customer: Customer) -> frozenset[str]:
    """Return the words that find a customer; none for one that lists do not show."""
    return frozenset(word[:MAX_WORD] for word in _words(customer)) if row_of(customer) else frozenset()


def _words(customer: Customer) -> Iterator[str]:
    for name in _NAMES:
        yield from words(_text(customer.values.get(name)))
    for name, field in FIELDS.items():
        value = customer.values.get(name)
        if field.kind == "address" and isinstance(value, Mapping):
            yield from words(_text(value.get("city")))
        for line in (value,) if isinstance(value, str) else value if isinstance(value, tuple) else ():
            if field.match_key == "email":
                yield from _email_words(line)
            elif field.match_key == "phone":
                yield from phone_words(line)
    for number in (customer.customer_code, *map(customer.values.get, _NUMBERS)):
        parts = words(_text(number))
        yield from (*parts, "".join(parts)) if parts else ()


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _email_words(email: str) -> Iterator[str]:
    """Yield the words of the local part; with an `@` before them the address and its domain, as stored and as shown.

    The `@` keeps an address from being found twice by the beginning of its local part.
    """
    for spelling in {folded(email), folded(shown_email(email))}:
        local_part, at, domain = spelling.rpartition("@")
        yield from words(local_part or domain)
        if at:
            yield f"@{spelling}"
            yield f"@{domain}"


def phone_words(phone: str) -> Iterator[str]:
    """Yield the digits that people search a telephone number by.

    These are the whole number, the number in its country with and without the leading zero, and the last group.
    """
    groups = re.findall(r"\d+", re.sub(r"\(0\)", " ", phone), re.ASCII)
    digits = "".join(groups)
    if not digits:
        return
    if phone.lstrip().startswith("+") or digits.startswith("00"):
        digits = digits.removeprefix("00")
        national = _CALLING_CODE.sub("", digits, count=1)
    else:
        national = digits.removeprefix("0")
    yield digits
    if national:
        yield national
        yield f"0{national}"
    yield groups[-1]


def partition_of(word: str) -> str:
    """Return the beginning of a word by which words are kept together, at most two characters."""
    return word[: 1 if word >= _IDEOGRAPHS else 2]


def can_be_sought(beginning: str) -> bool:
    """Return whether words with this beginning are kept together: with one letter there would be too many."""
    return len(beginning) > 1 or beginning >= _IDEOGRAPHS


@frozen
class Search:
    """What a search asks for: each of `beginnings` has to begin a word of the customer.

    The words that begin with one of them are read; then the customers are read and checked.
    """

    beginnings: Sequence[str]

    @property
    def sought(self) -> Sequence[str]:
        """The beginnings whose words can be read, the longest first."""
        return sorted(filter(can_be_sought, self.beginnings), key=len, reverse=True)

    def finds(self, word: str, known: Collection[str], sought: str) -> bool:
        """Return whether a customer with the words `known` is to be shown at this word, which begins with `sought`.

        A customer that has several words with the same beginning is shown at the first of them only.
        """
        first = min((each for each in known if each.startswith(sought)), default=None)
        return word == first and all(any(each.startswith(begins) for each in known) for begins in self.beginnings)


def search_for(q: str) -> Search | None:
    """Return the search for a text, None if it has no word of at least two letters or digits.

    A word with an `@` is the beginning of an e-mail, or of a domain. Digits of a telephone number may be divided.
    """
    if _PHONE.fullmatch(q.strip()):
        digits = "".join(re.findall(r"\d+", q, re.ASCII))
        parts = [digits.removeprefix("00")]
    else:
        parts = [part for text in q.split() for part in _parts(folded(text))]
    beginnings = tuple(dict.fromkeys(part[:MAX_WORD] for part in parts))
    return Search(beginnings) if any(map(can_be_sought, beginnings)) else None


def _parts(text: str) -> Sequence[str]:
    return [text if text.startswith("@") else f"@{text}"] if "@" in text else words(text)
