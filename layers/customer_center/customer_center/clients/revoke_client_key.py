"""Revoke a client key or one of its secrets. The next request with it is refused (docs/specification.md, 2.7)."""

from customer_center.clients.entries import key_entry
from customer_center.clients.model import ClientKey
from customer_center.clients.ports import ClientKeys
from customer_center.platform.clock import Clock
from customer_center.platform.errors import FieldError, InvalidInput, NotFound, crossed_by_others
from customer_center.platform.journal import Actor


def revoke_client_key(
    key_id: str, secret_hint: str | None, actor: Actor, request_id: str, *, client_keys: ClientKeys, clock: Clock
) -> ClientKey:
    """Remove the secret that ends in `secret_hint`. With None, revoke the whole key permanently.

    Revoking a key also revokes the keys that it issued, and those that they issued, in the same write: each key is read
    with its ancestors (`ClientKey.with_ancestors`). Raises NotFound, InvalidInput at `/secret_hint`, and InProgress.
    Revoking a revoked key changes nothing.
    """
    key = client_keys.key(key_id)
    if key is None:
        raise NotFound
    if key.revoked_at:
        return key
    now = clock.now()
    if secret_hint is None:
        after = key.changed(now, secrets=(), revoked_at=now)
    else:
        left = tuple(secret for secret in key.secrets if secret.hint != secret_hint)
        if len(left) == len(key.secrets):
            raise InvalidInput(errors=[FieldError("/secret_hint", "unknown-value")])
        after = key.changed(now, secrets=left)
    action = "client_key.revoked" if secret_hint is None else "client_key.secret_revoked"
    entry = key_entry(action, before=key, after=after, actor=actor, now=now, request_id=request_id)
    with crossed_by_others(None):
        client_keys.change(key, after, entry)
    return after
