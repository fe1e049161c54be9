"""Client keys: how a machine proves who it is, and what it may do (docs/specification.md, 2.7 and 2.8)."""

import hashlib
import hmac
import re
from dataclasses import field, replace
from datetime import datetime
from enum import StrEnum

from customer_center.platform.frozen import frozen

# Two, so that a new secret can be brought into use while the old one is still valid.
MAX_SECRETS = 2
HINT_LENGTH = 4
KEY_ID = re.compile(r"[0-9a-z]{26}")
SHOWN = re.compile(rf"cck_(?P<key_id>{KEY_ID.pattern})_(?P<secret>[A-Za-z0-9_-]{{43}})")
"""A key as a machine sends it: the id of its record, and a secret."""
_NO_HASH = "-" * 64


class Scope(StrEnum):
    """What a client key allows; `customers:admin` is for products, conflicts and erasures."""

    COMPANIES_READ = "companies:read"
    CUSTOMERS_READ = "customers:read"
    CUSTOMERS_WRITE = "customers:write"
    CUSTOMERS_ADMIN = "customers:admin"
    OPERATOR = "operator"


@frozen
class KeySecret:
    """One secret of a key: its SHA-256, and its last four characters as a hint for people."""

    secret_hash: str
    hint: str
    created_at: datetime


@frozen
class ClientKey:
    """A machine that may call us. `version` counts the changes and is the ETag.

    `accounts` are the accounts whose customers it may see. `product` is set when the machine is a product.
    """

    key_id: str
    name: str
    scopes: frozenset[Scope]
    created_at: datetime
    updated_at: datetime
    accounts: frozenset[str] = frozenset()
    product: str | None = None
    secrets: tuple[KeySecret, ...] = ()
    revoked_at: datetime | None = None
    version: int = 1

    def changed(self, now: datetime, **changes: object) -> "ClientKey":
        """Return the next version of this key."""
        return replace(self, version=self.version + 1, updated_at=now, **changes)  # type: ignore[arg-type] # fields by name


@frozen
class ShownOnce:
    """A key with its new secret. `secret` is None when it was shown before, because it is not stored."""

    key: ClientKey
    secret: str | None = field(repr=False)


def new_key_secret(secret: str, now: datetime) -> KeySecret:
    """Return what is stored of a secret."""
    return KeySecret(_hash(secret), secret[-HINT_LENGTH:], now)


def written(key_id: str, secret: str) -> str:
    """Return the key as a machine sends it."""
    return f"cck_{key_id}_{secret}"


def matching(secret: str, key: ClientKey | None) -> KeySecret | None:
    """Return which of the key's secrets this is, None when it is none of them or the key is revoked.

    Always makes as many comparisons as a key can have secrets, so that the time of the answer reveals nothing.
    """
    given = _hash(secret)
    kept = key.secrets if key else ()
    padded = [*(each.secret_hash for each in kept), *[_NO_HASH] * (MAX_SECRETS - len(kept))]
    matches = [hmac.compare_digest(given, secret_hash) for secret_hash in padded]
    if key is None or key.revoked_at or True not in matches:
        return None
    return kept[matches.index(True)]


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
