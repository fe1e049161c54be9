"""POST /webhooks/{source}: signed events of the ERP are kept in the queue and acknowledged."""

import json

import pytest

from customer_center.webhooks.receive_event import MAX_EVENT_BYTES
from tests.builders.webhooks import OTHER_SECRET
from tests.integration.aws import Context, event_of
from tests.integration.functions.requests_of_samples import signed_webhook, with_header
from tests.integration.functions.stage import Reply, assert_documented, assert_problem
from tests.integration.population import SAMPLES

WEBHOOKS = [path for path in SAMPLES if path.startswith("customer_webhook/")]


@pytest.mark.parametrize("path", WEBHOOKS)
def test_an_event_of_the_erp_is_kept_and_acknowledged(stage, path):
    event = signed_webhook(path)
    reply = stage.call(event)
    assert (reply.status, reply.body) == (202, {"status": "accepted", "webhook_id": event["headers"]["webhook-id"]})
    (message,) = stage.aws.messages("CustomerSyncQueue")
    expected = json.loads(event_of(path.replace("customer_webhook", "customer_sync"))["Records"][0]["body"])
    assert {**message, "received_at": ""} == {**expected, "received_at": ""}
    assert stage.aws.items() == {}


def test_a_byte_order_mark_before_an_event_is_ignored(stage):
    event = signed_webhook(WEBHOOKS[0], body="\ufeff" + event_of(WEBHOOKS[0])["body"])
    assert stage.call(event).status == 202


UNSIGNED = {
    "as-recorded": lambda: event_of(WEBHOOKS[0]),
    "no-signature": lambda: signed_webhook(WEBHOOKS[0], webhook_signature=""),
    "no-comma": lambda: signed_webhook(WEBHOOKS[0], webhook_signature="v1"),
    "no-base64": lambda: signed_webhook(WEBHOOKS[0], webhook_signature="v1,%%%"),
    "not-ascii": lambda: signed_webhook(WEBHOOKS[0], webhook_signature="v1,äöü"),
    "half-a-character": lambda: signed_webhook(WEBHOOKS[0], webhook_signature="v1,\ud800"),
    "no-time": lambda: signed_webhook(WEBHOOKS[0], webhook_timestamp="now"),
    "another-id": lambda: signed_webhook(WEBHOOKS[0], webhook_id="msg_other"),
    "another-secret": lambda: signed_webhook(WEBHOOKS[0], secrets=[OTHER_SECRET]),
    "another-body": lambda: signed_webhook(WEBHOOKS[0]) | {"body": "{}"},
    "no-body": lambda: signed_webhook(WEBHOOKS[0]) | {"body": None},
    "another-source": lambda: _with_source(signed_webhook(WEBHOOKS[0]), "elsewhere"),
    "a-persons-token": lambda: with_header(event_of(WEBHOOKS[0]), "authorization", "Bearer eyJhbGciOiJub25lIn0.e30."),
}


def _with_source(event, source):
    return event | {"rawPath": f"/webhooks/{source}", "pathParameters": {"source": source}}


def test_whoever_does_not_sign_gets_one_and_the_same_answer(stage):
    replies = {name: stage.call(make()) for name, make in UNSIGNED.items()}
    assert_problem(replies["as-recorded"], event_of(WEBHOOKS[0]), 401, "signature-invalid")
    assert {(reply.status, reply.text, str(reply.headers)) for reply in replies.values()} == {
        (401, replies["as-recorded"].text, str(replies["as-recorded"].headers))
    }
    assert stage.aws.messages("CustomerSyncQueue") == []


@pytest.mark.parametrize(
    ("body", "status", "code", "errors"),
    [
        ("{", 400, "json-invalid", []),
        ("[]", 422, "invalid-input", [("", "object")]),
        (
            {"type": "customer.exploded", "timestamp": "x", "data": {}},
            422,
            "event-type-unknown",
            [("/type", "unknown-value")],
        ),
        (
            {"type": "contact.deleted", "timestamp": "yesterday", "data": {"contact_number": 1, "more": 1}},
            422,
            "invalid-input",
            [
                ("/timestamp", "moment"),
                ("/data/customer_number", "required"),
                ("/data/contact_number", "text"),
                ("/data/more", "unknown-field"),
            ],
        ),
        (" " * (MAX_EVENT_BYTES + 1), 413, "body-too-large", []),
    ],
    ids=["half", "list", "unknown-type", "many", "too-large"],
)
def test_a_sender_we_know_is_told_what_is_wrong_with_an_event(stage, body, status, code, errors):
    event = signed_webhook(WEBHOOKS[0], body=body)
    assert_problem(stage.call(event), event, status, code, *errors)
    assert stage.aws.messages("CustomerSyncQueue") == []


def test_an_event_that_could_not_be_kept_is_to_be_sent_again(stage, monkeypatch):
    event = signed_webhook(WEBHOOKS[0])
    _, handler = stage.sandboxes.start("CustomerWebhookFunction")
    monkeypatch.setenv("CUSTOMER_SYNC_QUEUE_URL", stage.aws.physical("CustomerSyncQueue") + "-gone")
    answer = handler(event, Context("CustomerWebhookFunction"))
    reply = Reply(answer["statusCode"], answer["headers"], answer["body"])
    assert_documented(event["routeKey"], reply)
    assert_problem(reply, event, 503, "queue-unavailable")
    assert reply.headers["Retry-After"] == "30"
