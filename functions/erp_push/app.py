"""ERP contact queue → ERP: creates the contacts of requested users. A message may be delivered any number of times."""

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from customer_center.companies.erp.create_erp_contact import create_erp_contact
from customer_center.companies.wiring import companies
from customer_center.connectors.silver.wiring import erp
from customer_center.platform import aws
from customer_center.platform.clock import SystemClock
from customer_center.platform.config import from_environment
from customer_center.platform.errors import OutsideSystemError
from customer_center.platform.frozen import frozen
from customer_center.platform.journal import Effect
from customer_center.platform.sqs import Patience, consume

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


@frozen
class Settings:
    """The template's parameter for the queue that this function reads."""

    erp_contact_queue_url: str


@cache
def patience() -> Patience:
    """Return what lets messages wait while the ERP is down, for example over a weekend."""
    url = from_environment(Settings).erp_contact_queue_url
    return Patience(OutsideSystemError, client=aws.sqs(), queue_url=url)


def handler(event: Mapping[str, Any], context: "LambdaContext") -> Mapping[str, Any]:  # noqa: ARG001 # Lambda's signature
    """Create a batch of contacts."""

    def create(effect: Effect) -> None:
        with erp() as gateway:
            create_erp_contact(
                effect.data["user_id"], effect.effect_id, erp=gateway, companies=companies(), clock=SystemClock()
            )

    return consume(event, create, patience())
