"""Record that a mail with a link was not delivered, or that its recipient complained (docs/specification.md, 7.10).

SES reports this at once, when it refuses the mail (`deliver_mail.py`), or later, by a bounce or a complaint.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import cast

from customer_center.companies.actions import Action
from customer_center.companies.entries import user_entry
from customer_center.companies.model import InvitationStatus, User
from customer_center.companies.ports import Users
from customer_center.mail.feedback import Feedback, Outcome
from customer_center.platform.clock import Clock
from customer_center.platform.ids import made_by
from customer_center.platform.journal import Actor
from customer_center.platform.log import logger


def note_feedback(feedback: Feedback, *, companies: Users, clock: Clock) -> None:
    """Mark the invitation or e-mail change whose mail bounced or caused a complaint; ignore all other mails.

    May run any number of times, in any order: only the current mail of an invitation or e-mail change has an effect,
    and only once. Raises PreconditionFailed when somebody else changed the user at the same time; then retry.
    """
    noted = False
    for user_id in [feedback.user_id] if feedback.user_id else _addressees(feedback.address, companies):
        user = companies.user(user_id)
        mail_id = feedback.mail_id or _invited_by(user, feedback.sent_at)
        if user and mail_id:
            outcome, now = feedback.outcome, clock.now()
            noted |= note_undelivered(user, mail_id, outcome, by="email_feedback", now=now, companies=companies)
    logger.info("mail came to nothing", mail_id=feedback.mail_id, outcome=feedback.outcome, noted=noted)


def note_undelivered(user: User, mail_id: str, outcome: Outcome, *, by: str, now: datetime, companies: Users) -> bool:
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
