"""Export a person's data, for this person or for an administrator (GDPR, articles 15 and 20)."""

from dataclasses import replace

from customer_center.companies.audit.trail import first_mentioned, page_of_entries
from customer_center.companies.model import Member, Permission, User, check_permission
from customer_center.companies.ports import AuditTrail, Records
from customer_center.platform.errors import NotFound
from customer_center.platform.journal import Entry
from customer_center.platform.paging import Page


def exported_user(user_id: str, actor: Member, *, companies: Records) -> User:
    """Return the colleague whose data is exported. Raises Forbidden, NotFound."""
    check_permission(actor.user, Permission.USERS_VIEW)
    user = companies.colleague(actor.company.company_id, user_id)
    if user is None:
        raise NotFound
    return user


def export_entries(user: User, *, limit: int, cursor: str | None, trail: AuditTrail) -> Page[Entry]:
    """Return a page of the entries about this user or by this user, newest first. A page may be short.

    Entries about another user are returned without values, because the values are that user's data. Raises
    MalformedRequest `cursor-invalid`.
    """
    page = page_of_entries(
        user.company_id,
        ("export", user.user_id),
        since=first_mentioned(user.user_id),
        until=None,
        matches=lambda entry: user.user_id in (entry.subject, entry.actor.actor_id),
        limit=limit,
        cursor=cursor,
        trail=trail,
    )
    own = [entry if entry.subject == user.user_id else replace(entry, changes={}) for entry in page.rows]
    return Page(own, page.next_cursor)
