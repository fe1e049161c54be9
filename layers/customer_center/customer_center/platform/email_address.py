"""Validate e-mail addresses: SES and Cognito must accept an address, and it must be able to receive mail."""

import re
import unicodedata

import idna

from customer_center.platform.printable import bare

# RFC 5321 §4.1.2 (Dot-string) and §4.5.3.1. SES accepts no quoted local part and no non-ASCII letters in it.
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LOCAL_PART = re.compile(rf"(?=.{{1,64}}\Z){_ATOM}(\.{_ATOM})*")
_LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN = re.compile(rf"(?=.{{1,253}}\Z)({_LABEL}\.)+(?![0-9]+\Z){_LABEL}")
# Top-level domains that are not in the public DNS (RFC 6761, 6762 and 7686). People type names of their office network.
_NOWHERE = frozenset({"arpa", "invalid", "local", "localhost", "onion", "test"})
_LENGTH = 254


def email_address(text: str) -> str | None:
    """Return the address with its domain in ASCII (IDNA 2008, UTS 46), None when no mail can be sent to it.

    The function makes no DNS query.
    """
    local_part, _, domain = text.rpartition("@")
    try:
        domain = idna.encode(domain, uts46=True).decode("ascii").lower()
    except (idna.IDNAError, UnicodeError):
        return None
    if not _LOCAL_PART.fullmatch(local_part) or not _DOMAIN.fullmatch(domain):
        return None
    address = f"{local_part}@{domain}"
    return None if domain.rpartition(".")[2] in _NOWHERE or len(address) > _LENGTH else address


# Compiled by their first use: most texts are one address.
_DISPLAY_NAME = r'"[^"]{0,300}"(?=\s*<)'
_COMMENT = r"\([^()]{0,300}\)"
_LINK = r"(?i)\b(?:mailto|smtp|e-?mail)\s*:\s*"
# A text of another system that is longer is no list of addresses.
_TEXT_LENGTH = 2000


def address_in(text: str) -> str | None:
    """Return the first e-mail address in a text of another system, in its spelling; None when it contains none.

    Such a text may have several addresses, separated by semicolons, commas, bars or blanks, each with a display name
    (`Anna <a@x.example>`), as a link (`mailto:a@x.example?subject=…`), or with `E-Mail:` or `SMTP:` before it. An
    address in a display name does not count.
    Words next to an address without angle brackets leave open where the address begins, so that one does not count.
    """
    text = bare(text)
    if email_address(text):
        return text
    visible = "".join(character for character in text[:_TEXT_LENGTH] if character.isprintable() or character.isspace())
    for part in re.split(r"[;,|]", re.sub(_COMMENT, " ", re.sub(_DISPLAY_NAME, " ", visible))):
        _, bracket, inside = part.partition("<")
        words = re.sub(_LINK, "", inside.partition(">")[0] if bracket else part).split()
        addresses = [_address(word) for word in words]
        if addresses and all(addresses):
            return addresses[0]
    return None


def _address(word: str) -> str | None:
    for quote in "'\"":
        word = word[1:-1] if len(word) > 1 and word[0] == word[-1] == quote else word
    word = word.partition("?")[0] if "@" in word.partition("?")[0] else word
    word = word.rstrip(".")
    return word if email_address(word) else None


def normalized_email(email: str) -> str:
    """Return the form in which e-mails are compared and unique: trimmed, in lower case.

    `casefold` is not used, because it would merge two domains: `großmann.de` is not `grossmann.de`.
    """
    return email.strip().lower()


def comparable(text: str) -> str:
    """Return the form in which an e-mail of another system, in any spelling, is compared with ours."""
    return normalized_email(email_address(text.strip()) or text)


# Their letters look alike, so that a label which mixes them is shown in its ASCII form, as browsers show it.
_ALIKE = frozenset({"LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE"})


def shown_email(address: str) -> str:
    """Return the address as people write it: `anna@müller-söhne.example` for `anna@xn--mller-shne-kcb9d.example`.

    We store and compare the ASCII form, because SES and Cognito know only that. An address that cannot be shown, or
    could be taken for another one, stays as it is.
    """
    local_part, at, domain = address.rpartition("@")
    if "xn--" not in domain.lower():
        return address
    return local_part + at + ".".join(map(_shown_label, domain.split(".")))


def _shown_label(label: str) -> str:
    if not label.lower().startswith("xn--"):
        return label
    try:
        shown = idna.decode(label)
        known = idna.encode(shown, uts46=True).decode("ascii")
    except (idna.IDNAError, UnicodeError):
        return label
    scripts = {unicodedata.name(char, "").partition(" ")[0] for char in shown if char.isalpha()}
    return shown if known == label.lower() and len(scripts & _ALIKE) <= 1 else label
