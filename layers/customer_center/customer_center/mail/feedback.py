"""Bounces, complaints and rejects that SES reports after it accepted a mail (SES Developer Guide, Event publishing)."""

import json
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from customer_center.platform.clock import from_iso
from customer_center.platform.frozen import frozen

# SES publishes this text once, when a topic becomes the destination of a configuration set.
_GREETING = "Successfully validated SNS topic"


class Outcome(StrEnum):
    """Why a sent mail failed."""

    BOUNCED = "bounced"
    COMPLAINED = "complained"


@frozen
class Feedback:
    """One failed mail. The ids are the mail's tags; notifications of an SES identity have no tags."""

    outcome: Outcome
    address: str
    sent_at: datetime
    mail_id: str | None = None
    user_id: str | None = None


def read_feedback(message: str) -> Feedback | None:
    """Return the final failure that a message of SES reports, or None for temporary failures and all other events.

    Reads events of a configuration set (`eventType`) and notifications of an identity (`notificationType`), with or
    without SNS's envelope. Raises ValueError, KeyError or TypeError for anything else.
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
        # SES accepted the mail and then refused to send it.
        case "Reject", _:
            return Outcome.BOUNCED
        # The report says that the mail is not spam.
        case "Complaint", {"complaint": {"complaintFeedbackType": "not-spam"}}:
            return None
        case "Complaint", _:
            return Outcome.COMPLAINED
        case _:
            return None
