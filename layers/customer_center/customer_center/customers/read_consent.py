"""Read the ledger of a customer's consent: every statement, who made it and when."""

from customer_center.customers.consent import ConsentStatement
from customer_center.customers.ports import Customers
from customer_center.customers.read_history import kept_customer
from customer_center.platform.dynamodb import is_key
from customer_center.platform.errors import MalformedRequest
from customer_center.platform.paging import Page, read_cursor, written_cursor


def read_consent(
    customer_id: str, account_id: str, *, limit: int, cursor: str | None, customers: Customers
) -> Page[ConsentStatement]:
    """Return a page of the ledger, by channel and then oldest first, also of a deleted customer.

    Raises NotFound, and MalformedRequest `cursor-invalid`.
    """
    kept_customer(customer_id, account_id, customers)
    query, after = ("consent", customer_id), None
    if cursor is not None:
        (after,) = read_cursor(cursor, query, parts=1)
        # The longest key of a row: with what stands before it in the table, it must still be a key.
        if not is_key(f"consent#{after}"):
            raise MalformedRequest("cursor-invalid")
    part = customers.ledger_part(customer_id, limit=limit, after=after)
    return Page(part.rows, written_cursor([part.rows[-1].position], query) if part.more and part.rows else None)
