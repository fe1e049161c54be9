"""Customers leave accounts and join others of their partner (docs/specification.md, 13.58 to 13.60)."""

from dataclasses import replace

import pytest

from customer_center.customers.control_product import pause_product, resume_product
from customer_center.customers.edit_customer import present_customer
from customer_center.customers.export_customer import export_customer
from customer_center.customers.partners import without_account
from customer_center.customers.product_ports import TryLater
from customer_center.customers.read_changes import read_changes
from customer_center.customers.read_history import read_history
from customer_center.platform.errors import Conflict, InvalidInput, NotFound, PreconditionFailed
from ops.check_list import rebuilt
from tests.builders.customers_room import ACCOUNT, ANNA, PARTNER, CustomersRoom

OTHER = "AG-200"
NOWHERE = without_account(PARTNER)


@pytest.fixture
def room():
    room = CustomersRoom("a", "b")
    room.connect("c", account=OTHER)
    room.connect("b", account=OTHER)
    room.settle()
    for account in (ACCOUNT, OTHER):
        room.partner(account=account)
    return room


def told(room, account=None):
    """Return what products were told since the last time, with the account that they are of."""
    pushes, room.connector.pushes = room.connector.pushes, []
    of = {"AG-100": "1", "AG-200": "2"}
    told = zip((name for name, *_ in room.connector.told[-len(pushes) :]), pushes, strict=True) if pushes else ()
    return sorted((f"{name}{of[push.customer.account_id]}", push.kind) for name, push in told)


def anna_told(room, **given):
    """Create Anna in the account, as product a; return her id when product b was told."""
    anna = room.create("a", **{**ANNA, **given}).customer_id
    room.follow_up()
    told(room)
    return anna


def is_consistent(room):
    for each in room.customers.everyone():
        assert replace(rebuilt(each, room.customers), revision=each.revision) == each


# Leaving


def test_a_customer_that_leaves_belongs_to_the_partner_and_keeps_its_values(room):
    anna = anna_told(room)
    left = room.leave(anna)
    assert (left.partner_id, left.values, left.version) == (PARTNER, ANNA, 2)
    assert present_customer(anna, NOWHERE, room.customers) == left
    with pytest.raises(NotFound):
        present_customer(anna, ACCOUNT, room.customers)
    is_consistent(room)


def test_products_are_told_that_the_customer_is_gone_also_who_made_it_and_without_values(room):
    """003: The Customer Webhook will trigger when a customer is removed or added to an account, or updated."""
    anna = anna_told(room)
    room.leave(anna)
    room.follow_up()
    gone = room.connector.pushes[-1].customer
    assert (gone.customer_id, gone.account_id, gone.version, gone.values) == (anna, ACCOUNT, 2, {})
    assert told(room) == [("a1", "deleted"), ("b1", "deleted")]


def test_a_product_is_told_a_removal_once_and_under_the_same_id_after_a_failure(room):
    anna = anna_told(room)
    room.connector.outcomes["b"] = [TryLater("http-500")]
    room.leave(anna)
    room.follow_up()
    first = [push.push_id for push in room.connector.pushes]
    room.join(anna, OTHER)
    room.edit(anna, account=OTHER, first_name="Anne")
    room.settle()
    repeated = [push.push_id for push in room.connector.pushes if push.push_id in first]
    assert len(repeated) == 3
    room.push("b", anna)
    assert told(room).count(("b1", "deleted")) == 2


def test_a_product_that_was_paused_is_told_the_removal_when_it_resumes(room):
    anna = anna_told(room)
    room.control(pause_product, "b")
    room.leave(anna)
    room.join(anna, OTHER)
    room.settle()
    assert ("b1", "deleted") not in told(room)
    room.control(resume_product, "b")
    room.settle()
    assert told(room) == [("b1", "deleted")]


def test_the_keys_of_a_customer_that_left_are_free_and_a_waiting_customer_comes_forward(room):
    anna = anna_told(room)
    erna = room.create("a", last_name="Erna", emails=("anna@muster.example",))
    assert erna.hidden
    room.leave(anna)
    room.follow_up()
    listed = room.customers.customer(erna.customer_id)
    assert (listed.hidden, listed.conflict_id) == (False, None)
    assert told(room) == [("a1", "deleted"), ("b1", "created"), ("b1", "deleted")]
    assert room.create(**ANNA).conflict_id is not None
    is_consistent(room)


def test_what_was_withheld_is_shown_after_leaving_and_the_conflict_has_ended(room):
    anna_told(room)
    erna = room.create(last_name="Erna").customer_id
    in_conflict = room.edit(erna, emails=("anna@muster.example",))
    left = room.leave(erna)
    assert left.values == {"last_name": "Erna", "emails": ("anna@muster.example",)}
    assert (left.conflict_id, left.conflicting, left.withheld) == (None, (), {})
    assert room.customers.conflict(ACCOUNT, in_conflict.conflict_id).status == "ended"
    is_consistent(room)


def test_nobody_is_told_of_a_hidden_customer_that_leaves_but_who_made_it(room):
    anna_told(room)
    hidden = room.create("a", **ANNA).customer_id
    room.leave(hidden)
    room.follow_up()
    assert told(room) == [("a1", "deleted")]


def test_a_customer_without_account_is_in_no_list_no_search_and_a_tombstone_in_the_feed(room):
    anna = anna_told(room)
    room.later(60)
    since = read_changes(ACCOUNT, None, limit=9, customers=room.customers, feed=room.products, clock=room.clock)
    assert [each.customer_id for each in since.rows] == [anna]
    room.leave(anna)
    room.follow_up()
    room.later(60)
    at = {"limit": 9, "customers": room.customers, "feed": room.products, "clock": room.clock}
    changes = read_changes(ACCOUNT, since.next_cursor, **at)
    rows = [(row.customer_id, row.customer) for row in changes.rows]
    assert rows[-1] == (anna, None)
    assert room.words.kept[ACCOUNT] == set()
    assert NOWHERE not in room.words.kept


def test_the_history_says_who_left_and_joined_and_when(room):
    anna = anna_told(room)
    room.leave(anna)
    room.join(anna, OTHER)
    page = read_history(anna, OTHER, limit=9, cursor=None, customers=room.customers)
    assert [entry.action for entry in page.rows] == ["customer.joined", "customer.left", "customer.created"]
    assert [entry.changes.get("account_id") for entry in page.rows] == [(None, OTHER), (ACCOUNT, None), None]


def test_an_account_without_partner_keeps_its_customers(room):
    anna = room.create(**ANNA, account="AG-300").customer_id
    with pytest.raises(Conflict) as refused:
        room.leave(anna, account="AG-300")
    assert refused.value.code == "account-without-partner"


def test_a_customer_that_others_were_merged_into_stays_until_that_is_undone(room):
    anna = anna_told(room)
    erna = room.create(last_name="Erna").customer_id
    room.merge(anna, erna)
    for each in (anna, erna):
        with pytest.raises(Conflict) as refused:
            room.leave(each)
        assert refused.value.code == "customer-merged"
    room.unmerge(anna)
    assert room.leave(erna).partner_id == PARTNER
    is_consistent(room)


def test_leaving_compares_the_version(room):
    anna = anna_told(room)
    with pytest.raises(PreconditionFailed):
        room.leave(anna, if_versions=[7])
    assert room.leave(anna, if_versions=[1]).version == 2


def test_leaving_twice_is_answered_as_for_a_customer_that_is_not_there(room):
    anna = anna_told(room)
    room.leave(anna)
    with pytest.raises(NotFound):
        room.leave(anna)


def test_another_account_does_not_take_a_customer_out(room):
    anna = anna_told(room)
    with pytest.raises(NotFound):
        room.leave(anna, account=OTHER)


# Joining


def test_a_customer_that_joins_is_told_to_the_products_of_its_new_account_only(room):
    anna = anna_told(room)
    room.leave(anna)
    room.follow_up()
    told(room)
    joined = room.join(anna, OTHER)
    room.follow_up()
    assert (joined.account_id, joined.hidden, joined.version) == (OTHER, False, 3)
    assert told(room) == [("b2", "created"), ("c2", "created")]
    is_consistent(room)


def test_products_of_both_accounts_are_told_the_right_thing_if_it_joins_before_they_were(room):
    anna = anna_told(room)
    room.leave(anna)
    room.join(anna, OTHER)
    room.follow_up()
    assert told(room) == [("a1", "deleted"), ("b1", "deleted"), ("b2", "created"), ("c2", "created")]


def test_a_customer_that_comes_back_is_made_again_at_products_that_removed_it(room):
    anna = anna_told(room)
    room.leave(anna)
    room.follow_up()
    told(room)
    room.join(anna)
    room.follow_up()
    assert told(room) == [("a1", "created"), ("b1", "created")]


def test_a_customer_that_comes_back_at_once_is_told_again_because_products_may_have_been_refused_meanwhile(room):
    anna = anna_told(room)
    room.leave(anna)
    room.hear("b", ids=(None, anna), last_name="Refused")
    room.join(anna)
    room.follow_up()
    assert told(room) == [("a1", "updated"), ("b1", "updated")]
    assert room.connector.told[-1][2] == ANNA


def test_joining_is_checked_like_a_creation(room):
    erna = room.create("c", last_name="Erna", emails=("anna@muster.example",), account=OTHER).customer_id
    anna = anna_told(room)
    room.leave(anna)
    room.follow_up()
    told(room)
    joined = room.join(anna, OTHER)
    assert (joined.hidden, joined.conflicting) == (True, (erna,))
    assert room.customers.conflict(OTHER, joined.conflict_id).customer_id == anna
    room.follow_up()
    assert ("c2", "created") not in told(room)
    room.delete(erna, account=OTHER)
    room.follow_up()
    assert not room.customers.customer(anna).hidden
    assert ("c2", "created") in told(room)
    is_consistent(room)


def test_joining_the_account_that_it_is_in_changes_nothing(room):
    anna = anna_told(room)
    before, entries = room.customers.customer(anna), len(room.customers.entries)
    assert room.join(anna) == before
    assert len(room.customers.entries) == entries


def test_a_customer_of_another_account_cannot_join_before_it_left(room):
    anna = anna_told(room)
    with pytest.raises(NotFound):
        room.join(anna, OTHER)


def test_an_account_of_another_partner_cannot_be_joined_and_a_customer_of_another_partner_cannot_join(room):
    anna = anna_told(room)
    room.leave(anna)
    room.partner("XYZ", account="AG-300")
    with pytest.raises(NotFound):
        room.join(anna, "AG-300")
    with pytest.raises(NotFound):
        room.join(anna, "AG-300", partner_id="XYZ")
    with pytest.raises(NotFound):
        room.join(anna, "AG-400")


def test_joining_compares_the_version(room):
    anna = anna_told(room)
    room.leave(anna)
    with pytest.raises(PreconditionFailed):
        room.join(anna, OTHER, if_versions=[1])
    assert room.join(anna, OTHER, if_versions=[2]).version == 3


def test_a_key_of_the_new_account_is_taken_although_others_had_it_in_the_old_one(room):
    anna = anna_told(room)
    room.leave(anna)
    room.join(anna, OTHER)
    again = room.create("a", **ANNA)
    assert not again.hidden
    is_consistent(room)


# Ids


def test_external_id_and_customer_code_are_free_for_others_from_then_on(room):
    anna = anna_told(room, external_id="a-1", customer_code="10001")
    assert room.leave(anna).customer_code is None
    erna = room.create("a", last_name="Erna", external_id="a-1", customer_code="10001")
    named = [room.customers.customer_id_of(ACCOUNT, *each) for each in (("a", "a-1"), (None, "10001"))]
    assert named == [erna.customer_id] * 2


def test_an_id_that_nobody_took_names_the_customer_again_when_it_comes_back(room):
    anna = anna_told(room, external_id="a-1")
    room.leave(anna)
    room.join(anna)
    room.hear("a", ids=("a-1", None), last_name="Neu")
    assert room.shown(anna)["last_name"] == "Neu"


def test_an_id_that_somebody_else_took_stays_theirs_when_the_customer_comes_back(room):
    anna = anna_told(room, external_id="a-1")
    room.leave(anna)
    erna = room.create("a", last_name="Erna", external_id="a-1").customer_id
    room.join(anna)
    assert room.customers.customer_id_of(ACCOUNT, "a", "a-1") == erna
    assert room.customers.delivery(anna, ACCOUNT, "a").external_id is None


def test_an_event_after_the_departure_is_about_a_new_customer(room):
    anna = anna_told(room, external_id="a-1")
    room.leave(anna)
    room.later()
    room.hear("a", ids=("a-1", None), last_name="Neu")
    erna = room.customers.customer_id_of(ACCOUNT, "a", "a-1")
    assert erna != anna
    assert room.shown(erna) == {"last_name": "Neu"}
    assert room.shown(anna) == ANNA
    room.follow_up()
    # Product a would delete the new one.
    assert told(room) == [("b1", "created"), ("b1", "deleted")]


@pytest.mark.parametrize("kind", ["customer.updated", "customer.deleted"])
@pytest.mark.parametrize("product", ["a", None])
def test_an_event_from_before_the_departure_makes_nobody(room, kind, product):
    anna = anna_told(room, external_id="a-1", customer_code="10001")
    event = room.event(product, kind, ids=("a-1" if product else "10001", None), last_name="Alt")
    room.later()
    room.leave(anna)
    room.apply(event)
    assert [each.customer_id for each in room.customers.everyone()] == [anna]
    assert room.shown(anna) == ANNA
    assert room.customers.refused == []


def test_a_deletion_after_the_departure_deletes_nobody(room):
    anna = anna_told(room, external_id="a-1")
    room.leave(anna)
    room.later()
    room.hear("a", "customer.deleted", ids=("a-1", None))
    assert room.customers.customer(anna).deleted_at is None
    room.follow_up()
    assert told(room) == [("b1", "deleted")]


def test_an_event_with_our_id_of_a_customer_that_left_is_refused(room):
    anna = anna_told(room)
    room.leave(anna)
    room.hear("b", ids=(None, anna), last_name="Neu")
    assert [(code, pointers) for _, _, code, pointers in room.customers.refused] == [
        ("customer-unknown", ["/data/customer_id"])
    ]


def test_the_id_of_a_customer_that_left_can_be_said_of_another_one(room):
    anna = anna_told(room, external_id="a-1")
    erna = room.create("b", last_name="Erna").customer_id
    room.leave(anna)
    room.later()
    room.hear("a", ids=("a-1", erna), first_name="Erna")
    assert room.customers.customer_id_of(ACCOUNT, "a", "a-1") == erna
    assert room.customers.refused == []


def test_the_erp_gives_the_code_of_a_customer_that_left_to_a_new_one(room):
    anna = anna_told(room, customer_code="10001")
    room.leave(anna)
    room.later()
    room.hear(None, ids=("10001", None), last_name="Neu")
    assert room.customers.customer_id_of(ACCOUNT, None, "10001") not in (None, anna)


# Without account


def test_a_customer_without_account_is_created_edited_and_deleted_and_nobody_is_told(room):
    anna = room.create(**ANNA, account=NOWHERE)
    erna = room.create(**ANNA, account=NOWHERE)
    assert (anna.partner_id, anna.hidden, anna.keys, anna.conflict_id, erna.conflict_id) == (
        PARTNER,
        True,
        (),
        None,
        None,
    )
    room.edit(anna.customer_id, account=NOWHERE, emails=("neu@muster.example",))
    room.delete(erna.customer_id, account=NOWHERE)
    assert all(effect.kind != "customer_changed" for entry in room.customers.entries for effect in entry.effects)
    assert room.customers.all_identities() == []
    assert room.customers.customer(erna.customer_id).deleted_at
    is_consistent(room)


def test_a_customer_without_account_has_no_customer_code(room):
    with pytest.raises(InvalidInput) as refused:
        room.create(**ANNA, customer_code="10001", account=NOWHERE)
    assert [(error.pointer, error.code) for error in refused.value.errors] == [("/customer_code", "needs-account")]


def test_a_customer_that_was_deleted_without_account_joins_nothing(room):
    anna = room.create(**ANNA, account=NOWHERE).customer_id
    room.delete(anna, account=NOWHERE)
    with pytest.raises(NotFound):
        room.join(anna)


def test_an_account_exports_what_its_own_products_know_and_the_partner_everything(room):
    anna = anna_told(room)
    room.leave(anna)
    room.follow_up()

    def products(account):
        export = export_customer(anna, account, limit=9, cursor=None, customers=room.customers)
        return [each.product for record in export.records for each in record.products]

    assert products(NOWHERE) == ["a", "b"]
    room.join(anna, OTHER)
    room.follow_up()
    assert products(OTHER) == ["b", "c"]


@pytest.mark.parametrize("where", [NOWHERE, OTHER])
def test_an_erasure_reaches_the_products_and_the_ids_of_accounts_that_the_customer_left(room, where):
    anna = anna_told(room, external_id="a-1", customer_code="10001")
    room.connector.outcomes["b"] = [TryLater("http-500")]
    room.leave(anna)
    room.follow_up()
    if where == OTHER:
        room.join(anna, OTHER)
        room.follow_up()
    erasure = room.erase(anna, account=where)
    assert (erasure.products["a"], erasure.products["b"]) == ("done", "pending")
    room.settle()
    room.later(120)
    room.clear()
    assert {(ACCOUNT, "a", "a-1"), (ACCOUNT, None, "10001")} <= room.erased_ids.kept
    room.hear("a", ids=("a-1", None), last_name="Neu")
    assert [code for _, _, code, _ in room.customers.refused] == ["customer-erased"]
    assert room.erase(anna, account=where).products["b"] == "done"
