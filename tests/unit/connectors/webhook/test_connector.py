"""A product is told by a signed webhook; what its answer means."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook

from customer_center.connectors.webhook import connector as module
from customer_center.connectors.webhook.connector import WebhookConnector
from customer_center.customers.fields import ADDRESS_PARTS
from customer_center.customers.model import Customer, Product
from customer_center.customers.product_ports import Delivered, Push, Refused, TryLater, Unsubscribed
from customer_center.platform.outbound_urls import CallFailedError, Reply, UrlNotAllowedError, retry_after
from customer_center.platform.secrets import SecretNotFoundError
from tests.builders.webhooks import OTHER_SECRET, SECRET
from tests.fakes.clock import NOON, FakeClock

PRODUCT = Product("AG-100", "b", "https://b.example/hook", "secret_1", NOON, NOON)
VALUES = {"first_name": "Anna", "emails": ("a@x.example",), "visit_address": {"city": "Bonn"}}
CUSTOMER = Customer("cus_1", "AG-100", NOON, NOON, values=VALUES, version=3)
PUSH = Push("msg_1", "updated", CUSTOMER, "b-1")


@pytest.fixture
def told(monkeypatch):
    """Return a function that tells the product, and what was called."""
    calls = []
    monkeypatch.setattr(module, "resolved", lambda url, loopback: url)

    def tell(answer=204, push=PUSH, secrets=(SECRET,), **headers):
        def call(target, body, sent, seconds):
            calls.append((target, body, sent))
            if isinstance(answer, Exception):
                raise answer
            return Reply(answer, {name.replace("_", "-"): value for name, value in headers.items()})

        return WebhookConnector(secrets=lambda product: secrets, clock=FakeClock(), call=call).push(PRODUCT, push)

    tell.calls = calls
    return tell


def test_the_whole_customer_is_told(told):
    assert told() == Delivered()
    ((target, body, headers),) = told.calls
    assert target == PRODUCT.url
    assert headers["webhook-id"] == "msg_1"
    assert json.loads(body) == {
        "type": "customer.updated",
        "timestamp": "2026-11-23T12:00:00.000Z",
        "data": {
            "customer_id": "cus_1",
            "external_id": "b-1",
            "account_id": "AG-100",
            "version": 3,
            "customer_code": None,
            "kind": None,
            "first_name": "Anna",
            "middle_name": None,
            "last_name": None,
            "organisation": None,
            "contact_person": None,
            "emails": ["a@x.example"],
            "phones": [],
            "mobile": None,
            "fax": None,
            "website": None,
            "visit_address": {**dict.fromkeys(ADDRESS_PARTS), "city": "Bonn"},
            "delivery_address": None,
            "invoice_address": None,
            "vat_number": None,
            "chamber_of_commerce_number": None,
            "language": None,
            "tags": [],
            "free_fields": {},
            "permission_to_contact": False,
            "consent": {"email": None, "phone": None, "sms": None, "post": None},
        },
    }


def test_of_a_deleted_customer_only_ids_are_told(told):
    told(push=replace(PUSH, kind="deleted"))
    (_, body, _) = told.calls[0]
    assert json.loads(body)["data"].keys() == {
        "customer_id",
        "external_id",
        "account_id",
        "version",
        "merged_into",
    }


def test_every_secret_signs_as_standard_webhooks_has_it(told, monkeypatch):
    told(secrets=(SECRET, OTHER_SECRET))
    (_, body, headers) = told.calls[0]
    monkeypatch.setattr(Webhook, "_Webhook__verify_timestamp", lambda self, header: NOON)
    for secret in (SECRET, OTHER_SECRET):
        Webhook(secret).verify(body, dict(headers))


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (200, Delivered()),
        (299, Delivered()),
        (301, TryLater("http-301")),
        (400, Refused("http-400")),
        (401, TryLater("http-401")),
        (404, TryLater("http-404")),
        (409, Refused("http-409")),
        (410, Unsubscribed()),
        (413, Refused("http-413")),
        (422, Refused("http-422")),
        (429, TryLater("http-429", is_outage=True)),
        (500, TryLater("http-500")),
        (503, TryLater("http-503", is_outage=True)),
        (CallFailedError("no-answer-in-time"), TryLater("no-answer-in-time")),
        (UrlNotAllowedError("not https"), TryLater("not https")),
    ],
)
def test_what_an_answer_means(told, answer, outcome):
    assert told(answer) == outcome


def test_a_product_may_say_when_to_come_again(told):
    assert told(429, retry_after="17") == TryLater("http-429", 17, is_outage=True)


def test_without_a_secret_nothing_is_sent(told):
    def missing(product):
        raise SecretNotFoundError

    connector = WebhookConnector(secrets=missing, clock=FakeClock(), call=lambda *_: pytest.fail("called"))
    assert connector.push(PRODUCT, PUSH) == TryLater("no-secret")


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("", 0),
        ("0", 0),
        ("120", 120),
        ("99999999999", 3600),
        ("-5", 0),
        ("1.5", 0),
        ("soon", 0),
        ("١٢", 0),
        ("Mon, 23 Nov 2026 12:02:00 GMT", 120),
        ("Mon, 23 Nov 2026 11:00:00 GMT", 0),
        ("Mon, 23 Nov 2099 12:02:00 GMT", 3600),
        ("Mon, 99 Nov 2026 12:02:00 GMT", 0),
    ],
)
def test_retry_after_is_read_as_seconds_or_as_a_date(header, seconds):
    assert retry_after(header, NOON) == seconds


@given(st.text(max_size=40))
def test_no_retry_after_is_an_error(header):
    assert 0 <= retry_after(header, NOON + timedelta(days=1)) <= 3600
