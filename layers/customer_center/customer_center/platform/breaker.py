"""A circuit breaker for each outside system, stored in a table so that all sandboxes share it."""

from datetime import timedelta
from typing import TYPE_CHECKING, Protocol, override

from customer_center.platform.clock import Clock, epoch, from_iso, iso
from customer_center.platform.dynamodb import from_item, to_item

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class Breaker(Protocol):
    """Remembers, for all sandboxes, that an outside system is offline.

    `about` names whose records a call asks for. If all failed calls were about one of them, the system counts as
    offline only for calls about it: its records may be what the system fails at, and nobody else must suffer.
    """

    def open_for(self, about: str | None = None) -> float:
        """Return how many more seconds the system counts as offline for this call; 0 if the call is allowed."""

    def trip(self, about: str | None = None) -> None:
        """Count the system as offline from now on, for the configured time: for all calls, or those about one.

        Trips about two different ones, within that time, count for all calls.
        """


class DynamoDBBreaker(Breaker):
    """Stores the end of the offline time in the item `breaker#<system>`. The item expires by DynamoDB's TTL."""

    def __init__(
        self, *, client: "DynamoDBClient", table: str, system: str, clock: Clock, offline_for: timedelta
    ) -> None:
        self._client = client
        self._table = table
        self._key = to_item({"pk": f"breaker#{system}", "sk": "breaker"})
        self._clock = clock
        self._offline_for = offline_for

    @override
    def open_for(self, about: str | None = None) -> float:
        seconds, only = self._state()
        return seconds if only is None or only == about else 0.0

    @override
    def trip(self, about: str | None = None) -> None:
        if about is not None:
            seconds, only = self._state()
            about = about if not seconds or only == about else None
        until = self._clock.now() + self._offline_for
        values = {"offline_until": iso(until), "only_about": about, "expires_at": epoch(until + timedelta(days=1))}
        self._client.put_item(TableName=self._table, Item={**self._key, **to_item(values)})

    def _state(self) -> tuple[float, str | None]:
        """Return the seconds that are left, and whom the offline time is about; None for everybody."""
        answer = self._client.get_item(TableName=self._table, Key=self._key)
        if "Item" not in answer:
            return 0.0, None
        item = from_item(answer["Item"])
        left = (from_iso(item["offline_until"]) - self._clock.now()).total_seconds()
        return (left, item.get("only_about")) if left > 0 else (0.0, None)
