"""Show an account's products, how telling them goes, and which customers they did not take."""

from collections.abc import Sequence

from customer_center.customers.listing import CustomerSort, Range
from customer_center.customers.model import Product
from customer_center.customers.outage import Failure, ProductStatus
from customer_center.customers.ports import Customers
from customer_center.customers.product_ports import Products
from customer_center.customers.put_product import connected_product
from customer_center.platform.clock import Clock
from customer_center.platform.frozen import frozen
from customer_center.platform.paging import Page, Part, filled, read_cursor, written_cursor
from customer_center.platform.stamps import iso_nanoseconds, nanoseconds

COUNTED = 1000
"""A backlog is counted up to this number."""
_BY_CREATION = CustomerSort("created")


@frozen
class ShownProduct:
    """A product, how telling it goes, and how many customers it may miss, counted to 1,000."""

    product: Product
    status: ProductStatus
    backlog: int


def shown_product(product: Product, *, customers: Customers, products: Products, clock: Clock) -> ShownProduct:
    """Return the product with its status and backlog."""
    status = products.status(product.account_id, product.product)
    return ShownProduct(product, status, _backlog(status, customers, products, clock))


def read_product(
    account_id: str, product: str, *, customers: Customers, products: Products, clock: Clock
) -> ShownProduct:
    """Return a product of the account. Raises NotFound."""
    found = connected_product(account_id, product, products)
    return shown_product(found, customers=customers, products=products, clock=clock)


def read_products(account_id: str, *, customers: Customers, products: Products, clock: Clock) -> Sequence[ShownProduct]:
    """Return all products of the account, sorted by name."""
    found = products.products(account_id)
    return [shown_product(each, customers=customers, products=products, clock=clock) for each in found]


def read_failures(
    account_id: str, product: str, *, limit: int, cursor: str | None, products: Products
) -> Page[Failure]:
    """Return a page of the customers that the product did not take, by id.

    Raises NotFound and MalformedRequest `cursor-invalid`.
    """
    found = connected_product(account_id, product, products)
    query = (account_id, product, "failures")

    def read(after: str | None, size: int) -> Part[Failure]:
        return products.failures(found, limit=size, after=after)

    after = read_cursor(cursor, query, parts=1)[0] if cursor is not None else None
    rows, last = filled(read, key=lambda row: row.customer_id, wanted=None, after=after, limit=limit)
    return Page(rows, written_cursor([last], query) if last else None)


def _backlog(status: ProductStatus, customers: Customers, products: Products, clock: Clock) -> int:
    """Count the customers that changed since the product is behind, and those of the list that it has to be told."""
    behind, missing = status.behind, set[str]()
    if behind.listed is not None:
        listed = customers.listed(status.account_id, _BY_CREATION, Range(), limit=COUNTED, after=behind.listed or None)
        missing |= {row.customer_id for row in listed.rows}
    after, more = behind.feed, behind.feed is not None
    while more and len(missing) < COUNTED:
        until = iso_nanoseconds(nanoseconds(clock.now()))
        part = products.feed(status.account_id, after=after or "", until=until, limit=COUNTED)
        missing |= {row.customer_id for row in part.rows}
        after, more = (part.rows[-1].place if part.rows else None), part.more
    return min(len(missing), COUNTED)
