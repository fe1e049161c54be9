"""One rule for searching and sorting by name, in every list: case, accents and signs nobody sees do not matter."""

import re
import unicodedata
from collections.abc import Sequence

# Letters that Unicode does not decompose into a letter and an accent; people type them as these.
_LETTERS = str.maketrans(
    {
        "ł": "l",
        "ø": "o",
        "đ": "d",
        "ð": "d",
        "þ": "th",
        "ħ": "h",
        "ŧ": "t",
        "ŋ": "n",
        "\u0131": "i",
        "ĸ": "k",
        "æ": "ae",
        "œ": "oe",
        "ə": "e",
        "ƒ": "f",
    }
)
_LETTER_OR_DIGIT = re.compile(r"[^\W_]+")


def folded(text: str) -> str:
    """Return the text without case, accents and invisible characters: `Łukasz` as `lukasz`, `Straße` as `strasse`.

    `ä`, `ö` and `ü` become `a`, `o` and `u`. A Turkish I, with its dot or without, becomes `i`. The result sorts names
    as people expect, also where letters of one alphabet meet accents of another.
    """
    if text.isascii():
        return text.lower()
    # Casefolding comes first, as it makes `İ` two characters, and last, as decomposing may make capitals.
    apart = unicodedata.normalize("NFKD", text.casefold())
    return "".join(filter(_is_seen, apart)).translate(_LETTERS).casefold()


def _is_seen(char: str) -> bool:
    return unicodedata.category(char)[0] != "M" and unicodedata.category(char) != "Cf"


def words(text: str) -> Sequence[str]:
    """Return the folded words of a text. Words consist of letters and digits."""
    return _LETTER_OR_DIGIT.findall(folded(text))


def finds(q: str, name: str, *emails: str) -> bool:
    """Return whether each word of `q` begins a word of the name, or `q` begins one of the e-mails.

    With an `@`, `q` is searched in e-mails only: `anna@müller.example` does not find everybody named Anna Müller.
    """
    sought = () if "@" in q else words(q)
    if sought and all(any(word.startswith(part) for word in words(name)) for part in sought):
        return True
    begins = folded(q)
    return bool(begins) and any(folded(email).startswith(begins) for email in emails)
