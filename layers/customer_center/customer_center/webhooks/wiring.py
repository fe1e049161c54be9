"""What receiving webhooks needs in this deployment, from the environment and from SSM."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from customer_center.platform import aws
from customer_center.platform.config import ConfigurationError, from_environment
from customer_center.platform.secrets import secret
from customer_center.webhooks.queue import SqsEventQueue
from customer_center.webhooks.sources import Source


@dataclass(frozen=True, slots=True)
class _Environment:
    customer_sync_queue_url: str


@cache
def event_queue() -> SqsEventQueue:
    """Return the queue of accepted events."""
    return SqsEventQueue(client=aws.sqs(), url=from_environment(_Environment).customer_sync_queue_url)


def source_keys(source: Source, now: datetime) -> Sequence[bytes]:
    """Return the keys that a source may sign with, from its SecureString parameter.

    A changed parameter is used within five minutes. Raises ConfigurationError.
    """
    parameter = os.environ.get(source.keys_setting)
    if not parameter:
        raise ConfigurationError(f"{source.keys_setting} is missing")
    return source.format.scheme.keys(secret(parameter, now))
