"""Identity queue → Cognito, records and journal.

Aligns logins with their records, makes delayed e-mails the login, ends invitations whose address got an account, and
redacts entries about erased persons.

A message may be delivered any number of times.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from customer_center.companies.audit.redact_entries import redact_entries
from customer_center.companies.effects import ERASURE, IDENTITY, SUPERSEDED
from customer_center.companies.login import align_identity
from customer_center.companies.onboarding.complete_email_change import complete_email_change
from customer_center.companies.onboarding.supersede_invitation import supersede_invitation
from customer_center.companies.operators.align_company import align_company
from customer_center.companies.wiring import companies
from customer_center.connectors.cognito.wiring import identities
from customer_center.platform import aws
from customer_center.platform.clock import SystemClock
from customer_center.platform.config import from_environment
from customer_center.platform.errors import OutsideUnavailable
from customer_center.platform.frozen import frozen
from customer_center.platform.journal import Effect
from customer_center.platform.outbox import Queues
from customer_center.platform.sqs import Patience, consume
from customer_center.platform.wiring import journal


@frozen
class Settings:
    """The template's parameter for the identity queue, which also gets what this function does later."""

    identity_queue_url: str


@cache
def queues() -> Queues:
    """Return the identity queue, which this function reads and also writes."""
    return Queues(client=aws.sqs(), urls={IDENTITY: from_environment(Settings).identity_queue_url})


@cache
def patience() -> Patience:
    """Return what lets messages wait while Cognito is down or throttles."""
    url = from_environment(Settings).identity_queue_url
    return Patience(OutsideUnavailable, client=aws.sqs(), queue_url=url)


def handler(event: Mapping[str, Any], context: LambdaContext) -> Mapping[str, Any]:  # noqa: ARG001 # Lambda's signature
    """Align logins with their records, change confirmed e-mails, end invitations, or redact journal entries."""

    def one(effect: Effect) -> None:
        if effect.kind == ERASURE:
            redact_entries(effect.data["user_id"], trail=journal())
        elif effect.kind == SUPERSEDED:
            supersede_invitation(effect.data["user_id"], effect.effect_id, companies=companies(), clock=SystemClock())
        elif mail_id := effect.data.get("email_change"):
            complete_email_change(
                effect.data["user_id"],
                mail_id,
                effect.effect_id,
                companies=companies(),
                queue=queues().send,
                clock=SystemClock(),
            )
        elif company_id := effect.data.get("company_id"):
            align_company(
                company_id,
                effect.data.get("after"),
                companies=companies(),
                queue=queues().send,
                clock=SystemClock(),
            )
        else:
            align_identity(
                effect.data["user_id"],
                companies=companies(),
                identities=identities(),
                company_changed="company_changed" in effect.data,
            )

    return consume(event, one, patience())
