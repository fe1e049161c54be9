"""A product's own id of a customer, said by the API."""

import pytest

from customer_center.customers.external_ids import put_external_id, remove_external_id
from customer_center.platform.errors import Conflict, Forbidden, InvalidInput, NotFound, PreconditionFailed
from tests.builders.customers_room import ACCOUNT, MACHINE, CustomersRoom


@pytest.fixture
def room():
    return CustomersRoom("a", "b")


def put(room, customer_id, external_id, product="a", *, caller="a", account=ACCOUNT, if_versions=None):
    at = {"caller_product": caller, "if_versions": if_versions, "customers": room.customers, "clock": room.clock}
    return put_external_id(customer_id, account, product, external_id, MACHINE, room._id(), **at)


def remove(room, customer_id, product="a", *, caller="a", account=ACCOUNT, if_versions=None):
    at = {"caller_product": caller, "if_versions": if_versions, "customers": room.customers, "clock": room.clock}
    return remove_external_id(customer_id, account, product, MACHINE, room._id(), **at)


def owner(room, external_id, product="a"):
    return room.customers.customer_id_of(ACCOUNT, product, external_id)


@pytest.mark.parametrize("caller", ["a", None])
def test_a_product_calls_a_customer_by_its_own_id(room, caller):
    anna = room.create("b", last_name="Muster").customer_id
    association = put(room, anna, "a-1", caller=caller)
    assert (association.customer.customer_id, association.product, association.external_id) == (anna, "a", "a-1")
    assert owner(room, "a-1") == anna
    assert owner(room, "a-1", "b") is None
    assert room.customers.entries[-1].changes == {"external_id.a": (None, "a-1")}


def test_a_product_that_has_the_customer_is_told_what_it_lacks(room):
    anna = room.create("b", last_name="Muster").customer_id
    put(room, anna, "a-1")
    room.follow_up()
    assert room.known_to("a") == [("updated", {"last_name": "Muster"})]
    assert room.connector.pushes[-1].external_id == "a-1"


def test_a_product_that_was_told_the_customer_is_not_told_again(room):
    anna = room.create("b", last_name="Muster").customer_id
    room.follow_up()
    put(room, anna, "a-1")
    room.follow_up()
    assert [kind for kind, _ in room.known_to("a")] == ["created"]


def test_a_repeat_changes_nothing(room):
    anna = room.create("b", last_name="Muster").customer_id
    put(room, anna, "a-1")
    entries = len(room.customers.entries)
    assert put(room, anna, "a-1").external_id == "a-1"
    assert len(room.customers.entries) == entries


def test_another_id_replaces_the_one_before_which_is_free(room):
    anna, erika = (room.create("b", last_name=name).customer_id for name in ("Muster", "Beispiel"))
    put(room, anna, "a-1")
    room.later()
    put(room, anna, "a-2")
    assert (owner(room, "a-1"), owner(room, "a-2")) == (None, anna)
    room.later()
    put(room, erika, "a-1")
    assert owner(room, "a-1") == erika


def test_an_id_belongs_to_one_customer(room):
    anna, erika = (room.create("b", last_name=name).customer_id for name in ("Muster", "Beispiel"))
    put(room, anna, "a-1")
    with pytest.raises(Conflict) as refused:
        put(room, erika, "a-1")
    assert refused.value.code == "external-id-taken"
    assert owner(room, "a-1") == anna
    put(room, erika, "a-1", "b", caller="b")
    room.delete(anna)
    put(room, erika, "a-1")
    assert owner(room, "a-1") == erika


def test_an_id_that_is_removed_is_free_and_the_product_keeps_the_customer(room):
    anna = room.create("a", external_id="a-1", last_name="Muster").customer_id
    assert remove(room, anna).external_id is None
    assert owner(room, "a-1") is None
    room.edit(anna, "b", last_name="Neumann")
    room.follow_up()
    assert room.known_to("a") == [("updated", {"last_name": "Neumann"})]
    assert room.connector.pushes[0].external_id is None
    room.later()
    new = room.create("a", external_id="a-1", last_name="Beispiel").customer_id
    assert owner(room, "a-1") == new


def test_an_older_event_with_an_id_that_was_removed_is_about_its_customer(room):
    anna = room.create("a", external_id="a-1", last_name="Muster").customer_id
    room.later(60)
    older = room.event("a", ids=("a-1", None), late=30, last_name="Neumann")
    remove(room, anna)
    room.apply(older)
    assert room.shown(anna)["last_name"] == "Neumann"
    assert room.customers.delivery(anna, ACCOUNT, "a").external_id is None
    room.later()
    room.hear("a", ids=("a-1", None), last_name="Beispiel")
    assert room.shown(anna)["last_name"] == "Neumann"
    assert owner(room, "a-1") not in (None, anna)


def test_a_removal_frees_every_id_that_the_product_used(room):
    anna = room.create("a", external_id="a-1", last_name="Muster").customer_id
    room.later()
    room.hear("a", ids=("a-2", anna), last_name="Muster")
    room.later()
    remove(room, anna)
    assert (owner(room, "a-1"), owner(room, "a-2")) == (None, None)


def test_what_is_not_there_cannot_be_removed(room):
    anna = room.create("b", last_name="Muster").customer_id
    with pytest.raises(NotFound):
        remove(room, anna)


def test_a_products_key_has_ids_of_that_product_only(room):
    anna = room.create("b", external_id="b-1", last_name="Muster").customer_id
    for refused in (lambda: put(room, anna, "b-2", "b"), lambda: remove(room, anna, "b")):
        with pytest.raises(Forbidden) as error:
            refused()
        assert error.value.code == "other-product"


@pytest.mark.parametrize("given", [{"account": "AG-2"}, {"if_versions": [7]}])
def test_the_customer_is_one_of_the_account_in_the_version_that_is_meant(room, given):
    anna = room.create("a", external_id="a-1", last_name="Muster").customer_id
    for refused in (lambda: put(room, anna, "a-2", **given), lambda: remove(room, anna, **given)):
        with pytest.raises((NotFound, PreconditionFailed)):
            refused()
    assert owner(room, "a-1") == anna


def test_a_product_has_a_name(room):
    anna = room.create("b", last_name="Muster").customer_id
    with pytest.raises(InvalidInput):
        put(room, anna, "x", "no product", caller=None)


def test_a_deletion_does_not_name_the_id_that_another_customer_has_since(room):
    anna = room.create("a", external_id="a-1", last_name="Muster").customer_id
    room.settle()
    room.delete(anna, "b")
    put(room, room.create("b", last_name="Next").customer_id, "a-1")
    room.follow_up()
    (deletion,) = [push for push in room.connector.pushes if push.kind == "deleted"]
    assert (deletion.customer.customer_id, deletion.external_id) == (anna, None)


def test_a_product_that_was_told_after_it_deleted_the_customer_is_told_the_deletion(room):
    """It may have made the customer again. Its deletion arrives late, and the others lose the customer too."""
    anna = room.create("a", external_id="a-1", last_name="Muster").customer_id
    room.settle()
    deleted = room.event("a", "customer.deleted", ids=("a-1", anna))
    room.later(1)
    room.edit(anna, "b", last_name="Neumann")
    room.follow_up()
    room.apply(deleted)
    room.follow_up()
    assert [kind for kind, _ in room.connector.told_to("a")] == ["updated", "deleted"]
