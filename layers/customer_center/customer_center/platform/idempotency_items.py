"""Requests with an Idempotency-Key as a room's table keeps them: pk `idempotency#<digest>`, sk `idempotency`."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from customer_center.platform.clock import epoch
from customer_center.platform.dynamodb import Action, from_item, to_item
from customer_center.platform.idempotency import KEPT_HOURS, AlreadyDone, Idempotency, Remembered
from customer_center.platform.journal import Entry

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


def _key(request: Idempotency) -> dict[str, Any]:
    return {"pk": f"idempotency#{request.key}", "sk": "idempotency"}


def remembered(client: "DynamoDBClient", table: str, request: Idempotency, now: datetime) -> Remembered | None:
    """Return what is known of an earlier request with this key, None when there was none in the last 24 hours."""
    answer = client.get_item(TableName=table, Key=to_item(_key(request)), ConsistentRead=True)
    if "Item" not in answer:
        return None
    item = from_item(answer["Item"])
    return Remembered(item["request_hash"], item["subject"]) if item["expires_at"] > epoch(now) else None


def remember(table: str, request: Idempotency, entry: Entry) -> Action:
    """Return the action that remembers the request by the entry it led to; it raises AlreadyDone."""
    values = {
        **_key(request),
        "request_hash": request.request_hash,
        "subject": entry.subject,
        "expires_at": epoch(entry.at + timedelta(hours=KEPT_HOURS)),
    }
    put: dict[str, Any] = {
        "TableName": table,
        "Item": to_item(values),
        "ConditionExpression": "attribute_not_exists(pk) OR expires_at <= :now",
        "ExpressionAttributeValues": to_item({":now": epoch(entry.at)}),
    }
    return Action({"Put": put}, AlreadyDone())
