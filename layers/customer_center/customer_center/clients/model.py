"""Client keys: what a machine shows to be let in, and what it may then do (DESIGN §3, Machines)."""

import hashlib
import hmac
import re
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

# So that one can be brought into use while the other still is.
MAX_SECRETS = 2
HINT_LENGTH = 4
KEY_ID = re.compile(r"[0-9a-z]{26}")
SHOWN = re.compile(rf"cck_(?P<key_id>{KEY_ID.pattern})_(?P<secret>[A-Za-z0-9_-]{{43}})")
"""A key as a machine shows it: the id that its record is found by, and a secret."""
_NO_HASH = "-" * 64


class Scope(StrEnum):
    """What a client key lets its holder do; `customers:admin` is products, conflicts and erasing."""

    COMPANIES_READ = "companies:read"
    CUSTOMERS_READ = "customers:read"
    CUSTOMERS_WRITE = "customers:write"
    CUSTOMERS_ADMIN = "customers:admin"
    OPERATOR = "operator"


@dataclass(frozen=True, slots=True)
class KeySecret:
    """One secret of a key: its SHA-256, and its last four characters, by which people tell two of them apart."""

    secret_hash: str
    hint: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class ClientKey:
    """A machine that may call us. `version` counts the changes.

    `accounts` are those whose customers it may see, `product` the product it is, if it is one.
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


@dataclass(frozen=True, slots=True)
class ShownOnce:
    """A key with the secret that was just made; `secret` is None when it was shown before: it is kept nowhere."""

    key: ClientKey
    secret: str | None = field(repr=False)


def new_key_secret(secret: str, now: datetime) -> KeySecret:
    """Return what is kept of a secret."""
    return KeySecret(_hash(secret), secret[-HINT_LENGTH:], now)


def written(key_id: str, secret: str) -> str:
    """Return the key as a machine shows it."""
    return f"cck_{key_id}_{secret}"


def matching(secret: str, key: ClientKey | None) -> KeySecret | None:
    """Return which of the key's secrets this is, None when it is none of them or the key is revoked.

    Every secret that a key could have is compared, also when there is no key, so that the time tells nothing.
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
