"""Request bodies and answers of products, as pydantic models."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import ConfigDict, Field, StringConstraints

from customer_center.customers.bodies import AccountQuery
from customer_center.customers.outage import Failure
from customer_center.customers.put_product import ConnectedProduct, ProductWish
from customer_center.customers.read_products import ShownProduct
from customer_center.platform.frozen import frozen
from customer_center.platform.paging import Page
from customer_center.platform.wire import Input, Output, PageQuery, PastedNumber


class ProductBody(Input):
    """How a product is told of changes: its `kind`, and what the kind needs (docs/connectors.md).

    `webhook` needs `url`, an address with https that is not in a private network. `settings` are those of other kinds.

    Without permission to contact a customer, `without_consent` says whether a product that does not have the customer
    is told it (`send`) or not (`skip`). Once a channel is denied, `on_withdrawal` says whether the product is told the
    customer with the flag (`flag`), or told that the customer is deleted (`delete`).
    """

    model_config = ConfigDict(json_schema_extra={"examples": [{"url": "https://product.example.com/customers"}]})

    kind: Annotated[str, StringConstraints(min_length=1, max_length=40)] = "webhook"
    url: Annotated[str, StringConstraints(min_length=1, max_length=2000), PastedNumber] | None = None
    settings: dict[str, Any] = Field(default_factory=dict)
    without_consent: Literal["send", "skip"] = "send"
    on_withdrawal: Literal["flag", "delete"] = "flag"

    @property
    def wish(self) -> ProductWish:
        """What the product should be like."""
        return ProductWish(self.url, self.kind, self.settings, self.without_consent, self.on_withdrawal)


@frozen(kw_only=True)
class LastErrorAnswer(Output):
    """Why a product could not be told last, in fixed words, and when."""

    reason: str
    at: datetime


@frozen(kw_only=True)
class ProductStatusAnswer(Output):
    """How telling a product goes.

    `behind_since`: it may miss what changed since then; null: it is up to date. `backlog` counts these customers, up to
    1,000. `last_success` is up to a minute old. `subscribed` is false after it answered 410: it is told nothing more.
    `next_attempt_at`: after an outage it is told nothing before.
    """

    behind_since: datetime | None
    backlog: int
    next_attempt_at: datetime | None
    last_success: datetime | None
    last_error: LastErrorAnswer | None
    subscribed: bool
    paused: bool


@frozen(kw_only=True)
class ProductAnswer(Output):
    """A product that is in step with the account. `settings` are those of its kind."""

    account_id: str
    product: str
    kind: str
    url: str | None
    settings: Mapping[str, Any]
    without_consent: Literal["send", "skip"]
    on_withdrawal: Literal["flag", "delete"]
    gone_at: datetime | None
    paused_at: datetime | None
    status: ProductStatusAnswer
    version: int
    created_at: datetime
    updated_at: datetime

    @classmethod
    def from_shown(cls, shown: ShownProduct) -> Self:
        """Return the answer for a product."""
        product, status = shown.product, shown.status
        error = None
        if status.last_error is not None and status.last_error_at is not None:
            error = LastErrorAnswer(reason=status.last_error, at=status.last_error_at)
        return cls(
            account_id=product.account_id,
            product=product.product,
            kind=product.kind,
            url=product.url,
            settings=product.settings,
            without_consent=product.without_consent,
            on_withdrawal=product.on_withdrawal,
            gone_at=product.gone_at,
            paused_at=product.paused_at,
            status=ProductStatusAnswer(
                behind_since=status.behind_since,
                backlog=shown.backlog,
                next_attempt_at=status.next_attempt_at if status.is_recovering else None,
                last_success=status.last_success,
                last_error=error,
                subscribed=product.gone_at is None,
                paused=product.paused_at is not None,
            ),
            version=product.version,
            created_at=product.created_at,
            updated_at=product.updated_at,
        )


@frozen(kw_only=True)
class ConnectedProductAnswer(Output):
    """A product. `secret` signs what it is told (Standard Webhooks). It is shown once, and null afterwards."""

    account_id: str
    product: str
    kind: str
    url: str | None
    settings: Mapping[str, Any]
    without_consent: Literal["send", "skip"]
    on_withdrawal: Literal["flag", "delete"]
    gone_at: datetime | None
    paused_at: datetime | None
    status: ProductStatusAnswer
    secret: str | None
    version: int
    created_at: datetime
    updated_at: datetime

    @classmethod
    def from_connected(cls, connected: ConnectedProduct, shown: ShownProduct) -> Self:
        """Return the answer for a product with its secret, if that was made now."""
        answer = ProductAnswer.from_shown(shown)
        return cls(**{each.name: getattr(answer, each.name) for each in fields(answer)}, secret=connected.secret)


@frozen(kw_only=True)
class ProductsAnswer(Output):
    """The products of an account, sorted by name. `next_cursor` is always null."""

    items: list[ProductAnswer]
    next_cursor: None = None

    @classmethod
    def from_shown(cls, shown: Sequence[ShownProduct]) -> Self:
        """Return the answer for these products."""
        return cls(items=[ProductAnswer.from_shown(each) for each in shown])


class FailuresQuery(AccountQuery, PageQuery):
    """The page of a product's failures."""


@frozen(kw_only=True)
class FailureAnswer(Output):
    """A customer whose last version a product did not take, and why.

    `conflict`: it has customers of its own that are this one; `remote_ids` are their ids. It is told again at the
    customer's next change, and by a redrive.
    """

    customer_id: str
    reason: str
    at: datetime
    remote_ids: list[str]


@frozen(kw_only=True)
class FailuresAnswer(Output):
    """A page of a product's failures. `next_cursor` is null at the end."""

    items: list[FailureAnswer]
    next_cursor: str | None

    @classmethod
    def from_page(cls, page: Page[Failure]) -> Self:
        """Return the answer for a page."""
        items = [
            FailureAnswer(
                customer_id=each.customer_id, reason=each.reason, at=each.at, remote_ids=list(each.remote_ids)
            )
            for each in page.rows
        ]
        return cls(items=items, next_cursor=page.next_cursor)
