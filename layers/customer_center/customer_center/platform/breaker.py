"""A circuit breaker for each outside system, stored in a table so that all sandboxes share it."""

from datetime import timedelta
from typing import TYPE_CHECKING, Protocol, override

from customer_center.platform.clock import Clock, epoch, from_iso, iso
from customer_center.platform.dynamodb import from_item, to_item

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class Breaker(Protocol):
    """Remembers, for all sandboxes, that an outside system is offline."""

    def open_for(self) -> float:
        """Return how many more seconds the system counts as offline; 0 if calls are allowed."""

    def trip(self) -> None:
        """Count the system as offline from now on, for the configured time."""


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
    def open_for(self) -> float:
        answer = self._client.get_item(TableName=self._table, Key=self._key)
        if "Item" not in answer:
            return 0.0
        until = from_iso(from_item(answer["Item"])["offline_until"])
        return max(0.0, (until - self._clock.now()).total_seconds())

    @override
    def trip(self) -> None:
        until = self._clock.now() + self._offline_for
        values = {"offline_until": iso(until), "expires_at": epoch(until + timedelta(days=1))}
        self._client.put_item(TableName=self._table, Item={**self._key, **to_item(values)})
