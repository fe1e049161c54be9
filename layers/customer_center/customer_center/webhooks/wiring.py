"""Sources, their keys, and the queue for receiving webhooks in this deployment, from the environment and from SSM."""

import time
from collections.abc import Sequence
from datetime import datetime
from functools import cache

from customer_center.platform import aws
from customer_center.platform.config import from_environment
from customer_center.platform.frozen import frozen
from customer_center.platform.secrets import SecretNotFoundError, remove_secret, secret, write_secret
from customer_center.platform.wiring import journal
from customer_center.webhooks.model import ERP_SOURCE, SOURCE_ID, Source
from customer_center.webhooks.ports import SourceSecrets
from customer_center.webhooks.queue import SqsEventQueue
from customer_center.webhooks.signatures import SignatureScheme
from customer_center.webhooks.store import SourceStore

# A source's record never changes, except that it is removed. Its keys are cached by `platform/secrets.py`.
_KEPT_SECONDS = 300
_AT_MOST = 500


@frozen
class _Environment:
    customer_sync_queue_url: str
    erp_webhook_secrets_parameter: str


@frozen
class _Table:
    customers_table: str


@frozen
class _Secrets:
    stage: str


@cache
def _environment() -> _Environment:
    return from_environment(_Environment)


@cache
def event_queue() -> SqsEventQueue:
    """Return the queue of accepted events."""
    return SqsEventQueue(client=aws.sqs(), url=_environment().customer_sync_queue_url)


@cache
def source_store() -> SourceStore:
    """Return the stored sources of this deployment."""
    return SourceStore(client=aws.dynamodb(), table=from_environment(_Table).customers_table, journal=journal())


@cache
def _known() -> dict[str, tuple[float, Source]]:
    """Return the sources that this sandbox has read, and until when they count."""
    return {}


def source_of(name: str) -> Source | None:
    """Return the source of that name, read at most five minutes ago; None if there is none.

    Only names that look like an id of ours are looked up, and only what exists is kept: strangers can fill no memory.
    """
    if name == ERP_SOURCE:
        return Source(ERP_SOURCE, "erp", _environment().erp_webhook_secrets_parameter)
    known = _known()
    until, source = known.get(name, (0.0, None))
    if source and time.monotonic() < until:
        return source
    known.pop(name, None)
    stored = source_store().source(name, current=False) if SOURCE_ID.fullmatch(name) else None
    if stored is None:
        return None
    while len(known) >= _AT_MOST:
        del known[next(iter(known))]
    known[name] = (time.monotonic() + _KEPT_SECONDS, stored.source)
    return stored.source


def source_keys(source: Source, scheme: SignatureScheme, now: datetime) -> Sequence[bytes]:
    """Return the keys that a source may sign with, from its SecureString parameter.

    A changed parameter takes effect within five minutes. A source that was removed a moment ago has no keys. Raises
    ConfigurationError, without any key, and SecretNotFoundError if the ERP has none.
    """
    try:
        return scheme.keys(secret(source.keys_parameter, now))
    except SecretNotFoundError:
        if source.source_id == ERP_SOURCE:
            raise
        return ()


class SsmSourceSecrets(SourceSecrets):
    """The secrets of sources as SecureStrings below one path of SSM."""

    def __init__(self, path: str) -> None:
        self._path = path

    def parameter(self, source_id: str) -> str:
        """Return the name of the SSM parameter with the source's keys."""
        return f"{self._path}/webhook-sources/{source_id}"

    def secrets(self, source_id: str, now: datetime) -> Sequence[str]:
        """Return the secrets, the newest first; none after a removal that was not finished."""
        try:
            return list(secret(self.parameter(source_id), now)["secrets"])
        except SecretNotFoundError:
            return ()

    def replace(self, source_id: str, secrets: Sequence[str]) -> None:
        """Store the secrets, the newest first."""
        write_secret(self.parameter(source_id), {"secrets": list(secrets)})

    def remove(self, source_id: str) -> None:
        """Remove the secrets. May run any number of times."""
        remove_secret(self.parameter(source_id))


@cache
def source_secrets() -> SsmSourceSecrets:
    """Return the secrets of this deployment's sources."""
    return SsmSourceSecrets(f"/customer-center/{from_environment(_Secrets).stage}/customer-list")
