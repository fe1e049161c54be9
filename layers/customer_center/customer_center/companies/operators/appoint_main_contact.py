"""Appoint a main contact: operators do this when a company has none left (docs/specification.md, 4.18)."""

from customer_center.companies.colleagues import colleague_of
from customer_center.companies.entries import user_entry
from customer_center.companies.model import Role, User, UserStatus
from customer_center.companies.ports import Users
from customer_center.platform.clock import Clock
from customer_center.platform.errors import Conflict, crossed_by_others
from customer_center.platform.journal import Actor


def appoint_main_contact(
    company_id: str, user_id: str, actor: Actor, request_id: str, *, companies: Users, clock: Clock
) -> User:
    """Add the main contact's role to an active user of the company; other main contacts keep it.

    Raises NotFound for unknown users and for users of other companies, Conflict `user-not-active`, InProgress.
    Appointing somebody who is a main contact already changes nothing.
    """
    user = colleague_of(company_id, user_id, companies)
    if user.status is not UserStatus.ACTIVE:
        raise Conflict("user-not-active")
    if user.is_main_contact:
        return user
    now = clock.now()
    after = user.changed(now, roles=user.roles | {Role.MAIN_CONTACT})
    entry = user_entry(
        "user.appointed_main_contact", before=user, after=after, actor=actor, now=now, request_id=request_id
    )
    with crossed_by_others(None):
        companies.change_user(user, after, entry)
    return after
