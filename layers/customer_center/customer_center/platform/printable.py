"""The characters that a line of text from outside may contain."""

import unicodedata
from functools import cache

_UNPRINTABLE = frozenset({"Cc", "Cs", "Co", "Cn", "Zl", "Zp"})
# The replacement character. It stands for bytes that another program could not decode.
_UNREADABLE = "\ufffd"
# They join and part letters, in Persian, Hindi and emoji.
_JOINERS = "\u200c\u200d"
_BREAKS = frozenset("\t\n\r\x85\u2028\u2029")
_BIDI_CONTROLS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def is_printable(line: str) -> bool:
    """Return whether the line can be shown to people.

    Such a line has no line break, surrogate or bidirectional control, and no control, private-use, unassigned or
    replacement character. It is empty or has at least one visible character.
    """
    if _UNREADABLE in line or (line and all(map(_is_invisible, line))):
        return False
    return line.isprintable() or not any(
        unicodedata.category(character) in _UNPRINTABLE or character in _BIDI_CONTROLS for character in line
    )


def _is_invisible(character: str) -> bool:
    return unicodedata.category(character)[0] in "CZ"


def cleaned(line: str) -> str:
    """Return a line that another system sent as `is_printable` allows it, and as people would type it.

    A person is asked to correct a wrong line; a system cannot be asked. Tabs, line breaks and blanks of any width
    become plain blanks. A character that stands for unreadable bytes becomes `?`. Other characters that nobody can see
    are removed, except joiners inside a word. The result is trimmed, and empty without a visible character. Cleaning
    twice changes nothing more.
    """
    if not (line.isascii() and line.isprintable()):
        line = "".join(map(_cleaned, line)).strip(f" {_JOINERS}")
        return line if is_printable(line) else ""
    return line.strip()


@cache
def _cleaned(character: str) -> str:
    if character == _UNREADABLE:
        return "?"
    category = unicodedata.category(character)
    if character in _BREAKS or category == "Zs":
        return " "
    is_unseen = category == "Cf" and character not in _JOINERS
    return "" if is_unseen or not is_printable(f"a{character}") else character
