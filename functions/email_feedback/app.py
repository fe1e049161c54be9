"""SES's feedback about our mails → companies. A message may be delivered any number of times and in any order."""

from collections.abc import Mapping
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

from customer_center.companies.mails.note_feedback import note_feedback
from customer_center.companies.model import BounceLimits
from customer_center.companies.wiring import companies
from customer_center.mail.feedback import read_feedback
from customer_center.platform.clock import SystemClock
from customer_center.platform.config import from_environment
from customer_center.platform.frozen import frozen
from customer_center.platform.sqs import consume_texts

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


@frozen
class Settings:
    """The template's parameters for mails that come back."""

    mail_bounces_per_day: int
    mail_bounces_percent: int
    mail_stop_hours: int


@cache
def limits() -> BounceLimits:
    """Return this deployment's limits of mails that come back."""
    settings = from_environment(Settings)
    return BounceLimits(
        settings.mail_bounces_per_day, settings.mail_bounces_percent, timedelta(hours=settings.mail_stop_hours)
    )


def handler(event: Mapping[str, Any], context: "LambdaContext") -> Mapping[str, Any]:  # noqa: ARG001 # Lambda's signature
    """Record a batch of bounces and complaints."""

    def note(message: str) -> None:
        if feedback := read_feedback(message):
            note_feedback(feedback, limits(), companies=companies(), clock=SystemClock())

    return consume_texts(event, note)
