"""Blank the personal values of an erased person in the journal (docs/specification.md, 7.6)."""

from collections.abc import Mapping, Sequence
from typing import Any

from customer_center.companies.audit.trail import entries_about
from customer_center.companies.ports import AuditTrail
from customer_center.platform.journal import Entry

# Replaces a personal value. None stays None, because an empty field is not personal data.
BLANK = "erased"
# The company's data: the state and the rights of an account. Every other field is personal, even if it is added later.
_NOT_PERSONAL = frozenset({"status", "roles", "budget_per_order", "budget_per_month", "invitation"})


def redact_entries(user_id: str, *, trail: AuditTrail) -> None:
    """Blank the personal values, before and after, in every entry about this user.

    May run any number of times. Blanked entries are skipped, so that a new run continues an interrupted one.
    """
    for entry in entries_about(user_id, trail):
        if not is_redacted(entry):
            trail.redact(entry, redacted(entry))


def is_redacted(entry: Entry) -> bool:
    """Return whether the entry holds no personal value."""
    return {field: list(pair) for field, pair in entry.changes.items()} == redacted(entry)


def redacted(entry: Entry) -> Mapping[str, Sequence[Any]]:
    """Return the changes of an entry with personal values blanked."""
    return {
        field: list(pair) if field in _NOT_PERSONAL else [None if value is None else BLANK for value in pair]
        for field, pair in entry.changes.items()
    }
