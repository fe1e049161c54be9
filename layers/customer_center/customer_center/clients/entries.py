"""Journal entries of changes to client keys."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from customer_center.clients.model import ClientKey
from customer_center.platform.clock import iso
from customer_center.platform.journal import Actor, Entry, new_entry

OPERATOR = "operator"
"""The journal's partition for operators' changes that belong to no company."""


def key_entry(
    action: str, *, before: ClientKey | None, after: ClientKey, actor: Actor, now: datetime, request_id: str
) -> Entry:
    """Return the entry of a change to a key. `before` is None for a new key."""
    old, new = _visible(before), _visible(after)
    return new_entry(
        partition=OPERATOR,
        now=now,
        actor=actor,
        action=action,
        subject=after.key_id,
        request_id=request_id,
        changes={name: (old.get(name), value) for name, value in new.items() if old.get(name) != value},
    )


def machine(key: ClientKey) -> Actor:
    """Return the key's holder as the journal's actor."""
    return Actor("client", key.key_id)


def _visible(key: ClientKey | None) -> Mapping[str, Any]:
    if key is None:
        return {}
    return {
        "name": key.name,
        "scopes": sorted(key.scopes),
        "accounts": sorted(key.accounts),
        "product": key.product,
        "partner_id": key.partner_id,
        "secrets": [secret.hint for secret in key.secrets],
        "revoked_at": iso(key.revoked_at) if key.revoked_at else None,
        "issued_by": key.issued_by,
        "expires_at": iso(key.expires_at) if key.expires_at else None,
    }
