"""Journal stream → queues: queues the effects of journal entries. The sweeper queues effects that the stream missed."""

from collections.abc import Mapping
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Metrics
from aws_lambda_powertools.metrics import MetricUnit

from customer_center.companies.effects import QUEUES as COMPANIES
from customer_center.customers.effects import QUEUES as CUSTOMERS
from customer_center.customers.effects import group_of
from customer_center.platform import aws
from customer_center.platform.clock import SystemClock
from customer_center.platform.config import from_environment
from customer_center.platform.frozen import frozen
from customer_center.platform.journal import Entry, from_image
from customer_center.platform.outbox import Queues, log_failures, queue_effects, queue_urls, sweep
from customer_center.platform.wiring import journal

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

metrics = Metrics(namespace="CustomerCenter", service="outbox")

ROOMS = (COMPANIES, CUSTOMERS)
"""The declarations of all rooms: their kinds of effects, and the queue of each kind."""


@frozen
class Settings:
    """The template's parameters for the sweeper."""

    sweep_after_seconds: int
    stage: str


@cache
def settings() -> Settings:
    """Return this deployment's settings."""
    return from_environment(Settings)


@cache
def queues() -> Queues:
    """Return the queues of this deployment."""
    return Queues(client=aws.sqs(), urls=queue_urls(*ROOMS), group_of=group_of)


def stream(event: Mapping[str, Any], context: "LambdaContext") -> Mapping[str, Any]:  # noqa: ARG001 # Lambda's signature
    """Queue the effects of new journal entries. A record may be delivered any number of times, in any order."""
    entries: dict[str, Entry] = {}
    failed: set[str] = set()
    for record in event["Records"]:
        number = str(record["dynamodb"]["SequenceNumber"])
        image = record["dynamodb"].get("NewImage")
        if image and "pending" in image:
            try:
                entries[number] = from_image(image)
            except Exception as error:  # noqa: BLE001 # one unreadable record must not stop the others
                failed.add(number)
                log_failures({image["sk"]["S"]: error})
    errors = queue_effects(list(entries.values()), queues=queues(), journal=journal())
    log_failures(errors)
    failed |= {number for number, entry in entries.items() if entry.entry_id in errors}
    numbers = [str(record["dynamodb"]["SequenceNumber"]) for record in event["Records"]]
    return {"batchItemFailures": [{"itemIdentifier": number} for number in numbers if number in failed]}


@metrics.log_metrics
def sweeper(event: Mapping[str, Any], context: "LambdaContext") -> None:  # noqa: ARG001 # Lambda's signature
    """Queue effects pending for longer than SWEEP_AFTER_SECONDS. Runs every minute, and may run at any time."""
    after = timedelta(seconds=settings().sweep_after_seconds)
    oldest = sweep(queues=queues(), journal=journal(), now=SystemClock().now(), after=after)
    metrics.add_dimension(name="stage", value=settings().stage)
    metrics.add_metric(name="OldestPendingSeconds", unit=MetricUnit.Seconds, value=oldest.total_seconds())
