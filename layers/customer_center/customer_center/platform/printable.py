"""Which characters a line of text from outside may hold."""

import unicodedata

_UNPRINTABLE = frozenset({"Cc", "Cs", "Co", "Cn", "Zl", "Zp"})
_BIDI_CONTROLS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def is_printable(line: str) -> bool:
    """Whether the line holds no control character, line break or half character, and nothing that turns its order."""
    return line.isprintable() or not any(
        unicodedata.category(character) in _UNPRINTABLE or character in _BIDI_CONTROLS for character in line
    )
