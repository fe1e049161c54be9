"""Which characters a line of text from outside may hold."""

import unicodedata

_UNPRINTABLE = frozenset({"Cc", "Cs", "Co", "Cn", "Zl", "Zp"})
# What a gateway or a program puts where it could not read the bytes: the text was in another encoding.
_UNREADABLE = "\ufffd"
_BIDI_CONTROLS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def is_printable(line: str) -> bool:
    """Whether the line can be shown: no control character, line break or half character, nothing that turns its order.

    Nor what stands for bytes that could not be read, nor nothing at all but invisible characters.
    """
    if _UNREADABLE in line or (line and all(map(_is_invisible, line))):
        return False
    return line.isprintable() or not any(
        unicodedata.category(character) in _UNPRINTABLE or character in _BIDI_CONTROLS for character in line
    )


def _is_invisible(character: str) -> bool:
    return unicodedata.category(character)[0] in "CZ"
