"""The characters that a line of text from outside may contain, and those that pasted text brings along."""

import unicodedata
from functools import cache

_UNPRINTABLE = frozenset({"Cc", "Cs", "Co", "Cn", "Zl", "Zp"})
# The replacement character. It stands for bytes that another program could not decode.
_UNREADABLE = "\ufffd"
_BIDI_CONTROLS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
# What nobody sees or types, and what copying from a page, a PDF or a spreadsheet adds: soft hyphen, combining grapheme
# joiner, zero-width characters, directional marks and controls, byte order mark, annotations, controls of shorthand and
# music, and tags, which can hide a whole text.
_UNSEEN = (
    "\u00ad\u034f\u061c\u180e\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2061\u2062\u2063\u2064"
    "\u2066\u2067\u2068\u2069\u206a\u206b\u206c\u206d\u206e\u206f\ufeff\ufff9\ufffa\ufffb"
    "\U0001bca0\U0001bca1\U0001bca2\U0001bca3"
    "\U0001d173\U0001d174\U0001d175\U0001d176\U0001d177\U0001d178\U0001d179\U0001d17a"
    + "".join(map(chr, range(0xE0000, 0xE0080)))
)
_BLANKS = (
    " \t\n\v\f\r\x1c\x1d\x1e\x1f\x85\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)
# Letters and symbols that look empty: Hangul fillers, braille blank, Khmer inherent vowels, a musical null notehead and
# Egyptian blanks.
_LOOKS_EMPTY = frozenset("\u115f\u1160\u3164\uffa0\u2800\u17b4\u17b5\U0001d159\U00013441\U00013442")
_AT_ENDS = _BLANKS + _UNSEEN + "".join(_LOOKS_EMPTY)
_WITHOUT_UNSEEN = dict.fromkeys(map(ord, _UNSEEN))
# They choose another shape of the character before them. A number or an address has only one.
_VARIATION_SELECTORS = dict.fromkeys([*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)])
_WITHOUT_BLANKS = dict.fromkeys(map(ord, _BLANKS))
_FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
_IN_A_NUMBER = _WITHOUT_UNSEEN | _VARIATION_SELECTORS | _FULL_WIDTH
# In running text, two of the unseen characters have a task: they join and part letters (Persian, Hindi, emoji).
_IN_A_LINE = {code: None for code in _WITHOUT_UNSEEN if chr(code) not in "\u200c\u200d"} | {
    ord(blank): " " for blank in _BLANKS if unicodedata.category(blank) == "Zs"
}


def trimmed(text: str) -> str:
    """Return the text without blanks of any kind and without invisible characters at its ends."""
    # In ASCII these are the blanks that Python strips by itself, ten times as fast.
    return text.strip() if text.isascii() else text.strip(_AT_ENDS)


def plain(line: str) -> str:
    """Return a line of text trimmed, with plain blanks, and without directional and other invisible characters.

    The two joiners of Persian, Hindi and emoji stay inside the line. So does what `is_printable` refuses.
    """
    return trimmed(line) if line.isascii() else trimmed(line.translate(_IN_A_LINE))


def bare(text: str) -> str:
    """Return a number, code or address as a person meant it: trimmed, and without invisible characters inside.

    Full-width letters, digits and signs, which East Asian keyboards type, become those of ASCII.
    """
    return trimmed(text) if text.isascii() else trimmed(text.translate(_IN_A_NUMBER))


def unbroken(text: str) -> str:
    """Return a code or token as `bare` does, also without the blanks and line ends that mail programs insert."""
    return bare(text).translate(_WITHOUT_BLANKS)


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
    # A combining mark, a variation selector or a tag shows nothing without a character to stand on.
    return character in _LOOKS_EMPTY or unicodedata.category(character)[0] in "CZM"


_BREAKS = frozenset("\t\n\r\x85\u2028\u2029")


def cleaned(line: str) -> str:
    """Return a line that another system sent as a line that `is_printable` allows, and that `plain` would not change.

    A person is asked to correct a wrong line; a system cannot be asked. Tabs and line breaks become blanks. A character
    that stands for unreadable bytes becomes `?`. Other characters that cannot be shown are removed. The result is empty
    without a visible character. Cleaning twice changes nothing more.
    """
    if line.isprintable() and line.isascii():
        return line.strip()
    if not line.isprintable() or _UNREADABLE in line:
        line = "".join(map(_cleaned, line))
    line = plain(line)
    return line if is_printable(line) else ""


@cache
def _cleaned(character: str) -> str:
    if character == _UNREADABLE:
        return "?"
    if character in _BREAKS:
        return " "
    return character if is_printable(f"a{character}") else ""
