"""The audit trail of a company: who did what to whom, newest first (DESIGN §4, §7)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from customer_center.companies.ports import AuditTrail, Companies
from customer_center.platform.clock import EPOCH
from customer_center.platform.errors import MalformedRequest
from customer_center.platform.ids import ULID_TEXT, ulid_floor
from customer_center.platform.journal import Entry
from customer_center.platform.paging import Page, Part, filled, read_cursor, written_cursor


@dataclass(frozen=True, slots=True)
class EntryFilter:
    """Which entries are asked for: from `since` on, and before `until`; None asks for any."""

    since: datetime | None = None
    until: datetime | None = None
    subject: str | None = None
    action: str | None = None

    def matches(self, entry: Entry) -> bool:
        """Whether the entry is about that subject, and of that action."""
        return self.subject in (None, entry.subject) and self.action in (None, entry.action)


@dataclass(frozen=True, slots=True)
class EntriesPage(Page[Entry]):
    """A page of entries, and what the users that they name are called today."""

    names: Mapping[str, str]


def read_audit_trail(
    company_id: str,
    wanted: EntryFilter,
    *,
    limit: int,
    cursor: str | None,
    trail: AuditTrail,
    companies: Companies,
) -> EntriesPage:
    """Return a page of the company's own entries, newest first.

    By subject or action up to 400 entries are read for a page, which may therefore be short. Raises MalformedRequest
    `cursor-invalid`.
    """
    page = page_of_entries(
        company_id,
        (company_id, wanted),
        since=wanted.since or EPOCH,
        until=wanted.until,
        matches=wanted.matches if wanted.subject or wanted.action else None,
        limit=limit,
        cursor=cursor,
        trail=trail,
    )
    named = {name for entry in page.rows for name in (entry.subject, entry.actor.actor_id)}
    return EntriesPage(page.rows, page.next_cursor, companies.names_of(company_id, named))


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
    """Return a page of the company's entries that match, newest first; `query` is what its cursor belongs to."""
    before = ulid_floor(until) if until else None
    if cursor is not None:
        (before,) = read_cursor(cursor, query, parts=1)
        if not ULID_TEXT.fullmatch(before):
            raise MalformedRequest("cursor-invalid")

    def read(behind: str | None, size: int) -> Part[Entry]:
        return trail.newest(company_id, limit=size, since=since, before=behind)

    entries, last = filled(read, key=lambda entry: entry.entry_id, wanted=matches, after=before, limit=limit)
    return Page(entries, written_cursor([last], query) if last else None)
