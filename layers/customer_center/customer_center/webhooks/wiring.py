"""The queue and the keys for webhooks in this deployment, from the environment and from SSM."""

from collections.abc import Sequence
from dataclasses import make_dataclass
from datetime import datetime
from functools import cache
from typing import Any

from customer_center.platform import aws
from customer_center.platform.config import from_environment
from customer_center.platform.secrets import secret
from customer_center.webhooks.queue import SqsEventQueue
from customer_center.webhooks.sources import SOURCES, Source

_Environment = make_dataclass(
    "_Environment",
    [("customer_sync_queue_url", str), *((source.keys_setting, str) for source in SOURCES.values())],
    frozen=True,
)


@cache
def _environment() -> Any:  # noqa: ANN401 # its fields depend on the sources
    return from_environment(_Environment)


@cache
def event_queue() -> SqsEventQueue:
    """Return the queue of accepted events."""
    return SqsEventQueue(client=aws.sqs(), url=_environment().customer_sync_queue_url)


def source_keys(source: Source, now: datetime) -> Sequence[bytes]:
    """Return the keys that a source may sign with, from its SecureString parameter.

    A changed parameter takes effect within five minutes. Raises ConfigurationError, without any key.
    """
    return source.format.scheme.keys(secret(getattr(_environment(), source.keys_setting), now))
