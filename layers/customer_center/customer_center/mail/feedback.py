"""What SES says of a mail after it took it: bounces, complaints, rejects (SES Developer Guide, "Event publishing")."""

import json
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from customer_center.platform.clock import from_iso
from customer_center.platform.frozen import frozen

# Published once, in words, when a configuration set is pointed at a topic.
_GREETING = "Successfully validated SNS topic"


class Outcome(StrEnum):
    """How a mail that was sent came to nothing."""

    BOUNCED = "bounced"
    COMPLAINED = "complained"


@frozen
class Feedback:
    """One mail came to nothing. The ids are the tags it was sent with; notifications of an identity carry none."""

    outcome: Outcome
    address: str
    sent_at: datetime
    mail_id: str | None = None
    user_id: str | None = None


def read_feedback(message: str) -> Feedback | None:
    """Return what a message of SES says for good of a mail; None for all that passes or asks for nothing.

    Reads what a configuration set publishes (`eventType`) and what an identity does (`notificationType`), as such or in
    SNS's envelope. Raises ValueError, KeyError or TypeError for anything else.
    """
    if message.startswith(_GREETING):
        return None
    event = json.loads(message)
    if event.get("Type") == "Notification":
        return read_feedback(event["Message"])
    outcome = _outcome(event)
    if outcome is None:
        return None
    mail = event["mail"]
    tags = mail.get("tags", {})
    return Feedback(
        outcome=outcome,
        # Each of our mails has one recipient.
        address=mail["destination"][0],
        sent_at=from_iso(mail["timestamp"]),
        mail_id=next(iter(tags.get("mail_id", ())), None),
        user_id=next(iter(tags.get("user_id", ())), None),
    )


def _outcome(event: Mapping[str, Any]) -> Outcome | None:
    kind = event["eventType"] if "eventType" in event else event["notificationType"]
    match kind, event:
        case "Bounce", {"bounce": {"bounceType": "Permanent"}}:
            return Outcome.BOUNCED
        # SES took the mail and then found that it must not go out.
        case "Reject", _:
            return Outcome.BOUNCED
        # Somebody takes a complaint back.
        case "Complaint", {"complaint": {"complaintFeedbackType": "not-spam"}}:
            return None
        case "Complaint", _:
            return Outcome.COMPLAINED
        case _:
            return None
