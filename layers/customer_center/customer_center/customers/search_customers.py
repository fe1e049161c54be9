"""Search the customers of an account by the beginnings of words, by pages (docs/specification.md, 13.43)."""

from collections.abc import Mapping, Sequence

from customer_center.customers.listing import CustomerRow, Filter, row_of
from customer_center.customers.model import Customer
from customer_center.customers.ports import Customers
from customer_center.customers.search_ports import FoundWord, Words
from customer_center.customers.words import POSITION, Search, words_of
from customer_center.platform.errors import MalformedRequest
from customer_center.platform.paging import Page, read_cursor, written_cursor

_READS = 4
_CHECKED_AT_ONCE = 100
# A read unit has about so many words. Of many words, the longest are compared.
_EASILY_SEEN = 50
_COMPARED = 4


def search_customers(
    account_id: str,
    search: Search,
    wanted: Filter,
    *,
    limit: int,
    cursor: str | None,
    customers: Customers,
    words: Words,
) -> Page[CustomerRow]:
    """Return a page of the account's customers that the search finds and the filter wants (eventually consistent).

    They are in the order of the found words. Each found customer is read and checked, so that words which are out of
    date show nobody. A page reads about as many customers as it has. If the search has several words, or the filter
    leaves out many, it reads up to about 300, so that a page may be short. Raises MalformedRequest `cursor-invalid`.
    """
    query = (account_id, "search", search.beginnings, wanted.query)
    after: str | None = None
    if cursor is None:
        sought = _rarest(account_id, search, words)
    else:
        sought, after = read_cursor(cursor, query, parts=2)
        if sought not in search.sought or not POSITION.fullmatch(after) or not after.startswith(sought):
            raise MalformedRequest("cursor-invalid")
    is_checked = len(search.beginnings) > 1 or not wanted.is_empty
    rows: list[CustomerRow] = []
    for number in range(_READS):
        size = _CHECKED_AT_ONCE if is_checked and number else limit - len(rows)
        part = words.beginning(account_id, sought, limit=size, after=after)
        customers_of = _read(account_id, part.rows, customers)
        for found in part.rows:
            after = found.position
            customer = customers_of.get(found.customer_id)
            row = row_of(customer) if customer else None
            if customer and row and search.finds(found.word, words_of(customer), sought) and wanted.wants(row):
                rows.append(row)
            if len(rows) == limit:
                more = part.more or found != part.rows[-1]
                return Page(rows, written_cursor([sought, after], query) if more else None)
        if not part.more:
            return Page(rows, None)
    return Page(rows, written_cursor([sought, after], query) if after else None)


def _rarest(account_id: str, search: Search, words: Words) -> str:
    """Return the beginning with the fewest words, if that is easily seen, else the longest one."""
    sought = search.sought[:_COMPARED]
    if len(sought) == 1:
        return sought[0]
    parts = [words.beginning(account_id, begins, limit=_EASILY_SEEN) for begins in sought]
    few = [(len(part.rows), begins) for begins, part in zip(sought, parts, strict=True) if not part.more]
    return min(few)[1] if few else sought[0]


def _read(account_id: str, found: Sequence[FoundWord], customers: Customers) -> Mapping[str, Customer]:
    """Return the account's customers that have these words, by id."""
    read = customers.customers_with((each.customer_id for each in found), consistent=False)
    return {customer.customer_id: customer for customer in read if customer.account_id == account_id}
