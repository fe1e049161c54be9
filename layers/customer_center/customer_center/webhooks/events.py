"""Events of other systems: `{"type", "timestamp", "data"}` (Standard Webhooks 1.0.0, "Payload structure").

Tables describe the fields, and one function reads all events. There are no pydantic models, because importing pydantic
would lengthen the cold start of the function that receives webhooks. The JSON Schemas come from the same tables.
"""

import re
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from customer_center.platform.errors import FieldError, InvalidInput
from customer_center.platform.flags import flag_schema, read_flag
from customer_center.platform.frozen import frozen
from customer_center.platform.printable import bare, cleaned
from customer_center.platform.stamps import from_iso_nanoseconds

type Value = str | bool | Sequence[str] | Mapping[str, Value] | None

ANY_LENGTH: Final = 64 * 1024
"""The `max_length` of text whose length only the size of the whole event limits."""


@frozen
class Field:
    """One field of an event's data: text of at most `max_length` characters, or a flag if `max_length` is 0.

    Text is cleaned (`platform.printable`), a `number` as an id. Flags are read in every known spelling
    (`platform.flags`), with `holds` also in words for "on hold". A sender may leave out a field that is not `required`;
    its value then stays unchanged. Null or empty text means that the sender has no value; flags and `nullable` fields
    accept them.

    With `items`, the field is a list of at most that many texts, or, with `names`, an object of at most that many texts
    whose names match this pattern. With `parts`, it is an object with these fields. Null means that there is none, for
    all of them.

    With `choices`, the field is one of these words. With `moment`, it is an ISO 8601 time; with `or_flag`, true and
    false are allowed too, in no other spelling.
    """

    max_length: int = 0
    required: bool = False
    number: bool = False
    nullable: bool = False
    holds: bool = False
    items: int = 0
    names: str = ""
    parts: Mapping[str, "Field"] | None = None
    choices: Sequence[str] = ()
    moment: bool = False
    or_flag: bool = False

    def schema(self) -> dict[str, Any]:
        """Return the field as JSON Schema."""
        if self.parts is not None:
            parts = {name: part.schema() for name, part in self.parts.items()}
            required = [name for name, part in self.parts.items() if part.required]
            closed = {"properties": parts, "additionalProperties": False}
            return {"type": ["object", "null"], **closed, **({"required": required} if required else {})}
        if self.names:
            member = {"type": ["string", "null"], "maxLength": self.max_length}
            named = {"propertyNames": {"pattern": self.names}, "additionalProperties": member}
            return {"type": ["object", "null"], **named, "maxProperties": self.items}
        if self.items:
            item = {"type": "string", "minLength": 1, "maxLength": self.max_length}
            return {"type": ["array", "null"], "items": item, "maxItems": self.items}
        return self._simple_schema()

    def _simple_schema(self) -> dict[str, Any]:
        if self.choices:
            or_null = [None] if self.nullable else []
            kind = ["string", "null"] if self.nullable else "string"
            return {"type": kind, "enum": [*self.choices, *or_null]}
        if self.moment:
            return {"type": ["boolean", "string"] if self.or_flag else "string", "format": "date-time"}
        if not self.max_length:
            return dict(flag_schema(holds=self.holds))
        text: dict[str, Any] = {"type": "string"}
        if self.max_length < ANY_LENGTH:
            text["maxLength"] = self.max_length
        return {**text, "type": ["string", "null"]} if self.nullable else {**text, "minLength": 1}


type EventTable = Mapping[str, Mapping[str, Field]]
"""The fields of all events' data, by event type and field name."""

_UNKNOWN = "unknown-field"
_ENVELOPE = ("type", "timestamp", "data")


@frozen
class Event:
    """What happened in another system, and when. `data` has the fields that were sent, checked by the event's table.

    It happened `at_ns` nanoseconds after 1970. `ignored` are the JSON pointers of fields that the table does not have,
    the first ten of them.
    """

    type: str
    at_ns: int
    data: Mapping[str, Value]
    ignored: Sequence[str] = ()


_MAX_IGNORED = 10
_POINTER_LENGTH = 200


def read_event(payload: object, events: EventTable, *, note_unknown: bool = False) -> Event:
    """Return the event in a JSON value. With `note_unknown`, fields that the table does not have are ignored and noted.

    Raises InvalidInput `event-type-unknown`, or one InvalidInput with all wrong fields.
    """
    if not isinstance(payload, dict):
        raise InvalidInput(errors=[FieldError("", "object")])
    errors = list(_unknown_fields(payload, _ENVELOPE, ""))
    errors += [FieldError(f"/{name}", "required") for name in _ENVELOPE if name not in payload]
    if _wrong(errors, note_unknown=note_unknown):
        raise InvalidInput(errors=errors)
    kind, timestamp = _pasted(payload["type"]), _pasted(payload["timestamp"])
    # RFC 3339 allows `t` and `z`, too.
    at = from_iso_nanoseconds(timestamp.upper()) if isinstance(timestamp, str) else None
    if not isinstance(kind, str) or kind not in events:
        raise InvalidInput("event-type-unknown", [FieldError("/type", "unknown-value")])
    if at is None:
        errors.append(FieldError("/timestamp", "moment"))
    data = _data(payload["data"], events[kind], errors)
    wrong = _wrong(errors, note_unknown=note_unknown)
    if wrong or at is None:
        raise InvalidInput(errors=wrong)
    ignored = [error.pointer[:_POINTER_LENGTH] for error in errors[:_MAX_IGNORED]]
    return Event(kind, at, data, tuple(ignored))


def _wrong(errors: Sequence[FieldError], *, note_unknown: bool) -> Sequence[FieldError]:
    """Return the errors for which the event is refused."""
    return [error for error in errors if not (note_unknown and error.code == _UNKNOWN)]


def _unknown_fields(given: Iterable[str], known: Container[str], place: str) -> Iterator[FieldError]:
    for name in given:
        if name not in known:
            yield FieldError(f"{place}/{_step(name)}", _UNKNOWN)


def _step(name: str) -> str:
    """Return a name as a step of a JSON pointer (RFC 6901)."""
    return name.replace("~", "~0").replace("/", "~1")


def _pasted(value: object) -> object:
    """Return text without blanks around it and without invisible characters, and any other value as it is."""
    return bare(cleaned(value)) if isinstance(value, str) else value


def _data(given: object, table: Mapping[str, Field], errors: list[FieldError]) -> dict[str, Value]:
    """Return the fields that were sent, and append their errors to `errors`."""
    if not isinstance(given, dict):
        errors.append(FieldError("/data", "object"))
        return {}
    errors += _unknown_fields(given, table, "/data")
    data: dict[str, Value] = {}
    for name, field in table.items():
        if name in given:
            data[name] = _read(given[name], field, f"/data/{name}", errors)
        elif field.required:
            errors.append(FieldError(f"/data/{name}", "required"))
    return data


def _read(value: object, field: Field, pointer: str, errors: list[FieldError]) -> Value:
    """Return the value of a field of any kind, and append its errors to `errors`."""
    if field.parts is not None:
        return _read_parts(value, field.parts, pointer, errors)
    if field.names:
        return _read_members(value, field, pointer, errors)
    if field.items:
        return _read_items(value, field, pointer, errors)
    return _read_simple(value, field, pointer, errors)


def _read_parts(
    value: object, parts: Mapping[str, Field], pointer: str, errors: list[FieldError]
) -> Mapping[str, Value] | None:
    if value is None:
        return None
    if not isinstance(value, dict):
        errors.append(FieldError(pointer, "object"))
        return None
    errors += _unknown_fields(value, parts, pointer)
    errors += [
        FieldError(f"{pointer}/{name}", "required")
        for name, part in parts.items()
        if part.required and name not in value
    ]
    return {name: _read(value[name], parts[name], f"{pointer}/{name}", errors) for name in parts if name in value}


def _read_members(value: object, field: Field, pointer: str, errors: list[FieldError]) -> Mapping[str, Value] | None:
    if value is None:
        return None
    if not isinstance(value, dict):
        errors.append(FieldError(pointer, "object"))
        return None
    if len(value) > field.items:
        errors.append(FieldError(pointer, "too-long", str(field.items)))
        return None
    member = Field(field.max_length, nullable=True)
    read: dict[str, Value] = {}
    for name, given in value.items():
        place = f"{pointer}/{_step(name)}"
        if re.fullmatch(field.names, name) is None:
            errors.append(FieldError(place, "invalid"))
        read[name] = _read_simple(given, member, place, errors)
    return read


def _read_items(value: object, field: Field, pointer: str, errors: list[FieldError]) -> Sequence[str] | None:
    if value is None:
        return None
    if not isinstance(value, list):
        errors.append(FieldError(pointer, "list"))
        return None
    if len(value) > field.items:
        errors.append(FieldError(pointer, "too-long", str(field.items)))
    read = [_read_simple(item, field, f"{pointer}/{place}", errors) for place, item in enumerate(value[: field.items])]
    return [text for text in read if isinstance(text, str)]


def _read_simple(value: object, field: Field, pointer: str, errors: list[FieldError]) -> str | bool | None:
    read, code = (_moment if field.moment else _choice if field.choices else _value)(value, field)
    if code:
        limits = {"too-long": str(field.max_length), "too-short": "1", "unknown-value": ", ".join(field.choices)}
        limit = limits.get(code, "")
        errors.append(FieldError(pointer, code, limit))
    return read


def _value(value: object, field: Field) -> tuple[str | bool | None, str | None]:
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


def _moment(value: object, field: Field) -> tuple[str | bool | None, str | None]:
    if field.or_flag and isinstance(value, bool):
        return value, None
    text = _pasted(value)
    is_moment = isinstance(text, str) and from_iso_nanoseconds(text.upper()) is not None
    return (text, None) if isinstance(text, str) and is_moment else (None, "moment")


def _choice(value: object, field: Field) -> tuple[str | None, str | None]:
    text = _pasted(value)
    if field.nullable and text in (None, ""):
        return None, None
    chosen = text if isinstance(text, str) and text in field.choices else None
    return chosen, None if chosen else "unknown-value"
