"""Idempotency-Key (draft-ietf-httpapi-idempotency-key-header): a request that is sent twice is done once.

See docs/specification.md, 8.6. The items are those of `platform/table_store.py`.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Protocol, Self

from customer_center.platform.clock import Clock
from customer_center.platform.errors import InvalidInput
from customer_center.platform.frozen import frozen

KEPT_HOURS = 24


@frozen
class Idempotency:
    """The identity of a request: `key` is a digest of caller, route and header, `request_hash` of what was asked."""

    key: str
    request_hash: str


@frozen
class Remembered:
    """An earlier request with the same key: the hash of what it asked, and the id of what it changed."""

    request_hash: str
    subject: str


class AlreadyDone(Exception):
    """Another request with the same key has written its change meanwhile; nothing was written."""


class Remembering(Protocol):
    """Records that remember the requests that changed them."""

    def remembering(self, request: Idempotency) -> Self:
        """Return the same records; the transaction that writes an entry with them remembers the request.

        That transaction raises AlreadyDone when a request with this key is remembered already.
        """

    def remembered(self, request: Idempotency, now: datetime) -> Remembered | None:
        """Return the earlier request with this key (strongly consistent), None when there was none in 24 hours."""


def once[Records: Remembering, Result](
    request: Idempotency | None,
    do: Callable[[Records], Result],
    again: Callable[[str], Result],
    *,
    records: Records,
    clock: Clock,
) -> Result:
    """Return the result of `do`, or, for a request that was done before, the result of `again`.

    `do` gets the records to write with: they remember the request in the transaction of its change. `again` gets the id
    of what the earlier request changed. Raises InvalidInput `idempotency-key-reused` when the earlier request with this
    key asked for something else.
    """
    if request is None:
        return do(records)
    before = records.remembered(request, clock.now())
    if before is None:
        try:
            return do(records.remembering(request))
        except AlreadyDone:
            before = records.remembered(request, clock.now())
    if before is None or before.request_hash != request.request_hash:
        raise InvalidInput("idempotency-key-reused")
    return again(before.subject)
