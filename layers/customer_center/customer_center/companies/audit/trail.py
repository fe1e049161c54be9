"""Read journal entries: the entries of a company page by page, or all entries about one user."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from customer_center.companies.ids import company_of, person_of
from customer_center.companies.ports import AuditTrail
from customer_center.platform.clock import EPOCH
from customer_center.platform.errors import MalformedRequest
from customer_center.platform.ids import ULID_TEXT, made_at, ulid_floor
from customer_center.platform.journal import Entry
from customer_center.platform.paging import Page, Part, filled, read_cursor, written_cursor

# The clocks of sandboxes differ slightly, so an entry may seem older than the user id in it.
_CLOCKS_DIFFER = timedelta(minutes=5)


def page_of_entries(
    company_id: str,
    query: object,
    *,
    since: datetime,
    until: datetime | None,
    matches: Callable[[Entry], bool] | None,
    limit: int,
    cursor: str | None,
    trail: AuditTrail,
) -> Page[Entry]:
    """Return a page of the company's entries that were made at `since` or later and before `until`, newest first.

    `matches` selects entries; None selects all. A cursor is valid only for the same `query`. Raises MalformedRequest
    `cursor-invalid`.
    """
    before = ulid_floor(until) if until else None
    if cursor is not None:
        (before,) = read_cursor(cursor, query, parts=1)
        if not ULID_TEXT.fullmatch(before):
            raise MalformedRequest("cursor-invalid")

    def read(behind: str | None, size: int) -> Part[Entry]:
        return trail.newest(company_id, limit=size, since=since, before=behind)

    entries, last = filled(read, key=lambda entry: entry.entry_id, wanted=matches, after=before, limit=limit)
    return Page(entries, written_cursor([last], query) if last else None)


def entries_about(user_id: str, trail: AuditTrail) -> Iterator[Entry]:
    """Yield every entry about this user, oldest first."""
    company_id = company_of(user_id)
    assert company_id is not None
    for entry in trail.entries(company_id, since=first_mentioned(user_id)):
        if entry.subject == user_id:
            yield entry


def first_mentioned(user_id: str) -> datetime:
    """Return a lower bound for the times of the entries about this user or by this user."""
    made = made_at(person_of(user_id))
    assert made is not None
    return max(made - _CLOCKS_DIFFER, EPOCH)
