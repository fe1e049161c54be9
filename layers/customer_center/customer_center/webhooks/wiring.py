"""The queue and the keys for receiving webhooks in this deployment, from the environment and from SSM."""

from collections.abc import Sequence
from datetime import datetime
from functools import cache

from customer_center.platform import aws
from customer_center.platform.config import from_environment
from customer_center.platform.frozen import frozen
from customer_center.platform.secrets import secret
from customer_center.webhooks.queue import SqsEventQueue
from customer_center.webhooks.sources import Source


@frozen
class _Environment:
    """The settings for webhooks. Every `keys_setting` in `sources.py` is a field."""

    customer_sync_queue_url: str
    erp_webhook_secrets_parameter: str


@cache
def _environment() -> _Environment:
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
