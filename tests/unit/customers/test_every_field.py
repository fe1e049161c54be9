"""Every field of the table, on its whole way: in by API and webhook, kept, shown, told to products, and back again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customer_center.connectors.webhook.connector import event_of
from customer_center.customers.bodies import CustomerAnswer, CustomerEditBody, CustomerSourcesAnswer, NewCustomerBody
from customer_center.customers.fields import ADDRESS_PARTS, FIELDS, normalised
from customer_center.customers.model import source_of
from customer_center.customers.read_history import read_sources
from customer_center.platform.errors import InvalidInput
from customer_center.webhooks.customer_events import customer_event
from customer_center.webhooks.delivery import Delivery
from customer_center.webhooks.formats.product import PRODUCT
from tests.builders.customers_room import ACCOUNT, CustomersRoom


def a_value(name, sign="x"):
    """A value of a field as JSON, the way it is shown."""
    field = FIELDS[name]
    match field.kind:
        case "line":
            return field.choices["xy".index(sign)] if field.choices else sign
        case "list":
            return [f"{sign}1", f"{sign}2"]
        case "map":
            return {"a": sign, "b": f"{sign}2"}
        case "address":
            return dict.fromkeys(ADDRESS_PARTS, sign)


def whole(sign="x"):
    return {name: a_value(name, sign) for name in FIELDS}


@pytest.fixture
def room():
    return CustomersRoom("a", "b")


@pytest.fixture
def anna(room):
    values = NewCustomerBody.model_validate(whole()).new_customer().values
    customer_id = room.create("a", external_id="a-1", **values).customer_id
    room.follow_up()
    room.later()
    return customer_id


def hear(room, product, data):
    """Apply a signed webhook of the product, as it is read from the queue."""
    moment = room.clock.now().isoformat()
    event = PRODUCT.event({"type": "customer.updated", "timestamp": moment, "data": data})
    sent = Delivery(f"src_{product}", f"msg_{moment}", room.clock.now(), event, "product", ACCOUNT, product)
    found = customer_event(Delivery.from_message(sent.message()), "shop")
    assert found is not None
    room.apply(found)


def answer(room, customer_id):
    return CustomerAnswer.from_customer(room.customers.customer(customer_id))


def shown(room, customer_id):
    """The fields as the API shows them."""
    fields = {name: getattr(answer(room, customer_id), name) for name in FIELDS}
    parts = {
        name: {part: getattr(value, part) for part in ADDRESS_PARTS}
        for name, value in fields.items()
        if FIELDS[name].kind == "address" and value
    }
    return fields | parts


def last_told(room):
    return event_of(room.connector.pushes[-1])["data"]


def test_it_is_kept_shown_and_told_as_it_came(room, anna):
    assert shown(room, anna) == whole()
    assert {name: last_told(room)[name] for name in FIELDS} == whole()


def test_what_a_product_was_told_and_repeats_states_nothing(room, anna):
    before = room.customers.customer(anna)
    hear(room, "b", {"external_id": "b-1", **_telling(last_told(room))})
    assert room.customers.customer(anna) == before
    record = room.customers.source_record(anna, source_of("b"))
    assert (record.said, set(record.seen)) == ({}, set(FIELDS))


def _telling(data):
    # What the hub alone decides, and consent that it does not know, are left out.
    return {name: data[name] for name in ("customer_id", *FIELDS)}


@pytest.mark.parametrize("name", FIELDS)
def test_it_is_changed_and_cleared_alone(room, anna, name):
    hear(room, "b", {"customer_id": anna, "external_id": "b-1", name: a_value(name, "y")})
    assert shown(room, anna) == whole() | {name: a_value(name, "y")}
    room.later()
    room.patch(anna, "b", **{name: None})
    empty = {"list": [], "map": {}}.get(FIELDS[name].kind)
    assert shown(room, anna) == whole() | {name: empty}
    room.follow_up()
    assert last_told(room)[name] == empty


@pytest.mark.parametrize("name", [name for name, field in FIELDS.items() if field.kind in ("address", "map")])
def test_a_patch_changes_the_members_that_it_names(room, anna, name):
    """RFC 7396: null removes a member, and one that is left out stays."""
    first, second, *_ = a_value(name)
    room.patch(anna, **{name: {first: None, second: "z"}})
    room.patch(anna, **{name: {}})
    gone = {} if FIELDS[name].kind == "map" else {first: None}
    kept = {member: text for member, text in a_value(name).items() if member != first}
    assert shown(room, anna)[name] == kept | gone | {second: "z"}


def test_a_patch_adds_free_fields_up_to_fifty(room, anna):
    room.patch(anna, free_fields={f"n{number}": "x" for number in range(48)})
    with pytest.raises(InvalidInput) as refused:
        room.patch(anna, free_fields={"one_more": "x"})
    ((wrong),) = refused.value.errors
    assert (wrong.pointer, wrong.code, wrong.limit) == ("/free_fields", "too-long", "50")
    room.patch(anna, free_fields={"one_more": "x", "n0": None})
    assert len(shown(room, anna)["free_fields"]) == 50


def test_an_event_replaces_all_free_fields_together(room, anna):
    hear(room, "b", {"customer_id": anna, "free_fields": {"c": "x", "d": None}})
    assert shown(room, anna)["free_fields"] == {"c": "x"}


def test_sources_and_history_show_every_field(room, anna):
    room.patch(anna, **whole("y"))
    api, a = CustomerSourcesAnswer.from_sources(read_sources(anna, ACCOUNT, customers=room.customers)).items
    for source, sign, is_shown in ((api, "y", True), (a, "x", False)):
        said = {one.field: one for one in source.statements}
        assert said.keys() == FIELDS.keys()
        assert all(one.is_shown is is_shown for one in said.values())
        assert {name: normalised(name, one.value) for name, one in said.items()} == _normalised(whole(sign))
    entry = room.customers.history(anna, limit=1).rows[0]
    assert entry.changes == {name: (a_value(name), a_value(name, "y")) for name in FIELDS}


def _normalised(values):
    return {name: normalised(name, value) for name, value in values.items()}


TEXTS = st.text(max_size=30)
VALUES = {
    "line": TEXTS,
    "list": st.lists(TEXTS, max_size=5),
    "map": st.dictionaries(st.sampled_from(["a", "b", "c"]), TEXTS | st.none()),
    "address": st.dictionaries(st.sampled_from(sorted(ADDRESS_PARTS)), TEXTS | st.none()),
}


@given(st.data())
@pytest.mark.parametrize("name", FIELDS)
def test_normalising_twice_changes_nothing_and_both_doors_agree(name, data):
    field = FIELDS[name]
    value = data.draw(st.sampled_from(field.choices) if field.choices else VALUES[field.kind])
    once = normalised(name, value)
    assert normalised(name, once) == once
    try:
        body = CustomerEditBody.model_validate({name: value})
        event = PRODUCT.event(
            {"type": "customer.updated", "timestamp": "2026-11-27T10:00:00Z", "data": {"external_id": "1", name: value}}
        )
    except (InvalidInput, ValueError):
        return
    assert normalised(name, body.values[name]) == normalised(name, event.data[name])
