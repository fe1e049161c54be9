"""A new source is a format and a record: proved with one that signs and writes in a way of its own."""

import hashlib
import hmac
import json
from collections.abc import Mapping

import pytest

from customer_center.platform.errors import InvalidInput, MalformedRequest, Unauthorized
from customer_center.webhooks.callers import SignatureCaller
from customer_center.webhooks.delivery import Delivery
from customer_center.webhooks.events import Field
from customer_center.webhooks.format import Format, json_payload
from customer_center.webhooks.kinds import FORMATS, event_schemas
from customer_center.webhooks.model import Source
from customer_center.webhooks.receive_event import receive_event
from customer_center.webhooks.signatures import SignatureScheme, Signed
from tests.builders.webhooks import signed
from tests.fakes.clock import NOON
from tests.fakes.webhooks import FakeEventQueue

# What would stand in formats/library.py: the hex HMAC-SHA256 of the body, no id and no time of sending.


class HexDigest(SignatureScheme):
    name = "Library-Digest"
    security_name = "library_digest"
    security_scheme: Mapping[str, str] = {"type": "apiKey", "in": "header", "name": "x-library-digest"}
    parameters: Mapping[str, dict[str, object]] = {}

    def keys(self, secret):
        return [bytes.fromhex(secret["key"])]

    def signed(self, headers, body, *, keys, settings, now, tolerance):
        given = headers.get("x-library-digest", "").encode()
        if not any(hmac.compare_digest(hmac.digest(key, body, "sha256").hex().encode(), given) for key in keys):
            return None
        return Signed(hashlib.sha256(body).hexdigest(), body)


def payload(content):
    values = json_payload(content)
    if not isinstance(values, dict):
        return values
    return {"type": values.pop("what", None), "timestamp": values.pop("when", None), "data": values}


LIBRARY = Format(
    "library",
    "the library",
    HexDigest(),
    {"book.lent": {"title": Field(20, required=True), "late": Field()}, "book.returned": {"title": Field(20)}},
    payload=payload,
)

# What would be added to FORMATS in sources.py, and what the API would store.
FORMATS_WITH_IT = {**FORMATS, "library": LIBRARY}
SOURCES = {
    "library": Source("library", "library", "/library", account="acc_1", product="lending"),
    "erp": Source("erp", "erp", "/erp"),
}
KEY = "0f" * 32
BODY = b'{"what": "book.lent", "when": "2026-11-24T10:00:00+01:00", "title": "Ulysses", "late": true}'


def digest(body=BODY, key=KEY):
    return {"x-library-digest": hmac.digest(bytes.fromhex(key), body, "sha256").hex()}


def receive(queue, body=BODY, headers=None, name="library"):
    return receive_event(
        name,
        digest(body) if headers is None else headers,
        body,
        source_of=SOURCES.get,
        keys=lambda source, scheme: scheme.keys({"key": KEY}),
        tolerance=300,
        queue=queue,
        now=NOON,
        formats=FORMATS_WITH_IT,
    )


@pytest.fixture
def queue():
    return FakeEventQueue()


def test_its_events_are_received_and_come_out_of_the_queue_as_they_were_sent(queue):
    webhook_id = receive(queue)
    assert webhook_id == hashlib.sha256(BODY).hexdigest()
    (message,) = queue.messages
    assert json.loads(message) == {
        "source": "library",
        "format": "library",
        "account": "acc_1",
        "product": "lending",
        "webhook_id": webhook_id,
        "received_at": NOON.isoformat(),
        "event": {
            "type": "book.lent",
            "timestamp": "2026-11-24T09:00:00.000000000+00:00",
            "data": {"title": "Ulysses", "late": True},
        },
    }
    delivery = Delivery.from_message(message, FORMATS_WITH_IT)
    assert delivery.message() == message
    assert (delivery.source, delivery.webhook_id, delivery.received_at) == ("library", webhook_id, NOON)
    assert (delivery.account, delivery.product) == ("acc_1", "lending")


@pytest.mark.parametrize("headers", [{}, digest(key="0e" * 32), digest(b"{}"), signed(BODY, NOON)])
def test_its_own_signature_is_asked_for(queue, headers):
    with pytest.raises(Unauthorized) as refused:
        receive(queue, headers=headers)
    assert (refused.value.code, refused.value.scheme) == ("signature-invalid", "Library-Digest")
    assert queue.messages == []


def test_one_source_does_not_accept_the_signature_of_another(queue):
    with pytest.raises(Unauthorized) as refused:
        receive_event(
            "erp",
            digest(),
            BODY,
            source_of=SOURCES.get,
            keys=lambda source, scheme: [bytes.fromhex(KEY)],
            tolerance=300,
            queue=queue,
            now=NOON,
        )
    assert refused.value.scheme == "Standard-Webhooks"


def test_its_own_table_is_read(queue):
    with pytest.raises(MalformedRequest):
        receive(queue, b"{")
    with pytest.raises(InvalidInput) as refused:
        receive(queue, BODY.replace(b"book.lent", b"customer.updated"))
    assert refused.value.code == "event-type-unknown"
    with pytest.raises(InvalidInput) as refused:
        receive(queue, BODY.replace(b'"title"', b'"titel"'))
    assert {(wrong.pointer, wrong.code) for wrong in refused.value.errors} == {
        ("/data/titel", "unknown-field"),
        ("/data/title", "required"),
    }


def test_a_message_of_a_format_that_is_no_longer_there_is_an_error(queue):
    receive(queue)
    with pytest.raises(KeyError):
        Delivery.from_message(queue.messages[0])


def test_the_document_describes_it():
    caller = SignatureCaller(FORMATS_WITH_IT)
    assert [security.name for security in caller.security] == ["signature", "library_digest"]
    assert {name: header["required"] for name, header in caller.parameters.items()} == {
        "WebhookId": False,
        "WebhookTimestamp": False,
    }
    of_standard_webhooks = {name: FORMATS[name] for name in ("erp", "product")}
    assert all(header["required"] for header in SignatureCaller(of_standard_webhooks).parameters.values())
    schemas = event_schemas(FORMATS_WITH_IT)
    assert schemas.keys() == {*event_schemas(), "LibraryBookLentEvent", "LibraryBookReturnedEvent"}
    assert schemas["LibraryBookLentEvent"]["properties"]["data"]["required"] == ["title"]
    assert "in the library" in schemas["LibraryBookLentEvent"]["properties"]["timestamp"]["description"]


def test_a_message_from_before_there_were_formats_is_the_erps():
    message = {
        "source": "erp",
        "webhook_id": "msg_1",
        "received_at": NOON.isoformat(),
        "event": {"type": "customer.renumbered", "timestamp": NOON.isoformat(), "data": {}},
    }
    message["event"]["data"] = {"customer_number": "1", "new_customer_number": "2"}
    delivery = Delivery.from_message(json.dumps(message))
    assert (delivery.format, delivery.account, delivery.product) == ("erp", None, None)
