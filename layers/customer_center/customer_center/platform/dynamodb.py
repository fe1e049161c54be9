"""DynamoDB for all rooms: conversion of plain values, transactions with an error for each condition, cursors.

Values are converted here and not by `boto3.dynamodb.types`, because that module imports all of boto3.
"""

import base64
import json
import random
from collections.abc import Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from botocore.exceptions import ClientError

from customer_center.platform.clock import Clock, SystemClock
from customer_center.platform.errors import InProgress, MalformedRequest, Overloaded
from customer_center.platform.frozen import frozen
from customer_center.platform.overload import is_overload

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

Item = Mapping[str, Any]
"""An item, a key, or a part of an item: attribute names and values, plain or in DynamoDB's notation."""

_CONFLICT_TRIES = 4
# Together with botocore's own retries well below the time that an API request has.
_THROTTLED_FOR = timedelta(seconds=5)
_LONGEST_WAIT = 1.0
# DynamoDB's maximum length of a sort key.
_KEY_BYTES = 1024


def to_item(values: Item) -> dict[str, Any]:
    """Return the values in DynamoDB's notation, without those that are None or an empty set."""
    return {name: _written(value) for name, value in values.items() if value is not None and value != frozenset()}


def from_item(item: Item) -> dict[str, Any]:
    """Return the plain values of a DynamoDB item; whole numbers as int."""
    return {name: _read(value) for name, value in item.items()}


def _written(value: object) -> dict[str, Any]:  # noqa: PLR0911 # one return for each of DynamoDB's types
    match value:
        case str():
            return {"S": value}
        case bool():
            return {"BOOL": value}
        case int() | Decimal():
            return {"N": str(value)}
        case None:
            return {"NULL": True}
        case set() | frozenset():
            return {"SS": sorted(value)}
        case dict():
            return {"M": {name: _written(member) for name, member in value.items()}}
        case list() | tuple():
            return {"L": [_written(member) for member in value]}
        case _:
            raise TypeError(f"no DynamoDB type is meant for {type(value).__name__}")


def _read(value: Item) -> object:
    ((kind, content),) = value.items()
    match kind:
        case "N":
            number = Decimal(content)
            return int(number) if number == number.to_integral_value() else number
        case "M":
            return from_item(content)
        case "L":
            return [_read(member) for member in content]
        case "SS":
            return set(content)
        case "NULL":
            return None
        case _:
            return content


def cursor_of(key: Item | None) -> str | None:
    """Return the opaque cursor for a `LastEvaluatedKey`, or None at the end of the list."""
    if key is None:
        return None
    return base64.urlsafe_b64encode(json.dumps(from_item(key)).encode()).decode().rstrip("=")


def key_of(cursor: str | None, *, within: Mapping[str, str], **own: str) -> dict[str, Any] | None:
    """Return the `ExclusiveStartKey` of a cursor.

    `own` are the key attributes that the caller knows; the cursor must have the same values. `within` maps each other
    key attribute to its prefix in this list. Raises MalformedRequest for any other cursor. Without this check, DynamoDB
    would raise ValidationException and the answer would be 500.
    """
    if cursor is None:
        return None
    try:
        values = json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
        fits = _is_key(values, within, own)
    except (ValueError, RecursionError) as error:
        raise MalformedRequest("cursor-invalid") from error
    if not fits:
        raise MalformedRequest("cursor-invalid")
    return to_item(values)


def _is_key(values: object, within: Mapping[str, str], own: Mapping[str, str]) -> bool:
    return (
        isinstance(values, dict)
        and values.keys() == {*within, *own}
        and all(isinstance(value, str) and 0 < len(value.encode()) <= _KEY_BYTES for value in values.values())
        and all(values[name] == value for name, value in own.items())
        and all(values[name].startswith(prefix) for name, prefix in within.items())
    )


def is_key(text: str) -> bool:
    """Return whether DynamoDB accepts the text as a sort key: not empty, not too long, no half of a character."""
    try:
        return 0 < len(text.encode()) <= _KEY_BYTES
    except UnicodeEncodeError:
        return False


@frozen
class Action:
    """One action of a transaction in DynamoDB's notation, and the error to raise when its condition fails."""

    request: Mapping[str, Any]
    refusal: Exception | None = None


def transact(client: "DynamoDBClient", actions: Sequence[Action], clock: Clock | None = None) -> None:
    """Write all actions or none.

    Raises the `refusal` of the first action with a failed condition. After a conflict with another transaction on the
    same item, tries again with jitter, and raises InProgress after four tries. While DynamoDB throttles or fails, tries
    again with jitter for some seconds, and then raises Overloaded. All tries have one token: if DynamoDB failed after
    it had written, the next try writes nothing again and succeeds. After InProgress and a `refusal` nothing was
    written, and after Overloaded nothing either, unless DynamoDB failed after it had written.
    """
    wait = clock or SystemClock()
    give_up_at = wait.now() + _THROTTLED_FOR
    request: Any = {"TransactItems": [action.request for action in actions], "ClientRequestToken": str(uuid4())}
    conflicts = tries = 0
    while True:
        tries += 1
        try:
            client.transact_write_items(**request)
        except ClientError as error:
            reasons = error.response.get("CancellationReasons", [])
            for action, reason in zip(actions, reasons, strict=False):
                if reason.get("Code") == "ConditionalCheckFailed" and action.refusal is not None:
                    raise action.refusal from error
            codes = {reason.get("Code") for reason in reasons}
            overloaded = is_overload(error)
            if not overloaded and "TransactionConflict" not in codes:
                raise
            conflicts += not overloaded
            if conflicts == _CONFLICT_TRIES:
                raise InProgress("in-progress", retry_after=1) from error
            seconds = random.uniform(0, min(_LONGEST_WAIT, 0.05 * 2**tries))  # noqa: S311 # jitter, not a secret
            if overloaded and wait.now() + timedelta(seconds=seconds) > give_up_at:
                raise Overloaded from error
            wait.sleep(seconds)
        else:
            return


def condition_failed(error: ClientError) -> bool:
    """Return whether a single write failed because of its condition."""
    return error.response.get("Error", {}).get("Code") == "ConditionalCheckFailedException"
