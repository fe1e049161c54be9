"""Tell a product what it has missed: a walk of its failures, of the list and of the feed, page by page."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from customer_center.customers.effects import product_catch_up, product_push
from customer_center.customers.listing import CustomerSort, Range
from customer_center.customers.model import Product
from customer_center.customers.outage import FEED_KEPT, MARGIN, ProductStatus, Since
from customer_center.customers.ports import Customers
from customer_center.customers.product_ports import Products
from customer_center.customers.push_customer import Postponed
from customer_center.platform.clock import Clock
from customer_center.platform.frozen import frozen
from customer_center.platform.journal import Effect
from customer_center.platform.stamps import iso_nanoseconds, nanoseconds

PAGE = 100
"""The customers of one page of a walk."""
_SECOND = timedelta(seconds=1)
_PROBING = timedelta(seconds=12)
# The list is a moment old. What changed shortly before a walk of it began is in the feed.
_LIST_LAGS = timedelta(minutes=5)
_OLDEST = FEED_KEPT - timedelta(days=1)
_BY_CREATION = CustomerSort("created")

type Send = Callable[[Sequence[Effect], timedelta], None]
"""Puts effects into their queue, with a delay."""
type Push = Callable[[str, Since], ProductStatus | None]
"""Tells the product a customer now, as `push_customer` does."""


def everything(now: datetime) -> Since:
    """Return where a walk of all customers begins: the list, then what changed since shortly before now."""
    return Since(feed=position_of(now - _LIST_LAGS), listed="")


def position_of(moment: datetime) -> str:
    """Return the position in a feed at a moment."""
    return iso_nanoseconds(nanoseconds(moment))


def catch_up_product(
    account_id: str,
    product_name: str,
    step: int | None,
    *,
    push: Push,
    send: Send,
    customers: Customers,
    products: Products,
    clock: Clock,
) -> None:
    """Go on with the product's walk by a page, and have it go on by the next. Nothing happens if it is not behind.

    A page is pointers, as a change sends them; those that are dropped lower what the walk begins from. After an outage
    one customer is told first, and if that fails the product waits for its next attempt. `step` is the number of the
    page, None for whoever begins. A walk that somebody else goes on with is left alone. May run any number of times,
    also at once: of two, one moves the walk on. A walk that stops goes on from where it was, by schedule.
    """
    product, status = products.product(account_id, product_name), products.status(account_id, product_name)
    now = clock.now()
    if product is None or product.gone_at or product.paused_at or status.behind.is_empty or status.is_waiting(now):
        return
    if step != status.step and status.walking_until and now < status.walking_until:
        return
    page = _page(product, status, now, customers, products)
    if status.is_recovering:
        _probe(page, status, push, products, clock)
        status = products.status(account_id, product_name)
        if status.is_waiting(now := clock.now()):
            return
    send([product_push(account_id, product_name, each, since, now) for each, since in page.customers], timedelta())
    if page.behind.is_empty and _is_fresh(status, now):
        # What was dropped a moment ago may not be in the page.
        send([product_catch_up(account_id, product_name, now, status.step)], MARGIN + _SECOND)
        return
    after = status.walked(page.behind, now)
    if not products.save_status(status, after):
        after = products.status(account_id, product_name)
        if after.step != status.step:
            # Another walk was quicker, and goes on.
            return
    if not after.behind.is_empty:
        send([product_catch_up(account_id, product_name, now, after.step)], timedelta())


def _is_fresh(status: ProductStatus, now: datetime) -> bool:
    """Return whether a pointer may have been dropped whose row in the feed is too new to be read."""
    recovered = status.next_attempt_at is not None and now - status.next_attempt_at <= MARGIN
    return recovered or (status.behind.feed or "") >= position_of(now - MARGIN)


@frozen
class _Page:
    """The customers of a page, each with where a walk must begin if it is not told; and what is left after the page."""

    customers: Sequence[tuple[str, Since]]
    behind: Since


def _page(product: Product, status: ProductStatus, now: datetime, customers: Customers, products: Products) -> _Page:
    """Return the next page: of the failures, then of the list, then of the feed."""
    behind = status.behind
    if behind.failed is not None:
        failures = products.failures(product, limit=PAGE, after=behind.failed or None)
        ids = [failure.customer_id for failure in failures.rows]
        left = replace(behind, failed=ids[-1] if failures.more else None)
        return _Page([(each, Since(failed=behind.failed)) for each in ids], left)
    if behind.listed is not None:
        listed = customers.listed(product.account_id, _BY_CREATION, Range(), limit=PAGE, after=behind.listed or None)
        left = replace(behind, listed=listed.rows[-1].position("created") if listed.more else None)
        return _Page([(row.customer_id, Since(listed=behind.listed)) for row in listed.rows], left)
    return _feed_page(product, behind, now, products)


def _feed_page(product: Product, behind: Since, now: datetime, products: Products) -> _Page:
    """Return the next page of the feed, up to where no row can be missing.

    Of the time before its oldest row, it has the deleted customers only. After them, all others are in the list.
    """
    after, oldest, end = behind.feed or "", position_of(now - _OLDEST), position_of(now - MARGIN)
    is_old = after < oldest
    part = products.feed(product.account_id, after=after, until=oldest if is_old else end, limit=PAGE)
    newest = {row.customer_id: Since(feed=row.position) for row in part.rows}
    if part.more:
        return _Page(list(newest.items()), replace(behind, feed=part.rows[-1].place))
    return _Page(list(newest.items()), Since(feed=oldest, listed="") if is_old else replace(behind, feed=None))


def _probe(page: _Page, status: ProductStatus, push: Push, products: Products, clock: Clock) -> None:
    """Tell customers of the page until one call succeeds, or the product is down again."""
    began, has_failed = clock.now(), False
    for customer_id, since in page.customers:
        try:
            push(customer_id, since)
        except Postponed:
            has_failed = True
        status = products.status(status.account_id, status.product)
        now = clock.now()
        if status.is_waiting(now) or not status.is_recovering:
            return
        if now - began > _PROBING:
            break
    if has_failed:
        while not products.save_status(status, status.down(clock.now())):
            status = products.status(status.account_id, status.product)


def behind_seconds(status: ProductStatus, now: datetime) -> float:
    """Return for how long the product has been behind: since the oldest change that it may miss; of a whole list, 0."""
    since = status.behind_since
    return 0.0 if since is None else (now - since).total_seconds()


def due(products: Products, clock: Clock) -> Sequence[tuple[ProductStatus, bool]]:
    """Return the status of every product that is behind and is to be told, and whether somebody must go on with it."""
    now = clock.now()
    found = []
    for account_id, name in products.behind():
        product, status = products.product(account_id, name), products.status(account_id, name)
        if product and not product.gone_at and not product.paused_at:
            walking = status.walking_until is not None and now < status.walking_until
            found.append((status, not status.is_waiting(now) and not walking))
    return found
