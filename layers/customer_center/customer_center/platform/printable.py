"""The characters that a line of text from outside may contain."""

import unicodedata

_UNPRINTABLE = frozenset({"Cc", "Cs", "Co", "Cn", "Zl", "Zp"})
# The replacement character. It stands for bytes that another program could not decode.
_UNREADABLE = "\ufffd"
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
