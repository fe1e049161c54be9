"""The languages of answers and mails, and the choice of a person's language."""

import re
from collections.abc import Sequence

SUPPORTED_LANGUAGES = ("en", "de", "nl", "fr")
"""ISO 639-1 codes. To add one, add it here and in every room's `texts.py`, and write `mail/texts/<code>.toml`."""

# Microsoft's three-letter abbreviations (LOCALE_SABBREVLANGNAME, which Dynamics NAV stores) name language and country,
# and ISO 639-2 has two codes for some languages. The first two letters are ambiguous, because ISO 639-2 also has `fry`
# (Frisian) and `den` (Slavey). Therefore this table lists the codes.
_THREE_LETTERS = {
    "de": "dea dec del des deu ger",
    "en": "ena enb enc ene eng eni enj enl enp ens ent enu enw enz",
    "fr": "fra frb frc fre frl frm frs",
    "nl": "dut nlb nld",
}
_LANGUAGE_OF = {code: language for language, codes in _THREE_LETTERS.items() for code in codes.split()}

_HEADER_LIMIT = 1000
"""Maximum number of characters that are read from an Accept-Language header. Browsers send fewer than 200."""
_LANGUAGE_RANGE = re.compile(
    r"(?P<range>\*|[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*)"
    r"(?:[ \t]*;[ \t]*[Qq]=(?P<quality>0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?))?"
)


def choose_language(code: str | None, *, fallback: str, supported: Sequence[str] = SUPPORTED_LANGUAGES) -> str:
    """Return the supported language that a code names, or the fallback.

    Accepts the ERP's `LanguageCode` (seed 000; Dynamics NAV: `DEU`, `DES`, `ENU`, ...), ISO 639-1 (`de`), ISO 639-2
    (`ger`, `deu`) and BCP 47, also with an underscore (`de-AT`, `de_AT`), in any case and with surrounding blanks.
    """
    language = re.split("[-_]", (code or "").strip().lower(), maxsplit=1)[0]
    language = _LANGUAGE_OF.get(language, language)
    return language if language in supported else fallback


def from_accept_language(header: str | None, fallback: str, *, supported: Sequence[str] = SUPPORTED_LANGUAGES) -> str:
    """Return the supported language that an Accept-Language header (RFC 9110, 12.5.4) prefers, or the fallback.

    The highest q wins. Among equal q values, the first in the header wins. `*` stands for all languages that the header
    does not name, and prefers the fallback. Malformed parts are ignored.
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
