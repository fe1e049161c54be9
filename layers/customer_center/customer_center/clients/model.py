"""Client keys: how a machine proves who it is, and what it may do (docs/specification.md, 2.7 and 2.8)."""

import hashlib
import hmac
import re
from collections.abc import Sequence
from dataclasses import field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from customer_center.platform.errors import FieldError, InvalidInput, NotFound
from customer_center.platform.frozen import frozen

# Two, so that a machine can switch to a new secret while the old one is still valid.
MAX_SECRETS = 2
HINT_LENGTH = 4
MAX_ANCESTORS = 3
"""How many keys may stand between a key and the command `make client-key`. Each costs a read per request."""
MAX_VALIDITY = timedelta(days=3653)
KEY_ID = re.compile(r"[0-9a-z]{26}")
SHOWN = re.compile(rf"cck_(?P<key_id>{KEY_ID.pattern})_(?P<secret>[A-Za-z0-9_-]{{43}})")
"""A key as a machine sends it: the id of its record, and a secret."""
_NO_HASH = "-" * 64


class Scope(StrEnum):
    """The right that a client key gives. `customers:admin` is for products, conflicts and erasures.

    `keys:manage` is for issuing, rotating and revoking client keys.
    """

    COMPANIES_READ = "companies:read"
    CUSTOMERS_READ = "customers:read"
    CUSTOMERS_WRITE = "customers:write"
    CUSTOMERS_ADMIN = "customers:admin"
    OPERATOR = "operator"
    KEYS_MANAGE = "keys:manage"


@frozen
class KeySecret:
    """One secret of a key: its SHA-256, and its last four characters as a hint for people."""

    secret_hash: str
    hint: str
    created_at: datetime


@frozen
class ClientKey:
    """The key of a machine that may call the API. `version` counts the changes and is the ETag.

    The machine may see the customers of `accounts`. `product` is set if the machine is a product. With `partner_id` it
    may act on that partner's customers without account.

    `ancestors` are the ids of the key that issued this one, of the key that issued that key, and so on, the oldest
    first; empty for a key that was issued with AWS access. A key is revoked as soon as one of its ancestors is. From
    `expires_at` on the key is refused.
    """

    key_id: str
    name: str
    scopes: frozenset[Scope]
    created_at: datetime
    updated_at: datetime
    accounts: frozenset[str] = frozenset()
    product: str | None = None
    partner_id: str | None = None
    secrets: tuple[KeySecret, ...] = ()
    revoked_at: datetime | None = None
    ancestors: tuple[str, ...] = ()
    expires_at: datetime | None = None
    version: int = 1

    @property
    def issued_by(self) -> str | None:
        """The id of the key that issued this one; None if it was issued with AWS access."""
        return self.ancestors[-1] if self.ancestors else None

    def is_expired(self, now: datetime) -> bool:
        """Return whether the key has expired at the time `now`."""
        return self.expires_at is not None and now >= self.expires_at

    def account(self, named: str | None) -> str:
        """Return the account that a request is about, which it has named or not.

        A key without accounts may name any. Raises InvalidInput if the request must name one, and NotFound if the key
        does not have it.
        """
        if named is None:
            if len(self.accounts) != 1:
                raise InvalidInput(errors=[FieldError("/account_id", "required")])
            return min(self.accounts)
        if self.accounts and named not in self.accounts:
            raise NotFound
        return named

    def partner(self, named: str | None = None) -> str:
        """Return the partner whose customers without account a request is about, which it has named or not.

        Raises NotFound unless it is the key's partner, and the key has the scope `customers:admin` and no product: a
        product is one of an account.
        """
        partner_id = self.partner_id
        if partner_id is None or named not in (None, partner_id) or self.product:
            raise NotFound
        if Scope.CUSTOMERS_ADMIN not in self.scopes:
            raise NotFound
        return partner_id

    def may_rotate(self, other: "ClientKey") -> bool:
        """Return whether this key's holder may get another secret of a key: of this key, or of one that it issued.

        With a secret of any other key, the holder could go on after this key is revoked.
        """
        return other.key_id == self.key_id or self.key_id in other.ancestors

    def with_ancestors(self, ancestors: "Sequence[ClientKey | None]") -> "ClientKey":
        """Return the key as its ancestors leave it: revoked, without secrets, if one of them is revoked or missing."""
        if self.revoked_at:
            return self
        revoked = [self.created_at if each is None else each.revoked_at for each in ancestors]
        since = [moment for moment in revoked if moment]
        return replace(self, revoked_at=min(since), secrets=()) if since else self

    def changed(self, now: datetime, **changes: object) -> "ClientKey":
        """Return the next version of this key."""
        return replace(self, version=self.version + 1, updated_at=now, **changes)  # type: ignore[arg-type] # fields by name


@frozen
class ShownOnce:
    """A key with its new secret. `secret` is None if it was shown before, because secrets are not stored."""

    key: ClientKey
    secret: str | None = field(repr=False)


def new_key_secret(secret: str, now: datetime) -> KeySecret:
    """Return the record of a secret. It has only the secret's hash and hint."""
    return KeySecret(_hash(secret), secret[-HINT_LENGTH:], now)


def written(key_id: str, secret: str) -> str:
    """Return the key as a machine sends it."""
    return f"cck_{key_id}_{secret}"


def matching(secret: str, key: ClientKey | None, now: datetime) -> KeySecret | None:
    """Return the key's record of this secret. Return None if the key has no such secret, is revoked or has expired.

    Always makes MAX_SECRETS comparisons, so that the time of the answer reveals nothing.
    """
    given = _hash(secret)
    kept = key.secrets if key else ()
    padded = [*(each.secret_hash for each in kept), *[_NO_HASH] * (MAX_SECRETS - len(kept))]
    matches = [hmac.compare_digest(given, secret_hash) for secret_hash in padded]
    if key is None or key.revoked_at or key.is_expired(now) or True not in matches:
        return None
    return kept[matches.index(True)]


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
