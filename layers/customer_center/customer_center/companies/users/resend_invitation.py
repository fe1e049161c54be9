"""Send an invitation again, with a new link and a new time to expire (docs/specification.md, 4.12)."""

from customer_center.companies import effects
from customer_center.companies.colleagues import colleague_of, crossed_by_others
from customer_center.companies.entries import administered
from customer_center.companies.links import seconds_to_wait
from customer_center.companies.model import InvitationRules, User, UserStatus
from customer_center.companies.ports import Users
from customer_center.companies.users.invitations import new_invitation
from customer_center.platform.clock import Clock
from customer_center.platform.errors import Conflict, RateLimit, TooManyRequests


def resend_invitation(
    user_id: str,
    actor: User,
    request_id: str,
    *,
    if_version: int | None,
    rules: InvitationRules,
    companies: Users,
    clock: Clock,
) -> User:
    """Mail a new invitation to an invited user, also after a revocation; the previous link stops working.

    Raises NotFound, PreconditionFailed, Conflict `invitation-not-open` for a user who accepted or was deactivated,
    TooManyRequests `too-many-requests` within a minute of the previous mail, InProgress.
    """
    user = colleague_of(actor.company_id, user_id, companies, if_version=if_version)
    if user.status is not UserStatus.INVITED or user.invitation is None:
        raise Conflict("invitation-not-open")
    now = clock.now()
    if seconds := seconds_to_wait(user.invitation, now):
        raise TooManyRequests("too-many-requests", [RateLimit("mails-per-user", 1, 60, 0, seconds)])
    invitation = new_invitation(actor.user_id, rules, now)
    after = user.changed(now, invitation=invitation, claim=None)
    mail = effects.invitation_mail(user_id, invitation.mail_id)
    with crossed_by_others(if_version):
        companies.change_user(user, after, administered("user.invited", user, after, actor, request_id, [mail]))
    return after
