"""Names in mails: mail programs make links of text that looks like an address.

Such a link in a genuine mail of ours would be bait. Names that people type are refused when they hold an address
(`holds_address`). Names that another system sends, the firm `amazon.de GmbH` for example, stay as they are, and mails
show them so that no program makes a link of them (`unlinked`).
"""

import re
import unicodedata

# A scheme, `www.`, an e-mail address, a network share, and a path, port, query or fragment behind a dotted name.
_ADDRESS = re.compile(
    r"\w://|\b(?:https?|ftp|file|mailto|tel|sms|data|javascript):\S|\bwww\d?\.\w|\w@\w|\\\\\w|\w\.\w[\w-]*\.?[/:?#]\S",
    re.IGNORECASE,
)
# What stands between letters or digits without a blank: `shop.example`, `Dr.Meier`, `A.B.Meier`, `192.0.2.1`.
_DOTTED = re.compile(r"\w[\w-]*(?:\.[\w-]+)+")
_DOTS = str.maketrans("\u3002\uff0e\uff61\u2024\ufe52", ".....")
# Titles and initials may stand before a dot without a blank behind it.
_TITLE_WORDS = (
    "ass dipl dir dr drs fr hr ing inh ir jr jur lic mag mba me med mevr mgr mlle mme mr mrs ms mw nat oec phd phil "
    "pol prof rer rev san sen sir sr st ste tech vet"
)
_TITLES = frozenset(_TITLE_WORDS.split())
# Titles that follow others: `prof.dr. Jansen`.
_LATER_TITLES = frozenset({"dr", "ir", "mr"})
# What is no family name behind initials: endings of two letters belong to countries, and these to everybody.
_COMMON_ENDINGS = "app biz com dev edu gov icu info int ltd mil net online org page pro shop site store top xyz"
_ENDINGS = frozenset(_COMMON_ENDINGS.split())
_LEGAL_FORMS = frozenset({"co.kg", "co.kgaa", "co.ohg", "gmbh.co", "u.co"})
_JOINER = "\u200d"
_NON_JOINER = "\u200c"


def holds_address(name: str) -> bool:
    """Return whether a mail program would make a link of some part of the name, or of what it resembles.

    `Dr. No`, `Dr.No`, `A. B. C.`, `J.R.Ewing`, `Dipl.-Ing. Meier` and `Müller GmbH & Co. KG` hold none.
    `musterhandel.de`, `x.com`, `me.com`, `shop-login.example/x`, `www.x`, `a@b`, `http:x` and `192.0.2.1` do.
    """
    letters = (char for char in unicodedata.normalize("NFKC", name) if char != _JOINER and not _is_mark(char))
    name = "".join(letters).translate(_DOTS)
    return bool(_ADDRESS.search(name)) or any(_is_domain(match[0]) for match in _DOTTED.finditer(name))


def _is_mark(char: str) -> bool:
    # Vowels of Hindi, Thai or Arabic, and accents. They are parts of a word, which `\w` does not know.
    return unicodedata.category(char)[0] == "M"


def _is_domain(dotted: str) -> bool:
    if dotted.lower() in _LEGAL_FORMS:
        return False
    *before, last = dotted.lower().split(".")
    if last.isdigit():
        # A number of a chapter, or an address of the Internet Protocol.
        return len(before) == 3 and all(map(str.isdigit, before))  # noqa: PLR2004 # four numbers
    if len(last) == 1:
        return False
    if all(label in _TITLES for label in before):
        # `Dr.No` is a name, `me.com` and `mr.de` are not: a name begins with a capital.
        country = len(last) == 2 and dotted.endswith(last) and last not in _LATER_TITLES  # noqa: PLR2004 # a country's
        return country or last in _ENDINGS
    initials = all(len(label) == 1 or label in _TITLES for label in before)
    return not initials or len(last) == 2 or last in _ENDINGS  # noqa: PLR2004 # letters of a country


def unlinked(name: str) -> str:
    """Return the name so that no mail program makes a link of it; it looks the same.

    An invisible character (U+200C) parts the signs that make an address. A name without an address is unchanged.
    """
    if not holds_address(name):
        return name
    return re.sub(r"(?<=\S)([.:@/\\\u3002\uff0e\uff61\u2024\ufe52])(?=\S)", rf"{_NON_JOINER}\1{_NON_JOINER}", name)
