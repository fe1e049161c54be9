"""The events an ERP sends: `{"type", "timestamp", "data"}` (Standard Webhooks, "Payload structure"; docs/webhooks.md).

A table and one reader of it instead of pydantic models: the intake's cold start and CPU are counted (BUDGETS), and
this is all it would use them for. The OpenAPI document is made from the same table.
"""

import json
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from customer_center.platform.errors import FieldError, InvalidInput, MalformedRequest
from customer_center.platform.printable import is_printable

type Value = str | bool | None


@dataclass(frozen=True, slots=True)
class Field:
    """One field of an event's data. Text has at most `max_length` characters; 0 says that it is a flag.

    A field that is not `required` may be left out, which says nothing about it; null (or empty text) says that the ERP
    has no value, where it is `nullable`.
    """

    max_length: int = 0
    required: bool = False
    nullable: bool = False


_NUMBER = Field(40, required=True)
_CONTACT: Mapping[str, Field] = {
    "customer_number": _NUMBER,
    "contact_number": _NUMBER,
    "name": Field(200),
    "telephone": Field(80, nullable=True),
    "telefax": Field(80, nullable=True),
    "email": Field(254, nullable=True),
    "language_code": Field(35, nullable=True),
}
EVENTS: Mapping[str, Mapping[str, Field]] = {
    "customer.updated": {
        "customer_number": _NUMBER,
        "customer_center": Field(),
        "customer_center_main_contact_email": Field(254, nullable=True),
        "customer_posting_group": Field(40, nullable=True),
        "blocked": Field(),
    },
    "contact.updated": _CONTACT,
    "contact.deleted": _CONTACT,
    "customer.renumbered": {"customer_number": _NUMBER, "new_customer_number": _NUMBER},
}
_ENVELOPE = ("type", "timestamp", "data")


@dataclass(frozen=True, slots=True)
class Event:
    """What an ERP says happened at a moment. `data` holds the fields that were given, each as its table says."""

    type: str
    at: datetime
    data: Mapping[str, Value]


def event_of_json(body: bytes) -> Event:
    """Return the event of a body; MalformedRequest for what is no JSON, InvalidInput for what is no event."""
    try:
        payload = json.loads(body)
    except (ValueError, RecursionError):
        raise MalformedRequest("json-invalid") from None
    return event_of(payload)


def event_of(payload: object) -> Event:
    """Return the event that was read as JSON; InvalidInput says every place where it is none."""
    if not isinstance(payload, dict):
        raise InvalidInput(errors=[FieldError("", "object")])
    errors = list(_strangers(payload, _ENVELOPE, ""))
    errors += [FieldError(f"/{name}", "required") for name in _ENVELOPE if name not in payload]
    if errors:
        raise InvalidInput(errors=errors)
    kind, at = payload["type"], _moment(payload["timestamp"])
    if not isinstance(kind, str) or kind not in EVENTS:
        raise InvalidInput("event-type-unknown", [FieldError("/type", "unknown-value")])
    if at is None:
        errors.append(FieldError("/timestamp", "moment"))
    data = _data(payload["data"], EVENTS[kind], errors)
    if kind == "customer.renumbered" and not errors and data["customer_number"] == data["new_customer_number"]:
        errors.append(FieldError("/data/new_customer_number", "invalid"))
    if errors or at is None:
        raise InvalidInput(errors=errors)
    return Event(kind, at, data)


def _strangers(given: Iterable[str], known: Container[str], place: str) -> Iterator[FieldError]:
    for name in given:
        if name not in known:
            step = name.replace("~", "~0").replace("/", "~1")
            yield FieldError(f"{place}/{step}", "unknown-field")


def _moment(text: object) -> datetime | None:
    """Return the moment of an ISO 8601 text with an offset, None for anything else."""
    try:
        moment = datetime.fromisoformat(text) if isinstance(text, str) else None
        return moment.astimezone(UTC) if moment and moment.tzinfo else None
    except (ValueError, OverflowError):
        return None


def _data(given: object, table: Mapping[str, Field], errors: list[FieldError]) -> dict[str, Value]:
    """Return the fields that were given, and add what is wrong with them to the errors."""
    if not isinstance(given, dict):
        errors.append(FieldError("/data", "object"))
        return {}
    errors += _strangers(given, table, "/data")
    data: dict[str, Value] = {}
    for name, field in table.items():
        if name in given:
            data[name], code = _read(given[name], field)
        else:
            code = "required" if field.required else None
        if code:
            errors.append(FieldError(f"/data/{name}", code))
    return data


def _read(value: object, field: Field) -> tuple[Value, str | None]:
    """Return the value of a field, and the code of what is wrong with it."""
    if not field.max_length:
        return (value, None) if isinstance(value, bool) else (None, "boolean")
    text = value.strip() if isinstance(value, str) else value
    if field.nullable and (text is None or text == ""):
        return None, None
    if not isinstance(text, str):
        return None, "text"
    if not 0 < len(text) <= field.max_length:
        return None, "too-long" if text else "too-short"
    return text, None if is_printable(text) else "unprintable"


@dataclass(frozen=True, slots=True)
class Delivery:
    """An event as it was received: `webhook_id` is the same in every repeat, and unique among those of its source."""

    source: str
    webhook_id: str
    received_at: datetime
    event: Event

    def message(self) -> str:
        """Return the text that the queue carries, in ASCII: SQS refuses some characters that JSON allows."""
        event = {"type": self.event.type, "timestamp": self.event.at.isoformat(), "data": self.event.data}
        values = {
            "source": self.source,
            "webhook_id": self.webhook_id,
            "received_at": self.received_at.isoformat(),
            "event": event,
        }
        return json.dumps(values)


def delivery_of(message: str) -> Delivery:
    """Return the delivery of a queue's message; raises for a text that `Delivery.message` did not write."""
    values = json.loads(message)
    received_at = datetime.fromisoformat(values["received_at"])
    return Delivery(values["source"], values["webhook_id"], received_at, event_of(values["event"]))
