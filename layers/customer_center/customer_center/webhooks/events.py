"""Events of other systems: `{"type", "timestamp", "data"}` (Standard Webhooks 1.0.0, "Payload structure").

Tables describe the fields, and one function reads all events. There are no pydantic models, because importing pydantic
would lengthen the cold start of the function that receives webhooks. The JSON Schemas come from the same tables.
"""

from collections.abc import Container, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from customer_center.platform.errors import FieldError, InvalidInput
from customer_center.platform.flags import flag_schema, read_flag
from customer_center.platform.frozen import frozen
from customer_center.platform.printable import bare, cleaned

type Value = str | bool | None

ANY_LENGTH: Final = 64 * 1024
"""The `max_length` of text whose length only the size of the whole event limits."""


@frozen
class Field:
    """One field of an event's data: text of at most `max_length` characters, or a flag if `max_length` is 0.

    Text is cleaned (`platform.printable`), a `number` as an id. Flags are read in every known spelling
    (`platform.flags`), with `holds` also in words for "on hold". A sender may leave out a field that is not `required`;
    its value then stays unchanged. Null or empty text means that the sender has no value; flags and `nullable` fields
    accept them.
    """

    max_length: int = 0
    required: bool = False
    number: bool = False
    nullable: bool = False
    holds: bool = False

    def schema(self) -> dict[str, Any]:
        """Return the field as JSON Schema."""
        if not self.max_length:
            return dict(flag_schema(holds=self.holds))
        text: dict[str, Any] = {"type": "string"}
        if self.max_length < ANY_LENGTH:
            text["maxLength"] = self.max_length
        return {**text, "type": ["string", "null"]} if self.nullable else {**text, "minLength": 1}


type EventTable = Mapping[str, Mapping[str, Field]]
"""The fields of all events' data, by event type and field name."""

_ENVELOPE = ("type", "timestamp", "data")


@frozen
class Event:
    """What happened in another system, and when. `data` has the fields that were sent, checked by the event's table."""

    type: str
    at: datetime
    data: Mapping[str, Value]


def read_event(payload: object, events: EventTable) -> Event:
    """Return the event in a JSON value.

    Raises InvalidInput `event-type-unknown`, or one InvalidInput with all wrong fields.
    """
    if not isinstance(payload, dict):
        raise InvalidInput(errors=[FieldError("", "object")])
    errors = list(_unknown_fields(payload, _ENVELOPE, ""))
    errors += [FieldError(f"/{name}", "required") for name in _ENVELOPE if name not in payload]
    if errors:
        raise InvalidInput(errors=errors)
    kind, at = payload["type"], _moment(payload["timestamp"])
    if not isinstance(kind, str) or kind not in events:
        raise InvalidInput("event-type-unknown", [FieldError("/type", "unknown-value")])
    if at is None:
        errors.append(FieldError("/timestamp", "moment"))
    data = _data(payload["data"], events[kind], errors)
    if errors or at is None:
        raise InvalidInput(errors=errors)
    return Event(kind, at, data)


def _unknown_fields(given: Iterable[str], known: Container[str], place: str) -> Iterator[FieldError]:
    for name in given:
        if name not in known:
            step = name.replace("~", "~0").replace("/", "~1")
            yield FieldError(f"{place}/{step}", "unknown-field")


def _moment(text: object) -> datetime | None:
    """Return the time of an ISO 8601 text with an offset, or None for any other value."""
    try:
        moment = datetime.fromisoformat(text) if isinstance(text, str) else None
        return moment.astimezone(UTC) if moment and moment.tzinfo else None
    except (ValueError, OverflowError):
        return None


def _data(given: object, table: Mapping[str, Field], errors: list[FieldError]) -> dict[str, Value]:
    """Return the fields that were sent, and append their errors to `errors`."""
    if not isinstance(given, dict):
        errors.append(FieldError("/data", "object"))
        return {}
    errors += _unknown_fields(given, table, "/data")
    data: dict[str, Value] = {}
    for name, field in table.items():
        if name in given:
            data[name], code = _value(given[name], field)
        else:
            code = "required" if field.required else None
        if code:
            limit = {"too-long": str(field.max_length), "too-short": "1"}.get(code, "")
            errors.append(FieldError(f"/data/{name}", code, limit))
    return data


def _value(value: object, field: Field) -> tuple[Value, str | None]:
    """Return the value of a field, and the field error's code if it is wrong."""
    if not field.max_length:
        flag = read_flag(cleaned(value) or value if isinstance(value, str) else value, holds=field.holds)
        return flag, "boolean" if flag is None else None
    text = cleaned(value) if isinstance(value, str) else value
    if field.number and isinstance(text, str):
        text = bare(text)
    if field.nullable and (text is None or text == ""):
        return None, None
    if not isinstance(text, str):
        return None, "text"
    if not 0 < len(text) <= field.max_length:
        return None, "too-long" if text else "too-short"
    return text, None
