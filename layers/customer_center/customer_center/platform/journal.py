"""The journal is the audit trail and the outbox. Every change writes one entry in the same transaction.

An entry names the effects that must follow the change, for example a mail. Until these effects are in their queues, the
entry carries `pending`, the hash key of a sparse index that the sweeper reads.

**How many shards the index needs.** DynamoDB accepts 1,000 write units a second for each value of a hash key. It
throttles writes to the table while the index cannot follow (docs.aws.amazon.com/amazondynamodb/latest/developerguide:
bp-partition-key-design.html, gsi-throttling.html). An entry with effects writes its index row twice: when it is added,
and when `pending` is removed. The index has keys only, so each write costs one unit, whatever the entry's size. 1,000
entries a second are 2,000 units a second. They need 2 shards, or 4 shards at half load. The shard is the sum of the
id's bytes, modulo the number of shards. This spreads entries evenly: the fullest of 16 shards gets less than 0.01 %
above its share.

**How to change the number.** Set the template's parameter PendingShards to a number up to MAX_SHARDS, at any time. Only
functions that add entries use the parameter. The sweeper always reads MAX_SHARDS shards. Functions with the old and the
new number may therefore run side by side, and a lower number or a rollback leaves no entry behind. To raise MAX_SHARDS,
deploy its new value before you set the parameter above the old value. Never lower MAX_SHARDS.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, field
from datetime import datetime
from itertools import batched
from typing import TYPE_CHECKING, Any, Literal

from botocore.exceptions import ClientError

from customer_center.platform.clock import EPOCH, from_iso, iso
from customer_center.platform.dynamodb import Action, condition_failed, from_item, to_item
from customer_center.platform.frozen import frozen
from customer_center.platform.ids import new_ulid, ulid_floor
from customer_center.platform.paging import Part

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

MAX_SHARDS = 16
"""The number of shards that the sweeper reads, and the maximum of PendingShards. Read the text above to change it."""
_PENDING_INDEX = "pending"
# The maximum number of keys in one BatchGetItem.
_BATCH_GET = 100


@frozen
class Actor:
    """Who made a change: a person by user id, a client by key id, a system by name, or an unauthenticated visitor."""

    kind: Literal["person", "client", "system", "visitor"]
    actor_id: str = ""


@frozen
class Effect:
    """An action that must follow a change. `data` holds ids only; the consumer reads the rest when it acts.

    Each room declares its kinds of effects and the queue of each kind in its `effects.py`.
    """

    effect_id: str
    kind: str
    data: Mapping[str, str]


@frozen
class Entry:
    """One change: who did what to which subject, when, in which request.

    `partition` is the partition key of the journal table; each room chooses its own.
    `request_id` is the id of the cause: an API request, a webhook or an effect. `changes` maps a field to its values
    before and after.
    """

    entry_id: str
    partition: str
    at: datetime
    actor: Actor
    action: str
    subject: str
    request_id: str
    changes: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    effects: Sequence[Effect] = ()


def new_entry(
    *,
    partition: str,
    now: datetime,
    actor: Actor,
    action: str,
    subject: str,
    request_id: str,
    changes: Mapping[str, Sequence[Any]] | None = None,
    effects: Sequence[Effect] = (),
) -> Entry:
    """Return an entry with a new id."""
    return Entry(new_ulid(now), partition, now, actor, action, subject, request_id, changes or {}, tuple(effects))


def new_effect(kind: str, now: datetime, **data: str) -> Effect:
    """Return an effect with a new id. The consumer recognises a repeated message by this id."""
    return Effect(new_ulid(now), kind, data)


def from_image(image: Mapping[str, Any]) -> Entry:
    """Return the entry of an item in DynamoDB's notation, as stream records and queries contain it."""
    values = from_item(image)
    return Entry(
        entry_id=values["sk"],
        partition=values["pk"],
        at=from_iso(values["at"]),
        actor=Actor(**values["actor"]),
        action=values["action"],
        subject=values["subject"],
        request_id=values["request_id"],
        changes=values.get("changes", {}),
        effects=tuple(Effect(**effect) for effect in values.get("effects", [])),
    )


class Journal:
    """The journal table. Its key is `pk` (partition) and `sk` (entry id); its index has `pending` (shard) and `sk`.

    New entries are spread over `pending_shards` shards. Raises ValueError unless this number is from 1 to MAX_SHARDS.
    """

    def __init__(self, *, client: "DynamoDBClient", table: str, pending_shards: int = 8) -> None:
        if not 1 <= pending_shards <= MAX_SHARDS:
            raise ValueError(f"pending_shards is {pending_shards}; it must be from 1 to {MAX_SHARDS}")
        self._client = client
        self._table = table
        self._pending_shards = pending_shards

    def write(self, entry: Entry) -> Action:
        """Return the action that adds the entry to a transaction."""
        item = {
            "pk": entry.partition,
            "sk": entry.entry_id,
            "at": iso(entry.at),
            "actor": asdict(entry.actor),
            "action": entry.action,
            "subject": entry.subject,
            "request_id": entry.request_id,
            "changes": {name: list(pair) for name, pair in entry.changes.items()} or None,
            "effects": [asdict(effect) for effect in entry.effects] or None,
            "pending": self._shard(entry.entry_id) if entry.effects else None,
        }
        return Action({"Put": {"TableName": self._table, "Item": to_item(item)}})

    def _shard(self, entry_id: str) -> str:
        return str(sum(entry_id.encode()) % self._pending_shards)

    def clear_pending(self, entry: Entry) -> None:
        """Record that the entry's effects are in their queues. May run any number of times."""
        try:
            self._client.update_item(
                TableName=self._table,
                Key=to_item({"pk": entry.partition, "sk": entry.entry_id}),
                UpdateExpression="REMOVE pending",
                # Without this condition, UpdateItem would create an entry that was deleted meanwhile.
                ConditionExpression="attribute_exists(pk)",
            )
        except ClientError as error:
            if not condition_failed(error):
                raise

    def about(
        self, partition: str, subject: str, *, limit: int, since: datetime = EPOCH, after: str | None = None
    ) -> tuple[Sequence[Entry], str | None]:
        """Read up to `limit` of the partition's entries since that time, oldest first (strongly consistent).

        Returns those about the subject, and the id of the last entry that was read, None at the end of the partition.
        `after` is an exclusive lower bound of the ids. DynamoDB leaves the other entries out, but counts their units.
        """
        # An upper bound of the ids below `since`: no id ends like this.
        behind = max(after or "", ulid_floor(since)[:-1])
        answer = self._client.query(
            TableName=self._table,
            KeyConditionExpression="pk = :pk AND sk > :behind",
            FilterExpression="subject = :subject",
            ExpressionAttributeValues=to_item({":pk": partition, ":behind": behind, ":subject": subject}),
            ConsistentRead=True,
            Limit=limit,
        )
        last = answer.get("LastEvaluatedKey")
        return tuple(map(from_image, answer["Items"])), from_item(last)["sk"] if last else None

    def newest(self, partition: str, *, limit: int, since: datetime = EPOCH, before: str | None = None) -> Part[Entry]:
        """Return the partition's newest entries since that time. `before` is an exclusive upper bound of their ids."""
        first = ulid_floor(since)
        if before is not None and before <= first:
            return Part((), more=False)
        start: Any = {"ExclusiveStartKey": to_item({"pk": partition, "sk": before})} if before else {}
        answer = self._client.query(
            TableName=self._table,
            KeyConditionExpression="pk = :pk AND sk >= :since",
            ExpressionAttributeValues=to_item({":pk": partition, ":since": first}),
            ScanIndexForward=False,
            Limit=limit,
            **start,
        )
        return Part(tuple(map(from_image, answer["Items"])), more="LastEvaluatedKey" in answer)

    def redact(self, entry: Entry, changes: Mapping[str, Sequence[Any]]) -> None:
        """Replace an entry's `changes`. May run any number of times."""
        self._client.update_item(
            TableName=self._table,
            Key=to_item({"pk": entry.partition, "sk": entry.entry_id}),
            UpdateExpression="SET changes = :changes",
            ConditionExpression="attribute_exists(pk)",
            ExpressionAttributeValues=to_item({":changes": {name: list(pair) for name, pair in changes.items()}}),
        )

    def pending(self, *, before: datetime) -> Iterator[Entry]:
        """Yield the pending entries from before that time, shard by shard, oldest first in each shard.

        The index has their keys. The entries are read strongly consistent, without those that were queued meanwhile.
        """
        for shard in range(MAX_SHARDS):
            pages = self._client.get_paginator("query").paginate(
                TableName=self._table,
                IndexName=_PENDING_INDEX,
                KeyConditionExpression="pending = :shard AND sk < :before",
                ExpressionAttributeValues=to_item({":shard": str(shard), ":before": ulid_floor(before)}),
            )
            for page in pages:
                for keys in batched(page["Items"], _BATCH_GET, strict=False):
                    yield from self._still_pending(keys)

    def _still_pending(self, rows: Sequence[Mapping[str, Any]]) -> Sequence[Entry]:
        keys = [{"pk": row["pk"], "sk": row["sk"]} for row in rows]
        requested: Any = {self._table: {"Keys": keys, "ConsistentRead": True}}
        images: list[Mapping[str, Any]] = []
        while requested:
            answer = self._client.batch_get_item(RequestItems=requested)
            images += answer["Responses"].get(self._table, [])
            requested = answer.get("UnprocessedKeys")
        found = [from_image(image) for image in images if "pending" in image]
        return sorted(found, key=lambda entry: entry.entry_id)
