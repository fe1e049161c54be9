"""What a file in `formats/` declares about one kind of sender.

A named tuple, as `Source` is, for the reason in `platform/texts.py`.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from customer_center.platform.errors import FieldError, InvalidInput, MalformedRequest
from customer_center.webhooks.events import Event, EventTable, Field, read_event
from customer_center.webhooks.signatures import SignatureScheme

_ABOUT = "What is left out of `data` says nothing; null says that there is none."


def json_payload(content: bytes) -> object:
    """Return the JSON value of a content; raise MalformedRequest `json-invalid`."""
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        raise MalformedRequest("json-invalid") from None


def no_errors(_: Event) -> Sequence[FieldError]:
    """Return nothing: the tables say all that there is to check."""
    return ()


class Format(NamedTuple):
    """One kind of sender.

    `payload` makes `{"type", "timestamp", "data"}` of the content that was signed; only a sender whose events look
    different needs its own. `errors` returns what is wrong with an event beyond its table. `sender` is the system's
    name in the OpenAPI document.
    """

    sender: str
    scheme: SignatureScheme
    events: EventTable
    payload: Callable[[bytes], object] = json_payload
    errors: Callable[[Event], Sequence[FieldError]] = no_errors

    def read(self, content: bytes) -> Event:
        """Return the event in a signed content; raises MalformedRequest and InvalidInput."""
        return self.event(self.payload(content))

    def event(self, payload: object) -> Event:
        """Return the event in a JSON value `{"type", "timestamp", "data"}`; raises InvalidInput."""
        event = read_event(payload, self.events)
        if errors := self.errors(event):
            raise InvalidInput(errors=errors)
        return event

    def schemas(self) -> Mapping[str, Mapping[str, Any]]:
        """Return the JSON Schemas of the events by name, for the OpenAPI document: `CustomerUpdatedEvent`."""
        return {_schema_name(kind): self._schema(kind, table) for kind, table in self.events.items()}

    def _schema(self, kind: str, table: Mapping[str, Field]) -> Mapping[str, Any]:
        data = {
            "type": "object",
            "properties": {name: field.schema() for name, field in table.items()},
            "required": [name for name, field in table.items() if field.required],
            "additionalProperties": False,
        }
        moment = {"type": "string", "format": "date-time", "description": f"When it happened in {self.sender}."}
        return {
            "type": "object",
            "description": f"The event `{kind}`. {_ABOUT}",
            "properties": {"type": {"type": "string", "const": kind}, "timestamp": moment, "data": data},
            "required": ["type", "timestamp", "data"],
            "additionalProperties": False,
        }


def _schema_name(kind: str) -> str:
    return "".join(word.capitalize() for word in kind.split(".")) + "Event"
