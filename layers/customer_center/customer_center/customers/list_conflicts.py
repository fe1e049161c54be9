"""List the open conflicts of an account (docs/specification.md, 13.24)."""

import re

from customer_center.customers.identity import IdentityConflict
from customer_center.customers.ports import Customers
from customer_center.platform.errors import MalformedRequest
from customer_center.platform.ids import ULID_PATTERN
from customer_center.platform.paging import Page, read_cursor, written_cursor

_CONFLICT_ID = re.compile(f"cfl_{ULID_PATTERN}")


def list_conflicts(account_id: str, *, limit: int, cursor: str | None, customers: Customers) -> Page[IdentityConflict]:
    """Return a page of the account's open conflicts, the oldest first. Raises MalformedRequest `cursor-invalid`."""
    after = None
    if cursor is not None:
        (after,) = read_cursor(cursor, account_id, parts=1)
        if not _CONFLICT_ID.fullmatch(after):
            raise MalformedRequest("cursor-invalid")
    part = customers.open_conflicts(account_id, limit=limit, after=after)
    return Page(part.rows, written_cursor([part.rows[-1].conflict_id], account_id) if part.more else None)
