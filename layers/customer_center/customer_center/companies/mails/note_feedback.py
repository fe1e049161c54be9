"""Record that a mail with a link was not delivered, or that its recipient complained (docs/specification.md, 7.10).

SES reports this at once, when it refuses the mail (`deliver_mail.py`), or later, by a bounce or a complaint. A mail is
withheld while the mails of its company are stopped.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Literal, Protocol, cast

from customer_center.companies.actions import Action
from customer_center.companies.entries import user_entry
from customer_center.companies.ids import company_of
from customer_center.companies.mails.stop_mails import count_bounce
from customer_center.companies.model import BounceLimits, InvitationStatus, User
from customer_center.companies.ports import Bounces, Users
from customer_center.mail.feedback import Feedback, Outcome
from customer_center.platform.clock import Clock
from customer_center.platform.ids import made_by
from customer_center.platform.journal import Actor
from customer_center.platform.log import logger


class Feedbacks(Users, Bounces, Protocol):
    """The records that a mail which came to nothing changes."""


def note_feedback(feedback: Feedback, limits: BounceLimits, *, companies: Feedbacks, clock: Clock) -> None:
    """Mark the invitation or e-mail change whose mail bounced or caused a complaint, and count it for its company.

    May run any number of times, in any order: a mail is counted once. Only the current mail of an invitation or e-mail
    change is marked. Raises PreconditionFailed when somebody else changed the user or the company at the same time;
    then retry.
    """
    noted = False
    for user_id in [feedback.user_id] if feedback.user_id else _addressees(feedback.address, companies):
        user = companies.user(user_id)
        mail_id = feedback.mail_id or _invited_by(user, feedback.sent_at)
        # The company counts the mail of a user who was deleted meanwhile, too.
        if (company_id := company_of(user_id)) and mail_id:
            count_bounce(company_id, mail_id, limits, by="email_feedback", companies=companies, clock=clock)
        if user and mail_id:
            outcome, now = feedback.outcome, clock.now()
            noted |= note_undelivered(user, mail_id, outcome, by="email_feedback", now=now, companies=companies)
    logger.info("mail came to nothing", mail_id=feedback.mail_id, outcome=feedback.outcome, noted=noted)


def note_undelivered(
    user: User,
    mail_id: str,
    outcome: Outcome | Literal["withheld"],
    *,
    by: str,
    now: datetime,
    companies: Users,
) -> bool:
    """Mark the user's invitation or e-mail change that this mail belongs to. Return False when there is none."""
    invitation, change = user.invitation, user.email_change
    if invitation and invitation.mail_id == mail_id and invitation.status is InvitationStatus.PENDING:
        subject = "invitation"
        after = user.changed(now, invitation=replace(invitation, status=InvitationStatus.BOUNCED))
    elif change and change.mail_id == mail_id and not change.bounced:
        subject = "email_change"
        after = user.changed(now, email_change=replace(change, bounced=True))
    else:
        return False
    entry = user_entry(
        cast("Action", f"{subject}.{outcome}"),
        before=user,
        after=after,
        actor=Actor("system", by),
        now=now,
        request_id=mail_id,
    )
    companies.change_user(user, after, entry)
    return True


def _addressees(address: str, companies: Users) -> Sequence[str]:
    """Return the ids of all users who have the e-mail. Several companies may have invited one person."""
    holders = companies.holders_of_email(address)
    return [*([holders.owner_id] if holders.owner_id else []), *sorted(holders.invited)]


def _invited_by(user: User | None, sent_at: datetime) -> str | None:
    """Return the mail id of the invitation that existed when a mail without tags was sent."""
    invitation = user.invitation if user else None
    return invitation.mail_id if invitation and made_by(invitation.mail_id, sent_at) else None
