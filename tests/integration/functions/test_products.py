"""Products through their functions: how telling them goes, pause, redrive, secrets, and what they have missed."""

import json
from datetime import timedelta

import pytest

from customer_center.connectors.webhook import connector
from customer_center.customers import catch_up_product
from customer_center.platform.outbound_urls import Reply, Target
from tests.integration.aws import event_of
from tests.integration.functions.requests_of_samples import with_body, with_header
from tests.integration.functions.stage import queue_event
from tests.integration.population import ACCOUNT, CUSTOMER

SECRETS = "/customer-center/test/customer-list"


@pytest.fixture(autouse=True)
def _secrets(company):
    """No product has a secret: moto's memory of SSM outlives a test."""
    ssm = company.aws.client("ssm")
    for parameter in ssm.get_parameters_by_path(Path=SECRETS, Recursive=True)["Parameters"]:
        ssm.delete_parameter(Name=parameter["Name"])


@pytest.fixture
def answers(monkeypatch):
    """What products answer next, else 204; and what they were told."""
    waiting, told = [], []

    def post(target, body, headers, seconds):
        told.append(json.loads(body))
        return waiting.pop(0) if waiting else Reply(204, {})

    monkeypatch.setattr(connector, "resolved", lambda url, loopback: Target("https", url, 443, "/", "203.0.113.1"))
    monkeypatch.setattr(
        connector.WebhookConnector.__init__, "__kwdefaults__", {"loopback": False, "call": post, "seconds": 1.0}
    )
    # Nobody waits in a test until rows of the feed are complete.
    monkeypatch.setattr(catch_up_product, "MARGIN", timedelta(seconds=-60))
    return waiting, told


def shop(path, **changed):
    """Return a sample event about the product `shop`."""
    event = with_body(path, **changed) if changed else event_of(path)
    return event | {"pathParameters": {"product": "shop"}}


def connect(company):
    company.call(shop("products/put_product", url="https://shop.example.com/hook"))
    push(company)


def follow_up(company):
    """Run outbox and follow-up, and return the messages of the product-push queue."""
    assert company.run("OutboxFunction", company.stream_event()) == {"batchItemFailures": []}
    event = queue_event("customer_follow_up/customer_changed", *company.aws.messages("CustomerFollowUpQueue"))
    assert company.run("CustomerFollowUpFunction", event) == {"batchItemFailures": []}
    return company.aws.messages("ProductPushQueue")


def push(company):
    """Deliver everything to the product `shop`, also the pages of walks. Pointers of other products are left out."""
    messages = follow_up(company)
    while messages:
        mine = [message for message in messages if message["data"]["product"] == "shop"]
        assert company.run("ProductPushFunction", queue_event("product_push/pointer", *mine)) == {
            "batchItemFailures": []
        }
        messages = company.aws.messages("ProductPushQueue")


def created(company):
    customer_id = company.call(event_of("customers/create")).body["customer_id"]
    push(company)
    return customer_id


def status(company):
    return company.call(shop("products/get_product")).body["status"]


def test_an_outage_shows_and_ends_by_a_redrive(company, answers):
    waiting, told = answers
    connect(company)
    waiting.append(Reply(503, {"retry-after": "600"}))
    customer_id = created(company)
    down = status(company)
    assert (down["backlog"], down["last_error"]["reason"], down["subscribed"]) == (1, "http-503", True)
    assert down["behind_since"] < down["next_attempt_at"]
    company.call(with_header(event_of("customers/edit"), "if-match", "*"))
    push(company)
    assert (len(told), status(company)["backlog"]) == (1, 2)
    company.call(shop("products/redrive"))
    push(company)
    assert {event["data"]["customer_id"] for event in told} == {customer_id, CUSTOMER}
    up = status(company)
    assert (up["behind_since"], up["backlog"], up["next_attempt_at"]) == (None, 0, None)
    assert up["last_success"] > up["last_error"]["at"]


def test_a_product_that_is_down_is_tried_again_after_the_wait(company, answers):
    waiting, _ = answers
    connect(company)
    waiting.append(Reply(429, {"retry-after": "600"}))
    created(company)
    ((message, seconds),) = company.aws.waiting("ProductPushQueue")
    assert (message["kind"], message["data"]) == ("product_catch_up", {"account_id": ACCOUNT, "product": "shop"})
    assert 595 < seconds <= 600


def test_the_schedule_goes_on_with_walks_and_tells_how_late_products_are(company, answers, capsys):
    waiting, _ = answers
    connect(company)
    waiting.append(Reply(503, {"retry-after": "600"}))
    created(company)
    capsys.readouterr()
    company.run("ProductCatchUpFunction", event_of("product_catch_up/every_minute"))
    # It is not due yet.
    assert company.aws.messages("ProductPushQueue") == []
    told = json.loads(capsys.readouterr().out)
    alarm = company.aws.template["Resources"]["ProductBehindAlarm"]["Properties"]
    assert told["_aws"]["CloudWatchMetrics"][0]["Namespace"] == alarm["Namespace"]
    assert 0 < told[alarm["MetricName"]][0] < 60
    (dimensions,) = told["_aws"]["CloudWatchMetrics"][0]["Dimensions"]
    assert set(dimensions) == {dimension["Name"] for dimension in alarm["Dimensions"]}
    assert told["service"] == alarm["Dimensions"][0]["Value"]
    company.call(shop("products/resume"))
    company.run("ProductCatchUpFunction", event_of("product_catch_up/every_minute"))
    (message,) = company.aws.messages("ProductPushQueue")
    assert (message["kind"], message["data"]["product"]) == ("product_catch_up", "shop")


def test_a_paused_product_is_told_nothing_until_it_is_resumed(company, answers):
    _, told = answers
    connect(company)
    paused = company.call(shop("products/pause")).body
    assert (paused["status"]["paused"], paused["paused_at"] is None) == (True, False)
    customer_id = created(company)
    assert (told, status(company)["backlog"]) == ([], 1)
    resumed = company.call(shop("products/resume")).body
    assert (resumed["status"]["paused"], resumed["version"]) == (False, paused["version"] + 1)
    push(company)
    assert [event["data"]["customer_id"] for event in told] == [customer_id]


def test_a_new_product_is_told_the_customers_that_are_there(company, answers):
    _, told = answers
    event = shop("products/remove_product")
    company.call(with_header(event, "if-match", "*"))
    connect(company)
    assert [event["data"]["customer_id"] for event in told] == [CUSTOMER]
    assert status(company)["behind_since"] is None


def test_a_refused_customer_is_listed_as_a_failure(company, answers):
    waiting, _ = answers
    connect(company)
    waiting.append(Reply(422, {}))
    customer_id = created(company)
    page = company.call(shop("products/list_failures")).body
    (failure,) = page["items"]
    assert (failure["customer_id"], failure["reason"], failure["remote_ids"]) == (customer_id, "http-422", [])
    assert page["next_cursor"] is None
    company.call(shop("products/redrive"))
    push(company)
    assert company.call(shop("products/list_failures")).body["items"] == []


def test_failures_of_a_wrong_cursor_and_of_an_unknown_product(company):
    event = event_of("products/list_failures") | {"queryStringParameters": {"cursor": "x"}}
    company.refuses(event, 400, "cursor-invalid")
    unknown = event_of("products/list_failures") | {"pathParameters": {"product": "nobody"}}
    company.refuses(unknown, 404, "not-found")


@pytest.mark.parametrize("action", ["pause", "resume", "redrive", "rotate_product"])
def test_an_action_is_done_once_for_one_key_and_for_one_version(company, action):
    connect(company)
    company.refuses(with_header(shop(f"products/{action}"), "if-match", '"7"'), 412, "version-changed")
    once = with_header(shop(f"products/{action}"), "idempotency-key", "once")
    first, again = company.call(once).body, company.call(once).body
    assert first["version"] == again["version"]
    assert again.get("secret") is None
    unknown = event_of(f"products/{action}") | {"pathParameters": {"product": "nobody"}}
    company.refuses(unknown, 404, "not-found")


def test_two_secrets_sign_after_a_rotation(company, answers):
    connect(company)
    ssm = company.aws.client("ssm")

    def secrets():
        (parameter,) = ssm.get_parameters_by_path(Path=SECRETS, Recursive=True, WithDecryption=True)["Parameters"]
        return json.loads(parameter["Value"])["secrets"]

    (first,) = secrets()
    second = company.call(shop("products/rotate_product")).body["secret"]
    assert secrets() == [second, first]
    third = company.call(shop("products/rotate_product")).body["secret"]
    assert secrets() == [third, second]


@pytest.mark.parametrize(
    ("given", "wrong"),
    [
        ({"kind": "carrier-pigeon"}, ("/kind", "unknown-value")),
        ({"settings": {"speed": 1}}, ("/settings/speed", "unknown-field")),
        ({"url": None}, ("/url", "required")),
        ({"settings": []}, ("/settings", "object")),
    ],
)
def test_what_a_kind_does_not_know_is_refused(company, given, wrong):
    company.refuses(with_body("products/put_product", **given), 422, "invalid-input", wrong)


def test_the_key_of_a_removed_product_is_refused(company):
    """The samples' key is that of the newsletter, which may still connect itself again."""
    event = event_of("products/remove_product") | {"pathParameters": {"product": "newsletter"}}
    company.call(with_header(event, "if-match", "*"))
    company.refuses(event_of("customers/get"), 403, "product-removed")
    company.refuses(event_of("customers/create"), 403, "product-removed")
    company.call(event_of("products/put_product") | {"pathParameters": {"product": "newsletter"}})
    assert company.call(event_of("customers/get")).status == 200


def test_products_are_listed_with_how_it_goes(company):
    items = company.call(event_of("products/list_products")).body["items"]
    assert [(item["product"], item["status"]["backlog"]) for item in items] == [("newsletter", 0), ("shop", 0)]
