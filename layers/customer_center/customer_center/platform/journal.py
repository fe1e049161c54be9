"""The journal: every change writes one entry in its own transaction; it is audit trail and outbox at once (DESIGN §7).

An entry names the effects that must follow the change (mail, login, ERP contact). While they are not in their queues
the entry carries `pending`, the key of a sparse index that the sweeper reads.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from botocore.exceptions import ClientError

from customer_center.platform.clock import EPOCH, from_iso, iso
from customer_center.platform.dynamodb import Action, condition_failed, from_item, to_item
from customer_center.platform.ids import new_ulid, ulid_floor
from customer_center.platform.paging import Part

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

EffectKind = Literal["mail", "identity", "erp_contact", "erasure"]
# The partition of what operators change that is no company's.
OPERATOR = "operator"
# A partition of an index takes 1,000 writes a second; entries are spread over this many.
PENDING_SHARDS = 8
_PENDING_INDEX = "pending"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who did it: a person by user id, a client by key id, a system by name, or a visitor nobody knows yet."""

    kind: Literal["person", "client", "system", "visitor"]
    actor_id: str = ""


@dataclass(frozen=True, slots=True)
class Effect:
    """What must follow a change. `data` holds ids only; the consumer reads the rest when it acts."""

    effect_id: str
    kind: EffectKind
    data: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Entry:
    """One change: who did what to whom, when, in which request; `changes` maps a field to before and after."""

    entry_id: str
    company_id: str
    at: datetime
    actor: Actor
    action: str
    subject: str
    request_id: str
    changes: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    effects: Sequence[Effect] = ()


def new_entry(
    *,
    company_id: str,
    now: datetime,
    actor: Actor,
    action: str,
    subject: str,
    request_id: str,
    changes: Mapping[str, Sequence[Any]] | None = None,
    effects: Sequence[Effect] = (),
) -> Entry:
    """Return an entry with a fresh id."""
    return Entry(new_ulid(now), company_id, now, actor, action, subject, request_id, changes or {}, tuple(effects))


def new_effect(kind: EffectKind, now: datetime, **data: str) -> Effect:
    """Return an effect with a fresh id, which its consumer is idempotent by."""
    return Effect(new_ulid(now), kind, data)


def _shard(entry_id: str) -> str:
    return str(sum(entry_id.encode()) % PENDING_SHARDS)


def from_image(image: Mapping[str, Any]) -> Entry:
    """Return the entry of an item in DynamoDB's notation, as a stream record or a query carries it."""
    values = from_item(image)
    return Entry(
        entry_id=values["sk"],
        company_id=values["pk"],
        at=from_iso(values["at"]),
        actor=Actor(**values["actor"]),
        action=values["action"],
        subject=values["subject"],
        request_id=values["request_id"],
        changes=values.get("changes", {}),
        effects=tuple(Effect(**effect) for effect in values.get("effects", [])),
    )


class Journal:
    """The journal table. Key: `pk` the company id, `sk` the entry id; index `pending`: `pending` shard, `sk`."""

    def __init__(self, *, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table

    def write(self, entry: Entry) -> Action:
        """Return the action that adds the entry to a transaction."""
        item = {
            "pk": entry.company_id,
            "sk": entry.entry_id,
            "at": iso(entry.at),
            "actor": asdict(entry.actor),
            "action": entry.action,
            "subject": entry.subject,
            "request_id": entry.request_id,
            "changes": {name: list(pair) for name, pair in entry.changes.items()} or None,
            "effects": [asdict(effect) for effect in entry.effects] or None,
            "pending": _shard(entry.entry_id) if entry.effects else None,
        }
        return Action({"Put": {"TableName": self._table, "Item": to_item(item)}})

    def clear_pending(self, entry: Entry) -> None:
        """Note that the entry's effects are in their queues. May run any number of times."""
        try:
            self._client.update_item(
                TableName=self._table,
                Key=to_item({"pk": entry.company_id, "sk": entry.entry_id}),
                UpdateExpression="REMOVE pending",
                # An erased entry is not created anew by a late call.
                ConditionExpression="attribute_exists(pk)",
            )
        except ClientError as error:
            if not condition_failed(error):
                raise

    def entries(self, company_id: str, *, since: datetime = EPOCH) -> Iterator[Entry]:
        """Yield the company's entries from that moment on, oldest first, as they are now (strongly consistent)."""
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="pk = :pk AND sk >= :since",
            ExpressionAttributeValues=to_item({":pk": company_id, ":since": ulid_floor(since)}),
            ConsistentRead=True,
        )
        for page in pages:
            yield from map(from_image, page["Items"])

    def newest(self, company_id: str, *, limit: int, since: datetime = EPOCH, before: str | None = None) -> Part[Entry]:
        """Return the company's newest entries made since that moment, of those whose ids are below `before`."""
        first = ulid_floor(since)
        if before is not None and before <= first:
            return Part((), more=False)
        start: Any = {"ExclusiveStartKey": to_item({"pk": company_id, "sk": before})} if before else {}
        answer = self._client.query(
            TableName=self._table,
            KeyConditionExpression="pk = :pk AND sk >= :since",
            ExpressionAttributeValues=to_item({":pk": company_id, ":since": first}),
            ScanIndexForward=False,
            Limit=limit,
            **start,
        )
        return Part(tuple(map(from_image, answer["Items"])), more="LastEvaluatedKey" in answer)

    def redact(self, entry: Entry, changes: Mapping[str, Sequence[Any]]) -> None:
        """Replace the values that an entry holds. May run any number of times."""
        self._client.update_item(
            TableName=self._table,
            Key=to_item({"pk": entry.company_id, "sk": entry.entry_id}),
            UpdateExpression="SET changes = :changes",
            ConditionExpression="attribute_exists(pk)",
            ExpressionAttributeValues=to_item({":changes": {name: list(pair) for name, pair in changes.items()}}),
        )

    def pending(self, *, before: datetime) -> Iterator[Entry]:
        """Yield entries made before that moment whose effects are not known to be queued, oldest first per shard."""
        for shard in range(PENDING_SHARDS):
            pages = self._client.get_paginator("query").paginate(
                TableName=self._table,
                IndexName=_PENDING_INDEX,
                KeyConditionExpression="pending = :shard AND sk < :before",
                ExpressionAttributeValues={":shard": {"S": str(shard)}, ":before": {"S": ulid_floor(before)}},
            )
            for page in pages:
                yield from map(from_image, page["Items"])
