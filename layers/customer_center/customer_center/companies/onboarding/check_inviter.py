"""Check that whoever invited a person may still do it (docs/specification.md, 4.44)."""

from dataclasses import replace
from datetime import datetime

from customer_center.companies import effects
from customer_center.companies.entries import user_entry
from customer_center.companies.model import (
    Budgets,
    Company,
    InvitationStatus,
    Permission,
    User,
    UserStatus,
)
from customer_center.companies.ports import Records, Users
from customer_center.platform.errors import Gone, crossed_by_others
from customer_center.platform.journal import Actor

_INVITES = frozenset({Permission.USERS_INVITE, Permission.ROLES_ASSIGN})


def may_still_invite(user: User, companies: Records) -> bool:
    """Return whether whoever invited this user is active and may invite with the user's roles and budgets.

    Operators always may.
    """
    assert user.invitation is not None
    if user.invitation.invited_by is None:
        return True
    inviter = companies.colleague(user.company_id, user.invitation.invited_by)
    if inviter is None or inviter.status is not UserStatus.ACTIVE:
        return False
    needed = _INVITES | user.permissions
    if user.budgets != Budgets():
        needed |= {Permission.BUDGET_SET}
    return needed <= inviter.permissions


def check_inviter(user: User, company: Company, request_id: str, *, companies: Users, now: datetime) -> None:
    """Raise Gone `invitation-revoked` unless whoever invited this user may still do it.

    The invitation is then revoked, so that the company sees it, and each main contact gets one mail with a link to
    invite the person again. Raises InProgress when somebody else changed the user at the same time.
    """
    if may_still_invite(user, companies):
        return
    assert user.invitation is not None
    revoked = replace(user.invitation, status=InvitationStatus.REVOKED)
    after = user.changed(now, invitation=revoked, claim=None)
    entry = user_entry(
        "invitation.revoked",
        before=user,
        after=after,
        actor=Actor("system", "invitations"),
        now=now,
        request_id=request_id,
        effects=[effects.invitation_withdrawn_mail(to, user.user_id, now) for to in sorted(company.main_contacts)],
    )
    with crossed_by_others(None):
        companies.change_user(user, after, entry)
    raise Gone("invitation-revoked")
