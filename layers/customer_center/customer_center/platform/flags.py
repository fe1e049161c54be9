"""Flags of other systems: yes or no, in the spellings that such systems use."""

from collections.abc import Mapping
from typing import Any

# `_blank_` is what Dynamics NAV sends for an empty choice.
_ON = frozenset({"1", "true", "t", "yes", "y", "on", "x", "ja", "j", "wahr", "waar", "oui", "o", "vrai"})
_OFF = frozenset({"", "_blank_", "0", "false", "f", "no", "n", "off", "nein", "falsch", "nee", "onwaar", "non", "faux"})

HOLDS = frozenset({"ship", "invoice", "all", "alle", "alles", "lieferung", "rechnung", "verzending", "factuur"})
"""What a flag that says "on hold" may name instead of yes: that goods, invoices or everything is held back."""


def read_flag(value: object, *, holds: bool = False) -> bool | None:
    """Return whether the flag is set; None for a spelling that is not known, which callers must refuse.

    `value` is text, a boolean, 0 or 1, or None. Case and surrounding blanks do not matter. No value is "not set".
    With `holds`, the words in `HOLDS` mean "set".
    """
    if isinstance(value, bool) or value is None:
        return bool(value)
    if not isinstance(value, str):
        # 1.0 is a 1 to some JSON writers.
        return bool(value) if isinstance(value, int | float) and value in (0, 1) else None
    word = value.strip().casefold()
    if word in _ON or (holds and word in HOLDS):
        return True
    return False if word in _OFF else None


def flag_schema(*, holds: bool = False) -> Mapping[str, Any]:
    """Return all values that `read_flag` reads, as JSON Schema. Text may also have another case, and blanks."""
    words = sorted(_ON | _OFF | (HOLDS if holds else frozenset()))
    return {
        "anyOf": [
            {"type": "boolean"},
            {"type": "integer", "enum": [0, 1]},
            {"type": "string", "enum": words},
            {"type": "null"},
        ]
    }
