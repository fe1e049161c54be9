"""Two customers are one: they are merged, every old id resolves, and the merge can be undone."""

from dataclasses import replace

import pytest

from customer_center.customers.consent import ConsentSaid, with_statements
from customer_center.customers.edit_customer import present_customer
from customer_center.customers.listing import row_of
from customer_center.customers.members import Policy
from customer_center.customers.read_history import read_sources
from customer_center.platform.errors import Conflict, InvalidInput, NotFound, PreconditionFailed
from tests.builders.customers_room import ACCOUNT, ANNA, CustomersRoom

ERNA = {"first_name": "Erna", "organisation": "Musterhandel", "emails": ("erna@muster.example",)}


@pytest.fixture
def room():
    return CustomersRoom("a", "b")


@pytest.fixture
def anna(room):
    """A customer of product a, that b was told."""
    return made(room, "a", "a-1", ANNA)


@pytest.fixture
def erna(room, anna):
    """A younger customer of product b, that a was told."""
    return made(room, "b", "b-2", ERNA)


def made(room, product, external_id, values):
    customer = room.create(product, external_id=external_id, **values)
    room.follow_up()
    room.connector.told.clear()
    room.later()
    return customer.customer_id


def told(room):
    """Return what was told since the last look: product, kind of event, customer."""
    found = [(push.kind, push.customer.customer_id) for push in room.connector.pushes]
    room.connector.pushes.clear()
    products = [product for product, *_ in room.connector.told]
    room.connector.told.clear()
    return sorted((product, *each) for product, each in zip(products, found[-len(products) :], strict=True))


def now_of(room, *customer_ids):
    """Return everything about these customers, without what counts versions and when they were written."""
    counters = {"version": 1, "revision": 1, "updated_at": None}
    return [
        (
            replace(room.customers.customer(each), **counters),
            room.customers.source_records(each),
            room.customers.consent_ledger(each),
        )
        for each in customer_ids
    ]


# Who survives, and what it shows


def test_the_older_one_survives_and_shows_the_newest_of_both(room, anna, erna):
    survivor = room.merge(erna, anna)
    assert survivor.customer_id == anna
    assert survivor.values == {
        "first_name": "Erna",
        "last_name": "Muster",
        "organisation": "Musterhandel",
        "emails": ("anna@muster.example", "erna@muster.example"),
    }
    assert survivor.said_by["first_name"] == "product:b"


@pytest.mark.parametrize(
    ("policy", "shown"),
    [
        ("newest", "Erna"),
        ("fill_empty", "Anna"),
        (Policy("source_priority", ("product:a", "product:b")), "Anna"),
        (Policy("source_priority", ("erp", "product:b")), "Erna"),
        (Policy("source_priority", ("erp",)), "Erna"),
    ],
)
def test_a_policy_says_whose_value_is_shown(room, anna, erna, policy, shown):
    survivor = room.merge(anna, erna, first_name=policy, organisation=policy, last_name=policy)
    assert survivor.values["first_name"] == shown
    # Nobody else says anything about these.
    assert survivor.values["organisation"] == "Musterhandel"
    assert survivor.values["last_name"] == "Muster"


@pytest.mark.parametrize("rule", ["fill_empty", "source_priority"])
def test_having_no_value_fills_nothing(room, anna, erna, rule):
    room.edit(erna, first_name=None)
    policy = Policy(rule, ("api",))
    assert room.merge(anna, erna, first_name=policy).values["first_name"] == "Anna"


def test_the_newest_may_be_that_there_is_none(room, anna, erna):
    room.edit(erna, first_name=None)
    assert "first_name" not in room.merge(anna, erna).values


def test_a_list_may_be_that_of_one_record(room, anna, erna):
    assert room.merge(anna, erna, emails="newest").values["emails"] == ("erna@muster.example",)


def test_what_is_said_later_counts_by_the_same_policy(room, anna, erna):
    room.merge(anna, erna, first_name="fill_empty")
    room.later()
    room.hear("b", ids=("b-2", None), first_name="Ernestine", last_name="Neumann", emails=["neu@muster.example"])
    shown = room.shown(anna)
    assert (shown["first_name"], shown["last_name"]) == ("Anna", "Neumann")
    assert shown["emails"] == ("anna@muster.example", "neu@muster.example")


def test_an_edit_by_the_api_beats_the_policy(room, anna, erna):
    room.merge(anna, erna, first_name=Policy("source_priority", ("product:b",)))
    room.later()
    room.edit(erna, first_name="Anneliese", emails=["anna@muster.example"], organisation=None)
    assert room.shown(anna) == {
        "first_name": "Anneliese",
        "last_name": "Muster",
        "emails": ("anna@muster.example",),
    }
    room.later()
    room.hear("b", ids=("b-2", None), organisation="Neu")
    assert room.shown(anna)["organisation"] == "Neu"


# Ids


def test_every_old_id_is_that_of_the_survivor(room, anna, erna):
    room.merge(anna, erna)
    assert present_customer(erna, ACCOUNT, room.customers).customer_id == anna
    with pytest.raises(NotFound):
        present_customer(erna, "AG-2", room.customers)
    assert room.edit(erna, last_name="Neumann").customer_id == anna


def test_the_customer_code_of_a_merged_record_is_shown_and_resolves(room, anna):
    room.hear(None, "customer.created", ids=("10000", None), organisation="Musterhandel")
    debtor = room.customers.customer_id_of(ACCOUNT, None, "10000")
    assert room.merge(anna, debtor).customer_code == "10000"
    room.later()
    room.hear(None, ids=("10000", None), organisation="Neu")
    assert room.shown(anna)["organisation"] == "Neu"
    assert room.customers.source_record(debtor, "erp").said["organisation"] == "Neu"
    assert room.customers.source_record(anna, "erp").said == {}


def test_two_ids_of_one_cluster_name_one_customer(room, anna, erna):
    room.merge(anna, erna)
    room.later()
    room.hear("b", ids=("b-2", anna), last_name="Neumann")
    assert room.customers.refused == []
    assert room.shown(anna)["last_name"] == "Neumann"


# Products


def test_products_are_told_that_the_other_one_is_gone_and_what_the_survivor_shows(room, anna, erna):
    room.connector.pushes.clear()
    room.merge(anna, erna)
    room.follow_up()
    assert {push.customer.merged_into for push in room.connector.pushes if push.kind == "deleted"} == {anna}
    assert told(room) == [
        ("a", "deleted", erna),
        ("a", "updated", anna),
        ("b", "deleted", erna),
        ("b", "updated", anna),
    ]


def test_products_are_told_it_again_after_an_unmerge(room, anna, erna):
    room.merge(anna, erna)
    room.follow_up()
    told(room)
    room.unmerge(anna)
    room.follow_up()
    assert told(room) == [
        ("a", "created", erna),
        ("a", "updated", anna),
        ("b", "created", erna),
        ("b", "updated", anna),
    ]


def test_who_names_the_merged_record_speaks_of_the_survivor_once_it_was_told(room, anna, erna):
    """Its full update is of what it was told, so it states only what differs, and it is not told its own words."""
    room.merge(anna, erna)
    room.follow_up()
    told(room)
    room.later()
    room.hear("b", ids=("b-2", None), **room.shown(anna) | {"last_name": "Neumann"})
    assert room.customers.source_record(erna, "product:b").said["last_name"] == "Neumann"
    assert room.customers.source_record(erna, "product:b").said["first_name"] == "Erna"
    room.follow_up()
    assert told(room) == [("a", "updated", anna)]


def test_who_was_not_told_yet_speaks_of_its_copy_of_the_merged_record(room, anna, erna):
    room.edit(anna, "a", last_name="Neumann")
    room.merge(anna, erna)
    room.later()
    room.hear("b", ids=("b-2", None), **ERNA | {"organisation": "Neu"})
    assert room.shown(anna) == ANNA | ERNA | {
        "last_name": "Neumann",
        "organisation": "Neu",
        "emails": (*ANNA["emails"], *ERNA["emails"]),
    }
    assert set(room.customers.source_record(erna, "product:b").as_of.values()) != set()
    room.follow_up()
    for product in ("a", "b"):
        assert room.customers.delivery(anna, ACCOUNT, product).owes(room.customers.customer(anna).view) is None
        assert not room.customers.delivery(erna, ACCOUNT, product).has_it


def test_who_still_uses_its_old_id_after_an_unmerge_is_told_the_record_again(room, anna, erna):
    """Its event may be about its copy of the survivor: it does not have the record before it was told."""
    room.merge(anna, erna)
    room.follow_up()
    room.unmerge(anna)
    room.later()
    room.hear("b", ids=("b-2", None), organisation="Neu")
    told(room)
    room.follow_up()
    assert ("b", "created", erna) in told(room)


def test_the_deletion_that_follows_from_being_told_deletes_nothing(room, anna, erna):
    room.merge(anna, erna)
    room.follow_up()
    room.later()
    room.hear("b", "customer.deleted", ids=("b-2", None))
    assert present_customer(anna, ACCOUNT, room.customers).members


def test_who_deletes_its_duplicate_keeps_the_customer(room, anna, erna):
    room.merge(anna, erna)
    room.later()
    room.hear("b", "customer.deleted", ids=("b-2", None))
    assert present_customer(anna, ACCOUNT, room.customers).customer_id == anna
    room.follow_up()
    assert ("b", "deleted", erna) not in told(room)


def test_a_deletion_is_that_of_the_whole_cluster(room, anna, erna):
    room.merge(anna, erna)
    room.follow_up()
    told(room)
    room.later()
    room.delete(erna)
    room.follow_up()
    assert told(room) == [("a", "deleted", anna), ("b", "deleted", anna)]
    for customer_id in (anna, erna):
        with pytest.raises(NotFound):
            present_customer(customer_id, ACCOUNT, room.customers)
    room.hear("b", ids=("b-2", None), last_name="Late")
    assert room.customers.customer(anna).deleted_at
    with pytest.raises(NotFound):
        room.unmerge(erna)


# Coming apart


def test_an_unmerge_without_edits_restores_both(room, anna, erna):
    before = now_of(room, anna, erna)
    room.merge(anna, erna)
    assert now_of(room, anna, erna) != before
    room.unmerge(anna)
    assert now_of(room, anna, erna) == before


def test_three_that_were_merged_in_two_steps_come_apart_in_two(room, anna, erna):
    olga = made(room, "a", "a-3", {"first_name": "Olga"})
    before = now_of(room, anna, erna, olga)
    room.merge(erna, olga)
    pair = now_of(room, anna, erna, olga)
    assert room.merge(olga, anna).customer_id == anna
    assert {present_customer(each, ACCOUNT, room.customers).customer_id for each in (anna, erna, olga)} == {anna}
    assert room.unmerge(anna).customer_id == erna
    assert now_of(room, anna, erna, olga) == pair
    assert room.unmerge(erna).customer_id == olga
    assert now_of(room, anna, erna, olga) == before


@pytest.mark.parametrize("as_member", [False, True])
def test_a_merged_record_is_named_by_its_id(room, anna, erna, as_member):
    olga = made(room, "a", "a-3", {"first_name": "Olga"})
    before = now_of(room, anna, olga)
    room.merge(anna, olga)
    room.merge(anna, erna)
    came_out = room.unmerge(anna, olga) if as_member else room.unmerge(olga)
    assert came_out.customer_id == olga
    room.unmerge(anna, erna)
    assert now_of(room, anna, olga) == before


def test_what_was_said_about_a_merged_record_stays_with_it(room, anna, erna):
    room.merge(anna, erna)
    room.later()
    room.hear("b", ids=("b-2", None), organisation="Neu")
    room.edit(erna, last_name="Edited")
    room.unmerge(erna)
    assert room.shown(erna) == ERNA | {"organisation": "Neu"}
    assert room.shown(anna) == ANNA | {"last_name": "Edited"}


def test_denials_that_were_said_meanwhile_hold_for_both(room, anna, erna):
    room.edit(anna, consent=ConsentSaid(permission=True))
    room.edit(erna, consent=ConsentSaid(permission=True))
    room.later()
    room.merge(anna, erna)
    room.follow_up()
    room.later()
    room.hear("b", ids=("b-2", None), consent=ConsentSaid(permission=False))
    assert not room.customers.customer(anna).permission_to_contact
    room.unmerge(anna)
    for customer_id in (anna, erna):
        customer = room.customers.customer(customer_id)
        assert customer.is_withdrawn
        assert customer.consent == rebuilt_consent(room, customer_id)


def test_a_denial_from_before_the_merge_is_not_that_of_the_other(room, anna, erna):
    room.edit(anna, consent=ConsentSaid(permission=True))
    room.later()
    room.edit(erna, consent=ConsentSaid(channels={"email": ("denied", 0)}))
    room.later()
    room.merge(anna, erna)
    room.later()
    room.unmerge(anna)
    assert room.customers.customer(anna).permission_to_contact
    assert room.customers.customer(erna).is_withdrawn


def rebuilt_consent(room, customer_id):
    return with_statements({}, room.customers.consent_ledger(customer_id))


# Refusals


def test_what_cannot_be_merged_is_refused_and_nothing_is_written(room, anna, erna):
    gone = made(room, "a", None, {"first_name": "Gone"})
    room.delete(gone)
    entries = len(room.customers.entries)
    for other, code in ((anna, "merged-with-itself"), (gone, "customer-unknown"), ("cus_nobody", "customer-unknown")):
        with pytest.raises(InvalidInput) as refused:
            room.merge(anna, other)
        assert (refused.value.code, refused.value.errors[0].pointer) == (code, "/customer_id")
    with pytest.raises(NotFound):
        room.merge(gone, anna)
    with pytest.raises(PreconditionFailed):
        room.merge(anna, erna, if_versions={7})
    with pytest.raises(Conflict) as refused:
        room.unmerge(anna)
    assert refused.value.code == "not-merged"
    assert len(room.customers.entries) == entries
    room.merge(anna, erna)
    with pytest.raises(Conflict) as refused:
        room.merge(erna, anna)
    assert refused.value.code == "already-merged"
    with pytest.raises(Conflict) as refused:
        room.unmerge(anna, "cus_nobody")
    assert refused.value.code == "not-merged"


def test_a_cluster_has_a_limit(room, anna):
    for number in range(19):
        room.merge(anna, room.create(first_name=f"{number}").customer_id)
    last = room.create(first_name="last").customer_id
    with pytest.raises(Conflict) as refused:
        room.merge(anna, last)
    assert refused.value.code == "cluster-limit"
    assert room.customers.customer(last).merged_into is None


def emails(number):
    return [f"{number}-{each}@muster.example" for each in range(10)]


def test_a_cluster_shows_twenty_emails_at_most(room, anna):
    first, second, third = (room.create("a", external_id=f"x-{n}", emails=emails(n)).customer_id for n in range(3))
    room.merge(first, second)
    with pytest.raises(Conflict) as refused:
        room.merge(first, third)
    assert refused.value.code == "cluster-limit"
    room.merge(first, third, emails="fill_empty")
    assert len(room.shown(first)["emails"]) == 20


def test_an_event_that_exceeds_the_limit_is_refused(room, anna, erna):
    first, second, third = (
        room.create("a", external_id=f"x-{n}", emails=emails(n)[: (10, 10, 0)[n]]).customer_id for n in range(3)
    )
    room.merge(first, second)
    room.merge(first, third)
    room.later()
    room.hear("a", ids=("x-2", None), emails=["one-more@muster.example"])
    assert [refused[2] for refused in room.customers.refused] == ["cluster-limit"]
    room.hear("a", ids=("x-1", None), emails=emails(1)[:9])
    assert len(room.shown(first)["emails"]) == 19


# What the rest of the room says about it


def test_sources_of_a_cluster_are_those_of_all_its_records(room, anna, erna):
    room.merge(anna, erna, first_name="fill_empty")
    for customer_id in (anna, erna):
        said = read_sources(customer_id, ACCOUNT, customers=room.customers)
        shown = {(each.customer_id, one.field): one.is_shown for each in said for one in each.statements}
        assert shown == {
            (anna, "first_name"): True,
            (anna, "last_name"): True,
            (anna, "emails"): True,
            (erna, "first_name"): False,
            (erna, "organisation"): True,
            (erna, "emails"): True,
        }


def test_a_list_shows_the_survivor_only(room, anna, erna):
    room.merge(anna, erna)
    assert row_of(room.customers.customer(anna)).email == "anna@muster.example"
    assert row_of(room.customers.customer(erna)) is None


def test_every_merge_and_unmerge_is_in_the_history_of_both(room, anna, erna):
    room.merge(anna, erna)
    room.unmerge(anna)
    for customer_id, member, merged_into in ((anna, [erna], None), (erna, None, anna)):
        entries = room.customers.history(customer_id, limit=2).rows
        assert [entry.action for entry in entries] == ["customer.unmerged", "customer.merged"]
        assert entries[1].changes.get("merged_customer_ids", (None, None))[1] == member
        assert entries[1].changes.get("merged_into", (None, None))[1] == merged_into


def test_the_erp_renumbers_a_merged_record(room, anna):
    room.hear(None, "customer.created", ids=("10000", None), organisation="Musterhandel")
    debtor = room.customers.customer_id_of(ACCOUNT, None, "10000")
    room.merge(anna, debtor)
    room.later()
    room.apply(replace(room.event(None, "customer.renumbered", ids=("10000", None)), new_own_id="20000"))
    assert room.customers.customer(anna).customer_code == "20000"
    assert room.customers.customer_id_of(ACCOUNT, None, "20000") == debtor
    room.unmerge(debtor)
    assert room.customers.customer(anna).customer_code is None
    assert room.customers.customer(debtor).customer_code == "20000"


def test_an_id_of_a_deleted_cluster_may_name_a_new_customer(room, anna, erna):
    room.merge(anna, erna)
    room.delete(anna)
    room.later()
    again = room.create("b", external_id="b-2", first_name="New")
    assert room.customers.customer_id_of(ACCOUNT, "b", "b-2") == again.customer_id


def test_a_withheld_value_of_a_merged_record_can_be_dismissed(room, anna, erna):
    other = room.create("a", emails=["other@muster.example"])
    room.merge(anna, erna)
    room.later()
    room.hear("b", ids=("b-2", None), emails=["erna@muster.example", "other@muster.example"])
    survivor = room.customers.customer(anna)
    assert survivor.conflicting == (other.customer_id,)
    assert survivor.values["emails"] == ("anna@muster.example", "erna@muster.example")
    room.dismiss(survivor.conflict_id)
    survivor = room.customers.customer(anna)
    assert survivor.conflict_id is None
    assert survivor.values["emails"] == ("anna@muster.example", "erna@muster.example")
    assert room.customers.source_record(erna, "product:b").said["emails"] == ("erna@muster.example",)
    assert room.unmerge(anna).values["emails"] == ("erna@muster.example",)


def test_a_product_whose_value_a_policy_beats_is_told_a_version_that_it_does_not_have():
    """The version that it was told before is a repeat to it, whatever it has said since."""
    room = CustomersRoom("a")
    anna, other = (room.create(None, **said).customer_id for said in ({"first_name": "Anna"}, {"last_name": "Muster"}))
    room.follow_up()
    room.merge(anna, other, first_name="fill_empty")
    room.follow_up()
    room.later(1)
    room.hear("a", ids=(None, other), first_name="Anne")
    told = {push.push_id for push in room.connector.pushes}
    room.follow_up()
    (again,) = [push for push in room.connector.pushes if push.push_id not in told]
    assert (again.customer.customer_id, again.customer.values["first_name"]) == (anna, "Anna")
