"""Every minute: has products that are behind told what they have missed, if nobody does."""

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Metrics
from aws_lambda_powertools.metrics import MetricUnit

from customer_center.customers.catch_up_product import behind_seconds, due
from customer_center.customers.effects import PUSH_QUEUES, group_of, product_catch_up
from customer_center.customers.wiring import products
from customer_center.platform import aws
from customer_center.platform.clock import SystemClock
from customer_center.platform.config import from_environment
from customer_center.platform.frozen import frozen
from customer_center.platform.outbox import Queues, queue_urls

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

metrics = Metrics(namespace="CustomerCenter", service="product_catch_up")

ROOMS = (PUSH_QUEUES,)
"""The queues that this function sends to."""


@frozen
class Settings:
    """The name of this deployment, for the metric."""

    stage: str


@cache
def settings() -> Settings:
    """Return this deployment's settings."""
    return from_environment(Settings)


@cache
def push_queue() -> Queues:
    """Return the queue of walks."""
    return Queues(client=aws.sqs(), urls=queue_urls(*ROOMS), group_of=group_of)


@metrics.log_metrics
def handler(event: Mapping[str, Any], context: "LambdaContext") -> None:  # noqa: ARG001 # Lambda's signature
    """Queue a page of the walk of each product that is behind and due. Runs every minute, and may run at any time."""
    now = SystemClock().now()
    behind = due(products(), SystemClock())
    push_queue().send([product_catch_up(status.account_id, status.product, now) for status, is_due in behind if is_due])
    metrics.add_dimension(name="stage", value=settings().stage)
    oldest = max((behind_seconds(status, now) for status, _ in behind), default=0.0)
    metrics.add_metric(name="OldestProductBehindSeconds", unit=MetricUnit.Seconds, value=oldest)
