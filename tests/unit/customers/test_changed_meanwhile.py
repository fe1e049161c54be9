"""Somebody else changes the customer between a caller's read and write: what the caller asked for is done on top.

Only who names a version is told that the customer has changed (docs/specification.md, 13.61; RFC 9110, 13.1.1).
"""

import pytest

from customer_center.customers.external_ids import put_external_id, remove_external_id
from customer_center.platform.errors import PreconditionFailed
from tests.builders.customers_room import ACCOUNT, ANNA, MACHINE, CustomersRoom


@pytest.fixture
def room():
    return CustomersRoom("a", "b")


def put_id(room, customer_id, external_id="a-2", if_versions=None):
    at = {"caller_product": "a", "if_versions": if_versions, "customers": room.customers, "clock": room.clock}
    return put_external_id(customer_id, ACCOUNT, "a", external_id, MACHINE, room._id(), **at).customer


def remove_id(room, customer_id, if_versions=None):
    at = {"caller_product": "a", "if_versions": if_versions, "customers": room.customers, "clock": room.clock}
    return remove_external_id(customer_id, ACCOUNT, "a", MACHINE, room._id(), **at).customer


CHANGES = {
    "edit": lambda room, anna, **at: room.edit(anna, last_name="Neumann", **at),
    "leave": lambda room, anna, **at: room.leave(anna, **at),
    "merge": lambda room, anna, **at: room.merge(anna, room.create(last_name="Other").customer_id, **at),
}
# They change what a product calls the customer, and not the customer.
ASSOCIATIONS = {"put-external-id": put_id, "remove-external-id": remove_id}


@pytest.fixture
def anna(room):
    room.partner()
    customer_id = room.create("a", external_id="a-1", **ANNA).customer_id
    room.settle()
    return customer_id


def edited_meanwhile(room, anna):
    """Let product `b` edit the customer before the next change is written."""
    room.customers.before_save = lambda: room.edit(anna, "b", organisation="Meanwhile")


def organisation(room, customer_id):
    return room.customers.customer(customer_id).values.get("organisation")


@pytest.mark.parametrize("change", [*CHANGES, *ASSOCIATIONS])
def test_who_names_no_version_changes_what_is_there(room, anna, change):
    edited_meanwhile(room, anna)
    (CHANGES | ASSOCIATIONS)[change](room, anna)
    assert organisation(room, anna) == "Meanwhile"
    assert room.customers.before_save is None


def test_what_was_said_meanwhile_is_erased_too(room, anna):
    edited_meanwhile(room, anna)
    room.erase(anna)
    assert organisation(room, anna) is None
    assert room.customers.before_save is None


def test_a_deletion_is_newer_than_what_was_said_meanwhile(room, anna):
    edited_meanwhile(room, anna)
    room.delete(anna)
    assert room.customers.customer(anna).deleted_at


@pytest.mark.parametrize("change", CHANGES)
def test_who_names_the_version_before_is_told(room, anna, change):
    seen = room.customers.customer(anna).version
    edited_meanwhile(room, anna)
    with pytest.raises(PreconditionFailed):
        CHANGES[change](room, anna, if_versions=[seen])
    assert organisation(room, anna) == "Meanwhile"


def test_both_external_ids_of_two_calls_at_once_are_known_and_the_later_is_used(room, anna):
    room.customers.before_save = lambda: put_id(room, anna, "a-2")
    put_id(room, anna, "a-3")
    owners = {each: room.customers.customer_id_of(ACCOUNT, "a", each) for each in ("a-1", "a-2", "a-3")}
    assert owners == {"a-1": None, "a-2": None, "a-3": anna}


def edited_between_the_reads(room, anna):
    """Let another caller edit the customer after the next edit has read the customer, and before it reads the rest."""
    read = room.customers.source_record

    def source_record(*key):
        room.customers.source_record = read
        room.edit(anna, last_name="First")
        return read(*key)

    room.customers.source_record = source_record


def test_an_edit_that_read_another_ones_half_is_the_later_one(room, anna):
    edited_between_the_reads(room, anna)
    assert room.edit(anna, last_name="Second").values["last_name"] == "Second"
    assert room.shown(anna)["last_name"] == "Second"


def test_an_edit_of_a_version_that_read_another_ones_half_is_told(room, anna):
    seen = room.customers.customer(anna).version
    edited_between_the_reads(room, anna)
    with pytest.raises(PreconditionFailed):
        room.edit(anna, last_name="Second", if_versions=[seen])
    assert room.shown(anna)["last_name"] == "First"
