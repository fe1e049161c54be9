"""Send an invitation again, with a new link and a new time to expire (docs/specification.md, 4.12)."""

from collections.abc import Collection

from customer_center.companies import effects
from customer_center.companies.colleagues import colleague_of
from customer_center.companies.email_ownership import check_not_owned
from customer_center.companies.entries import user_entry
from customer_center.companies.links import seconds_to_wait
from customer_center.companies.model import InvitationRules, User, UserStatus
from customer_center.companies.ports import Users
from customer_center.companies.users.invitations import new_invitation
from customer_center.platform.clock import Clock
from customer_center.platform.errors import Conflict, RateLimit, TooManyRequests, crossed_by_others
from customer_center.platform.journal import Actor


def resend_invitation(
    company_id: str,
    user_id: str,
    actor: Actor,
    request_id: str,
    *,
    if_versions: Collection[int] | None,
    rules: InvitationRules,
    companies: Users,
    clock: Clock,
) -> User:
    """Mail a new invitation to an invited user, also after a revocation; the previous link stops working.

    The actor is a user of the company or an operator, and from now on counts as who invited. Raises NotFound,
    PreconditionFailed, Conflict `invitation-not-open` for a user who accepted or was deactivated, Conflict
    `email-in-use` when the person has an account elsewhere by now, TooManyRequests `too-many-requests` within a minute
    of the previous mail, InProgress.
    """
    user = colleague_of(company_id, user_id, companies, if_versions=if_versions)
    if user.status is not UserStatus.INVITED or user.invitation is None:
        raise Conflict("invitation-not-open")
    now = clock.now()
    if seconds := seconds_to_wait(user.invitation, now):
        raise TooManyRequests("too-many-requests", [RateLimit("mails-per-user", 1, 60, 0, seconds)])
    check_not_owned(user.email, user_id, companies)
    invitation = new_invitation(actor.actor_id if actor.kind == "person" else None, rules, now)
    after = user.changed(now, invitation=invitation, claim=None)
    mail = effects.invitation_mail(user_id, invitation.mail_id)
    entry = user_entry(
        "user.invited", before=user, after=after, actor=actor, now=now, request_id=request_id, effects=[mail]
    )
    with crossed_by_others(if_versions):
        companies.change_user(user, after, entry)
    return after
