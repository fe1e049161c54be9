"""Erasing a person leaves nothing of what was said, and nothing brings the person back."""

from datetime import timedelta

import pytest

from customer_center.customers.consent import consent_said
from customer_center.customers.erase_customer import read_erasure
from customer_center.customers.follow_erasure import SETTLED_AFTER, Unfinished, follow_erasure
from customer_center.customers.product_ports import TryLater
from customer_center.platform.errors import InvalidInput, NotFound, PreconditionFailed
from tests.builders.customers_room import ACCOUNT, CustomersRoom

PERSONAL = ("Muster", "Neumann", "anna", "4930", "a-1", "a-2", "b-1", "10000", "Dresden")
ANNA = {"last_name": "Muster", "emails": ["anna@muster.example"], "phones": ["+49 30 123456"]}


@pytest.fixture
def room():
    return CustomersRoom("a", "b")


@pytest.fixture
def anna(room):
    granted = True
    said = consent_said(granted, None)
    anna = room.create("a", external_id="a-1", customer_code="10000", consent=said, **ANNA).customer_id
    room.follow_up()
    room.later()
    room.hear("a", ids=("a-2", anna), last_name="Neumann")
    room.hear("b", ids=("b-1", anna), visit_address={"city": "Dresden"})
    room.follow_up()
    room.later()
    return anna


def erasure(room, customer_id, account=ACCOUNT):
    erasure_id = customer_id.replace("cus_", "ers_")
    return read_erasure(erasure_id, account, customers=room.customers, products=room.products)


def through(room):
    """Everything that follows an erasure, until nothing is left to do."""
    room.follow_up()
    room.clear()
    room.later(SETTLED_AFTER.seconds)
    room.clear()
    assert room.erasures == []


def everything(room):
    """All that the stores of the room remember. Of erased ids the fake keeps no hashes: they are left out."""
    return [
        (name, memory) for store in (room.customers, room.products, room.words) for name, memory in vars(store).items()
    ]


def left(room):
    return [(name, word) for name, memory in everything(room) for word in PERSONAL if word in repr(memory)]


def test_nothing_that_was_said_is_left(room, anna):
    assert left(room)
    room.erase(anna)
    through(room)
    assert left(room) == []
    assert [entry.action for entry in room.customers.entries if entry.partition == anna][-1] == "customer.erased"
    certificate = erasure(room, anna)
    assert certificate.is_complete
    assert certificate.products == {"a": "done", "b": "done"}


def test_nobody_sees_the_person_from_the_first_moment_on(room, anna):
    certificate = room.erase(anna)
    shown = room.customers.customer(anna)
    assert (shown.values, shown.consent, shown.deleted_at, shown.erased_at) == (
        {},
        {},
        room.clock.now(),
        room.clock.now(),
    )
    assert certificate.products == {"a": "pending", "b": "pending"}
    assert (certificate.cleared_at, certificate.is_complete) == (None, False)


def test_products_are_told_to_delete_by_their_own_ids(room, anna):
    room.erase(anna)
    through(room)
    assert [(push.kind, push.external_id) for push in room.connector.pushes[-2:]] == [
        ("deleted", "a-2"),
        ("deleted", "b-1"),
    ]


def test_what_a_product_knew_is_kept_until_it_took_the_deletion(room, anna):
    room.connector.outcomes["b"] = [TryLater("503")]
    room.erase(anna)
    through(room)
    assert erasure(room, anna).products == {"a": "done", "b": "pending"}
    assert room.customers.delivery(anna, ACCOUNT, "b").external_id == "b-1"
    room.later(300)
    room.tell()
    assert room.connector.pushes[-1].external_id == "b-1"
    assert left(room) == []
    assert erasure(room, anna).is_complete


def test_a_product_that_is_gone_cannot_be_told(room, anna):
    room.disconnect("b")
    room.erase(anna)
    through(room)
    certificate = erasure(room, anna)
    assert certificate.products == {"a": "done", "b": "unreachable"}
    assert certificate.is_complete


@pytest.mark.parametrize("own_id", ["a-1", "a-2"])
@pytest.mark.parametrize("kind", ["customer.created", "customer.updated"])
@pytest.mark.parametrize("late", [0, 3600])
def test_late_events_make_nobody_and_are_refused(room, anna, own_id, kind, late):
    room.erase(anna)
    room.hear("a", kind, ids=(own_id, None), late=late, **ANNA)
    through(room)
    room.later()
    room.hear("a", kind, ids=(own_id, None), late=late, **ANNA)
    assert [each.customer_id for each in room.customers.everyone()] == [anna]
    assert room.customers.customer(anna).values == {}
    assert [code for _, _, code, _ in room.customers.refused] == ["customer-erased"]


def test_a_customer_code_is_silenced_too(room, anna):
    room.erase(anna)
    through(room)
    room.hear(None, "customer.created", ids=("10000", None), **ANNA)
    assert [each.customer_id for each in room.customers.everyone()] == [anna]


@pytest.mark.parametrize("ids", [("a-2", None), ("a-9", "anna"), ("a-2", "anna")])
def test_the_echo_of_the_deletion_leaves_no_trace(room, anna, ids):
    room.erase(anna)
    through(room)
    room.hear("a", "customer.deleted", ids=(ids[0], ids[1] and anna))
    assert left(room) == []
    assert room.customers.refused == []


def test_an_event_that_was_applied_while_the_person_was_erased_is_cleared_too(room, anna):
    older = room.event("b", ids=("b-1", None), late=3600, last_name="Muster")
    room.customers.before_save = lambda: (room.erase(anna), room.follow_up(), room.clear())
    room.apply(older)
    through(room)
    assert left(room) == []


def test_a_person_who_was_deleted_can_be_erased(room, anna):
    room.delete(anna)
    room.follow_up()
    assert left(room)
    assert room.erase(anna).products == {"a": "done", "b": "done"}
    through(room)
    assert left(room) == []


def test_merged_records_are_erased_with_the_person(room, anna):
    other = room.create("b", external_id="b-2", last_name="Neumann", phones=["+49 30 999999"]).customer_id
    room.later()
    room.merge(anna, other)
    room.follow_up()
    room.later()
    assert room.erase(other).customer_id == anna
    through(room)
    assert left(room) == []
    assert "b-2" not in repr(everything(room))
    assert room.customers.customer(other).cleared_at


def test_a_repeat_returns_the_same_certificate(room, anna):
    first = room.erase(anna)
    entries = len(room.customers.entries)
    room.later()
    assert room.erase(anna) == first
    assert len(room.customers.entries) == entries


def test_an_erasure_that_has_not_ended_after_a_day_begins_again(room, anna):
    room.erase(anna)
    room.follow_up()
    room.erasures.clear()
    room.clock.advance(seconds=timedelta(days=1).total_seconds())
    room.erase(anna)
    through(room)
    assert erasure(room, anna).is_complete


def test_the_follow_up_goes_on_where_it_stopped(room, anna):
    room.erase(anna)
    room.later(SETTLED_AFTER.seconds)
    at = {"customers": room.customers, "erased_ids": room.erased_ids, "clock": room.clock}
    follow_erasure(anna, has_time=lambda: False, **at)
    room.follow_up()
    room.clear()
    assert left(room) == []


def test_it_ends_only_after_everything_that_began_before(room, anna):
    room.erase(anna)
    at = {"customers": room.customers, "erased_ids": room.erased_ids, "clock": room.clock}
    with pytest.raises(Unfinished) as later:
        follow_erasure(anna, has_time=lambda: True, **at)
    assert later.value.retry_after == SETTLED_AFTER.seconds + 1
    assert erasure(room, anna).cleared_at is None


def test_open_conflicts_are_named_and_included_on_request(room, anna):
    waiting = room.create("b", emails=["anna@muster.example"], first_name="Anna").customer_id
    assert room.erase(anna).conflicting == [waiting]
    room.follow_up()
    # Who waited comes forward, with what it says itself.
    assert not room.customers.customer(waiting).hidden


def test_who_is_included_is_erased_too(room, anna):
    waiting = room.create("b", emails=["anna@muster.example"], first_name="Anna").customer_id
    assert room.erase(waiting, include=[anna]).conflicting == []
    through(room)
    assert left(room) == []
    assert erasure(room, anna).is_complete
    assert erasure(room, waiting).is_complete
    assert room.erase(waiting, include=[anna]).conflicting == []


def test_only_who_is_in_conflict_can_be_included(room, anna):
    other = room.create("b", last_name="Beispiel").customer_id
    with pytest.raises(InvalidInput) as refused:
        room.erase(anna, include=[other])
    assert [(each.pointer, each.code) for each in refused.value.errors] == [("/include/0", "unknown-value")]
    assert room.customers.customer(anna).erased_at is None


def test_the_person_is_one_of_the_account_in_the_version_that_is_meant(room, anna):
    with pytest.raises(NotFound):
        room.erase(anna, account="AG-2")
    with pytest.raises(PreconditionFailed):
        room.erase(anna, if_versions=[77])
    with pytest.raises(NotFound):
        erasure(room, anna)
    room.erase(anna)
    with pytest.raises(NotFound):
        erasure(room, anna, account="AG-2")


def test_the_ids_may_be_given_to_another_customer_by_the_api(room, anna):
    room.erase(anna)
    through(room)
    new = room.create("a", external_id="a-1", last_name="Beispiel").customer_id
    room.later()
    room.hear("a", ids=("a-1", None), last_name="Anders")
    assert room.shown(new)["last_name"] == "Anders"
