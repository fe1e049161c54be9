"""Merging and match keys: the survivor has the keys of both, conflicts end, and an un-merge checks the keys again."""

from dataclasses import replace

import pytest

from customer_center.customers.identity import key_id
from customer_center.customers.listing import row_of
from tests.builders.customers_room import ACCOUNT, ANNA, CustomersRoom

MAIL, OTHER, THIRD = "anna@muster.example", "other@muster.example", "third@muster.example"


@pytest.fixture
def room():
    return CustomersRoom("a", "b")


def read(room, customer):
    return room.customers.customer(customer.customer_id)


def owners(room, mail):
    return identity(room, mail).owners


def waiting(room, mail):
    return set(identity(room, mail).waiting)


def identity(room, mail):
    id_ = key_id(f"email:{mail}")
    return room.customers.identities(ACCOUNT, [id_])[id_]


def state(room, *customers):
    """Return these customers and who has which e-mail, without ids of conflicts, counters and times of writing."""
    plain = {"version": 1, "revision": 1, "updated_at": None, "conflict_id": None}
    keys = [(owners(room, mail), waiting(room, mail)) for mail in (MAIL, OTHER, THIRD)]
    return [replace(read(room, each), **plain) for each in customers], keys


def conflict_of(room, customer):
    return room.customers.conflict(ACCOUNT, customer.conflict_id)


def test_merging_a_hidden_customer_ends_its_conflict_and_moves_its_keys(room):
    """003: "Conflicts are when one Customer's information matches another one with the same information"."""
    anna = room.create("a", **ANNA)
    again = room.create("b", emails=[MAIL, OTHER])
    survivor = room.merge(again.customer_id, anna.customer_id)
    assert survivor.customer_id == anna.customer_id
    assert survivor.values["emails"] == (MAIL, OTHER)
    assert (survivor.conflict_id, survivor.waiting) == (None, ())
    assert (owners(room, MAIL), waiting(room, MAIL)) == ((anna.customer_id,), set())
    assert (owners(room, OTHER), waiting(room, OTHER)) == ((anna.customer_id,), set())
    assert conflict_of(room, again).status == "merged"
    assert room.customers.open_conflicts(ACCOUNT, limit=10).rows == []


def test_the_listed_one_survives_although_it_is_younger(room):
    first = room.create("a", **ANNA)
    hidden = room.create("b", emails=[MAIL], first_name="Hidden")
    listed = room.create("b", emails=[OTHER])
    assert room.merge(hidden.customer_id, listed.customer_id).customer_id == listed.customer_id
    # The conflict with the first one is now that of the survivor, which stays listed.
    survivor = read(room, listed)
    assert not survivor.hidden
    assert survivor.conflicting == (first.customer_id,)
    assert survivor.values["emails"] == (OTHER,)
    assert survivor.withheld["emails"] == (OTHER, MAIL)


def test_an_unmerge_without_edits_restores_a_hidden_customer_and_its_conflict(room):
    anna = room.create("a", **ANNA)
    again = room.create("b", emails=[MAIL, OTHER])
    before = state(room, anna, again)
    room.merge(anna.customer_id, again.customer_id)
    assert state(room, anna, again) != before
    came_out = room.unmerge(anna.customer_id)
    assert state(room, anna, again) == before
    assert (came_out.hidden, came_out.conflicting) == (True, (anna.customer_id,))
    assert conflict_of(room, came_out).status == "open"


def test_an_unmerge_without_edits_restores_a_withheld_value(room):
    """The merged one owned the value that the older one had to withhold."""
    anna = room.create("a", **ANNA)
    other = room.create("b", emails=[OTHER])
    room.later()
    anna = room.edit(anna.customer_id, emails=[MAIL, OTHER])
    assert anna.conflicting == (other.customer_id,)
    before = state(room, anna, other)
    survivor = room.merge(anna.customer_id, other.customer_id)
    assert (survivor.conflict_id, survivor.values["emails"]) == (None, (MAIL, OTHER))
    room.unmerge(anna.customer_id)
    assert state(room, anna, other) == before


def test_an_unmerge_without_edits_restores_two_that_were_kept_separate(room):
    anna = room.create("a", **ANNA)
    again = room.create("b", emails=[MAIL])
    room.keep_separate(again.conflict_id)
    before = state(room, anna, again)
    room.merge(anna.customer_id, again.customer_id)
    room.unmerge(anna.customer_id)
    assert state(room, anna, again) == before
    assert owners(room, MAIL) == (anna.customer_id, again.customer_id)


def test_who_was_kept_separate_from_a_merged_one_is_so_from_the_survivor(room):
    older = room.create("a", emails=[OTHER])
    room.later()
    anna = room.create("a", **ANNA)
    twin = room.create("b", emails=[MAIL])
    room.keep_separate(twin.conflict_id)
    room.merge(older.customer_id, twin.customer_id)
    assert read(room, twin).merged_into == older.customer_id
    assert owners(room, MAIL) == (older.customer_id, anna.customer_id)
    room.later()
    room.edit(anna.customer_id, emails=[THIRD])
    room.follow_up()
    room.edit(anna.customer_id, emails=[THIRD, MAIL])
    assert read(room, anna).conflict_id is None


def test_a_value_that_somebody_took_meanwhile_is_withheld_after_an_unmerge(room):
    anna = room.create("a", **ANNA)
    other = room.create("b", external_id="b-2", emails=[OTHER])
    room.merge(anna.customer_id, other.customer_id)
    room.later()
    # Nobody shows it now, so that another customer may have it.
    room.edit(anna.customer_id, emails=[MAIL])
    third = room.create("b", emails=[OTHER])
    assert not third.hidden
    came_out = room.unmerge(anna.customer_id)
    assert not came_out.hidden
    assert came_out.conflicting == (third.customer_id,)
    assert "emails" not in came_out.values


def test_a_hidden_one_without_conflict_is_listed_after_an_unmerge(room):
    anna = room.create("a", **ANNA)
    again = room.create("b", emails=[MAIL])
    room.merge(anna.customer_id, again.customer_id)
    room.later()
    room.hear("a", ids=("x", anna.customer_id), emails=[OTHER])
    came_out = room.unmerge(anna.customer_id)
    assert not came_out.hidden
    assert came_out.conflict_id is None
    assert row_of(came_out)
    assert owners(room, MAIL) == (again.customer_id,)


def test_who_waits_for_a_merged_one_waits_for_the_survivor(room):
    anna = room.create("a", **ANNA)
    third = room.create("b", emails=[OTHER])
    waiter = room.create("b", emails=[OTHER])
    assert waiter.conflicting == (third.customer_id,)
    room.merge(anna.customer_id, third.customer_id)
    room.follow_up()
    assert read(room, waiter).conflicting == (anna.customer_id,)
    room.unmerge(anna.customer_id)
    room.follow_up()
    assert read(room, waiter).conflicting == (third.customer_id,)


def test_who_waits_for_a_value_that_the_cluster_shows_no_more_comes_forward(room):
    anna = room.create("a", **ANNA)
    third = room.create("b", emails=[OTHER])
    waiter = room.create("b", emails=[OTHER])
    room.merge(anna.customer_id, third.customer_id, emails="fill_empty")
    room.follow_up()
    assert not read(room, waiter).hidden
    assert owners(room, OTHER) == (waiter.customer_id,)


def test_a_deletion_frees_the_keys_of_the_whole_cluster(room):
    anna = room.create("a", **ANNA)
    again = room.create("b", emails=[MAIL, OTHER])
    room.merge(anna.customer_id, again.customer_id)
    room.delete(again.customer_id)
    assert (owners(room, MAIL), owners(room, OTHER)) == ((), ())
    assert not room.create(emails=[MAIL, OTHER]).hidden


def test_an_event_about_a_merged_record_moves_the_keys_of_the_survivor(room):
    anna = room.create("a", **ANNA)
    room.create("b", external_id="b-2", emails=[OTHER])
    room.merge(anna.customer_id, room.customers.customer_id_of(ACCOUNT, "b", "b-2"))
    room.later()
    room.hear("b", ids=("b-2", None), emails=[THIRD])
    assert owners(room, THIRD) == (anna.customer_id,)
    assert owners(room, OTHER) == ()
    assert room.shown(anna.customer_id)["emails"] == (MAIL, THIRD)


def test_two_debtors_of_the_erp_stay_two_after_an_unmerge(room):
    for code in ("10000", "10001"):
        room.hear(None, "customer.created", ids=(code, None), emails=[MAIL])
        room.later()
    first, second = (room.customers.customer_id_of(ACCOUNT, None, code) for code in ("10000", "10001"))
    assert owners(room, MAIL) == (first, second)
    room.merge(first, second)
    assert owners(room, MAIL) == (first,)
    came_out = room.unmerge(first)
    assert came_out.conflict_id is None
    assert owners(room, MAIL) == (first, second)
    assert room.customers.customer(first).customer_code == "10000"
    assert came_out.customer_code == "10001"


def test_a_merge_against_a_claim_reads_again(room):
    """Somebody takes a key between reading and writing: the merge then finds it taken."""
    anna = room.create("a", **ANNA)
    hidden = room.create("b", emails=[MAIL, OTHER])
    room.customers.before_save = lambda: room.create("a", emails=[OTHER])
    survivor = room.merge(anna.customer_id, hidden.customer_id)
    assert owners(room, OTHER) != (anna.customer_id,)
    assert survivor.withheld["emails"] == (MAIL, OTHER)
    assert survivor.conflict_id


def test_an_unmerge_against_a_claim_reads_again(room):
    anna = room.create("a", **ANNA)
    other = room.create("b", emails=[OTHER])
    room.merge(anna.customer_id, other.customer_id)
    room.later()
    room.edit(anna.customer_id, emails=[MAIL])
    room.customers.before_save = lambda: room.create("a", emails=[OTHER])
    came_out = room.unmerge(anna.customer_id)
    assert owners(room, OTHER) != (other.customer_id,)
    assert came_out.conflict_id


def test_what_only_the_other_one_may_share_is_withheld_again_after_an_unmerge(room):
    """The merged record was kept separate from who owns both e-mails. The survivor was not."""
    mine, its = "mine@muster.example", "its@muster.example"
    owner = room.create(None, last_name="Owner", emails=(mine, its)).customer_id
    survivor = room.create(None, last_name="Survivor").customer_id
    room.later()
    other = room.create(None, last_name="Other", emails=(its,))
    room.keep_separate(other.conflict_id)
    before = room.edit(survivor, emails=(mine,))
    assert ("emails" in before.values, before.conflicting) == (False, (owner,))
    room.later()
    room.merge(survivor, other.customer_id)
    assert sorted(room.shown(survivor)["emails"]) == [its, mine]
    room.later()
    room.unmerge(survivor)
    after = room.customers.customer(survivor)
    assert (after.values, after.withheld, after.conflicting) == (before.values, before.withheld, before.conflicting)
    assert room.shown(other.customer_id)["emails"] == (its,)
