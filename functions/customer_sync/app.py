"""Customer-sync queue → companies and customers: applies received events, any number of times each."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from customer_center.companies.erp.apply_erp_event import apply_erp_event
from customer_center.companies.wiring import companies
from customer_center.customers.apply_customer_event import apply_customer_event
from customer_center.customers.erasure_wiring import erased_ids
from customer_center.customers.wiring import customers
from customer_center.platform.clock import SystemClock
from customer_center.platform.config import from_environment
from customer_center.platform.errors import FieldError
from customer_center.platform.frozen import frozen
from customer_center.platform.log import logger
from customer_center.platform.sqs import consume_texts
from customer_center.webhooks.customer_events import customer_event
from customer_center.webhooks.delivery import Delivery

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


@frozen
class Settings:
    """The template's parameter for the shop's own customers."""

    shop_account_id: str


@cache
def settings() -> Settings:
    """Return this deployment's settings."""
    return from_environment(Settings)


def to_companies(delivery: Delivery) -> None:
    """Apply an event of the ERP to its company."""
    if delivery.product is None:

        def refuse(code: str, errors: Sequence[FieldError]) -> None:
            customers().note_refused(delivery.source, delivery.webhook_id, code, errors, delivery.received_at)

        apply_erp_event(delivery, companies=companies(), refuse=refuse, clock=SystemClock())


def to_customers(delivery: Delivery) -> None:
    """Apply an event about a customer to the Customer List."""
    if event := customer_event(delivery, settings().shop_account_id):
        apply_customer_event(event, customers=customers(), erased_ids=erased_ids(), clock=SystemClock())
    if delivery.event.ignored:
        errors = [FieldError(pointer, "unknown-field") for pointer in delivery.event.ignored]
        customers().note_refused(delivery.source, delivery.webhook_id, "fields-ignored", errors, delivery.received_at)


APPLICATIONS = (to_companies, to_customers)
"""Each room applies an event and notes it for itself: a repeat after a failure of one does nothing in the other."""


def _failure(apply: Callable[[Delivery], None], delivery: Delivery) -> Exception | None:
    """Apply the event in one room. Return the error, which must not hold the other room back."""
    try:
        apply(delivery)
    except Exception as error:  # noqa: BLE001 # raised again when every room had its turn
        return error
    return None


def handler(event: Mapping[str, Any], context: "LambdaContext") -> Mapping[str, Any]:  # noqa: ARG001 # Lambda's signature
    """Apply a batch of events."""

    def apply(message: str) -> None:
        delivery = Delivery.from_message(message)
        logger.append_keys(webhook_id=delivery.webhook_id, type=delivery.event.type)
        failures = [failure for room in APPLICATIONS if (failure := _failure(room, delivery))]
        if failures:
            raise ExceptionGroup("event not applied everywhere", failures)

    logger.clear_state()
    return consume_texts(event, apply)
