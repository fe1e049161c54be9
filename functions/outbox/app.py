"""Journal stream → queues, and the sweeper that sends what the stream lost sight of (DESIGN §7)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Any

from aws_lambda_powertools import Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from customer_center.platform import aws
from customer_center.platform.batch import Record, each
from customer_center.platform.clock import SystemClock
from customer_center.platform.config import from_environment
from customer_center.platform.journal import Journal, from_image
from customer_center.platform.log import logger
from customer_center.platform.outbox import Queues, queue_effects, sweep

metrics = Metrics(namespace="CustomerCenter", service="outbox")


@dataclass(frozen=True, slots=True)
class Settings:
    """Where the journal is and where its effects go, from the template."""

    journal_table: str
    mail_queue_url: str
    identity_queue_url: str
    erp_contact_queue_url: str
    sweep_after_seconds: int
    stage: str


@cache
def settings() -> Settings:
    """Return this deployment's settings."""
    return from_environment(Settings)


@cache
def journal() -> Journal:
    """Return the journal of this deployment."""
    return Journal(client=aws.dynamodb(), table=settings().journal_table)


@cache
def queues() -> Queues:
    """Return the queues of this deployment."""
    urls = {
        "mail": settings().mail_queue_url,
        "identity": settings().identity_queue_url,
        "erp_contact": settings().erp_contact_queue_url,
        "erasure": settings().identity_queue_url,
    }
    return Queues(client=aws.sqs(), urls=urls)


def stream(event: Mapping[str, Any], context: LambdaContext) -> Mapping[str, Any]:  # noqa: ARG001 # Lambda's signature
    """Queue the effects of new journal entries. A record may come any number of times; order does not matter."""

    def one(record: Record) -> None:
        image = record["dynamodb"].get("NewImage")
        if image and "pending" in image:
            try:
                queue_effects(from_image(image), queues=queues(), journal=journal())
            except Exception:
                # The runbook starts from this line.
                logger.exception("entry could not be queued", entry_id=image["sk"]["S"])
                raise

    return each(event["Records"], one, id_of=lambda record: str(record["dynamodb"]["SequenceNumber"]))


@metrics.log_metrics
def sweeper(event: Mapping[str, Any], context: LambdaContext) -> None:  # noqa: ARG001 # Lambda's signature
    """Queue what is still pending after a while; runs every minute, and again at any time."""
    after = timedelta(seconds=settings().sweep_after_seconds)
    oldest = sweep(queues=queues(), journal=journal(), now=SystemClock().now(), after=after)
    metrics.add_dimension(name="stage", value=settings().stage)
    metrics.add_metric(name="OldestPendingSeconds", unit=MetricUnit.Seconds, value=oldest.total_seconds())
