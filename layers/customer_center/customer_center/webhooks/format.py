"""The declaration of one kind of sender. Each file in `formats/` has one."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from customer_center.platform.errors import FieldError, InvalidInput, MalformedRequest
from customer_center.platform.frozen import frozen
from customer_center.webhooks.events import Event, EventTable, Field, read_event
from customer_center.webhooks.model import Source
from customer_center.webhooks.signatures import SignatureScheme

_ABOUT = "A field that is left out of `data` does not change. null means that there is no value."


def json_payload(content: bytes) -> object:
    """Parse the content as JSON and return its value. Raises MalformedRequest `json-invalid`.

    Control characters in text may stand there unescaped, as in XML: one of them must not cost the whole event.
    """
    try:
        return json.loads(content, strict=False)
    except (ValueError, RecursionError):
        raise MalformedRequest("json-invalid") from None


def no_errors(_: Event) -> Sequence[FieldError]:
    """Return no errors: the event's table has all checks."""
    return ()


def account_of_source(_: Event, source: Source) -> str | None:
    """Return the source's own account, which all its events are about."""
    return source.account


@frozen
class Format:
    """One kind of sender. `name` is what a source's record and the queue's messages call it.

    `payload` converts the signed content to `{"type", "timestamp", "data"}`. Only a sender with another structure needs
    its own function. `errors` returns the errors of an event that its table cannot find. `account` returns the account
    that an event is about, and raises InvalidInput if the source has no such account. `sender` is the system's name in
    the OpenAPI document, `media_type` that of its requests. Only JSON is described there by the table.
    """

    name: str
    sender: str
    scheme: SignatureScheme
    events: EventTable
    payload: Callable[[bytes], object] = json_payload
    errors: Callable[[Event], Sequence[FieldError]] = no_errors
    account: Callable[[Event, Source], str | None] = account_of_source
    media_type: str = "application/json"

    def read(self, content: bytes, *, note_unknown: bool = False) -> Event:
        """Return the event in the signed content. With `note_unknown`, fields that its table does not have are ignored.

        Raises MalformedRequest and InvalidInput.
        """
        return self.event(self.payload(content), note_unknown=note_unknown)

    def event(self, payload: object, *, note_unknown: bool = False) -> Event:
        """Return the event in a JSON value `{"type", "timestamp", "data"}`. Raises InvalidInput."""
        event = read_event(payload, self.events, note_unknown=note_unknown)
        if errors := self.errors(event):
            raise InvalidInput(errors=errors)
        return event

    def schemas(self) -> Mapping[str, Mapping[str, Any]]:
        """Return the events' JSON Schemas for the OpenAPI document, by names such as `CustomerUpdatedEvent`.

        Only the ERP's have no prefix: they were there first.
        """
        prefix = "" if self.name == "erp" else self.name.capitalize()
        return {prefix + _schema_name(kind): self._schema(kind, table) for kind, table in self.events.items()}

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
