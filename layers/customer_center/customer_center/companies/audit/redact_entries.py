"""Blanking what the journal says of a person who was erased (DESIGN §7)."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from customer_center.companies.ids import company_of
from customer_center.companies.ports import AuditTrail
from customer_center.platform.clock import EPOCH
from customer_center.platform.ids import made_at
from customer_center.platform.journal import Entry

# What stands instead of a personal value; that there was none is still told.
BLANK = "erased"
# What an account could do, and where it stood, is the company's to know. Whatever else there is, is the person's.
_NOT_PERSONAL = frozenset({"status", "roles", "budget_per_order", "budget_per_month", "invitation"})
# Sandboxes' clocks differ a little: an entry may seem older than the id of the user it is about.
_CLOCKS_DIFFER = timedelta(minutes=5)


def redact_entries(user_id: str, *, trail: AuditTrail) -> None:
    """Blank the personal values, before and after, in every entry about this user.

    May run any number of times: what is blank already is left alone, so that a run that was cut short is gone on with.
    """
    for entry in entries_about(user_id, trail):
        if not is_redacted(entry):
            trail.redact(entry, redacted(entry))


def entries_about(user_id: str, trail: AuditTrail) -> Iterator[Entry]:
    """Yield every entry about this user, oldest first; none is older than their id."""
    company_id = company_of(user_id)
    assert company_id is not None
    for entry in trail.entries(company_id, since=first_mentioned(user_id)):
        if entry.subject == user_id:
            yield entry


def is_redacted(entry: Entry) -> bool:
    """Whether nothing personal is left in the entry."""
    return {field: list(pair) for field, pair in entry.changes.items()} == redacted(entry)


def first_mentioned(user_id: str) -> datetime:
    """Return the moment before which no entry can be about this user, or by them."""
    made = made_at(user_id.rpartition("_")[2])
    assert made is not None
    return max(made - _CLOCKS_DIFFER, EPOCH)


def redacted(entry: Entry) -> Mapping[str, Sequence[Any]]:
    """Return the changes of an entry without what is personal."""
    return {
        field: list(pair) if field in _NOT_PERSONAL else [None if value is None else BLANK for value in pair]
        for field, pair in entry.changes.items()
    }
