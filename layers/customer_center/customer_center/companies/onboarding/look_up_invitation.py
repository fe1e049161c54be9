"""Show what an invitation is about, before the person chooses a password."""

from datetime import datetime

from customer_center.companies.links import company_of_holder, holder_of
from customer_center.companies.model import InvitationStatus
from customer_center.companies.onboarding.accept_invitation import check_usable, hash_of_invitation
from customer_center.companies.onboarding.check_inviter import may_still_invite
from customer_center.companies.ports import Invitations
from customer_center.platform.clock import Clock
from customer_center.platform.errors import Gone, NotFound
from customer_center.platform.frozen import frozen


@frozen
class OpenInvitation:
    """Who invites into which company, and until when. Without the inviter's record, the company's name is theirs."""

    company_name: str
    inviter_name: str
    expires_at: datetime


def look_up_invitation(token: str, *, companies: Invitations, clock: Clock) -> OpenInvitation:
    """Return what the invitation with this token is about. Nothing is written.

    Raises what `accept_invitation` raises for the token: NotFound `invitation-invalid`; Forbidden `company-closed`;
    Gone `invitation-expired`, `invitation-revoked`, `invitation-superseded` or `invitation-used`.
    """
    user = holder_of(token, hash_of_invitation, companies)
    if user is None:
        raise NotFound("invitation-invalid")
    company = company_of_holder(user, companies)
    assert user.invitation is not None
    if user.invitation.status is InvitationStatus.ACCEPTED:
        raise Gone("invitation-used")
    check_usable(user, clock.now())
    if not may_still_invite(user, companies):
        raise Gone("invitation-revoked")
    inviter_id = user.invitation.invited_by
    inviter = companies.colleague(user.company_id, inviter_id) if inviter_id else None
    return OpenInvitation(company.name, inviter.name if inviter else company.name, user.invitation.expires_at)
