"""Issue a client key, so that another machine may call the API (docs/specification.md, 2.7)."""

from customer_center.clients.entries import key_entry
from customer_center.clients.model import ClientKey, Scope, ShownOnce, new_key_secret
from customer_center.clients.ports import ClientKeys
from customer_center.platform.clock import Clock
from customer_center.platform.frozen import frozen
from customer_center.platform.ids import new_secret, new_ulid
from customer_center.platform.journal import Actor


@frozen
class NewKey:
    """The holder and scopes of a new key. `ClientKey` explains `accounts` and `product`."""

    name: str
    scopes: frozenset[Scope]
    accounts: frozenset[str] = frozenset()
    product: str | None = None


def issue_client_key(
    new_key: NewKey, actor: Actor, request_id: str, *, client_keys: ClientKeys, clock: Clock
) -> ShownOnce:
    """Add a key with one secret, which is returned and not stored. Every run adds another key."""
    now = clock.now()
    secret = new_secret()
    key = ClientKey(
        key_id=new_ulid(now),
        name=new_key.name,
        scopes=new_key.scopes,
        accounts=new_key.accounts,
        product=new_key.product,
        secrets=(new_key_secret(secret, now),),
        created_at=now,
        updated_at=now,
    )
    entry = key_entry("client_key.issued", before=None, after=key, actor=actor, now=now, request_id=request_id)
    client_keys.add(key, entry)
    return ShownOnce(key, secret)
