"""A product that cannot hold everything: what it sends back unchanged takes nothing away from the others."""

import pytest

from customer_center.customers.product_ports import Conflicting, Delivered
from tests.builders.customers_room import ACCOUNT, CustomersRoom

ADDRESS = {"street": "Markt 3", "postal_code": "01067", "city": "Dresden"}
ANNA = {"last_name": "Muster, Dr.", "phones": ("+49351123456", "123"), "visit_address": ADDRESS}
HELD = {
    "last_name": "Muster Dr.",
    "phones": ("+49351123456",),
    "visit_address": {"street": "Markt 3", "city": "Dresden"},
}


def held(_, customer):
    """Hold names without commas, long numbers, and no postal code."""
    values = dict(customer.values)
    if "last_name" in values:
        values["last_name"] = values["last_name"].replace(",", "")
    values["phones"] = tuple(line for line in values.get("phones", ()) if len(line) > 3)
    values["visit_address"] = {
        part: text for part, text in values.get("visit_address", {}).items() if part != "postal_code"
    }
    return {name: value for name, value in values.items() if value}


@pytest.fixture
def room():
    room = CustomersRoom("a", "b")
    room.connector.held = lambda product, customer: (
        held(product, customer) if product.product == "b" else customer.values
    )
    return room


@pytest.fixture
def anna(room):
    """A customer that product a created, and of which b holds what it can."""
    customer = room.create("a", **ANNA)
    room.follow_up()
    room.connector.told.clear()
    room.later()
    return customer.customer_id


def test_a_full_update_that_repeats_what_the_product_holds_states_nothing(room, anna):
    room.hear("b", ids=("b-1", anna), **HELD)
    room.follow_up()
    assert room.shown(anna) == ANNA
    assert room.connector.told == []


def test_what_the_product_changes_in_a_full_update_is_a_statement_and_nothing_else_is(room, anna):
    room.hear("b", ids=("b-1", anna), **HELD | {"last_name": "Neumann"})
    room.follow_up()
    assert room.shown(anna) == ANNA | {"last_name": "Neumann"}
    assert [name for name, *_ in room.connector.told] == ["a"]


def test_a_change_that_the_product_cannot_hold_is_not_told_to_it(room, anna):
    room.edit(anna, "a", visit_address=ADDRESS | {"postal_code": "01069"})
    room.follow_up()
    assert room.connector.told == []


def test_a_product_with_a_conflict_is_told_that_the_customer_is_deleted(room):
    """It may hold what it was told, where nobody sees it."""
    room.connector.outcomes["b"] = [Conflicting(("B-1",)), Conflicting(("B-1",)), Delivered()]
    customer = room.create("a", **ANNA)
    room.follow_up()
    delivery = room.customers.delivery(customer.customer_id, ACCOUNT, "b")
    assert delivery.refused == "conflict"
    room.tell()
    assert [kind for _, kind, *_ in room.connector.told] == ["created"]
    room.later()
    room.edit(customer.customer_id, "a", last_name="Neumann")
    room.follow_up()
    room.later()
    room.delete(customer.customer_id, "a")
    room.follow_up()
    assert [kind for _, kind, *_ in room.connector.told] == ["created", "updated", "deleted"]


@pytest.mark.parametrize(("learns_ids", "told"), [(True, ["updated"]), (False, [])])
def test_a_product_that_made_a_customer_learns_our_id_once_if_its_kind_needs_that(room, learns_ids, told):
    room.connector.learns_ids = learns_ids
    for _ in range(2):
        room.hear("b", "customer.updated", ids=("b-1", None), event_id="event", last_name="Blum")
        room.follow_up()
        room.later()
    assert [kind for name, kind, *_ in room.connector.told if name == "b"] == told
