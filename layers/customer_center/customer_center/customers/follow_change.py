"""What follows a committed change of a customer: a row in the account's feed, and a pointer for each product."""

from collections.abc import Callable, Sequence
from datetime import timedelta

from customer_center.customers.effects import product_push
from customer_center.customers.model import Product
from customer_center.customers.outage import Since
from customer_center.customers.ports import Customers
from customer_center.customers.product_ports import Products
from customer_center.platform.clock import Clock
from customer_center.platform.errors import InProgress
from customer_center.platform.journal import Effect
from customer_center.platform.stamps import iso_nanoseconds, nanoseconds

_SLOW = timedelta(seconds=5)
_TRIES = 5
# After this time every change that a product has missed has a later position than the one it is behind since.
_SETTLED = timedelta(hours=1)


def follow_change(
    account_id: str,
    customer_id: str,
    *,
    send: Callable[[Sequence[Effect]], None],
    customers: Customers,
    products: Products,
    clock: Clock,
) -> None:
    """Put the customer into the feed, then point each product to it.

    The row comes first: a product that is caught up from the feed misses nothing that it was not pointed to. May run
    any number of times: a row and a pointer say only that the customer has changed. Pointers go to every product, also
    to the one that made the change: whether it knows the result is decided where it is told. Raises InProgress if the
    table is too slow.
    """
    customer = customers.customer(customer_id)
    is_gone = customer is not None and customer.as_seen_by(account_id).is_gone
    position = _add_row(account_id, customer_id, products, clock, kept=is_gone)
    now = clock.now()
    pointed = [product for product in products.products(account_id) if not _is_settled(product, clock)]
    send([product_push(account_id, each.product, customer_id, Since(feed=position), now) for each in pointed])


def _add_row(account_id: str, customer_id: str, products: Products, clock: Clock, *, kept: bool) -> str:
    """Add a row to the feed and return its position. The row of one that is gone is kept for good.

    Who reads the feed up to ten seconds ago must find every row. So a row whose writing took long is written again,
    with a later position.
    """
    for _ in range(_TRIES):
        now = clock.now()
        position = iso_nanoseconds(nanoseconds(now))
        products.add_to_feed(account_id, customer_id, position, now, kept=kept)
        if clock.now() - now <= _SLOW:
            return position
    raise InProgress("in-progress", retry_after=1)


def _is_settled(product: Product, clock: Clock) -> bool:
    """Return whether the product has been told nothing for a while. What it misses is in the feed."""
    ended = max((moment for moment in (product.gone_at, product.paused_at) if moment), default=None)
    return ended is not None and clock.now() - ended > _SETTLED
