"""SES's feedback about our mails → companies. A message may be delivered any number of times and in any order."""

from collections.abc import Mapping
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from customer_center.companies.mails.note_feedback import note_feedback
from customer_center.companies.wiring import companies
from customer_center.mail.feedback import read_feedback
from customer_center.platform.clock import SystemClock
from customer_center.platform.sqs import consume_texts


def handler(event: Mapping[str, Any], context: LambdaContext) -> Mapping[str, Any]:  # noqa: ARG001 # Lambda's signature
    """Record a batch of bounces and complaints."""

    def note(message: str) -> None:
        if feedback := read_feedback(message):
            note_feedback(feedback, companies=companies(), clock=SystemClock())

    return consume_texts(event, note)
