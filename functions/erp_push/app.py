"""ERP contact queue → ERP: creates the contacts of requested users. A message may be delivered any number of times."""

from collections.abc import Mapping
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from customer_center.companies.erp.create_erp_contact import create_erp_contact
from customer_center.companies.wiring import companies
from customer_center.connectors.silver.wiring import erp
from customer_center.platform.clock import SystemClock
from customer_center.platform.journal import Effect
from customer_center.platform.sqs import consume


def handler(event: Mapping[str, Any], context: LambdaContext) -> Mapping[str, Any]:  # noqa: ARG001 # Lambda's signature
    """Create a batch of contacts."""

    def create(effect: Effect) -> None:
        with erp() as gateway:
            create_erp_contact(
                effect.data["user_id"], effect.effect_id, erp=gateway, companies=companies(), clock=SystemClock()
            )

    return consume(event, create)
