"""Blanking personal values in the journal."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from customer_center.platform.journal import Entry

BLANK = "erased"
"""Replaces a personal value. None stays None, because an empty field is not personal data."""


def redacted(entry: Entry, not_personal: Collection[str]) -> Mapping[str, Sequence[Any]]:
    """Return the changes of an entry with personal values blanked: those of every field that is not named."""
    return {
        field: list(pair) if field in not_personal else [None if value is None else BLANK for value in pair]
        for field, pair in entry.changes.items()
    }


def is_redacted(entry: Entry, not_personal: Collection[str]) -> bool:
    """Return whether the entry holds no personal value."""
    return {field: list(pair) for field, pair in entry.changes.items()} == redacted(entry, not_personal)
