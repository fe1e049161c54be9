"""What products need from outside, as Protocols: a connector for each kind of product (docs/connectors.md)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from datetime import datetime
from typing import Any, Literal, Protocol, runtime_checkable

from customer_center.customers.fields import Value
from customer_center.customers.model import Customer, Product
from customer_center.customers.outage import Failure, ProductStatus
from customer_center.customers.search_ports import Feed
from customer_center.platform.clock import Clock
from customer_center.platform.frozen import frozen
from customer_center.platform.idempotency import Remembering
from customer_center.platform.journal import Entry
from customer_center.platform.paging import Part


@frozen
class Delivered:
    """The product has taken it. `remote_id` is the id that the product gave the customer, if it said one."""

    remote_id: str | None = None


@frozen
class Unchanged:
    """The product has it already: of what has changed, it holds nothing. There was nothing to send."""


@frozen
class Refused:
    """The product will not take this version, however often it is told. `reason` is for people, without values."""

    reason: str


@frozen
class Conflicting:
    """The product found other customers of its own that are this one, by its ids, and takes nothing until that ends."""

    remote_ids: Sequence[str]


@frozen
class TryLater:
    """The product could not take it now, perhaps after `seconds`. It may have taken it nevertheless.

    `is_outage`: the product itself said that it takes nothing at all now, as with 429 and 503.
    """

    reason: str
    seconds: int = 0
    is_outage: bool = False


@frozen
class Unsubscribed:
    """The product wants to be told nothing more."""


type Outcome = Delivered | Unchanged | Refused | Conflicting | TryLater | Unsubscribed


@frozen
class Push:
    """What a product is told about a customer. `push_id` is the same in every repeat of this version.

    `external_id` is the product's own id of the customer, if it has told one or answered one. `in_doubt`: an earlier
    call had no answer, so that the product may have taken it. A creation in doubt is looked up before it is repeated.
    """

    push_id: str
    kind: Literal["created", "updated", "deleted"]
    customer: Customer
    external_id: str | None
    in_doubt: bool = False


class ProductConnector(Protocol):
    """Tells products of one kind. One object serves all products of its kind, in several threads.

    `learns_ids`: a product has to be told our id of each customer that it made itself, also if it knows all values.
    """

    learns_ids: bool = False

    def push(self, product: Product, push: Push) -> Outcome:
        """Tell the product, once, within 20 seconds. Raises no error for anything that a product does."""

    def held(self, product: Product, customer: Customer) -> Mapping[str, Value]:  # noqa: ARG002 # for others
        """Return the values as the product holds them after it was told, and may send them back.

        A kind that cannot hold everything changes values, or leaves them out. What comes back so states nothing.
        """
        return customer.values


@frozen
class Held:
    """A customer as a product holds it: the product's id, ours if the product knows it, and the values.

    `values` are in the product's own words, as `PullingConnector.expected` writes them.
    """

    remote_id: str
    customer_id: str | None
    values: Mapping[str, Any] = field(repr=False)


@frozen
class Pulled:
    """A page of what a product holds, and the cursor of the next page; None at the end."""

    held: Sequence[Held]
    next_cursor: str | None


@runtime_checkable
class PullingConnector(ProductConnector, Protocol):
    """A connector that can also read what a product holds. Reconciling works with these kinds."""

    def pull(self, product: Product, cursor: str | None) -> Pulled | TryLater:
        """Return a page of what the product holds. `cursor` is that of the page before; None for the first."""

    def expected(self, product: Product, customer: Customer) -> Mapping[str, Any]:
        """Return what the product should hold of the customer, in its own words."""


@frozen
class CheckedSettings:
    """The settings of a product that its kind has checked.

    `settings` are kept in the product's record and shown. `secret` is stored as a SecureString of SSM and never shown;
    None: it is as before.
    """

    settings: Mapping[str, Any] = field(default_factory=dict)
    secret: Mapping[str, Any] | None = field(default=None, repr=False)


@frozen
class Deployment:
    """What a connector gets from this deployment.

    `secret` returns what is stored for a product, read at most five minutes ago; it raises SecretNotFoundError
    (`platform/secrets.py`). With `loopback`, addresses of the loopback may be called, as on one machine.
    """

    secret: Callable[[Product], Mapping[str, Any]]
    clock: Clock
    loopback: bool = False


@frozen
class ProductKind:
    """One kind of product. `name` is what a product's record calls it.

    `check` gets address and settings of a new or changed product, and returns them checked. It raises InvalidInput with
    pointers (`/url`, `/settings/…`). `connector` makes the connector, once per sandbox: what is expensive to import is
    imported there. `makes_secrets`: we make the secrets that sign what the product is told; they are shown once, and
    rotated. `secret_pointer`: a setting that is a secret and needed, for example `/settings/private_key`.
    """

    name: str
    check: Callable[[str | None, Mapping[str, Any]], CheckedSettings]
    connector: Callable[[Deployment], ProductConnector]
    makes_secrets: bool = False
    secret_pointer: str | None = None


type ProductKinds = Mapping[str, ProductKind]


class ProductSecrets(Protocol):
    """The secrets of products by the product's `secret_id`, as JSON objects. Records and tables hold none."""

    def has(self, secret_id: str) -> bool:
        """Return whether there is a secret with this id."""

    def read(self, product: Product) -> Mapping[str, Any]:
        """Return the secret of a product, read at most five minutes ago. Raises SecretNotFoundError."""

    def current(self, product: Product) -> Mapping[str, Any]:
        """Return the secret of a product as it is now. Raises SecretNotFoundError."""

    def write(self, secret_id: str, secret: Mapping[str, Any]) -> None:
        """Store a secret. The ones that we made are `{"secrets": ["whsec_…", …]}`, the newest first."""

    def remove(self, secret_id: str) -> None:
        """Remove the secret. May run any number of times."""


type StatusChange = tuple[ProductStatus, ProductStatus]
"""The status of a product before and after a change."""


class Products(Feed, Remembering, Protocol):
    """The stored products of accounts, and the feed of each account's changes. All reads are strongly consistent."""

    def products(self, account_id: str) -> Sequence[Product]:
        """Return the products of an account, sorted by name."""

    def product(self, account_id: str, product: str) -> Product | None:
        """Return a product of an account, or None."""

    def was_removed(self, account_id: str, product: str) -> bool:
        """Return whether a product of this name was removed from the account, and is not there again."""

    def add_product(self, product: Product, entry: Entry, status: StatusChange | None = None) -> None:
        """Add a product, with its status. Raises PreconditionFailed if there is one with that name."""

    def change_product(
        self, before: Product, after: Product, entry: Entry | None, status: StatusChange | None = None
    ) -> None:
        """Write the next version of a product, and its status. Raises PreconditionFailed if one was changed."""

    def remove_product(self, product: Product, entry: Entry) -> None:
        """Remove a product and its status, and note that. Raises PreconditionFailed if it was changed meanwhile."""

    # How telling them goes

    def status(self, account_id: str, product: str) -> ProductStatus:
        """Return how telling a product goes; an empty status if nothing is known."""

    def save_status(self, before: ProductStatus, after: ProductStatus) -> bool:
        """Write a status. Return False, and write nothing, if it was changed meanwhile."""

    def behind(self) -> Sequence[tuple[str, str]]:
        """Return account and name of every product that is behind, of all accounts."""

    def note_failure(self, product: Product, failure: Failure) -> None:
        """Put a customer into the product's list of failures, or replace its row there."""

    def remove_failure(self, product: Product, customer_id: str) -> None:
        """Remove a customer from the product's list of failures. May run any number of times."""

    def failures(self, product: Product, *, limit: int, after: str | None = None) -> Part[Failure]:
        """Return up to `limit` failures of a product by customer id, after this id."""

    # The feed

    def add_to_feed(
        self, account_id: str, customer_id: str, position: str, now: datetime, *, kept: bool = False
    ) -> None:
        """Put a change into the account's feed at this position, for 30 days; `kept`: for good. May run again."""
