"""Issue a client key, so that another machine may call the API (docs/specification.md, 2.21)."""

from collections.abc import Iterator
from datetime import datetime

from customer_center.clients.entries import key_entry
from customer_center.clients.model import MAX_ANCESTORS, MAX_VALIDITY, ClientKey, Scope, ShownOnce, new_key_secret
from customer_center.clients.ports import ClientKeys
from customer_center.platform.clock import Clock, from_iso, iso
from customer_center.platform.errors import Conflict, FieldError, Forbidden, InvalidInput
from customer_center.platform.frozen import frozen
from customer_center.platform.ids import new_secret, new_ulid
from customer_center.platform.journal import Actor


@frozen
class NewKey:
    """The holder and scopes of a new key. `ClientKey` explains the other fields, which limit it."""

    name: str
    scopes: frozenset[Scope]
    accounts: frozenset[str] = frozenset()
    product: str | None = None
    expires_at: datetime | None = None
    partner_id: str | None = None


def issue_client_key(
    new_key: NewKey,
    actor: Actor,
    request_id: str,
    *,
    issuer: ClientKey | None = None,
    client_keys: ClientKeys,
    clock: Clock,
) -> ShownOnce:
    """Add a key with one secret, which is returned and not stored. Every run adds another key.

    `issuer` is the key that asks for it, None for somebody with AWS access. The new key has at most its rights, expires
    with it at the latest, and is revoked with it: also if the issuer is revoked while this runs. Raises Forbidden
    `grant-exceeds-key`, Conflict `client-key-depth`, InvalidInput at `/expires_at`.
    """
    now = clock.now()
    expires_at = new_key.expires_at
    if expires_at and not now < expires_at <= now + MAX_VALIDITY:
        raise InvalidInput(errors=[FieldError("/expires_at", "expiry-out-of-range")])
    if issuer:
        if missing := ", ".join(_missing(new_key, issuer)):
            raise Forbidden("grant-exceeds-key", missing=missing)
        if len(issuer.ancestors) >= MAX_ANCESTORS:
            raise Conflict("client-key-depth")
        expires_at = expires_at or issuer.expires_at
    secret = new_secret()
    key = ClientKey(
        key_id=new_ulid(now),
        name=new_key.name,
        scopes=new_key.scopes,
        accounts=new_key.accounts,
        product=new_key.product,
        partner_id=new_key.partner_id,
        secrets=(new_key_secret(secret, now),),
        ancestors=(*issuer.ancestors, issuer.key_id) if issuer else (),
        # As it is stored, in milliseconds.
        expires_at=from_iso(iso(expires_at)) if expires_at else None,
        created_at=now,
        updated_at=now,
    )
    entry = key_entry("client_key.issued", before=None, after=key, actor=actor, now=now, request_id=request_id)
    client_keys.add(key, entry)
    return ShownOnce(key, secret)


def _missing(new_key: NewKey, issuer: ClientKey) -> Iterator[str]:
    """Yield the rights of the new key that its issuer lacks. A key without accounts or product is not limited."""
    yield from sorted(new_key.scopes - issuer.scopes)
    if issuer.accounts and not (new_key.accounts and new_key.accounts <= issuer.accounts):
        yield "accounts"
    if issuer.product and new_key.product != issuer.product:
        yield "product"
    if new_key.partner_id and new_key.partner_id != issuer.partner_id:
        yield "partner_id"
    if issuer.expires_at and new_key.expires_at and new_key.expires_at > issuer.expires_at:
        yield "expires_at"
