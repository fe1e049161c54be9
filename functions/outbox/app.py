"""Journal stream → queues: queues the effects of journal entries. The sweeper queues effects that the stream missed."""

from collections.abc import Mapping
from datetime import timedelta
from functools import cache
from typing import Any

from aws_lambda_powertools import Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from customer_center.companies import effects
from customer_center.platform import aws
from customer_center.platform.batch import Record, each
from customer_center.platform.clock import SystemClock
from customer_center.platform.config import from_environment
from customer_center.platform.frozen import frozen
from customer_center.platform.journal import from_image
from customer_center.platform.log import logger
from customer_center.platform.outbox import Queues, queue_effects, queue_urls, sweep
from customer_center.platform.wiring import journal

metrics = Metrics(namespace="CustomerCenter", service="outbox")

ROOMS = (effects.QUEUES,)
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
    return Queues(client=aws.sqs(), urls=queue_urls(*ROOMS))


def stream(event: Mapping[str, Any], context: LambdaContext) -> Mapping[str, Any]:  # noqa: ARG001 # Lambda's signature
    """Queue the effects of new journal entries. A record may be delivered any number of times, in any order."""

    def one(record: Record) -> None:
        image = record["dynamodb"].get("NewImage")
        if image and "pending" in image:
            try:
                queue_effects(from_image(image), queues=queues(), journal=journal())
            except Exception:
                # docs/runbook.md refers to this log line.
                logger.exception("entry could not be queued", entry_id=image["sk"]["S"])
                raise

    return each(event["Records"], one, id_of=lambda record: str(record["dynamodb"]["SequenceNumber"]))


@metrics.log_metrics
def sweeper(event: Mapping[str, Any], context: LambdaContext) -> None:  # noqa: ARG001 # Lambda's signature
    """Queue effects pending for longer than SWEEP_AFTER_SECONDS. Runs every minute, and may run at any time."""
    after = timedelta(seconds=settings().sweep_after_seconds)
    oldest = sweep(queues=queues(), journal=journal(), now=SystemClock().now(), after=after)
    metrics.add_dimension(name="stage", value=settings().stage)
    metrics.add_metric(name="OldestPendingSeconds", unit=MetricUnit.Seconds, value=oldest.total_seconds())
