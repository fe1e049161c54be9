"""Idempotency-Key (draft-ietf-httpapi-idempotency-key-header): doing what a request asks for once (DESIGN §8)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, Self

from customer_center.platform.clock import Clock
from customer_center.platform.errors import InvalidInput

KEPT_HOURS = 24


@dataclass(frozen=True, slots=True)
class Idempotency:
    """What one request is remembered by: `key` digests caller, route and header, `request_hash` what was asked."""

    key: str
    request_hash: str


@dataclass(frozen=True, slots=True)
class Remembered:
    """What is known of an earlier request with the same key: what it asked, and the id of what it changed."""

    request_hash: str
    subject: str


class AlreadyDone(Exception):
    """Another request with the same key wrote its change meanwhile; nothing was written."""


class Remembering(Protocol):
    """Records that remember the requests which changed them."""

    def remembering(self, request: Idempotency) -> Self:
        """Return these records with the request remembered by its key in the transaction that writes an entry.

        That transaction raises AlreadyDone when a request with this key was remembered before.
        """

    def remembered(self, request: Idempotency, now: datetime) -> Remembered | None:
        """Return what is known of an earlier request with this key (strongly consistent), None when there was none."""


def once[Records: Remembering, Result](
    request: Idempotency | None,
    do: Callable[[Records], Result],
    again: Callable[[str], Result],
    *,
    records: Records,
    clock: Clock,
) -> Result:
    """Return what `do` returns, or, for a request that was done before, what `again` makes of the id it changed.

    `do` is handed the records to write with: what it writes is remembered with the request, in one transaction.
    Raises InvalidInput `idempotency-key-reused` when the key stood for another request.
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
