"""Receiving an event: the signature is checked before anything is read, and it is acknowledged only once queued."""

import json
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customer_center.platform.errors import (
    BodyTooLarge,
    InvalidInput,
    MalformedRequest,
    OutsideUnavailable,
    Unauthorized,
)
from customer_center.platform.stamps import nanoseconds
from customer_center.webhooks.delivery import Delivery
from customer_center.webhooks.model import Source
from customer_center.webhooks.receive_event import MAX_EVENT_BYTES, receive_event
from customer_center.webhooks.signatures import signing_keys
from tests.builders.webhooks import OTHER_SECRET, SECRET, signed
from tests.fakes.clock import NOON
from tests.fakes.webhooks import FakeEventQueue

EVENT = {
    "type": "customer.updated",
    "timestamp": "2026-11-23T11:59:00Z",
    "data": {"customer_number": "10000", "customer_center": False},
}
BODY = json.dumps(EVENT).encode()


SOURCES = {"erp": Source("erp", "erp", "/erp-webhooks")}


@pytest.fixture
def queue():
    return FakeEventQueue()


def receive(queue, body=BODY, *, headers=None, source="erp", keys=lambda source, scheme: signing_keys([SECRET])):
    headers = signed(body, NOON) if headers is None else headers
    return receive_event(source, headers, body, source_of=SOURCES.get, keys=keys, tolerance=300, queue=queue, now=NOON)


def test_a_genuine_event_is_kept_and_acknowledged_by_its_id(queue):
    assert receive(queue) == "msg_2KWPBgLlAfxdpx2AI54pPJ85f4W"
    (message,) = queue.messages
    delivery = Delivery.from_message(message)
    assert (delivery.source, delivery.webhook_id) == ("erp", "msg_2KWPBgLlAfxdpx2AI54pPJ85f4W")
    assert delivery.received_at == NOON
    assert delivery.event.at_ns == nanoseconds(NOON - timedelta(minutes=1))
    assert delivery.event.data == {"customer_number": "10000", "customer_center": False}


def test_a_repeat_is_kept_again_because_the_consumer_knows_it_by_its_id(queue):
    assert receive(queue) == receive(queue)
    assert len(queue.messages) == 2


@pytest.mark.parametrize(
    "wrong",
    [
        {"source": "elsewhere"},
        {"source": "ERP"},
        {"headers": {}},
        {"headers": signed(BODY, NOON, OTHER_SECRET)},
        {"headers": signed(BODY, NOON - timedelta(hours=1))},
        {"body": b"{", "headers": signed(BODY, NOON)},
    ],
    ids=["unknown source", "source in capitals", "no headers", "another secret", "an hour old", "not JSON, not signed"],
)
def test_whatever_is_wrong_before_the_body_may_be_read_is_one_refusal(queue, wrong):
    with pytest.raises(Unauthorized) as refused:
        receive(queue, **wrong)
    assert (refused.value.code, refused.value.values) == ("signature-invalid", {})
    assert queue.messages == []


def test_secrets_are_not_asked_for_by_an_unknown_source(queue):
    with pytest.raises(Unauthorized):
        receive(queue, source="x", keys=lambda source, scheme: pytest.fail("asked for secrets"))


def test_a_genuine_sender_is_told_what_is_wrong_with_an_event(queue):
    with pytest.raises(MalformedRequest):
        receive(queue, b"{")
    with pytest.raises(InvalidInput):
        receive(queue, json.dumps(EVENT | {"type": "customer.exploded"}).encode())
    assert queue.messages == []


def test_what_is_too_large_for_an_event_is_not_even_hashed(queue):
    with pytest.raises(BodyTooLarge):
        receive(queue, b" " * (MAX_EVENT_BYTES + 1), headers={}, keys=lambda source, scheme: pytest.fail("hashed"))
    assert receive(queue, BODY + b" " * (MAX_EVENT_BYTES - len(BODY)))


def test_an_event_that_could_not_be_kept_is_not_acknowledged(queue):
    queue.unavailable = True
    with pytest.raises(OutsideUnavailable) as refused:
        receive(queue)
    assert refused.value.retry_after == 30


@given(
    source=st.text(max_size=5) | st.just("erp"),
    headers=st.dictionaries(
        st.sampled_from(["webhook-id", "webhook-timestamp", "webhook-signature"]),
        st.text(max_size=50) | st.just(str(int(NOON.timestamp()))),
    ),
    body=st.binary(max_size=100),
)
def test_a_stranger_gets_that_refusal_and_nothing_else(source, headers, body):
    queue = FakeEventQueue()
    with pytest.raises(Unauthorized):
        receive(queue, body, headers=headers, source=source)
    assert queue.messages == []
