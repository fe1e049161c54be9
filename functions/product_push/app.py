"""Product-push queue → products: tells products of changed customers, and goes on with what they have missed.

It also compares what products hold with what they should hold. A schedule starts that for all products.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

from customer_center.connectors.kinds import KINDS
from customer_center.customers.catch_up_product import catch_up_product
from customer_center.customers.effects import (
    PRODUCT_CATCH_UP,
    PRODUCT_RECONCILIATION,
    PUSH_QUEUES,
    group_of,
    product_catch_up,
    since_of,
)
from customer_center.customers.outage import ProductStatus, Since
from customer_center.customers.product_ports import ProductConnector
from customer_center.customers.product_wiring import connectors
from customer_center.customers.push_customer import Postponed, push_customer
from customer_center.customers.reconcile_product import ProductUnavailable, reconcile_all, reconcile_product
from customer_center.customers.wiring import customers, products, reconciliations
from customer_center.platform import aws
from customer_center.platform.clock import SystemClock
from customer_center.platform.journal import Effect
from customer_center.platform.log import logger
from customer_center.platform.outbox import Queues, queue_urls
from customer_center.platform.sqs import Patience, consume

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

ROOMS = (PUSH_QUEUES,)
"""The queues that this function sends to: its own."""
_FIRST_WAIT, _LONGEST_WAIT = 5, 900
# Milliseconds, half of the function's time-out: enough for one more page of what a product holds.
_KEPT_BACK = 15_000


@cache
def push_queue() -> Queues:
    """Return the queue of pointers and of walks."""
    return Queues(client=aws.sqs(), urls=queue_urls(*ROOMS), group_of=group_of)


@cache
def patience() -> Patience:
    """Return how long a pointer waits after a failed call: 5 seconds, doubling to a quarter of an hour."""
    url = queue_urls(*ROOMS)[PRODUCT_CATCH_UP]
    return Patience(
        Postponed, ProductUnavailable, client=aws.sqs(), queue_url=url, first=_FIRST_WAIT, longest=_LONGEST_WAIT
    )


@cache
def connector_of() -> Callable[[str], ProductConnector]:
    """Return the connectors of this deployment, by kind of product."""
    return connectors(KINDS)


def _push(effect: Effect, customer_id: str, since: Since, *, is_probe: bool = False) -> ProductStatus | None:
    """Tell the product. When an outage begins, have the product tried again after the wait."""
    clock = SystemClock()
    account_id, product = effect.data["account_id"], effect.data["product"]
    ports = {"customers": customers(), "products": products(), "connectors": connector_of()}
    status = push_customer(account_id, product, customer_id, since, **ports, clock=clock, is_probe=is_probe)
    if status and status.next_attempt_at:
        now = clock.now()
        push_queue().send([product_catch_up(account_id, product, now)], status.next_attempt_at - now)
    return status


def _catch_up(effect: Effect) -> None:
    def push(customer_id: str, since: Since) -> ProductStatus | None:
        return _push(effect, customer_id, since, is_probe=True)

    def send(effects: Sequence[Effect], delay: timedelta) -> None:
        push_queue().send(effects, delay)

    step = effect.data.get("step")
    catch_up_product(
        effect.data["account_id"],
        effect.data["product"],
        int(step) if step else None,
        push=push,
        send=send,
        customers=customers(),
        products=products(),
        clock=SystemClock(),
    )


def _follow(effect: Effect) -> None:
    if effect.kind == PRODUCT_CATCH_UP:
        _catch_up(effect)
    else:
        _push(effect, effect.data["customer_id"], since_of(effect))


def _reconcile(reconciliation_id: str, context: "LambdaContext") -> None:
    reconcile_product(
        reconciliation_id,
        has_time=lambda: context.get_remaining_time_in_millis() > _KEPT_BACK,
        customers=customers(),
        products=products(),
        connectors=connector_of(),
        reconciliations=reconciliations(),
        send=push_queue().send,
        clock=SystemClock(),
    )


def handler(event: Mapping[str, Any], context: "LambdaContext") -> Mapping[str, Any]:
    """Follow a batch of pointers and pages. A message may be delivered any number of times, in any order.

    The event of the schedule has no messages. It starts a reconciliation of each product, without repairs.
    """
    logger.clear_state()
    if "Records" not in event:
        ports = {"products": products(), "connectors": connector_of(), "reconciliations": reconciliations()}
        reconcile_all(**ports, clock=SystemClock())
        return {}

    def follow(effect: Effect) -> None:
        if effect.kind == PRODUCT_RECONCILIATION:
            _reconcile(effect.data["reconciliation_id"], context)
        else:
            _follow(effect)

    return consume(event, follow, patience())
