"""Exports and erasures through the functions: what is told, and that nothing is left of an erased person."""

import json
from datetime import timedelta

import pytest

from customer_center.connectors.webhook import connector
from customer_center.customers import follow_erasure
from customer_center.platform.outbound_urls import Reply, Target
from tests.integration.aws import event_of
from tests.integration.functions.requests_of_samples import with_body, with_header
from tests.integration.functions.stage import queue_event
from tests.integration.population import CUSTOMER, ERASED, HIDDEN, MERGED

PERSONAL = ("Xylander", "xenia", "anna@muster", "n-27")


@pytest.fixture
def told(company, monkeypatch):
    """What products are told. Names are not resolved."""
    calls = []

    def post(target, body, headers, seconds):
        calls.append((target.host, json.loads(body)))
        return Reply(204, {})

    monkeypatch.setattr(connector, "resolved", lambda url, loopback: Target("https", url, 443, "/", "203.0.113.1"))
    monkeypatch.setattr(
        connector.WebhookConnector.__init__, "__kwdefaults__", {"loopback": False, "call": post, "seconds": 1.0}
    )
    return calls


def follow_up(company):
    """Run what follows the changes: outbox, follow-up, pushes."""
    assert company.run("OutboxFunction", company.stream_event()) == {"batchItemFailures": []}
    changed = company.aws.messages("CustomerFollowUpQueue")
    failed = company.run("CustomerFollowUpFunction", queue_event("customer_follow_up/customer_changed", *changed))
    pointers = company.aws.messages("ProductPushQueue")
    company.run("ProductPushFunction", queue_event("product_push/pointer", *pointers))
    return changed, failed["batchItemFailures"]


def of(path, customer_id):
    event = event_of(path)
    event["pathParameters"]["customer_id"] = customer_id
    return event


def test_an_export_has_everything(company):
    company.call(event_of("customers/edit"))
    export = company.call(event_of("customers/export")).body
    assert export["customer"]["last_name"] == "Neumann"
    record, merged = export["records"]
    assert (record["customer_id"], merged["customer_id"]) == (CUSTOMER, MERGED)
    assert [each["source"] for each in record["sources"]] == ["product:newsletter"]
    (newsletter,) = record["products"]
    assert (newsletter["product"], newsletter["external_ids"]) == ("newsletter", ["n-1"])
    assert export["history"][0]["action"] == "customer.updated"


def test_nothing_is_left_of_an_erased_person(company, told, monkeypatch):
    for product in ("newsletter", "shop"):
        event = event_of("products/put_product")
        event["pathParameters"]["product"] = product
        assert company.call(event).status == 200
    values = {"last_name": "Xylander", "emails": ["xenia@xylander.example", "anna@muster.example"]}
    assert company.call(with_body("customers/edit", **values)).status == 200
    assert company.call(with_body("customers/put_external_id", external_id="n-27")).status == 200
    follow_up(company)
    assert "Xylander" in repr(company.records())
    assert told
    first = company.call(with_body("customers/erase", include=[HIDDEN]))
    assert (first.status, first.body["status"]) == (202, "pending")
    _, failed = follow_up(company)
    assert failed
    monkeypatch.setattr(follow_erasure, "SETTLED_AFTER", timedelta())
    for customer_id in (CUSTOMER, HIDDEN):
        again = json.loads(event_of("customer_follow_up/customer_erased")["Records"][0]["body"])
        again["data"]["customer_id"] = customer_id
        event = queue_event("customer_follow_up/customer_erased", json.dumps(again))
        assert company.run("CustomerFollowUpFunction", event) == {"batchItemFailures": []}
    kept = [json.dumps(item, default=str) for item in company.records().values()]
    assert [(word, item) for item in kept for word in PERSONAL if word in item] == []
    log = company.sandboxes.log.getvalue()
    assert [word for word in PERSONAL if word in log] == []
    event = event_of("customers/get_erasure")
    event["pathParameters"]["erasure_id"] = first.body["erasure_id"]
    certificate = company.call(event).body
    assert certificate["status"] == "done"
    assert {each["product"]: each["state"] for each in certificate["products"]} == {
        "newsletter": "done",
        "shop": "done",
    }
    company.refuses(event_of("customers/get"), 404, "not-found")


def test_a_repeat_returns_the_certificate(company):
    event = with_header(event_of("customers/erase"), "idempotency-key", "once")
    first, again = company.call(event), company.call(event)
    assert (again.status, again.body) == (202, first.body | {"conflicting_customer_ids": []})
    assert first.body["conflicting_customer_ids"] == [HIDDEN]
    assert company.call(event_of("customers/erase")).body == again.body


@pytest.mark.parametrize("path", ["customers/export", "customers/erase"])
def test_an_unknown_customer_is_not_there(company, path):
    company.refuses(of(path, "cus_01kajx4m2r8t6v0w5y9b3d7fzz"), 404, "not-found")


def test_only_customers_in_conflict_are_included(company):
    event = with_body("customers/erase", include=[ERASED[:-1] + "9"])
    company.refuses(event, 422, "invalid-input", ("/include/0", "unknown-value"))
