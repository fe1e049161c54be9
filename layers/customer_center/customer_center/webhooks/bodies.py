"""Request bodies and answers of sources, as pydantic models."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from customer_center.platform.frozen import frozen
from customer_center.platform.wire import Input, Output
from customer_center.webhooks.formats.product import PRODUCT
from customer_center.webhooks.formats.vendasta import LIVE_ISSUER, VENDASTA
from customer_center.webhooks.manage_sources import NewSource, ShownSource
from customer_center.webhooks.model import StoredSource
from customer_center.webhooks.rs256 import public_key

_Name = Annotated[str, StringConstraints(pattern="^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]
_Line = Annotated[str, StringConstraints(min_length=1, max_length=200)]


def _rsa(text: str) -> str:
    try:
        public_key(text)
    except ValueError as error:
        raise PydanticCustomError("public-key", "not a public key") from error
    return text


_PublicKey = Annotated[str, StringConstraints(max_length=2000), AfterValidator(_rsa)]


class VendastaBody(Input):
    """How events of Vendasta are recognised, and whose they are.

    `public_keys` are the keys that Vendasta signs with (RSA, PEM). `accounts` maps Vendasta's account groups (`AG-…`)
    to accounts of the client key. An event is accepted until `leeway_seconds` after the end of its minute: Vendasta may
    repeat an event hours later, and does not say whether it signs it anew.
    """

    # All of them are one parameter of SSM, which has at most 4 KB.
    public_keys: Annotated[list[_PublicKey], Field(min_length=1, max_length=4)]
    accounts: Annotated[dict[_Line, _Name], Field(min_length=1, max_length=100)]
    issuers: Annotated[list[_Line], Field(min_length=1, max_length=4, default_factory=lambda: [LIVE_ISSUER])]
    leeway_seconds: Annotated[int, Field(ge=0, le=604800)] = 300

    @property
    def settings(self) -> Mapping[str, Any]:
        """The settings of the source."""
        return self.model_dump(include={"accounts", "issuers", "leeway_seconds"})


class WebhookSourceBody(Input):
    """A new source: the product whose events it sends, and in which format. `vendasta` is for that format only.

    An event of the format `product` with a field that we do not know is refused, so that misspelt names are noticed.
    With `unknown_fields` `note` it is applied without that field, which is listed under `GET /refused-events`.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [{"product": "newsletter", "format": "product"}]})

    product: _Name
    format: Literal["product", "vendasta"] = "product"
    unknown_fields: Literal["refuse", "note"] | None = None
    vendasta: VendastaBody | None = None

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.format == VENDASTA.name and self.vendasta is None:
            raise PydanticCustomError("missing", "required", {"inside": "vendasta"})
        if self.format == PRODUCT.name and self.vendasta is not None:
            raise PydanticCustomError("extra_forbidden", "unknown", {"inside": "vendasta"})
        if self.format == VENDASTA.name and self.unknown_fields is not None:
            # Its events have many fields that we do not use. They are never refused.
            raise PydanticCustomError("extra_forbidden", "unknown", {"inside": "unknown_fields"})
        return self

    @property
    def new_source(self) -> NewSource:
        """The source to add."""
        if self.vendasta is None:
            settings = {"unknown_fields": self.unknown_fields} if self.unknown_fields else {}
            return NewSource(self.product, settings=settings)
        return NewSource(self.product, VENDASTA.name, self.vendasta.public_keys, self.vendasta.settings)


@frozen(kw_only=True)
class VendastaAnswer(Output):
    """The settings of a source of Vendasta."""

    accounts: dict[str, str]
    issuers: list[str]
    leeway_seconds: int


@frozen(kw_only=True)
class WebhookSourceAnswer(Output):
    """A source of webhooks. `secret_hints` are the last characters of its secrets, the newest first.

    Of a public key, the hint is the start of its SHA-256 in hexadecimal. `unknown_fields` is null for Vendasta.
    """

    source_id: str
    account_id: str
    product: str
    format: str
    secret_hints: list[str]
    unknown_fields: Literal["refuse", "note"] | None
    vendasta: VendastaAnswer | None
    version: int
    created_at: datetime
    updated_at: datetime

    @classmethod
    def from_stored(cls, stored: StoredSource) -> Self:
        """Return the answer for a source."""
        is_vendasta = stored.source.format == VENDASTA.name
        return cls(
            source_id=stored.source.source_id,
            account_id=stored.source.account or "",
            product=stored.source.product or "",
            format=stored.source.format,
            secret_hints=list(stored.hints),
            unknown_fields=None if is_vendasta else "note" if stored.source.notes_unknown_fields else "refuse",
            vendasta=VendastaAnswer(**stored.source.settings) if is_vendasta else None,
            version=stored.version,
            created_at=stored.created_at,
            updated_at=stored.updated_at,
        )


@frozen(kw_only=True)
class ShownSourceAnswer(Output):
    """A source. `secret` signs its events (Standard Webhooks). It is shown once, and null afterwards.

    Vendasta signs with a key of its own and needs none.
    """

    source: WebhookSourceAnswer
    secret: str | None

    @classmethod
    def from_shown(cls, shown: ShownSource) -> Self:
        """Return the answer for a source with a new secret."""
        return cls(source=WebhookSourceAnswer.from_stored(shown.stored), secret=shown.secret)


@frozen(kw_only=True)
class WebhookSourcesAnswer(Output):
    """The sources of an account, oldest first. `next_cursor` is always null."""

    items: list[WebhookSourceAnswer]
    next_cursor: None = None

    @classmethod
    def from_sources(cls, sources: Sequence[StoredSource]) -> Self:
        """Return the answer for these sources."""
        return cls(items=[WebhookSourceAnswer.from_stored(stored) for stored in sources])
