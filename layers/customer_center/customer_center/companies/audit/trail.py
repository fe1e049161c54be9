"""Read journal entries: the entries of a company page by page, or whether there are any about one user."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from customer_center.companies.ids import company_of, person_of
from customer_center.companies.ports import AuditTrail
from customer_center.platform.clock import EPOCH
from customer_center.platform.errors import MalformedRequest
from customer_center.platform.ids import ULID_TEXT, made_at, made_by, ulid_floor
from customer_center.platform.journal import Entry
from customer_center.platform.paging import Page, Part, filled, read_cursor, written_cursor

# The clocks of sandboxes differ slightly, so an entry may seem older than the user id in it.
_CLOCKS_DIFFER = timedelta(minutes=5)
# A user's first entry is made with the id. Only an activation, which may be restarted for days, can end in a company
# that another person created meanwhile.
_FIRST_MENTION_WITHIN = timedelta(days=7)
READ = 500
"""The number of entries that one read of the trail takes: about 60 read units, far below DynamoDB's limit of 1 MB."""


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


def read_about(user_id: str, after: str | None, trail: AuditTrail) -> tuple[Sequence[Entry], str | None]:
    """Read up to `READ` entries of the user's company. Return those about this user and the id of the last one read.

    The id is None at the end of the trail. `after` is such an id, None to begin where the user may first be mentioned.
    """
    company_id = company_of(user_id)
    assert company_id is not None
    return trail.about(company_id, user_id, limit=READ, since=first_mentioned(user_id), after=after)


def may_be_mentioned(user_id: str, trail: AuditTrail) -> bool:
    """Return whether there may be an entry about this user. One read answers, and is wrong only in one direction.

    The answer for an id that nobody had is True where the company has more than `READ` entries from the days after the
    id was made.
    """
    about, last = read_about(user_id, None, trail)
    made = made_at(person_of(user_id))
    return bool(about) or (last is not None and made is not None and made_by(last, made + _FIRST_MENTION_WITHIN))


def first_mentioned(user_id: str) -> datetime:
    """Return a lower bound for the times of the entries about this user or by this user."""
    made = made_at(person_of(user_id))
    assert made is not None
    return max(made - _CLOCKS_DIFFER, EPOCH)
