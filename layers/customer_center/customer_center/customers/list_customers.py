"""List the customers of an account, in an order, by pages (docs/specification.md, 13.12)."""

from customer_center.customers.listing import POSITION, CustomerRow, CustomerSort, Filter, Range
from customer_center.customers.ports import Customers
from customer_center.platform.errors import MalformedRequest
from customer_center.platform.paging import Page, Part, filled, read_cursor, written_cursor


def list_customers(
    account_id: str,
    wanted: Filter,
    *,
    sort: CustomerSort,
    limit: int,
    cursor: str | None,
    customers: Customers,
) -> Page[CustomerRow]:
    """Return a page of the account's customers that the filter wants (eventually consistent).

    A range of the sorted field costs nothing. With another filter, at most 400 rows are read for a page, so that a page
    may be short. Raises MalformedRequest `cursor-invalid`.
    """
    query = (account_id, sort, wanted.query)
    positions, others = wanted.ranges.get(sort.field, Range()), wanted.beside(sort.field)

    def read(after: str | None, size: int) -> Part[CustomerRow]:
        return customers.listed(account_id, sort, positions, limit=size, after=after)

    def position(row: CustomerRow) -> str:
        return row.position(sort.field) or ""

    after = None
    if cursor is not None:
        (after,) = read_cursor(cursor, query, parts=1)
        if not POSITION.fullmatch(after) or after not in positions:
            raise MalformedRequest("cursor-invalid")
    check = None if others.is_empty else others.wants
    rows, last = filled(read, key=position, wanted=check, after=after, limit=limit)
    return Page(rows, written_cursor([last], query) if last else None)
