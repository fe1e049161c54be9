"""End an invitation whose e-mail has an account by now (docs/specification.md, 4.42)."""

from dataclasses import replace

from customer_center.companies.entries import user_entry
from customer_center.companies.model import InvitationStatus, UserStatus
from customer_center.companies.ports import Users
from customer_center.platform.clock import Clock
from customer_center.platform.journal import Actor

_OPEN = frozenset({InvitationStatus.PENDING, InvitationStatus.BOUNCED})


def supersede_invitation(user_id: str, effect_id: str, *, companies: Users, clock: Clock) -> None:
    """Mark the invitation of this user as superseded, so that the company that invited sees it.

    Since the address was taken over, the invitation could not be accepted any more. May run any number of times, late
    too: an invitation whose e-mail has no other owner stays open. Raises PreconditionFailed when somebody else changed
    the user at the same time; then retry.
    """
    user = companies.user(user_id)
    if user is None or user.status is not UserStatus.INVITED or user.invitation is None:
        return
    if user.invitation.status not in _OPEN or companies.holders_of_email(user.email).owner_id in (None, user_id):
        return
    now = clock.now()
    ended = replace(user.invitation, status=InvitationStatus.SUPERSEDED)
    after = user.changed(now, invitation=ended, claim=None)
    # The entry belongs to the company that invited, and says nothing about the account of the other company.
    entry = user_entry(
        "invitation.superseded",
        before=user,
        after=after,
        actor=Actor("system", "reconcile"),
        now=now,
        request_id=effect_id,
    )
    companies.change_user(user, after, entry)
