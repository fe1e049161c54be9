"""What goes over the wire of this room: request bodies and answers, as pydantic models."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints
from pydantic_core import PydanticCustomError

from customer_center.clients.issue_client_key import NewKey
from customer_center.clients.model import HINT_LENGTH, ClientKey, KeySecret, Scope, ShownOnce, written
from customer_center.platform.printable import is_printable


def _printable(text: str) -> str:
    if not is_printable(text):
        raise PydanticCustomError("unprintable", "Control characters are not allowed.")
    return text


Line = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100), AfterValidator(_printable)
]


class _Input(BaseModel):
    model_config = ConfigDict(defer_build=True, extra="forbid", strict=True, frozen=True)


class _Output(BaseModel):
    model_config = ConfigDict(defer_build=True, frozen=True)


class ClientKeyBody(_Input):
    """What a new key is for. `accounts` and `product` count for the `customers:` scopes."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "shop backend", "scopes": ["companies:read"]}]})

    name: Line
    scopes: Annotated[frozenset[Scope], Field(min_length=1)]
    accounts: Annotated[frozenset[Line], Field(max_length=100)] = frozenset()
    product: Line | None = None

    def new_key(self) -> NewKey:
        """Return the new key of the model."""
        return NewKey(self.name, self.scopes, self.accounts, self.product)


class RevocationBody(_Input):
    """Which secret is taken away, by its hint; without one the whole key is."""

    secret_hint: Annotated[str, StringConstraints(pattern=rf"^[A-Za-z0-9_-]{{{HINT_LENGTH}}}$")] | None = None


class KeySecretAnswer(_Output):
    """What can be told of a secret: its last four characters, and since when it is good."""

    hint: str
    created_at: datetime

    @classmethod
    def of(cls, secret: KeySecret) -> Self:
        """Return the representation of a secret."""
        return cls(hint=secret.hint, created_at=secret.created_at)


class ClientKeyAnswer(_Output):
    """A client key. A revoked one lets nobody in, and has no secrets."""

    key_id: str
    name: str
    scopes: list[Scope]
    accounts: list[str]
    product: str | None
    secrets: list[KeySecretAnswer]
    revoked_at: datetime | None
    version: int
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, key: ClientKey) -> Self:
        """Return the representation of a key."""
        return cls(
            key_id=key.key_id,
            name=key.name,
            scopes=sorted(key.scopes),
            accounts=sorted(key.accounts),
            product=key.product,
            secrets=[KeySecretAnswer.of(secret) for secret in key.secrets],
            revoked_at=key.revoked_at,
            version=key.version,
            created_at=key.created_at,
            updated_at=key.updated_at,
        )


class ShownOnceAnswer(_Output):
    """A client key as it is sent, in `secret`, this one time; null when it was shown before: it is kept nowhere."""

    key: ClientKeyAnswer
    secret: str | None

    @classmethod
    def of(cls, shown: ShownOnce) -> Self:
        """Return the representation of a key that has a new secret."""
        secret = written(shown.key.key_id, shown.secret) if shown.secret else None
        return cls(key=ClientKeyAnswer.of(shown.key), secret=secret)


class ClientKeysAnswer(_Output):
    """All client keys, oldest first: there are few of them, and `next_cursor` is always null."""

    items: list[ClientKeyAnswer]
    next_cursor: None = None

    @classmethod
    def of(cls, keys: Sequence[ClientKey]) -> Self:
        """Return the representation of some keys."""
        return cls(items=[ClientKeyAnswer.of(key) for key in keys])
