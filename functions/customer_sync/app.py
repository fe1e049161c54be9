"""Customer-sync queue → companies: applies the ERP's events. A message may be delivered any number of times."""

from collections.abc import Mapping
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from customer_center.companies.erp.apply_erp_event import apply_erp_event
from customer_center.companies.wiring import companies
from customer_center.platform.clock import SystemClock
from customer_center.platform.log import logger
from customer_center.platform.sqs import consume_texts
from customer_center.webhooks.delivery import Delivery


def handler(event: Mapping[str, Any], context: LambdaContext) -> Mapping[str, Any]:  # noqa: ARG001 # Lambda's signature
    """Apply a batch of events."""

    def apply(message: str) -> None:
        delivery = Delivery.from_message(message)
        logger.append_keys(webhook_id=delivery.webhook_id, type=delivery.event.type)
        apply_erp_event(delivery, companies=companies(), clock=SystemClock())

    logger.clear_state()
    return consume_texts(event, apply)
