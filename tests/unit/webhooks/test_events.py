"""The events of an ERP, and the problems reported for invalid ones."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customer_center.companies.erp_values import read_number
from customer_center.platform.errors import InvalidInput, MalformedRequest
from customer_center.platform.stamps import nanoseconds
from customer_center.webhooks.delivery import Delivery
from customer_center.webhooks.events import Event
from customer_center.webhooks.formats.erp import ERP
from tests.fakes.clock import NOON
from tests.texts import ALL_TEXTS

TEN = datetime(2026, 11, 24, 10, tzinfo=UTC)
CUSTOMER = {
    "customer_number": "10000",
    "customer_center": True,
    "customer_center_main_contact_email": "max.mustermann@musterhandel.example",
    "customer_posting_group": "INLAND",
    "blocked": False,
}
CONTACT = {
    "customer_number": "10000",
    "contact_number": "KT010001",
    "name": "Max Mustermann",
    "telephone": "+49 30 1234",
    "telefax": None,
    "email": "max.mustermann@musterhandel.example",
    "language_code": "DEU",
}
DATA = {
    "customer.updated": CUSTOMER,
    "contact.updated": CONTACT,
    "contact.deleted": {"customer_number": "10000", "contact_number": "KT010001"},
    "customer.renumbered": {"customer_number": "10000", "new_customer_number": "20000"},
    "customer.created": {
        "customer_number": "10000",
        "organisation": "Musterhandel GmbH",
        "emails": ["info@musterhandel.example"],
        "visit_address": {"city": "Berlin", "state": None},
    },
    "customer.deleted": {"customer_number": "10000"},
}
GONE = object()


def payload(kind="customer.updated", /, **data):
    changed = {name: value for name, value in (DATA[kind] | data).items() if value is not GONE}
    return {"type": kind, "timestamp": "2026-11-24T10:00:00Z", "data": changed}


def refusal(given):
    with pytest.raises(InvalidInput) as refused:
        ERP.event(given)
    assert all(wrong.code in ALL_TEXTS.fields for wrong in refused.value.errors)
    return {wrong.pointer: wrong.code for wrong in refused.value.errors}


@pytest.mark.parametrize("kind", DATA)
def test_every_type_of_event_is_read(kind):
    event = ERP.event(payload(kind))
    assert (event.type, event.at_ns, event.data) == (kind, nanoseconds(TEN), DATA[kind])


@pytest.mark.parametrize("around", [" ", "\u200e", "\ufeff", "\t"])
def test_type_and_time_are_read_like_all_other_texts(around):
    event = ERP.event(payload() | {"type": f"customer.updated{around}", "timestamp": f"{around}2026-11-24t10:00:00z"})
    assert (event.type, event.at_ns) == ("customer.updated", nanoseconds(TEN))


def test_there_is_an_example_of_every_type():
    assert DATA.keys() == ERP.events.keys()


def test_what_is_left_out_is_not_there_and_what_is_null_is_none():
    event = ERP.event(payload("contact.updated", telephone=GONE, email=None))
    assert "telephone" not in event.data
    assert event.data["email"] is None


def test_an_erp_writes_nothing_as_empty_text_and_puts_blanks_around():
    event = ERP.event(payload("contact.updated", email=" ", name="  Max Mustermann "))
    assert event.data["email"] is None
    assert event.data["name"] == "Max Mustermann"


@pytest.mark.parametrize("on", [True, 1, 1.0, "1", " TRUE ", "Yes", "ja", "X"])
@pytest.mark.parametrize("off", [False, 0, 0.0, "0", "false", " No", "nein", "_blank_", "", " ", None])
def test_flags_are_read_in_every_known_spelling(on, off):
    """The answer to SelectCustomer reads the same spellings in the same way, "no value" included."""
    event = ERP.event(payload(customer_center=on, blocked=off))
    assert (event.data["customer_center"], event.data["blocked"]) == (True, False)
    event = ERP.event(payload(customer_center=off, blocked=on))
    assert (event.data["customer_center"], event.data["blocked"]) == (False, True)


@pytest.mark.parametrize("held", ["All", "ship", "Invoice"])
def test_a_customer_may_be_on_hold_in_words(held):
    assert ERP.event(payload(blocked=held)).data["blocked"] is True


def test_a_text_is_cleaned_and_not_refused():
    """A telephone with U+202D came from SelectContact and was refused by webhook, with its whole event."""
    event = ERP.event(
        payload("contact.updated", telephone="\u202d+49 30\u202c", name="Ma\x1fx\tMuster", contact_number="KT\u200e1 ")
    )
    assert event.data["telephone"] == "+49 30"
    assert event.data["name"] == "Max Muster"
    assert event.data["contact_number"] == "KT1"


@pytest.mark.parametrize("number", ["KT\u200d1", "KT\u200c1", "KT\ufe0f1", "\uff2b\uff34\uff11"])
def test_a_number_is_read_as_in_an_answer_of_the_erp(number):
    """Two doors, one rule (docs/specification.md, 6.64)."""
    event = ERP.event(payload("contact.updated", contact_number=number))
    assert event.data["contact_number"] == read_number(number) == "KT1"


def test_a_control_character_may_stand_in_json_as_it_is():
    content = json.dumps(payload("contact.updated", name="Ma#x")).replace("#", "\x1f")
    assert ERP.read(content.encode()).data["name"] == "Max"


def test_a_long_text_is_for_who_applies_the_event():
    event = ERP.event(payload("contact.updated", telephone="1" * 300, email="?" * 300, name="M" * 300))
    assert [len(event.data[name]) for name in ("telephone", "email", "name")] == [300, 300, 300]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-24T11:00:00+01:00", nanoseconds(TEN)),
        ("2026-11-24T10:00:00.123456Z", nanoseconds(TEN) + 123_456_000),
        ("2026-11-24T10:00:00.123456789Z", nanoseconds(TEN) + 123_456_789),
    ],
)
def test_the_time_of_an_event_is_kept_to_the_nanosecond(text, expected):
    assert ERP.event(payload() | {"timestamp": text}).at_ns == expected


@pytest.mark.parametrize(
    "timestamp",
    ["2026-11-24T10:00:00", "2026-11-24", "24.11.2026", "", "now", 1795000000, None, "0001-01-01T00:00:00+14:00"],
)
def test_a_time_says_where_on_earth_it_is(timestamp):
    assert refusal(payload() | {"timestamp": timestamp}) == {"/timestamp": "moment"}


@pytest.mark.parametrize("kind", ["customer.exploded", "", None, 1, ["customer.updated"]])
def test_an_unknown_type_is_told(kind):
    with pytest.raises(InvalidInput) as refused:
        ERP.event(payload() | {"type": kind})
    assert refused.value.code == "event-type-unknown"


@pytest.mark.parametrize(
    ("kind", "changed", "wrong"),
    [
        ("customer.updated", {"customer_number": GONE}, {"/data/customer_number": "required"}),
        ("customer.updated", {"customer_number": 10000}, {"/data/customer_number": "text"}),
        ("customer.updated", {"customer_number": None}, {"/data/customer_number": "text"}),
        ("customer.updated", {"customer_number": " "}, {"/data/customer_number": "too-short"}),
        ("customer.updated", {"customer_number": "1" * 41}, {"/data/customer_number": "too-long"}),
        ("customer.updated", {"customer_number": "\x1f\u202e"}, {"/data/customer_number": "too-short"}),
        ("customer.updated", {"customer_center": "maybe"}, {"/data/customer_center": "boolean"}),
        ("customer.updated", {"customer_center": "\u200b"}, {"/data/customer_center": "boolean"}),
        ("customer.updated", {"customer_center": "All"}, {"/data/customer_center": "boolean"}),
        ("customer.updated", {"customer_center": 2}, {"/data/customer_center": "boolean"}),
        ("customer.updated", {"blocked": [0]}, {"/data/blocked": "boolean"}),
        ("customer.updated", {"blocked": "whatever"}, {"/data/blocked": "boolean"}),
        ("customer.updated", {"customer_centre": True}, {"/data/customer_centre": "unknown-field"}),
        ("customer.updated", {"a/b~": True}, {"/data/a~1b~0": "unknown-field"}),
        ("contact.updated", {"name": None}, {"/data/name": "text"}),
        (
            "contact.updated",
            {"contact_number": GONE, "name": 5},
            {"/data/contact_number": "required", "/data/name": "text"},
        ),
        ("customer.renumbered", {"new_customer_number": "10000"}, {"/data/new_customer_number": "invalid"}),
        ("customer.updated", {"emails": "a@x.example"}, {"/data/emails": "list"}),
        ("customer.updated", {"emails": ["a@x.example"] * 11}, {"/data/emails": "too-long"}),
        (
            "customer.updated",
            {"emails": [1, "a@x.example", ""]},
            {"/data/emails/0": "text", "/data/emails/2": "too-short"},
        ),
        ("customer.updated", {"phones": ["1" * 41]}, {"/data/phones/0": "too-long"}),
        ("customer.updated", {"visit_address": "Weg 1"}, {"/data/visit_address": "object"}),
        (
            "customer.updated",
            {"visit_address": {"town": "Bonn", "city": 5}},
            {"/data/visit_address/town": "unknown-field", "/data/visit_address/city": "text"},
        ),
        ("customer.created", {"first_name": "1" * 101}, {"/data/first_name": "too-long"}),
        ("customer.created", {"kind": "company"}, {"/data/kind": "unknown-value"}),
        ("customer.created", {"kind": ["person"]}, {"/data/kind": "unknown-value"}),
        ("customer.created", {"mobile": ["1"]}, {"/data/mobile": "text"}),
        ("customer.created", {"tags": ["x"] * 51}, {"/data/tags": "too-long"}),
        ("customer.created", {"free_fields": ["x"]}, {"/data/free_fields": "object"}),
        ("customer.created", {"free_fields": {"a b": "x"}}, {"/data/free_fields/a b": "invalid"}),
        ("customer.created", {"free_fields": {"a": 1}}, {"/data/free_fields/a": "text"}),
        ("customer.created", {"free_fields": {"a": "x" * 501}}, {"/data/free_fields/a": "too-long"}),
        (
            "customer.created",
            {"free_fields": {f"n{number}": "x" for number in range(51)}},
            {"/data/free_fields": "too-long"},
        ),
    ],
)
def test_every_wrong_place_is_told(kind, changed, wrong):
    assert refusal(payload(kind, **changed)) == wrong


def test_unknown_fields_are_ignored_and_noted_where_the_source_says_so():
    given = payload(nickname="A", visit_address={"town": "Bonn", "city": "Bonn"}) | {"sent_by": "x"}
    event = ERP.event(given, note_unknown=True)
    assert event.data == CUSTOMER | {"visit_address": {"city": "Bonn"}}
    assert event.ignored == ("/sent_by", "/data/nickname", "/data/visit_address/town")
    delivery = Delivery("erp", "msg_1", NOON, event)
    assert Delivery.from_message(delivery.message()) == delivery


def test_of_unknown_fields_only_some_are_noted():
    event = ERP.event(payload(**{f"{number}{'x' * 1000}": 1 for number in range(50)}), note_unknown=True)
    assert (len(event.ignored), max(map(len, event.ignored))) == (10, 200)


@pytest.mark.parametrize(("number", "limit"), [("1" * 41, "40"), (" ", "1")])
def test_a_length_error_says_the_limit(number, limit):
    with pytest.raises(InvalidInput) as refused:
        ERP.event(payload(customer_number=number))
    assert [wrong.limit for wrong in refused.value.errors] == [limit]


@pytest.mark.parametrize("given", [None, [], "text", 1, True])
def test_an_event_is_an_object(given):
    assert refusal(given) == {"": "object"}
    assert refusal(payload() | {"data": given}) == {"/data": "object"}


def test_an_envelope_has_three_fields():
    assert refusal({"kind": "x"}) == {
        "/kind": "unknown-field",
        "/type": "required",
        "/timestamp": "required",
        "/data": "required",
    }


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[" * 100_000, b"1" * 5000, b"{} {}"])
def test_what_is_no_json_is_told(body):
    with pytest.raises(MalformedRequest):
        ERP.read(body)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.sampled_from(["type", "timestamp", "data"]), inner),
    max_leaves=10,
)


@given(body=st.binary(max_size=200) | json_values.map(lambda value: json.dumps(value).encode()))
def test_no_body_is_anything_but_an_event_or_refused(body):
    with pytest.raises((MalformedRequest, InvalidInput)):
        ERP.read(body)


@given(
    kind=st.sampled_from(sorted(ERP.events)),
    data=st.dictionaries(st.sampled_from(sorted(CUSTOMER | CONTACT)), json_values),
    timestamp=st.text() | st.datetimes(timezones=st.timezones()).map(datetime.isoformat),
)
def test_no_field_is_anything_but_read_or_refused(kind, data, timestamp):
    given_event = {"type": kind, "timestamp": timestamp, "data": DATA[kind] | data}
    try:
        event = ERP.event(given_event)
    except InvalidInput:
        assert refusal(given_event)
    else:
        delivery = Delivery("erp", "msg_1", NOON, event)
        assert Delivery.from_message(delivery.message()) == delivery


def test_a_message_of_the_queue_is_read_as_it_was_written():
    event = Event(
        "contact.updated", nanoseconds(NOON) + 1, {"customer_number": "1", "name": "Zoë \uffff", "email": None}
    )
    message = Delivery("erp", "msg_1", NOON, event).message()
    assert message.isascii()
    assert json.loads(message)["event"]["data"]["email"] is None
