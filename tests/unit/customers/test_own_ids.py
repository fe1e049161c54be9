"""Ids of other systems: who has them, who gives them up, and what an old event says about whom."""

from datetime import timedelta

import pytest

from customer_center.customers.apply_customer_event import CustomerEvent
from customer_center.platform.errors import Conflict, InvalidInput
from customer_center.platform.stamps import nanoseconds
from tests.builders.customers_room import ACCOUNT, CustomersRoom


@pytest.fixture
def room():
    return CustomersRoom("a", "b")


def named(room, product, own_id):
    customer_id = room.customers.customer_id_of(ACCOUNT, product, own_id)
    return customer_id and room.customers.customer(customer_id)


def names(room):
    present = [each for each in room.customers.everyone() if not each.deleted_at]
    return sorted(each.values.get("last_name", "") for each in present)


# Creation under the id of a deleted customer


@pytest.mark.parametrize("source", ["a", None])
def test_what_is_created_after_its_deletion_is_a_new_customer(room, source):
    ids = ("1", None)
    room.hear(source, "customer.created", ids=ids, last_name="Muster")
    first = named(room, source, "1")
    room.later()
    room.hear(source, "customer.deleted", ids=ids)
    room.later()
    room.hear(source, "customer.created", ids=ids, last_name="Neumann")
    second = named(room, source, "1")
    assert second.customer_id != first.customer_id
    assert names(room) == ["Neumann"]
    room.later()
    room.hear(source, ids=ids, last_name="Neu")
    assert names(room) == ["Neu"]


@pytest.mark.parametrize(("kind", "late"), [("customer.updated", 0), ("customer.created", 15)])
def test_an_update_or_an_older_creation_makes_no_customer_of_a_deleted_one(room, kind, late):
    room.hear("a", "customer.created", ids=("a-1", None), late=60, last_name="Muster")
    room.later()
    room.hear("a", "customer.deleted", ids=("a-1", None))
    room.later()
    room.hear("a", kind, ids=("a-1", None), late=late, last_name="Neumann")
    assert names(room) == []


def test_a_creation_that_names_our_id_is_no_new_customer(room):
    room.hear("a", "customer.created", ids=("a-1", None), last_name="Muster")
    anna = named(room, "a", "a-1").customer_id
    room.delete(anna)
    room.later()
    room.hear("a", "customer.created", ids=("a-1", anna), last_name="Muster")
    assert names(room) == []


def test_who_made_a_customer_anew_is_not_told_to_delete_the_old_one(room):
    room.hear("a", "customer.created", ids=("a-1", None), last_name="Muster")
    room.follow_up()
    room.delete(named(room, "a", "a-1").customer_id)
    room.later()
    room.hear("a", "customer.created", ids=("a-1", None), last_name="Neumann")
    room.follow_up()
    assert room.known_to("a") == []
    assert [kind for kind, _ in room.known_to("b")] == ["created", "deleted", "created"]


def test_the_api_gives_the_ids_of_a_deleted_customer_to_a_new_one(room):
    old = room.create("a", external_id="a-1", customer_code="10000", last_name="Muster").customer_id
    for claim in ({"external_id": "a-1"}, {"customer_code": "10000"}):
        with pytest.raises(Conflict):
            room.create("a", **claim, last_name="Neumann")
    room.delete(old)
    new = room.create("a", external_id="a-1", customer_code="10000", last_name="Neumann")
    assert named(room, "a", "a-1") == named(room, None, "10000") == new


def test_an_external_id_needs_a_product(room):
    with pytest.raises(InvalidInput) as refused:
        room.create(external_id="a-1", last_name="Muster")
    assert [(each.pointer, each.code) for each in refused.value.errors] == [("/external_id", "key-without-product")]


# Deletion of a customer that nobody knows


@pytest.mark.parametrize("source", ["a", None])
@pytest.mark.parametrize("kind", ["customer.created", "customer.updated"])
def test_a_deletion_that_arrives_first_counts(room, source, kind):
    deleted = room.event(source, "customer.deleted", ids=("1", None))
    older = room.event(source, kind, ids=("1", None), late=5, last_name="Muster")
    room.apply(deleted)
    room.apply(older)
    assert names(room) == []
    room.later()
    room.hear(source, kind, ids=("1", None), last_name="Neumann")
    assert names(room) == ["Neumann"]


def test_the_newest_deletion_counts(room):
    older = room.event("a", "customer.deleted", ids=("a-1", None), late=60)
    room.hear("a", "customer.deleted", ids=("a-1", None))
    room.apply(older)
    room.hear("a", "customer.created", ids=("a-1", None), late=30, last_name="Muster")
    assert names(room) == []


def test_a_deletion_is_of_one_id_of_one_product(room):
    room.hear("a", "customer.deleted", ids=("1", None))
    room.hear("a", "customer.created", ids=("2", None), late=5, last_name="Muster")
    room.hear("b", "customer.created", ids=("1", None), late=5, last_name="Neumann")
    assert names(room) == ["Muster", "Neumann"]


def test_a_deletion_and_a_creation_at_once_leave_no_customer(room, monkeypatch):
    created = room.event("a", "customer.created", ids=("a-1", None), late=5, last_name="Muster")
    deleted = room.event("a", "customer.deleted", ids=("a-1", None))
    save = room.customers.save

    def overtaken(change, entry):
        monkeypatch.undo()
        room.apply(deleted)
        save(change, entry)

    monkeypatch.setattr(room.customers, "save", overtaken)
    room.apply(created)
    assert names(room) == []


# The ERP gives another number


def renumbered(room, old, new, late=0):
    now = room.clock.now()
    at = nanoseconds(now - timedelta(seconds=late))
    return CustomerEvent(room._id(), "erp", ACCOUNT, None, "customer.renumbered", at, now, {}, old, new_own_id=new)


def codes(room):
    return sorted((each.values["last_name"], each.customer_code) for each in room.customers.everyone())


def test_the_customer_code_moves(room):
    room.hear(None, "customer.created", ids=("A", None), last_name="Muster")
    room.follow_up()
    room.later()
    room.apply(renumbered(room, "A", "B"))
    assert codes(room) == [("Muster", "B")]
    assert named(room, None, "A") is None
    anna = named(room, None, "B")
    assert [entry.changes for entry in room.customers.entries if entry.action == "customer.renumbered"] == [
        {"customer_code": ("A", "B")}
    ]
    assert room.customers.entries[-1].effects
    assert anna.version == 2


def test_a_renumbering_may_come_twice(room):
    room.hear(None, "customer.created", ids=("A", None), last_name="Muster")
    event = renumbered(room, "A", "B")
    for _ in range(2):
        room.apply(event)
        room.customers.forget_applied()
    assert codes(room) == [("Muster", "B")]
    assert named(room, None, "B").version == 2


def test_renumberings_may_come_in_any_order(room):
    room.hear(None, "customer.created", ids=("A", None), late=100, last_name="Muster")
    first, second = renumbered(room, "A", "B", late=60), renumbered(room, "B", "C")
    between = room.event(None, ids=("B", None), late=30, last_name="Neumann")
    for event in (second, first, between):
        room.apply(event)
    assert codes(room) == [("Neumann", "C")]


def test_an_older_event_is_about_the_customer_that_had_the_number(room):
    room.hear(None, "customer.created", ids=("A", None), late=100, last_name="Muster")
    room.apply(renumbered(room, "A", "B", late=60))
    room.hear(None, ids=("A", None), late=80, last_name="Neumann")
    assert codes(room) == [("Neumann", "B")]


@pytest.mark.parametrize("kind", ["customer.created", "customer.updated"])
def test_a_number_that_is_free_again_may_go_to_another_customer(room, kind):
    room.hear(None, "customer.created", ids=("A", None), late=100, last_name="Muster")
    room.apply(renumbered(room, "A", "B", late=60))
    room.hear(None, kind, ids=("A", None), last_name="Neumann")
    assert codes(room) == [("Muster", "B"), ("Neumann", "A")]


def test_a_number_that_another_customer_has_is_refused_at_once(room):
    for code, name in (("A", "Muster"), ("B", "Neumann")):
        room.hear(None, "customer.created", ids=(code, None), last_name=name)
    room.later()
    room.apply(renumbered(room, "A", "B"))
    assert codes(room) == [("Muster", "A"), ("Neumann", "B")]
    ((source, _, code, pointers),) = room.customers.refused
    assert (source, code, pointers) == ("erp", "customer-number-in-use", ["/data/new_customer_number"])


def test_the_number_of_a_deleted_customer_may_go_to_another(room):
    for code, name in (("A", "Muster"), ("B", "Neumann")):
        room.hear(None, "customer.created", ids=(code, None), last_name=name)
    room.later()
    room.hear(None, "customer.deleted", ids=("B", None))
    room.apply(renumbered(room, "A", "B"))
    assert named(room, None, "B").values["last_name"] == "Muster"
    assert room.customers.refused == []


def test_an_id_that_a_product_no_longer_uses_still_names_the_customer(room):
    room.hear("a", "customer.created", ids=("a-1", None), last_name="Muster")
    anna = named(room, "a", "a-1").customer_id
    room.later()
    room.hear("a", ids=("a-2", anna), last_name="Neumann")
    assert named(room, "a", "a-1").customer_id == named(room, "a", "a-2").customer_id == anna
    delivery = room.customers.delivery(anna, ACCOUNT, "a")
    assert (delivery.external_id, delivery.former_ids) == ("a-2", ("a-1",))
