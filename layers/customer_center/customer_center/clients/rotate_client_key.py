"""Rotate a client key: add a second secret, so that the first can be replaced without an interruption."""

from customer_center.clients.entries import key_entry
from customer_center.clients.model import MAX_SECRETS, ClientKey, ShownOnce, new_key_secret
from customer_center.clients.ports import ClientKeys
from customer_center.platform.clock import Clock
from customer_center.platform.errors import Conflict, Forbidden, NotFound, crossed_by_others
from customer_center.platform.ids import new_secret
from customer_center.platform.journal import Actor


def rotate_client_key(
    key_id: str,
    actor: Actor,
    request_id: str,
    *,
    by: ClientKey | None = None,
    client_keys: ClientKeys,
    clock: Clock,
) -> ShownOnce:
    """Add a secret, which is returned and not stored; the existing secret stays valid.

    `by` is the key that asks for it, None for somebody with AWS access. Raises NotFound, Forbidden
    `client-key-not-descended` (`ClientKey.may_rotate`), Conflict `client-key-revoked`, `client-key-expired` or
    `secrets-limit`, InProgress. Every run adds a secret.
    """
    key = client_keys.key(key_id)
    if key is None:
        raise NotFound
    if by and not by.may_rotate(key):
        raise Forbidden("client-key-not-descended")
    now = clock.now()
    if key.revoked_at:
        raise Conflict("client-key-revoked")
    if key.is_expired(now):
        raise Conflict("client-key-expired")
    if len(key.secrets) >= MAX_SECRETS:
        raise Conflict("secrets-limit")
    secret = new_secret()
    after = key.changed(now, secrets=(*key.secrets, new_key_secret(secret, now)))
    entry = key_entry("client_key.rotated", before=key, after=after, actor=actor, now=now, request_id=request_id)
    with crossed_by_others(None):
        client_keys.change(key, after, entry)
    return ShownOnce(after, secret)
