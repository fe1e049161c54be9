"""Webhooks of Vendasta through the real entry points: /webhook-sources, POST /webhooks/{source}, and customer_sync."""

import base64
import hmac
import json
from datetime import UTC, datetime, timedelta
from itertools import permutations

import jwt
import pytest

from customer_center.customers import follow_erasure
from local.simulators.vendasta.customer_list import CustomerLists
from local.simulators.vendasta.tokens import App
from local.simulators.vendasta.webhooks import Webhooks, payload
from tests.builders.rs256 import base64url, pem, private_key, signed_parts, signed_raw, token
from tests.builders.vendasta import CLAIM, CONTACT, CREATE, DELETE, GROUP, UPDATE, claims, webhook
from tests.integration.aws import Context, event_of
from tests.integration.functions.requests_of_samples import with_body
from tests.integration.functions.stage import Reply, assert_documented, assert_problem, queue_event
from tests.integration.population import ACCOUNT, CUSTOMER

KEY = pem(private_key("vendasta"))
SETTINGS = {"public_keys": [KEY], "accounts": {GROUP: ACCOUNT}}


def adding(**changed):
    return with_body("products/add_source", product="vendasta", format="vendasta", vendasta={**SETTINGS, **changed})


@pytest.fixture(autouse=True)
def _keys(company):
    """moto's memory of SSM outlives a test."""
    ssm = company.aws.client("ssm")
    path = {"Path": "/customer-center/test/customer-list", "Recursive": True}
    before = {each["Name"] for each in ssm.get_parameters_by_path(**path)["Parameters"]}
    yield
    for each in ssm.get_parameters_by_path(**path)["Parameters"]:
        if each["Name"] not in before:
            ssm.delete_parameter(Name=each["Name"])


@pytest.fixture
def source(company):
    """The id of a source of Vendasta."""
    return company.call(adding()).body["source"]["source_id"]


def now():
    return datetime.now(UTC)


def posted(source, body, *, encoded=False):
    """Return the gateway's event of a webhook."""
    event = event_of("customer_webhook/customer_updated")
    event["pathParameters"] = {"source": source}
    event["headers"] = {name: text for name, text in event["headers"].items() if not name.startswith("webhook-")}
    event["headers"]["content-type"] = "text/plain"
    event["body"] = base64.b64encode(body).decode() if encoded else body.decode()
    event["isBase64Encoded"] = encoded
    return event


def send(company, source, event, at=None, **changed):
    return company.call(posted(source, webhook(event, at or now(), **changed)))


def applied(company):
    """Apply what is in the queue; return the ids of the events."""
    messages = company.aws.messages("CustomerSyncQueue")
    assert company.run("CustomerSyncFunction", queue_event("customer_sync/customer_updated", *messages)) == {
        "batchItemFailures": []
    }
    return [message["webhook_id"] for message in messages]


def sent_and_applied(company, source, *events):
    for event in events:
        assert send(company, source, event).status == 202
    return applied(company)


def customer_of(company, contact_id=CONTACT):
    """Return the customer that Vendasta calls so, as the API shows it; None without one."""
    item = company.aws.items("CustomersTable").get(
        ("CustomersTable", f"external#{ACCOUNT}#vendasta#{contact_id}", "external")
    )
    if item is None or "customer_id" not in item:
        return None
    event = event_of("customers/get")
    event["pathParameters"] = {"customer_id": item["customer_id"]["S"]}
    return company.call(event)


# Sources


def test_a_source_of_vendasta_has_its_keys_from_vendasta(company):
    reply = company.call(adding(issuers=["Vendasta Marketplace Test"], leeway_seconds=0))
    assert (reply.status, reply.body["secret"]) == (201, None)
    source = reply.body["source"]
    assert (source["format"], source["product"]) == ("vendasta", "vendasta")
    assert source["vendasta"] == {
        "accounts": {GROUP: ACCOUNT},
        "issuers": ["Vendasta Marketplace Test"],
        "leeway_seconds": 0,
    }
    (hint,) = source["secret_hints"]
    assert len(hint) == 8
    shown = event_of("products/get_source")
    shown["pathParameters"] = {"source_id": source["source_id"]}
    assert company.call(shown).body == source


@pytest.mark.parametrize(
    ("changed", "wrong"),
    [
        ({"public_keys": []}, ("/vendasta/public_keys", "too-short")),
        ({"public_keys": [KEY] * 5}, ("/vendasta/public_keys", "too-long")),
        ({"public_keys": ["whsec_AAAA"]}, ("/vendasta/public_keys/0", "public-key")),
        ({"public_keys": [pem(private_key("short", 1024))]}, ("/vendasta/public_keys/0", "public-key")),
        ({"accounts": {}}, ("/vendasta/accounts", "too-short")),
        ({"issuers": []}, ("/vendasta/issuers", "too-short")),
        ({"leeway_seconds": -1}, ("/vendasta/leeway_seconds", "out-of-range")),
        ({"leeway_seconds": 604801}, ("/vendasta/leeway_seconds", "out-of-range")),
        ({"secret": "x"}, ("/vendasta/secret", "unknown-field")),
    ],
)
def test_bad_settings_are_told_where_they_are(company, changed, wrong):
    company.refuses(adding(**changed), 422, "invalid-input", wrong)


def test_settings_and_format_belong_together(company):
    missing = with_body("products/add_source", format="vendasta")
    company.refuses(missing, 422, "invalid-input", ("/vendasta", "required"))
    unused = adding() | {}
    unused["body"] = json.dumps({**json.loads(unused["body"]), "unknown_fields": "note"})
    company.refuses(unused, 422, "invalid-input", ("/unknown_fields", "unknown-field"))
    needless = with_body("products/add_source", vendasta=SETTINGS)
    company.refuses(needless, 422, "invalid-input", ("/vendasta", "unknown-field"))


def test_events_may_only_be_about_accounts_of_the_key(company):
    company.refuses(adding(accounts={GROUP: ACCOUNT, "AG-2": "AG-2"}), 404, "not-found")


def test_there_is_no_secret_of_ours_to_rotate(company, source):
    event = event_of("products/rotate_source")
    event["pathParameters"] = {"source_id": source}
    company.refuses(event, 404, "not-found")


# What is accepted


def test_what_vendasta_creates_is_created_and_what_it_updates_is_updated(company, source):
    assert len(sent_and_applied(company, source, CREATE)) == 1
    body = customer_of(company).body
    assert (body["last_name"], body["phones"], body["account_id"]) == ("Blum", ["1234567890"], ACCOUNT)
    sent_and_applied(company, source, UPDATE)
    body = customer_of(company).body
    assert (body["last_name"], body["phones"], body["visit_address"]) == ("Rot", [], None)


@pytest.mark.parametrize("encoded", [False, True], ids=["text", "Base64 by the gateway"])
@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n"])
def test_the_body_is_the_token_as_text(company, source, encoded, end):
    reply = company.call(posted(source, webhook(CREATE, now()) + end, encoded=encoded))
    assert reply.status == 202
    (message,) = company.aws.messages("CustomerSyncQueue")
    assert (message["webhook_id"], message["account"]) == (reply.body["webhook_id"], ACCOUNT)


@pytest.mark.parametrize("name", ["vendor_contact_id", "vendor_customer_id"])
def test_an_event_with_our_id_associates_vendastas_id_with_our_customer(company, source, name):
    sent_and_applied(company, source, {**UPDATE, name: CUSTOMER})
    assert customer_of(company).body["customer_id"] == CUSTOMER


@pytest.mark.parametrize("phone", [None, "", "+13066525464", ["+13066525464", "+13065555555"]])
def test_phones_are_read_in_every_shape(company, source, phone):
    sent_and_applied(company, source, {**UPDATE, "phone": phone})
    expected = phone if isinstance(phone, list) else [phone] if phone else []
    assert customer_of(company).body["phones"] == expected


@pytest.mark.parametrize(("value", "said"), [("0001-01-01T00:00:00Z", False), (False, False), (True, True)])
def test_consent_reaches_the_queue_as_it_was_meant(company, source, value, said):
    assert send(company, source, {**UPDATE, "permission_to_contact": value}).status == 202
    (message,) = company.aws.messages("CustomerSyncQueue")
    assert message["event"]["data"]["permission_to_contact"] is said


def test_of_two_updates_within_a_microsecond_the_later_one_is_shown(company, source):
    later = {**UPDATE, "last_name": "Later", "updated": "2026-11-24T10:15:20.123456790Z"}
    sent_and_applied(company, source, later, UPDATE)
    assert customer_of(company).body["last_name"] == "Later"


@pytest.mark.parametrize("order", list(permutations(["create", "update", "delete"])), ids="-".join)
def test_events_may_come_in_any_order(company, source, order):
    """A deletion is kept also if it comes first: the creation before it is not somebody new."""
    events = {"create": CREATE, "update": UPDATE, "delete": DELETE}
    sent_and_applied(company, source, *(events[action] for action in order))
    customer = customer_of(company)
    assert customer is None if order[0] == "delete" else customer.status == 404


def test_a_repeat_changes_nothing_also_if_it_was_signed_anew(company, source):
    first = sent_and_applied(company, source, CREATE)
    before = company.records()
    same = webhook(CREATE, now())
    for body in (same, same, webhook(CREATE, now() - timedelta(seconds=50))):
        assert company.call(posted(source, body)).body["webhook_id"] == first[0]
    assert applied(company) == first * 3
    assert company.records() == before


@pytest.mark.parametrize("late", [UPDATE, CREATE, DELETE], ids=["update", "create", "delete"])
def test_a_late_event_does_not_bring_an_erased_person_back(company, source, monkeypatch, late):
    """Whether what is kept of the person is cleared already or not."""
    sent_and_applied(company, source, CREATE)
    customer_id = customer_of(company).body["customer_id"]
    erase = with_body("customers/erase", include=[])
    erase["pathParameters"] = {"customer_id": customer_id}
    assert company.call(erase).status == 202
    listed = company.call(event_of("customers/list")).body
    sent_and_applied(company, source, {**late, "first_name": "Late"})
    assert company.call(event_of("customers/list")).body == listed
    monkeypatch.setattr(follow_erasure, "SETTLED_AFTER", timedelta())
    erased = json.loads(event_of("customer_follow_up/customer_erased")["Records"][0]["body"])
    erased["data"]["customer_id"] = customer_id
    cleared = company.run("CustomerFollowUpFunction", queue_event("customer_follow_up/customer_erased", erased))
    assert cleared == {"batchItemFailures": []}
    sent_and_applied(company, source, {**late, "first_name": "Later", "updated": now().isoformat()})
    assert company.call(event_of("customers/list")).body == listed
    assert customer_of(company) is None
    assert "Late" not in str(company.aws.items("CustomersTable"))


def test_a_full_update_reverts_nothing_that_others_changed_and_an_echo_ends(company, source):
    """Vendasta sends whole customers, without postal codes, and null for what it does not have."""
    sent_and_applied(company, source, {**CREATE, "phone": ""})
    customer_id = customer_of(company).body["customer_id"]
    edit = with_body(
        "customers/edit", phones=["+13066525464"], visit_address={"postal_code": "S7K 1J5"}, last_name="Rot"
    )
    edit["pathParameters"] = {"customer_id": customer_id}
    edit["headers"]["if-match"] = "*"
    edited = company.call(edit).body
    whole = {**CREATE, "action": "update", "phone": None, "updated": (now() + timedelta(seconds=5)).isoformat()}
    sent_and_applied(company, source, {**whole, "first_name": "Annabel"})
    body = customer_of(company).body
    assert body["first_name"] == "Annabel"
    for name in ("phones", "visit_address", "last_name", "emails"):
        assert body[name] == edited[name]
    sent_and_applied(company, source, {**whole, "first_name": "Annabel", "updated": now().isoformat()})
    assert customer_of(company).body == body


def test_the_keys_of_both_times_are_good_while_vendasta_changes_them(company):
    keys = [KEY, pem(private_key("other"))]
    source = company.call(adding(public_keys=keys)).body["source"]["source_id"]
    assert send(company, source, CREATE).status == 202
    other = token(claims(UPDATE, now()), private_key("other"))
    assert company.call(posted(source, other)).status == 202


# What is refused


def hs256(secret):
    head = base64url(b'{"alg":"HS256","typ":"JWT"}') + b"." + base64url(json.dumps(claims(CREATE, now())).encode())
    return head + b"." + base64url(hmac.digest(secret, head, "sha256"))


def with_signature(change):
    message, _, signature = webhook(CREATE, now()).rpartition(b".")
    return message + b"." + change(base64.urlsafe_b64decode(signature + b"=="))


def forgeries():
    good = webhook(CREATE, now())
    message, _, signature = good.rpartition(b".")
    key = private_key("vendasta")
    short_padding = b"\x00\x01\xff\xff\x00" + b"x" * 251
    return {
        "none": jwt.encode(claims(CREATE, now()), None, "none").encode(),
        "no-signature": message + b".",
        "hs256-with-the-public-key": hs256(KEY.encode()),
        "hs256-with-the-stripped-key": hs256(KEY.strip().encode()),
        "rs512": jwt.encode(claims(CREATE, now()), key, "RS512").encode(),
        "ps256": jwt.encode(claims(CREATE, now()), key, "PS256").encode(),
        "none-in-a-signed-header": signed_parts({"alg": "none"}, claims(CREATE, now()), key),
        "another-key": token(claims(CREATE, now()), private_key("other")),
        "another-payload": good.replace(good.split(b".")[1], base64url(json.dumps(claims(UPDATE, now())).encode())),
        "longer": with_signature(lambda raw: base64url(b"\x00" + raw)),
        "shorter": with_signature(lambda raw: base64url(raw[1:])),
        "empty": with_signature(lambda raw: b""),
        "standard-base64": with_signature(base64.b64encode),
        "one": with_signature(lambda raw: base64url((1).to_bytes(256))),
        "bad-padding": message + b"." + base64url(signed_raw(message, short_padding, key)),
        "two-tokens": good + b"\n" + good,
        "quoted": b'"' + good + b'"',
        "two-parts": good.split(b".", 1)[1],
        "nothing": b"",
        "json": json.dumps(CREATE).encode(),
        "not-ascii": "ä.ö.ü".encode(),
        "large": b"A" * 60_000 + b".A." + signature,
        "wrong-issuer": webhook(CREATE, now(), iss="Somebody"),
        "test-tool": webhook(CREATE, now(), iss="Vendasta Marketplace Test"),
        "no-issuer": webhook(CREATE, now(), iss=None),
        "no-end": webhook(CREATE, now(), exp=None),
        "expired": webhook(CREATE, now() - timedelta(hours=2)),
        "deep-claims": signed_parts({"alg": "RS256"}, b"[" * 20_000, key),
    }


def test_every_token_that_is_not_genuine_gets_one_and_the_same_answer(company, source):
    replies = {name: company.call(posted(source, body)) for name, body in forgeries().items()}
    assert_problem(replies["none"], posted(source, b""), 401, "signature-invalid")
    answers = {(reply.status, reply.text, str(reply.headers)) for reply in replies.values()}
    assert answers == {(401, replies["none"].text, str(replies["none"].headers))}
    assert company.aws.messages("CustomerSyncQueue") == []


def test_headers_of_standard_webhooks_do_not_matter(company, source):
    event = posted(source, webhook(CREATE, now()))
    event["headers"]["webhook-signature"] = "v1"
    assert company.call(event).status == 202


def test_a_late_event_is_counted_and_logged_without_personal_data(company, source, capsys):
    assert send(company, source, UPDATE, now() - timedelta(hours=2)).status == 401
    assert '"ExpiredWebhooks": 1' in capsys.readouterr().out
    log = company.sandboxes.log.getvalue()
    assert source in log
    assert "Anna" not in log
    assert "anna@" not in log


def test_a_source_may_wait_longer_for_late_events(company):
    source = company.call(adding(leeway_seconds=86400)).body["source"]["source_id"]
    assert send(company, source, UPDATE, now() - timedelta(hours=2)).status == 202


@pytest.mark.parametrize(
    ("changed", "wrong"),
    [
        ({"account_group_id": "AG-foreign"}, ("/data/account_group_id", "unknown-value")),
        ({"updated": "0001-01-01T00:00:00Z"}, ("/timestamp", "moment")),
        ({"permission_to_contact": "yes"}, ("/data/permission_to_contact", "boolean")),
        ({"email": ["a@x.example"] * 11}, ("/data/emails", "too-long")),
    ],
)
def test_a_genuine_event_that_is_bad_is_told_where(company, source, changed, wrong):
    event = posted(source, webhook({**UPDATE, **changed}, now()))
    company.refuses(event, 422, "invalid-input", wrong)
    assert company.aws.messages("CustomerSyncQueue") == []


def test_an_event_that_could_not_be_kept_is_to_be_sent_again(company, source, monkeypatch):
    event = posted(source, webhook(CREATE, now()))
    _, handler = company.sandboxes.start("CustomerWebhookFunction")
    monkeypatch.setenv("CUSTOMER_SYNC_QUEUE_URL", company.aws.physical("CustomerSyncQueue") + "-gone")
    answer = handler(event, Context("CustomerWebhookFunction"))
    reply = Reply(answer["statusCode"], answer["headers"], answer["body"])
    assert_documented(event["routeKey"], reply)
    assert_problem(reply, event, 503, "queue-unavailable")


# With the simulator as the sender


def test_the_simulators_events_are_understood(company, source):
    sender = Webhooks(private_key("vendasta"))
    app = App("MP-ours", KEY)
    bodies = []

    def changed(action, record, author):
        bodies.append(sender.signed(payload(action, record, app, sender.settings, author)).encode())

    lists = CustomerLists(changed)
    wish = {"account_id": GROUP, "first_name": "Anna", "last_name": "Blum", "email": ["anna@blum.example"]}
    record = lists.change("create", {**wish, "phone": ["+13066525464"]})
    lists.change("update", {"customer_id": record.customer_id, "last_name": "Rot", "phone": []})
    for body in bodies:
        assert company.call(posted(source, body)).status == 202
    applied(company)
    body = customer_of(company, record.customer_id).body
    assert (body["last_name"], body["phones"], body["emails"]) == ("Rot", [], ["anna@blum.example"])
    lists.change("delete", {"customer_id": record.customer_id})
    assert jwt.decode(bodies[-1], KEY, ["RS256"])[CLAIM]["action"] == "delete"
    assert company.call(posted(source, bodies[-1])).status == 202
    applied(company)
    assert customer_of(company, record.customer_id).status == 404
