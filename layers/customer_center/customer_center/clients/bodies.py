"""Request bodies and answers of client keys, as pydantic models."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Self

from pydantic import AwareDatetime, ConfigDict, Field, StringConstraints

from customer_center.clients.issue_client_key import NewKey
from customer_center.clients.model import HINT_LENGTH, ClientKey, KeySecret, Scope, ShownOnce, written
from customer_center.platform.frozen import frozen
from customer_center.platform.wire import Input, Output, Pasted, PastedCode, PastedNumber, Printable, Query

NAME_PATTERN = "^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$"
"""What names of accounts and products look like: they are parts of keys and of addresses."""

PartnerId = Annotated[str, StringConstraints(pattern=NAME_PATTERN), PastedNumber]
"""The id of a partner, which groups accounts."""
# A `Line` whose length is checked before its characters.
_Name = Annotated[str, StringConstraints(min_length=1, max_length=100), Printable, Pasted]


class AccountQuery(Query):
    """The account of a request."""

    account_id: (
        Annotated[
            str,
            StringConstraints(pattern=NAME_PATTERN),
            Field(description="The account, if the client key has several or none."),
        ]
        | None
    ) = None


class PartnerQuery(AccountQuery):
    """The account of a request, or the partner of a customer without account."""

    partner_id: Annotated[
        PartnerId | None,
        Field(
            description="The partner, for a customer without account. Needs a key of the partner with the scope "
            "`customers:admin`."
        ),
    ] = None


class ClientKeyBody(Input):
    """The purpose of a new key. `accounts` and `product` limit the `customers:` scopes.

    With `partner_id` and the scope `customers:admin`, the key may act on the partner's customers without account.

    From `expires_at` on the key is refused: at most ten years from now, and not after the key that issues it. Without
    it, the new key expires with the key that issues it.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "shop backend", "scopes": ["companies:read"]}]})

    name: _Name
    scopes: Annotated[frozenset[Scope], Field(min_length=1)]
    accounts: Annotated[frozenset[_Name], Field(max_length=100)] = frozenset()
    product: _Name | None = None
    partner_id: PartnerId | None = None
    expires_at: AwareDatetime | None = None

    def new_key(self) -> NewKey:
        """Return the key to issue."""
        return NewKey(self.name, self.scopes, self.accounts, self.product, self.expires_at, self.partner_id)


class RevocationBody(Input):
    """The secret to revoke, by its hint. Without a hint the whole key is revoked."""

    secret_hint: Annotated[str, StringConstraints(pattern=rf"^[A-Za-z0-9_-]{{{HINT_LENGTH}}}$"), PastedCode] | None = (
        None
    )


@frozen(kw_only=True)
class KeySecretAnswer(Output):
    """A secret's last four characters, and when it was made."""

    hint: str
    created_at: datetime

    @classmethod
    def from_secret(cls, secret: KeySecret) -> Self:
        """Return the answer for a secret."""
        return cls(hint=secret.hint, created_at=secret.created_at)


@frozen(kw_only=True)
class ClientKeyAnswer(Output):
    """A client key. A revoked key is refused and has no secrets.

    `issued_by` is the id of the key that issued it, null for a key issued with AWS access. If that key is revoked, this
    key is too.
    """

    key_id: str
    name: str
    scopes: list[Scope]
    accounts: list[str]
    product: str | None
    partner_id: str | None
    secrets: list[KeySecretAnswer]
    issued_by: str | None
    expires_at: datetime | None
    revoked_at: datetime | None
    version: int
    created_at: datetime
    updated_at: datetime

    @classmethod
    def from_key(cls, key: ClientKey) -> Self:
        """Return the answer for a key."""
        return cls(
            key_id=key.key_id,
            name=key.name,
            scopes=sorted(key.scopes),
            accounts=sorted(key.accounts),
            product=key.product,
            partner_id=key.partner_id,
            secrets=[KeySecretAnswer.from_secret(secret) for secret in key.secrets],
            issued_by=key.issued_by,
            expires_at=key.expires_at,
            revoked_at=key.revoked_at,
            version=key.version,
            created_at=key.created_at,
            updated_at=key.updated_at,
        )


@frozen(kw_only=True)
class ShownOnceAnswer(Output):
    """A client key. `secret` is the Bearer token. It is not stored: it is shown this one time, and null afterwards."""

    key: ClientKeyAnswer
    secret: str | None

    @classmethod
    def from_shown_once(cls, shown: ShownOnce) -> Self:
        """Return the answer for a key with a new secret."""
        secret = written(shown.key.key_id, shown.secret) if shown.secret else None
        return cls(key=ClientKeyAnswer.from_key(shown.key), secret=secret)


@frozen(kw_only=True)
class ClientKeysAnswer(Output):
    """All client keys, oldest first. `next_cursor` is always null."""

    items: list[ClientKeyAnswer]
    next_cursor: None = None

    @classmethod
    def from_keys(cls, keys: Sequence[ClientKey]) -> Self:
        """Return the answer for these keys."""
        return cls(items=[ClientKeyAnswer.from_key(key) for key in keys])
