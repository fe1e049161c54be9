"""What receiving webhooks needs in this deployment, made from the environment and one secret in SSM."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from customer_center.platform import aws
from customer_center.platform.config import from_environment
from customer_center.platform.secrets import secret
from customer_center.webhooks.queue import SqsEventQueue
from customer_center.webhooks.signatures import signing_keys


@dataclass(frozen=True, slots=True)
class _Environment:
    customer_sync_queue_url: str
    erp_webhook_secrets_parameter: str


@cache
def _environment() -> _Environment:
    return from_environment(_Environment)


@cache
def event_queue() -> SqsEventQueue:
    """Return the queue of accepted events."""
    return SqsEventQueue(client=aws.sqs(), url=_environment().customer_sync_queue_url)


def erp_keys(now: datetime) -> Sequence[bytes]:
    """Return the keys the ERP may sign with.

    The SecureString parameter holds `{"secrets": ["whsec_…", …]}`; a changed one is used within five minutes.
    """
    return signing_keys(secret(_environment().erp_webhook_secrets_parameter, now)["secrets"])
