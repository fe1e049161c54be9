"""Idempotency-Key (draft-ietf-httpapi-idempotency-key-header): a request that is sent twice has its effect once.

See docs/specification.md, 8.6. `platform/table_store.py` stores the requests.
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
    """Identifies a request. `key` is a digest of caller, route and header, `request_hash` a digest of the content."""

    key: str
    request_hash: str


@frozen
class Remembered:
    """An earlier request with the same key: the hash of its content, and the id of the record that it changed."""

    request_hash: str
    subject: str


class AlreadyDone(Exception):
    """Another request with the same key has meanwhile written its change. This request has written nothing."""


class Remembering(Protocol):
    """A store that remembers the requests that changed its records."""

    def remembering(self, request: Idempotency) -> Self:
        """Return a copy of the store. Its next transaction with a journal entry also writes the request.

        That transaction raises AlreadyDone if the store already remembers a request with this key.
        """

    def remembered(self, request: Idempotency, now: datetime) -> Remembered | None:
        """Return the request with this key from the last 24 hours, or None. The read is strongly consistent."""


def once[Records: Remembering, Result](
    request: Idempotency | None,
    do: Callable[[Records], Result],
    again: Callable[[str], Result],
    *,
    records: Records,
    clock: Clock,
) -> Result:
    """Return the result of `do`. For a repeated request, return the result of `again` instead.

    `do` must write with the store that it gets, which remembers the request in the same transaction. `again` gets the
    id of the record that the earlier request changed. Raises InvalidInput `idempotency-key-reused` if the earlier
    request with this key had other content.
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
