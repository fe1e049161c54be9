"""Read what has changed of an account's customers, for a copy of them (docs/specification.md, 13.45)."""

import re
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from customer_center.customers.listing import POSITION, CustomerSort, Range, row_of
from customer_center.customers.model import Customer
from customer_center.customers.outage import FEED_KEPT, MARGIN
from customer_center.customers.ports import Customers
from customer_center.customers.search_ports import Feed
from customer_center.platform.clock import Clock
from customer_center.platform.errors import Gone, MalformedRequest
from customer_center.platform.frozen import frozen
from customer_center.platform.ids import ULID_PATTERN
from customer_center.platform.paging import read_cursor, written_cursor
from customer_center.platform.stamps import from_iso_nanoseconds, iso_nanoseconds, nanoseconds, stamped_at

# The list may show a change some seconds late. What it does not show when it is read is in the feed since then.
_LIST_IS_LATE = timedelta(minutes=5)
_IN_FEED = ""
_CUSTOMER_ID = re.compile(f"cus_{ULID_PATTERN}")


@frozen
class Changed:
    """A customer as it is now: with all its values, or, if `customer` is None, no customer of the account any more.

    `deleted_at` is when it was deleted, or when the feed says that it has left the account. A record that was merged
    into another customer names that one in `merged_into`, and was not deleted.
    """

    customer_id: str
    customer: Customer | None
    deleted_at: datetime | None = None
    merged_into: str | None = None


@frozen
class Changes:
    """A page of changes. `next_cursor` is where to go on, now or later; `has_more`: there are more pages now."""

    rows: Iterable[Changed]
    next_cursor: str
    has_more: bool


def read_changes(
    account_id: str, since: str | None, *, limit: int, customers: Customers, feed: Feed, clock: Clock
) -> Changes:
    """Return a page of changes since a cursor; without one, of all customers, after which the changes follow.

    Nobody is missed: the list is read in the order of creation, in which no customer moves, and the feed from before
    the list was begun. The feed is read up to ten seconds ago, because a row may be written a moment after its time.
    Customers are read strongly consistent, so that they are at least as new as their row. Each is shown once in a page.
    Raises MalformedRequest `cursor-invalid`, and Gone `cursor-expired` for a cursor of more than 30 days ago.
    """
    now = clock.now()
    if since is None:
        return _listed(account_id, _position(now - _LIST_IS_LATE), None, limit, customers)
    begun, listed = read_cursor(since, _query(account_id), parts=2)
    if not _is_in_feed(begun) or (listed != _IN_FEED and not POSITION.fullmatch(listed)):
        raise MalformedRequest("cursor-invalid")
    if begun < _position(now - FEED_KEPT):
        raise Gone("cursor-expired")
    if listed != _IN_FEED:
        return _listed(account_id, begun, listed, limit, customers)
    settled = _position(now - MARGIN)
    part = feed.feed(account_id, after=begun, until=settled, limit=limit)
    # Of several changes of one customer the last: what is shown is as it is now anyway.
    changed = {row.customer_id: row.position for row in part.rows}
    last = part.rows[-1].place if part.more else max(begun, settled)
    rows = list(_changed(account_id, changed, customers))
    return Changes(rows, written_cursor([last, _IN_FEED], _query(account_id)), part.more)


def _listed(account_id: str, begun: str, after: str | None, limit: int, customers: Customers) -> Changes:
    """Return a page of the list of all customers. `begun` is where the feed is read from when the list has ended."""
    part = customers.listed(account_id, CustomerSort.CREATED, Range(), limit=limit, after=after)
    listed = (part.rows[-1].position("created") if part.more else None) or _IN_FEED
    rows = _changed(account_id, dict.fromkeys((row.customer_id for row in part.rows), begun), customers)
    # Who was deleted meanwhile is in the feed.
    present = [row for row in rows if row.customer]
    return Changes(present, written_cursor([begun, listed], _query(account_id)), has_more=True)


def _changed(account_id: str, positions: dict[str, str], customers: Customers) -> Iterator[Changed]:
    """Yield the customers at these positions of the feed as they are now, without those that are hidden."""
    read = {customer.customer_id: customer for customer in customers.customers_with(positions)}
    for customer_id, position in positions.items():
        customer = read.get(customer_id)
        if customer is None or customer.account_id != account_id:
            yield Changed(customer_id, None, stamped_at(position))
        elif customer.is_gone:
            yield Changed(customer_id, None, customer.deleted_at, customer.merged_into)
        elif row_of(customer):
            yield Changed(customer_id, customer)


def _is_in_feed(position: str) -> bool:
    time, row, customer_id = position.partition("#")
    at = from_iso_nanoseconds(time)
    return at is not None and time == iso_nanoseconds(at) and (not row or bool(_CUSTOMER_ID.fullmatch(customer_id)))


def _position(moment: datetime) -> str:
    return iso_nanoseconds(nanoseconds(moment))


def _query(account_id: str) -> object:
    return account_id, "changes"
