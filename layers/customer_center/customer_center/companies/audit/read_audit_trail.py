"""Read the audit trail of a company: who did what to whom, newest first (docs/specification.md, 4.19)."""

from collections.abc import Mapping
from datetime import datetime

from customer_center.companies.audit.trail import page_of_entries
from customer_center.companies.ports import AuditTrail, UserList
from customer_center.platform.clock import EPOCH
from customer_center.platform.frozen import frozen
from customer_center.platform.journal import Entry
from customer_center.platform.paging import Page


@frozen
class EntryFilter:
    """Which entries to return: made at `since` or later and before `until`. None means any."""

    since: datetime | None = None
    until: datetime | None = None
    subject: str | None = None
    action: str | None = None

    def matches(self, entry: Entry) -> bool:
        """Return whether the entry has the wanted subject and action."""
        return self.subject in (None, entry.subject) and self.action in (None, entry.action)


@frozen
class EntriesPage(Page[Entry]):
    """A page of entries. `names` maps the user ids in these entries to the users' current names."""

    names: Mapping[str, str]


def read_audit_trail(
    company_id: str,
    wanted: EntryFilter,
    *,
    limit: int,
    cursor: str | None,
    trail: AuditTrail,
    companies: UserList,
) -> EntriesPage:
    """Return a page of the company's own entries, newest first.

    With a subject or an action, at most 400 entries are read for a page, so that a page may be short. Raises
    MalformedRequest `cursor-invalid`.
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
