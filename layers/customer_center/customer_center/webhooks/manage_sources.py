"""Add, rotate and remove a source of webhooks: another system may then send events, or no longer."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import field
from datetime import datetime
from typing import Any

from customer_center.platform.clock import Clock
from customer_center.platform.errors import NotFound, PreconditionFailed, crossed_by_others
from customer_center.platform.frozen import frozen
from customer_center.platform.ids import new_ulid, new_webhook_secret
from customer_center.platform.journal import Actor, Entry, new_entry
from customer_center.webhooks.formats.product import PRODUCT
from customer_center.webhooks.model import MAX_SECRETS, Source, StoredSource
from customer_center.webhooks.ports import SourceSecrets, WebhookSources
from customer_center.webhooks.rs256 import fingerprint

_HINT = 4
_FINGERPRINT = 8


@frozen
class NewSource:
    """A source to add: the product, its kind of sender, and the settings of that kind.

    `public_keys` are those of a sender that signs with a key of its own. Without them we make a secret for it.
    """

    product: str
    format: str = PRODUCT.name
    public_keys: Sequence[str] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)


@frozen
class ShownSource:
    """A source, and its secret if it was made now. Secrets are shown once."""

    stored: StoredSource
    secret: str | None = field(default=None, repr=False)


def add_source(
    new: NewSource,
    account_id: str,
    actor: Actor,
    request_id: str,
    *,
    sources: WebhookSources,
    secrets: SourceSecrets,
    clock: Clock,
) -> ShownSource:
    """Add a source of the product's events, and return it with its secret. Every run adds another one.

    The secret is stored before the record: a source without a secret would refuse events that its owner may sign. After
    a crash between both the secret belongs to nobody.
    """
    now = clock.now()
    source_id = f"src_{new_ulid(now)}"
    secret = None if new.public_keys else new_webhook_secret()
    source = Source(source_id, new.format, secrets.parameter(source_id), account_id, new.product, new.settings)
    hints = tuple(fingerprint(key)[:_FINGERPRINT] for key in new.public_keys) or ((secret or "")[-_HINT:],)
    stored = StoredSource(source, hints, now, now)
    secrets.replace(source_id, [secret] if secret else new.public_keys)
    sources.add(stored, _entry("webhook_source.added", stored, actor, now, request_id))
    return ShownSource(stored, secret)


def rotate_source(
    source_id: str,
    account_id: str,
    actor: Actor,
    request_id: str,
    *,
    sources: WebhookSources,
    secrets: SourceSecrets,
    clock: Clock,
) -> ShownSource:
    """Add a new secret. The one before stays valid until the next rotation. Raises NotFound and InProgress.

    The record is written first: of two rotations at once, one is refused. After a crash between both, the secrets are
    as before, and a repeat makes a new one. A sender that signs with a key of its own has no secret to rotate.
    """
    before, now = source_of_account(source_id, account_id, sources), clock.now()
    if before.source.format != PRODUCT.name:
        raise NotFound
    secret = new_webhook_secret()
    kept = [secret, *secrets.secrets(source_id, now)][:MAX_SECRETS]
    after = before.with_hints([each[-_HINT:] for each in kept], now)
    with crossed_by_others(None):
        sources.change(before, after, _entry("webhook_source.rotated", after, actor, now, request_id))
    secrets.replace(source_id, kept)
    return ShownSource(after, secret)


def remove_source(
    source_id: str,
    account_id: str,
    actor: Actor,
    request_id: str,
    *,
    if_versions: Collection[int] | None,
    sources: WebhookSources,
    secrets: SourceSecrets,
    clock: Clock,
) -> None:
    """Remove a source and its secrets. Its events are refused within five minutes.

    The secrets go first: a crash leaves a record that a repeat can remove. Raises NotFound, PreconditionFailed and
    InProgress.
    """
    stored = source_of_account(source_id, account_id, sources)
    if if_versions is not None and stored.version not in if_versions:
        raise PreconditionFailed
    secrets.remove(source_id)
    with crossed_by_others(if_versions):
        sources.remove(stored, _entry("webhook_source.removed", stored, actor, clock.now(), request_id))


def source_of_account(source_id: str, account_id: str, sources: WebhookSources) -> StoredSource:
    """Return the account's source. Raises NotFound for one of another account."""
    stored = sources.source(source_id)
    if stored is None or stored.source.account != account_id:
        raise NotFound
    return stored


def _entry(action: str, stored: StoredSource, actor: Actor, now: datetime, request_id: str) -> Entry:
    return new_entry(
        partition=f"account#{stored.source.account}",
        now=now,
        actor=actor,
        action=action,
        subject=stored.source.source_id,
        request_id=request_id,
        changes={"product": (None, stored.source.product), "secrets": (None, list(stored.hints))},
    )
