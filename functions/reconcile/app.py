"""Identity queue → Cognito, records and journal. A schedule starts the check of all logins.

Aligns logins with their records, compares all logins with all records, makes delayed e-mails the login, ends
invitations whose address got an account, and redacts entries about erased persons.

A message may be delivered any number of times.
"""

from collections.abc import Mapping
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

from customer_center.companies.audit.redact_entries import redact_entries
from customer_center.companies.effects import ERASURE, IDENTITY, SUPERSEDED, erased_at
from customer_center.companies.effects import check_logins as check_all_logins
from customer_center.companies.login import reconcile_login, repair_login
from customer_center.companies.onboarding.complete_email_change import complete_email_change
from customer_center.companies.onboarding.supersede_invitation import supersede_invitation
from customer_center.companies.operators.align_company import align_company
from customer_center.companies.operators.check_logins import LoginCheck, check_logins, read_check
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

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

# Milliseconds, half of the function's timeout: enough for one more read of the journal, whose entries may all need to
# be redacted, and for the other messages of the batch.
_KEPT_BACK = 15_000


@frozen
class Settings:
    """The template's parameters: the identity queue, which also gets what this function does later, and a limit."""

    identity_queue_url: str
    login_repair_limit: int


@cache
def queues() -> Queues:
    """Return the identity queue, which this function reads and also writes."""
    url = from_environment(Settings).identity_queue_url
    return Queues(client=aws.sqs(), urls={IDENTITY: url, ERASURE: url})


@cache
def patience() -> Patience:
    """Return what lets messages wait while Cognito is down or throttles."""
    url = from_environment(Settings).identity_queue_url
    return Patience(OutsideUnavailable, client=aws.sqs(), queue_url=url)


def handler(event: Mapping[str, Any], context: "LambdaContext") -> Mapping[str, Any]:
    """Align logins, change confirmed e-mails, end invitations, or redact journal entries.

    The event of the schedule has no messages. It queues the first page of the check of all logins.
    """
    if "Records" not in event:
        queues().send([check_all_logins(LoginCheck().written(), SystemClock().now())])
        return {}

    def has_time() -> bool:
        return context.get_remaining_time_in_millis() > _KEPT_BACK

    def one(effect: Effect) -> None:
        if effect.kind == ERASURE:
            redact_entries(
                effect.data["user_id"],
                erased_at(effect),
                effect.data.get("after"),
                has_time=has_time,
                trail=journal(),
                companies=companies(),
                queue=queues().send,
                clock=SystemClock(),
            )
        elif effect.kind == SUPERSEDED:
            supersede_invitation(effect.data["user_id"], effect.effect_id, companies=companies(), clock=SystemClock())
        elif "check" in effect.data:
            check_logins(
                read_check(effect.data),
                limit=from_environment(Settings).login_repair_limit,
                companies=companies(),
                identities=identities(),
                queue=queues().send,
                clock=SystemClock(),
            )
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
        elif seconds := effect.data.get("settled_seconds"):
            repair_login(
                effect.data["user_id"],
                timedelta(seconds=int(seconds)),
                companies=companies(),
                identities=identities(),
                clock=SystemClock(),
            )
        else:
            reconcile_login(
                effect.data["user_id"],
                companies=companies(),
                identities=identities(),
                clock=SystemClock(),
                company_changed="company_changed" in effect.data,
            )

    return consume(event, one, patience())
