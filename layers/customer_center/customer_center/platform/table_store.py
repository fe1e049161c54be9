"""The base of all rooms' stores: reads items, writes a change with its journal entry, and remembers requests.

Besides its room's items, a store has these items in the table:

| item | pk | sk | kept for |
|---|---|---|---|
| request with an Idempotency-Key | `idempotency#<digest>` | `idempotency` | 24 hours |
| event that was applied | `webhook#<source>#<webhook id>` | `webhook` | 14 days |

Stores pass plain keys and values (`{"pk": …, "sk": …}`). This module converts them to DynamoDB's notation.
"""

import copy
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal, Self

from botocore.exceptions import ClientError

from customer_center.platform.clock import epoch
from customer_center.platform.dynamodb import Action, Item, condition_failed, from_item, to_item, transact
from customer_center.platform.errors import PreconditionFailed
from customer_center.platform.idempotency import KEPT_HOURS, AlreadyDone, Idempotency, Remembered
from customer_center.platform.journal import Entry, Journal

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# The maximum number of keys in one BatchGetItem.
_BATCH_GET = 100
_APPLIED_KEPT = timedelta(days=14)


class TableStore:
    """Base class of the rooms' stores: one table and the journal. Implements the protocol `idempotency.Remembering`."""

    def __init__(self, *, client: "DynamoDBClient", table: str, journal: Journal) -> None:
        self._client = client
        self._table = table
        self._journal = journal
        self._request: Idempotency | None = None

    # Requests that may be repeated

    def remembering(self, request: Idempotency) -> Self:
        """Return a copy of this store. Its next transaction with a journal entry also writes the request."""
        store = copy.copy(self)
        store._request = request  # noqa: SLF001 # a copy of this object
        return store

    def remembered(self, request: Idempotency, now: datetime) -> Remembered | None:
        """Return the request with this key from the last 24 hours, or None. The read is strongly consistent."""
        item = self._get(_request_key(request), consistent=True)
        if item is None or item["expires_at"] <= epoch(now):
            return None
        return Remembered(item["request_hash"], item["subject"])

    def _remember(self, request: Idempotency, entry: Entry) -> Action:
        values = {
            **_request_key(request),
            "request_hash": request.request_hash,
            "subject": entry.subject,
            "expires_at": epoch(entry.at + timedelta(hours=KEPT_HOURS)),
        }
        free = "attribute_not_exists(pk) OR expires_at <= :now"
        return self._put(values, free, AlreadyDone(), {":now": epoch(entry.at)})

    # Events that may be delivered twice

    def was_applied(self, source: str, webhook_id: str) -> bool:
        """Return whether `note_applied` noted this event (eventually consistent)."""
        return self._get(_event_key(source, webhook_id), consistent=False) is not None

    def note_applied(self, source: str, webhook_id: str, now: datetime) -> None:
        """Note that this event was applied. The note is kept for 14 days."""
        self._put_now({**_event_key(source, webhook_id), "expires_at": epoch(now + _APPLIED_KEPT)})

    # Reading

    def _get(self, key: Item, *, consistent: bool) -> dict[str, Any] | None:
        answer = self._client.get_item(TableName=self._table, Key=to_item(key), ConsistentRead=consistent)
        return from_item(answer["Item"]) if "Item" in answer else None

    def _get_all(self, keys: Sequence[Item], *, consistent: bool) -> Iterable[dict[str, Any]]:
        """Yield the items with these keys, in any order. Missing items are left out."""
        for start in range(0, len(keys), _BATCH_GET):
            batch = [to_item(key) for key in keys[start : start + _BATCH_GET]]
            requested: Any = {self._table: {"Keys": batch, "ConsistentRead": consistent}}
            while requested:
                answer = self._client.batch_get_item(RequestItems=requested)
                yield from map(from_item, answer["Responses"].get(self._table, []))
                requested = answer.get("UnprocessedKeys")

    def _beginning(self, pk: str, prefix: str) -> Iterator[Item]:
        """Yield a partition's items whose sort key begins with the prefix, sorted by it (strongly consistent)."""
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="pk = :pk AND begins_with(sk, :sk)",
            ExpressionAttributeValues=to_item({":pk": pk, ":sk": prefix}),
            ConsistentRead=True,
        )
        return (from_item(item) for page in pages for item in page["Items"])

    # Writing with a journal entry

    def _commit(self, actions: Sequence[Action], entries: Sequence[Entry]) -> None:
        """Write the actions and their journal entries in one transaction, with the request if there is one to remember.

        Raises AlreadyDone, InProgress, or the `refusal` of the first action with a failed condition.
        """
        # Listed first so that a repeated request gets AlreadyDone and not the refusal of another action.
        remembered = [self._remember(self._request, entries[0])] if self._request else []
        transact(self._client, [*remembered, *actions, *map(self._journal.write, entries)])

    def _put(self, values: Item, condition: str, refusal: Exception | None = None, given: Item | None = None) -> Action:
        """Return the action that writes an item under a condition. `given` has the values of its placeholders."""
        request: dict[str, Any] = {"TableName": self._table, "Item": to_item(values), "ConditionExpression": condition}
        if given:
            request["ExpressionAttributeValues"] = to_item(given)
        return Action({"Put": request}, refusal)

    def _if_version(self, version: int, kind: Literal["Put", "Update", "Delete"], request: Item) -> Action:
        """Return the action with the condition that the item has this version. Its refusal is PreconditionFailed."""
        checked = {
            "TableName": self._table,
            **request,
            "ConditionExpression": "#version = :before",
            "ExpressionAttributeNames": {**request.get("ExpressionAttributeNames", {}), "#version": "version"},
            "ExpressionAttributeValues": {
                **request.get("ExpressionAttributeValues", {}),
                **to_item({":before": version}),
            },
        }
        return Action({kind: checked}, PreconditionFailed())

    # Writing technical facts, without a journal entry

    def _put_now(self, values: Item) -> None:
        self._client.put_item(TableName=self._table, Item=to_item(values))

    def _note(
        self, key: Item, update: str, condition: str, values: Item, names: Mapping[str, str] | None = None
    ) -> bool:
        """Update an item if the condition holds. Return whether it held."""
        named: dict[str, Any] = {"ExpressionAttributeNames": names} if names else {}
        return self._holds(
            self._client.update_item,
            TableName=self._table,
            Key=to_item(key),
            UpdateExpression=update,
            ConditionExpression=condition,
            ExpressionAttributeValues=to_item(values),
            **named,
        )

    @staticmethod
    def _holds(write: Callable[..., object], **request: Any) -> bool:  # noqa: ANN401 # DynamoDB's notation
        """Make one conditional write. Return whether its condition held."""
        try:
            write(**request)
        except ClientError as error:
            if not condition_failed(error):
                raise
            return False
        return True


def update_request(key: Item, values: Item) -> dict[str, Any]:
    """Return the request of an update that sets the given attributes and removes those that are None."""
    given = {name: value for name, value in values.items() if name not in ("pk", "sk")}
    kept = to_item(given)
    gone = [name for name in given if name not in kept]
    expression = "SET " + ", ".join(f"#{name} = :{name}" for name in kept)
    if gone:
        expression += " REMOVE " + ", ".join(f"#{name}" for name in gone)
    return {
        "Key": to_item(key),
        "UpdateExpression": expression,
        "ExpressionAttributeNames": {f"#{name}": name for name in given},
        "ExpressionAttributeValues": {f":{name}": value for name, value in kept.items()},
    }


def _request_key(request: Idempotency) -> Item:
    return {"pk": f"idempotency#{request.key}", "sk": "idempotency"}


def _event_key(source: str, webhook_id: str) -> Item:
    return {"pk": f"webhook#{source}#{webhook_id}", "sk": "webhook"}
