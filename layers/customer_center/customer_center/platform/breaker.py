"""A circuit breaker for each outside system, stored in a table so that all sandboxes share it.

A failure can lie with one customer of the system, whose answer takes too long. Therefore a failure closes the system to
that customer only, and to everybody once several customers have met failures within the same time.
"""

import hashlib
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol, override

from customer_center.platform.clock import Clock, epoch, from_iso, iso
from customer_center.platform.dynamodb import from_item, to_item

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

CUSTOMERS = 3
"""The system counts as offline for everybody after failures of this many different customers."""
_FAILED = "failed#"


class Breaker(Protocol):
    """Remembers, for all sandboxes, that an outside system is offline, for one of its customers or for everybody.

    `about` names the customer; calls with an empty name count as one customer. `seconds` is how long the call waits for
    an answer: somebody who waited five seconds in vain does not say that there is no answer within a minute.
    """

    def open_for(self, about: str, seconds: float) -> float:
        """Return how many more seconds the system counts as offline for this call; 0 if it is allowed."""

    def trip(self, about: str, seconds: float) -> None:
        """Count the system as offline for such calls of the customer from now on, for the configured time."""


class DynamoDBBreaker(Breaker):
    """Stores the ends of the offline times in the item `breaker#<system>`. The item expires by DynamoDB's TTL.

    `offline_until` is for everybody, `failed#<digest of the customer>#<seconds>` for one customer.
    """

    def __init__(
        self, *, client: "DynamoDBClient", table: str, system: str, clock: Clock, offline_for: timedelta
    ) -> None:
        self._client = client
        self._table = table
        self._key = to_item({"pk": f"breaker#{system}", "sk": "breaker"})
        self._clock = clock
        self._offline_for = offline_for

    @override
    def open_for(self, about: str, seconds: float) -> float:
        answer = self._client.get_item(TableName=self._table, Key=self._key)
        item = from_item(answer.get("Item", {}))
        ends = [from_iso(item[name]) for name in ("offline_until", _failed(about, seconds)) if name in item]
        return max([0.0, *((end - self._clock.now()).total_seconds() for end in ends)])

    @override
    def trip(self, about: str, seconds: float) -> None:
        now = self._clock.now()
        until = now + self._offline_for
        answer = self._client.update_item(
            TableName=self._table,
            Key=self._key,
            UpdateExpression="SET #failed = :until, expires_at = :expires",
            ExpressionAttributeNames={"#failed": _failed(about, seconds)},
            ExpressionAttributeValues=to_item({":until": iso(until), ":expires": epoch(until + timedelta(days=1))}),
            ReturnValues="ALL_NEW",
        )
        item = from_item(answer["Attributes"])
        failures = {name: end for name, end in item.items() if name.startswith(_FAILED)}
        lasting = {name: end for name, end in failures.items() if from_iso(end) > now}
        if len({name.split("#")[1] for name in lasting}) >= CUSTOMERS:
            self._put({**lasting, "offline_until": iso(until)}, until)
        elif len(lasting) < len(failures):
            # Failures of long ago would make the item larger and larger. One that is noted meanwhile may be lost.
            kept = {"offline_until": item["offline_until"]} if "offline_until" in item else {}
            self._put({**lasting, **kept}, until)

    def _put(self, values: dict[str, Any], until: datetime) -> None:
        values["expires_at"] = epoch(until + timedelta(days=1))
        self._client.put_item(TableName=self._table, Item={**self._key, **to_item(values)})


def _failed(about: str, seconds: float) -> str:
    return f"{_FAILED}{hashlib.sha256(about.casefold().encode(errors='replace')).hexdigest()[:16]}#{seconds:g}"
