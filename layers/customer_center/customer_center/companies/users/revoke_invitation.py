"""Revoke an invitation: its link stops working. The user stays listed and can be invited again."""

from collections.abc import Collection
from dataclasses import replace

from customer_center.companies.colleagues import colleague_of
from customer_center.companies.entries import administered
from customer_center.companies.model import InvitationStatus, User, UserStatus
from customer_center.companies.ports import Users
from customer_center.platform.clock import Clock
from customer_center.platform.errors import Conflict, crossed_by_others


def revoke_invitation(
    user_id: str, actor: User, request_id: str, *, if_versions: Collection[int] | None, companies: Users, clock: Clock
) -> User:
    """Revoke the invitation of an invited user; revoking twice changes nothing.

    Raises NotFound, PreconditionFailed, Conflict `invitation-not-open` for a user who accepted or was deactivated,
    InProgress.
    """
    user = colleague_of(actor.company_id, user_id, companies, if_versions=if_versions)
    if user.status is not UserStatus.INVITED or user.invitation is None:
        raise Conflict("invitation-not-open")
    if user.invitation.status is InvitationStatus.REVOKED:
        return user
    revoked = replace(user.invitation, status=InvitationStatus.REVOKED)
    after = user.changed(clock.now(), invitation=revoked, claim=None)
    with crossed_by_others(if_versions):
        companies.change_user(user, after, administered("invitation.revoked", user, after, actor, request_id))
    return after
