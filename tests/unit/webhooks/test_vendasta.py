"""Webhooks of Vendasta: which tokens are genuine, and what their events say in our words."""

import hashlib
import json
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customer_center.platform.config import ConfigurationError
from customer_center.platform.errors import InvalidInput, Unauthorized
from customer_center.platform.stamps import iso_nanoseconds
from customer_center.webhooks.customer_events import customer_event
from customer_center.webhooks.delivery import Delivery
from customer_center.webhooks.formats.vendasta import VENDASTA, permission
from customer_center.webhooks.model import Source
from customer_center.webhooks.receive_event import receive_event
from tests.builders.rs256 import pem, private_key, signed_parts
from tests.builders.vendasta import CLAIM, CONTACT, CREATE, DELETE, GROUP, ISSUER, UPDATE, UPDATED, claims, webhook
from tests.fakes.clock import NOON
from tests.fakes.webhooks import FakeEventQueue

SETTINGS = {"accounts": {GROUP: "acc_1"}, "issuers": [ISSUER], "leeway_seconds": 300}
OUR_ID = "cus_01kajx4m2r8t6v0w5y9b3d7fc1"


@pytest.fixture
def queue():
    return FakeEventQueue()


@pytest.fixture
def counted(monkeypatch):
    """The metrics that were counted, by name."""
    names = []
    monkeypatch.setattr("customer_center.webhooks.receive_event.count", names.append)
    return names


def receive(queue, body, *, keys=(), now=NOON, **settings):
    source = Source("src_1", "vendasta", "/keys", "acc_0", "vendasta", {**SETTINGS, **settings})
    secret = {"secrets": list(keys) or [pem(private_key("vendasta"))]}
    return receive_event(
        "src_1",
        {},
        body,
        source_of={"src_1": source}.get,
        keys=lambda source, scheme: scheme.keys(secret),
        tolerance=0,
        queue=queue,
        now=now,
    )


def received(event, **settings):
    """Return the delivery of an event that was accepted."""
    queue = FakeEventQueue()
    receive(queue, webhook(event, NOON), **settings)
    return Delivery.from_message(queue.messages[0])


def data_of(event):
    return received(event).event.data


# Which tokens are genuine


def test_a_genuine_event_is_queued_for_the_account_of_its_account_group(queue):
    webhook_id = receive(queue, webhook(UPDATE, NOON))
    delivery = Delivery.from_message(queue.messages[0])
    assert (delivery.source, delivery.product, delivery.account) == ("src_1", "vendasta", "acc_1")
    assert (delivery.webhook_id, delivery.event.type) == (webhook_id, "customer.updated")


def test_keys_are_rotated_by_listing_both(queue):
    both = [pem(private_key("other")), pem(private_key("vendasta"))]
    assert receive(queue, webhook(UPDATE, NOON), keys=both)
    with pytest.raises(Unauthorized):
        receive(queue, webhook(UPDATE, NOON), keys=both[:1])


@pytest.mark.parametrize(
    "changed",
    [
        {"iss": "Vendasta Marketplace Test"},
        {"iss": "vendasta marketplace"},
        {"iss": ["Vendasta Marketplace"]},
        {"iss": {}},
        {"iss": None},
        {"exp": None},
        {"exp": "1795514460"},
        {"exp": True},
        {"exp": -1},
        {"exp": float("inf")},
        {"exp": float("nan")},
        {"exp": 10**400},
        {"nbf": int(NOON.timestamp()) + 301},
    ],
    ids=str,
)
def test_another_issuer_or_no_end_is_refused_although_the_signature_is_good(queue, counted, changed):
    body = signed_parts({"alg": "RS256"}, claims(UPDATE, NOON, **changed), private_key("vendasta"))
    with pytest.raises(Unauthorized) as refused:
        receive(queue, body)
    assert (refused.value.code, queue.messages, counted) == ("signature-invalid", [], [])


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"1", b"\xff", b"[" * 20_000], ids=repr)
def test_claims_that_are_no_object_are_refused(queue, content):
    with pytest.raises(Unauthorized):
        receive(queue, signed_parts({"alg": "RS256"}, content, private_key("vendasta")))


def test_the_issuers_are_a_setting(queue):
    test_tool = webhook(UPDATE, NOON, iss="Vendasta Marketplace Test")
    assert receive(queue, test_tool, issuers=[ISSUER, "Vendasta Marketplace Test"])


def test_some_writers_of_json_write_times_as_fractions(queue):
    assert receive(queue, webhook(UPDATE, NOON, exp=NOON.timestamp() + 60.5))


@pytest.mark.parametrize(
    ("age", "leeway", "accepted"),
    [(0, 0, True), (59, 0, True), (60, 0, False), (61, 300, True), (359, 300, True), (360, 300, False)],
)
def test_a_genuine_event_that_is_late_is_refused_counted_and_logged(queue, counted, age, leeway, accepted):
    """The first retry comes a minute after the first attempt, whose token ends after a minute."""
    body = webhook(UPDATE, NOON - timedelta(seconds=age))
    if accepted:
        receive(queue, body, leeway_seconds=leeway)
        assert (len(queue.messages), counted) == (1, [])
        return
    with pytest.raises(Unauthorized) as refused:
        receive(queue, body, leeway_seconds=leeway)
    assert (refused.value.code, queue.messages) == ("signature-invalid", [])
    assert counted == ["ExpiredWebhooks"]


def test_a_forged_event_that_is_late_is_not_counted(queue, counted):
    late = webhook(UPDATE, NOON - timedelta(days=1))
    with pytest.raises(Unauthorized):
        receive(queue, late[:-4] + b"AAAA")
    assert counted == []


def test_what_is_no_key_is_a_wrong_configuration(queue):
    with pytest.raises(ConfigurationError, match="public key"):
        receive(queue, webhook(UPDATE, NOON), keys=["whsec_AAAA"])


# The id of an event


def test_a_repeat_has_the_same_id_also_if_it_is_signed_anew():
    first = received(UPDATE).webhook_id
    queue = FakeEventQueue()
    assert receive(queue, webhook(UPDATE, NOON - timedelta(seconds=200))) == first
    assert receive(queue, webhook({**UPDATE, "author": "another"}, NOON)) == first


@pytest.mark.parametrize(
    "changed",
    [
        {"contact_id": "CON-2"},
        {"account_group_id": "AG-2"},
        {"updated": UPDATED.replace("789Z", "788Z")},
        {"action": "create"},
    ],
    ids=str,
)
def test_another_event_has_another_id(changed):
    settings = {"accounts": {GROUP: "acc_1", "AG-2": "acc_2"}}
    assert received({**UPDATE, **changed}, **settings).webhook_id != received(UPDATE).webhook_id


def test_the_parts_of_an_id_cannot_run_into_each_other():
    settings = {"accounts": {"A": "1", "AB": "1"}}
    ids = [
        received({**UPDATE, "account_group_id": group, "contact_id": contact}, **settings).webhook_id
        for group, contact in (("A", "BC"), ("AB", "C"))
    ]
    assert ids[0] != ids[1]
    assert all(len(webhook_id) == len(hashlib.sha256().hexdigest()) for webhook_id in ids)


# What an event says


def test_vendastas_id_is_the_products_own_and_the_vendors_is_ours():
    """The older documentation calls both "Vendasta assigned"; the vendor is us."""
    assert data_of(CREATE)["external_id"] == CONTACT
    for name in ("vendor_contact_id", "vendor_customer_id"):
        data = data_of({**UPDATE, name: OUR_ID})
        assert (data["external_id"], data["customer_id"]) == (CONTACT, OUR_ID)


@pytest.mark.parametrize("other", [CONTACT, "", None, 17, "cus_1", "their-own-17"])
def test_a_vendors_id_that_is_not_ours_is_left_out(other):
    assert "customer_id" not in data_of({**UPDATE, "vendor_contact_id": other})
    assert data_of({**UPDATE, "vendor_contact_id": other, "vendor_customer_id": OUR_ID})["customer_id"] == OUR_ID


@pytest.mark.parametrize(
    ("phone", "phones"),
    [
        (None, []),
        ("", []),
        (" ", []),
        ("1234567890", ["1234567890"]),
        ([], []),
        (["+13066525464", "", None, "+13065555555"], ["+13066525464", "+13065555555"]),
    ],
)
def test_phones_are_one_text_a_list_or_null(phone, phones):
    for event in (CREATE, UPDATE):
        assert data_of({**event, "phone": phone})["phones"] == phones


def test_emails_are_a_list_too():
    assert data_of(CREATE)["emails"] == ["anna@blum.example"]
    assert data_of({**CREATE, "email": None})["emails"] == []
    assert data_of({**CREATE, "email": "anna@blum.example"})["emails"] == ["anna@blum.example"]


def test_what_is_absent_says_nothing_and_what_is_empty_says_there_is_none():
    without = {name: value for name, value in CREATE.items() if name not in {"phone", "last_name", "address", "city"}}
    data = data_of(without)
    assert not {"phones", "last_name", "permission_to_contact"} & data.keys()
    assert data["visit_address"] == {"state": "SK", "country": "CA"}
    event = customer_event(received({**UPDATE, "last_name": ""}), "shop")
    assert (event.values["last_name"], event.values["visit_address"], event.values["phones"]) == (None, None, None)


def test_an_event_without_an_address_says_nothing_about_it():
    without = {name: value for name, value in CREATE.items() if name not in {"address", "city", "state", "country"}}
    assert "visit_address" not in data_of(without)


def test_the_words_of_the_customer_list_are_made_of_it():
    event = customer_event(received(CREATE), "shop")
    assert (event.account_id, event.product, event.kind) == ("acc_1", "vendasta", "customer.created")
    assert (event.own_id, event.customer_id) == (CONTACT, None)
    assert event.values == {
        "first_name": "Anna",
        "last_name": "Blum",
        "emails": ("anna@blum.example",),
        "phones": ("1234567890",),
        "visit_address": {"street": "1 Main Street", "city": "Saskatoon", "state": "SK", "country": "CA"},
    }


def test_deletion_names_the_customer_only():
    delivery = received({**DELETE, "vendor_contact_id": OUR_ID, "first_name": "Anna"})
    assert delivery.event.type == "customer.deleted"
    assert delivery.event.data == {"account_group_id": GROUP, "external_id": CONTACT}


@pytest.mark.parametrize(("event", "at"), [(CREATE, "created"), (UPDATE, "updated"), (DELETE, "deleted")])
def test_each_action_has_its_own_time_with_nine_digits(event, at):
    assert iso_nanoseconds(received(event).event.at_ns) == event[at].replace("Z", "+00:00")


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (True, {"permission_to_contact": True}),
        (False, {"permission_to_contact": False}),
        (None, {}),
        ("0001-01-01T00:00:00Z", {"permission_to_contact": False}),
        (UPDATED, {"permission_to_contact": True, "permission_to_contact_at": UPDATED}),
    ],
)
def test_consent_is_a_boolean_or_the_time_of_the_consent(value, said):
    assert permission(value) == said
    data = data_of({**UPDATE, "permission_to_contact": value})
    assert {name: value for name, value in data.items() if name.startswith("permission")} == said


# Bad events


@pytest.mark.parametrize(
    ("changed", "pointer", "code"),
    [
        ({"permission_to_contact": "yes"}, "/data/permission_to_contact", "boolean"),
        ({"permission_to_contact": 1}, "/data/permission_to_contact", "boolean"),
        ({"permission_to_contact": "2026-11-24"}, "/data/permission_to_contact", "boolean"),
        ({"updated": "0001-01-01T00:00:00Z"}, "/timestamp", "moment"),
        ({"updated": None}, "/timestamp", "moment"),
        ({"updated": "yesterday"}, "/timestamp", "moment"),
        ({"updated": 1795514400}, "/timestamp", "moment"),
        ({"account_group_id": "AG-unknown"}, "/data/account_group_id", "unknown-value"),
        ({"account_group_id": None}, "/data/account_group_id", "text"),
        ({"account_group_id": ["AG"]}, "/data/account_group_id", "text"),
        ({"contact_id": ""}, "/data/external_id", "too-short"),
        ({"contact_id": {}}, "/data/external_id", "text"),
        ({"email": [1]}, "/data/emails/0", "text"),
        ({"email": {"a": 1}}, "/data/emails/0", "text"),
        ({"email": [f"{at}@x.example" for at in range(11)]}, "/data/emails", "too-long"),
        ({"phone": "1" * 41}, "/data/phones/0", "too-long"),
        ({"first_name": "1" * 101}, "/data/first_name", "too-long"),
        ({"city": "1" * 101}, "/data/visit_address/city", "too-long"),
        ({"city": 1}, "/data/visit_address/city", "text"),
    ],
    ids=str,
)
def test_a_bad_event_is_refused_as_a_whole_with_its_pointer(queue, changed, pointer, code):
    with pytest.raises(InvalidInput) as refused:
        receive(queue, webhook({**UPDATE, **changed}, NOON))
    assert [(wrong.pointer, wrong.code) for wrong in refused.value.errors] == [(pointer, code)]
    assert queue.messages == []


@pytest.mark.parametrize(
    "event",
    [
        {**UPDATE, "action": "merge"},
        {**UPDATE, "action": ["update"]},
        {**UPDATE, "action": None},
        {"action": "purchase", "webhook_id": "1", "app_id": "MP-1"},
        {name: value for name, value in UPDATE.items() if name != "contact_id"},
        {},
    ],
)
def test_other_webhooks_of_vendasta_are_unknown_events(queue, event):
    with pytest.raises(InvalidInput) as refused:
        receive(queue, webhook(event, NOON))
    assert refused.value.code == "event-type-unknown"


@pytest.mark.parametrize("event", [None, [], "create", 1])
def test_a_token_without_an_event_is_refused(queue, event):
    body = signed_parts({"alg": "RS256"}, {**claims({}, NOON), CLAIM: event}, private_key("vendasta"))
    with pytest.raises(InvalidInput):
        receive(queue, body)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)


@given(changed=st.dictionaries(st.sampled_from(sorted(UPDATE | CREATE | DELETE)), json_values, max_size=4))
def test_whatever_a_genuine_event_holds_it_is_queued_whole_or_refused(changed):
    queue = FakeEventQueue()
    body = signed_parts({"alg": "RS256"}, claims({**UPDATE, **changed}, NOON), private_key("vendasta"))
    try:
        receive(queue, body)
    except InvalidInput:
        assert queue.messages == []
        return
    delivery = Delivery.from_message(queue.messages[0])
    assert delivery.message() == queue.messages[0]
    assert json.loads(queue.messages[0])["format"] == VENDASTA.name
