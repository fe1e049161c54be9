"""The languages of answers and mails, and the choice of one for a person."""

import re
from collections.abc import Sequence

SUPPORTED_LANGUAGES = ("en", "de", "nl", "fr")
"""ISO 639-1. Adding one: add it here, to the `texts.py` of every room, and `<language>.toml` to `mail/texts/`."""

# Microsoft's three-letter abbreviations (LOCALE_SABBREVLANGNAME, which Dynamics NAV stores) name language and country,
# and ISO 639-2 has two codes for some languages. A table is needed: the first two letters do not decide, because
# ISO 639-2 also has `fry` (Frisian) and `den` (Slavey).
_THREE_LETTERS = {
    "de": "dea dec del des deu ger",
    "en": "ena enb enc ene eng eni enj enl enp ens ent enu enw enz",
    "fr": "fra frb frc fre frl frm frs",
    "nl": "dut nlb nld",
}
_LANGUAGE_OF = {code: language for language, codes in _THREE_LETTERS.items() for code in codes.split()}

_HEADER_LIMIT = 1000
"""The number of characters of an Accept-Language header that are read; browsers send less than 200."""
_LANGUAGE_RANGE = re.compile(
    r"(?P<range>\*|[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*)"
    r"(?:[ \t]*;[ \t]*[Qq]=(?P<quality>0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?))?"
)


def choose_language(code: str | None, *, fallback: str, supported: Sequence[str] = SUPPORTED_LANGUAGES) -> str:
    """Return the supported language that a code names, else the fallback.

    Accepts the ERP's `LanguageCode` (seed 000; Dynamics NAV: `DEU`, `DES`, `ENU`, ...), ISO 639-1 (`de`), ISO 639-2
    (`ger`, `deu`) and BCP 47, also with an underscore (`de-AT`, `de_AT`), in any case and with surrounding blanks.
    """
    language = re.split("[-_]", (code or "").strip().lower(), maxsplit=1)[0]
    language = _LANGUAGE_OF.get(language, language)
    return language if language in supported else fallback


def from_accept_language(header: str | None, fallback: str, *, supported: Sequence[str] = SUPPORTED_LANGUAGES) -> str:
    """Return the supported language that an Accept-Language header (RFC 9110, 12.5.4) prefers, else the fallback.

    The highest q wins, then the first in the header; `*` stands for every language not named, the fallback first.
    Parts that are not well-formed are skipped.
    """
    named: dict[str, float] = {}
    others = 0.0
    for item in (header or "")[:_HEADER_LIMIT].split(","):
        match = _LANGUAGE_RANGE.fullmatch(item.strip())
        if not match:
            continue
        quality = float(match["quality"] or 1)
        if match["range"] == "*":
            others = quality
        elif language := choose_language(match["range"], fallback="", supported=supported):
            named[language] = max(quality, named.get(language, 0.0))
    best = max([*named, fallback, *supported], key=lambda language: named.get(language, others))
    return best if named.get(best, others) else fallback
