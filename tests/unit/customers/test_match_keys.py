"""Two customers with one e-mail or telephone number: who is listed, who waits, and what is withheld."""

import pytest

from customer_center.customers.consent import CHANNELS, ConsentSaid
from customer_center.customers.effects import KEYS_CHANGED
from customer_center.customers.follow_keys import follow_keys
from customer_center.customers.identity import MAX_OWNERS, MAX_WAITING, KeyRules, key_id
from customer_center.customers.listing import row_of
from customer_center.customers.put_account import put_account
from customer_center.customers.read_history import read_sources
from customer_center.platform.errors import Conflict, InProgress, NotFound
from tests.builders.customers_room import ACCOUNT, ANNA, MACHINE, CustomersRoom
from tests.fakes.accounts import FakeAccounts

MAIL, OTHER, THIRD = "anna@muster.example", "other@muster.example", "third@muster.example"
PHONE = "+49 351 123456"


@pytest.fixture
def room():
    return CustomersRoom("a", "b")


def read(room, customer):
    return room.customers.customer(customer.customer_id)


def is_listed(room, *customers):
    listed = [row_of(read(room, customer)) is not None for customer in customers]
    return listed if len(listed) > 1 else listed[0]


def told(room):
    """Return who was told of what kind, by product and customer, and forget it."""
    calls = [(product, kind, push.customer.customer_id) for (product, kind, *_), push in _calls(room)]
    room.connector.told.clear()
    room.connector.pushes.clear()
    return calls


def _calls(room):
    return zip(room.connector.told, room.connector.pushes, strict=True)


def conflict_of(room, customer):
    return room.customers.conflict(ACCOUNT, read(room, customer).conflict_id)


def identity(room, key):
    id_ = key_id(key)
    return room.customers.identities(ACCOUNT, [id_])[id_]


# A new customer


def test_a_new_customer_with_the_e_mail_of_another_is_hidden(room):
    """003: The Business App doesn't display conflict records, and they aren't returned by the List API, but can be
    retrieved via the contact GET.
    """
    anna = room.create("a", **ANNA)
    again = room.create("a", external_id="a-2", **ANNA)
    assert is_listed(room, anna, again) == [True, False]
    assert (again.hidden, again.conflicting) == (True, (anna.customer_id,))
    assert again.values == ANNA
    assert room.customers.customer_id_of(ACCOUNT, "a", "a-2") == again.customer_id
    room.follow_up()
    assert told(room) == [("b", "created", anna.customer_id)]
    assert [row[2] for row in room.products.rows] == [anna.customer_id]


def test_its_conflict_names_the_owner_and_the_keys_that_both_have(room):
    """003: When a duplicate is detected, the response will contain an id."""
    anna = room.create(emails=[MAIL, OTHER], phones=[PHONE])
    again = room.create(emails=[MAIL, THIRD], phones=["0049351123456"])
    conflict = conflict_of(room, again)
    assert (conflict.customer_id, conflict.kind, conflict.status) == (again.customer_id, "hidden", "open")
    assert conflict.candidates == {anna.customer_id: (f"email:{MAIL}", "phone:+49351123456")}
    assert room.customers.open_conflicts(ACCOUNT, limit=9).rows == [conflict]


def test_an_e_mail_of_one_and_a_telephone_number_of_another_make_both_candidates(room):
    """003: Customer records on Vendasta's side will be de-duped based on conflicts with either `email` or
    `phone number`.
    """
    by_mail, by_phone = room.create(emails=[MAIL]), room.create(phones=[PHONE])
    both = room.create(emails=[MAIL], phones=[PHONE])
    assert both.conflicting == (by_mail.customer_id, by_phone.customer_id)
    assert conflict_of(room, both).candidates == {
        by_mail.customer_id: (f"email:{MAIL}",),
        by_phone.customer_id: ("phone:+49351123456",),
    }


def test_a_webhook_makes_a_hidden_customer_too(room):
    anna = room.create("a", **ANNA)
    room.hear("b", "customer.created", ids=("b-1", None), **ANNA)
    hidden = room.customers.customer(room.customers.customer_id_of(ACCOUNT, "b", "b-1"))
    assert (hidden.hidden, hidden.conflicting) == (True, (anna.customer_id,))
    assert room.customers.refused == []


def test_a_hidden_customer_waits_for_all_its_keys_and_blocks_nobody(room):
    room.create(emails=[MAIL])
    hidden = room.create(emails=[MAIL, OTHER])
    assert hidden.waiting == hidden.keys == (f"email:{MAIL}", f"email:{OTHER}")
    third = room.create(emails=[OTHER])
    assert is_listed(room, third)


def test_a_hidden_customer_is_edited_and_nobody_is_told(room):
    anna = room.create(**ANNA)
    hidden = room.create("a", **ANNA)
    room.follow_up()
    told(room)
    room.edit(hidden.customer_id, last_name="Neumann")
    room.hear("a", ids=("a-1", hidden.customer_id), first_name="Annabel")
    room.follow_up()
    assert room.shown(hidden.customer_id) == ANNA | {"last_name": "Neumann", "first_name": "Annabel"}
    assert told(room) == []
    assert is_listed(room, anna, hidden) == [True, False]


def test_a_hidden_customer_that_gives_the_value_up_comes_forward(room):
    room.create(**ANNA)
    hidden = room.create("a", **ANNA)
    conflict = conflict_of(room, hidden)
    room.follow_up()
    told(room)
    room.edit(hidden.customer_id, emails=[OTHER])
    room.follow_up()
    assert is_listed(room, hidden)
    assert read(room, hidden).conflict_id is None
    assert room.customers.conflict(ACCOUNT, conflict.conflict_id).status == "ended"
    assert room.customers.open_conflicts(ACCOUNT, limit=9).rows == []
    assert room.customers.entries[-1].action == "customer.released"
    assert ("b", "created", hidden.customer_id) in told(room)


# Who comes forward


@pytest.mark.parametrize("how", ["edits", "clears", "is deleted", "by webhook"])
def test_when_the_owner_gives_the_value_up_exactly_one_waiter_comes_forward(room, how):
    """The one that has waited longest; the products are told of it, and the others conflict with it from now on."""
    anna = room.create("a", external_id="a-1", **ANNA)
    waiters = [room.create("b", **ANNA, organisation=str(number)) for number in range(3)]
    room.follow_up()
    told(room)
    room.later()
    match how:
        case "edits":
            room.edit(anna.customer_id, emails=[OTHER])
        case "clears":
            room.edit(anna.customer_id, emails=None)
        case "is deleted":
            room.delete(anna.customer_id)
        case "by webhook":
            room.hear("a", ids=("a-1", None), emails=[OTHER])
    room.follow_up()
    first, *others = waiters
    assert is_listed(room, *waiters) == [True, False, False]
    assert {read(room, other).conflicting for other in others} == {(first.customer_id,)}
    assert identity(room, f"email:{MAIL}").owners == (first.customer_id,)
    assert [call for call in told(room) if call[2] != anna.customer_id] == [("a", "created", first.customer_id)]
    assert conflict_of(room, others[0]).candidates == {first.customer_id: (f"email:{MAIL}",)}


def test_who_waits_for_two_owners_waits_until_both_have_gone(room):
    by_mail, by_phone = room.create(emails=[MAIL]), room.create(phones=[PHONE])
    both = room.create(emails=[MAIL], phones=[PHONE])
    room.delete(by_mail.customer_id)
    room.follow_up()
    assert read(room, both).conflicting == (by_phone.customer_id,)
    room.delete(by_phone.customer_id)
    room.follow_up()
    assert is_listed(room, both)


def test_a_repeated_follow_up_changes_nothing(room):
    anna = room.create(**ANNA)
    hidden = room.create(**ANNA)
    room.delete(anna.customer_id)
    room.follow_up()
    entries, after = len(room.customers.entries), read(room, hidden)
    room._followed = 0
    room.follow_up()
    assert read(room, hidden) == after
    assert len(room.customers.entries) == entries


def test_a_deleted_waiter_waits_no_more(room):
    anna = room.create(**ANNA)
    hidden = room.create(**ANNA)
    room.delete(hidden.customer_id)
    assert identity(room, f"email:{MAIL}").waiting == {}
    assert room.customers.open_conflicts(ACCOUNT, limit=9).rows == []
    room.delete(anna.customer_id)
    room.follow_up()
    assert not is_listed(room, hidden)


# A listed customer that gains a value


def test_a_value_of_another_customer_is_withheld(room):
    """A typing error takes no customer away from products."""
    anna = room.create("a", **ANNA)
    other = room.create("a", emails=[OTHER], last_name="Other")
    room.follow_up()
    told(room)
    edited = room.edit(other.customer_id, "a", emails=[OTHER, MAIL], first_name="Otto")
    room.follow_up()
    assert is_listed(room, other)
    assert edited.values == {"first_name": "Otto", "last_name": "Other", "emails": (OTHER,)}
    assert edited.withheld == {"emails": (OTHER, MAIL)}
    assert (edited.hidden, edited.conflicting) == (False, (anna.customer_id,))
    assert conflict_of(room, other).kind == "withheld"
    assert [push.customer.values["emails"] for push in room.connector.pushes] == [(OTHER,)] * 2
    assert told(room) == [("a", "updated", other.customer_id), ("b", "updated", other.customer_id)]


def test_sources_show_who_said_what_is_withheld(room):
    room.create(emails=[MAIL])
    other = room.create("a", emails=[OTHER], phones=[PHONE])
    room.edit(other.customer_id, "a", emails=[MAIL, OTHER])
    (source,) = read_sources(other.customer_id, ACCOUNT, customers=room.customers)
    shown = {each.field: (each.value, each.is_shown, each.withheld) for each in source.statements}
    assert shown["emails"] == ((MAIL, OTHER), True, (MAIL,))
    assert shown["phones"] == ((PHONE,), True, ())


def test_what_is_withheld_is_shown_once_the_owner_gives_it_up(room):
    anna = room.create("a", **ANNA)
    other = room.create("a", emails=[OTHER])
    room.edit(other.customer_id, emails=[MAIL])
    room.follow_up()
    assert "emails" not in room.shown(other.customer_id)
    room.edit(anna.customer_id, emails=None)
    room.follow_up()
    after = read(room, other)
    assert (after.values["emails"], after.withheld, after.conflict_id) == ((MAIL,), {}, None)
    assert room.known_to("b")[-1] == ("updated", {"emails": (MAIL,)})


def test_what_is_said_again_stays_withheld(room):
    room.create(emails=[MAIL])
    other = room.create("a", emails=[OTHER])
    first = room.edit(other.customer_id, emails=[OTHER, MAIL])
    again = room.edit(other.customer_id, emails=[OTHER, MAIL], last_name="Neumann")
    assert (again.values["emails"], again.withheld) == ((OTHER,), {"emails": (OTHER, MAIL)})
    assert again.conflict_id == first.conflict_id
    same = room.edit(other.customer_id, emails=[OTHER, MAIL])
    assert same.version == again.version


def test_a_list_that_is_replaced_by_what_is_shown_ends_the_conflict(room):
    room.create(emails=[MAIL])
    other = room.create("a", emails=[OTHER])
    conflict_id = room.edit(other.customer_id, emails=[OTHER, MAIL]).conflict_id
    after = room.edit(other.customer_id, emails=[OTHER])
    assert (after.withheld, after.conflict_id, after.values["emails"]) == ({}, None, (OTHER,))
    assert room.customers.conflict(ACCOUNT, conflict_id).status == "ended"


def test_an_echo_of_what_is_shown_does_not_drop_what_is_withheld(room):
    room.create(emails=[MAIL])
    other = room.create(emails=[OTHER])
    room.follow_up()
    room.later()
    room.hear("b", ids=("b-1", other.customer_id), emails=[OTHER, MAIL])
    room.follow_up()
    room.later()
    room.hear("b", ids=("b-1", None), emails=[OTHER], last_name="Neumann")
    assert read(room, other).withheld == {"emails": (OTHER, MAIL)}


# What makes no conflict


def test_two_debtors_of_the_erp_with_one_mailbox_are_both_listed(room):
    for number in ("10000", "10001"):
        room.hear(None, "customer.created", ids=(number, None), emails=[MAIL], organisation=number)
    both = [room.customers.customer(room.customers.customer_id_of(ACCOUNT, None, code)) for code in ("10000", "10001")]
    assert is_listed(room, *both) == [True, True]
    assert identity(room, f"email:{MAIL}").owners == tuple(sorted(each.customer_id for each in both))


def test_a_debtor_and_a_customer_of_a_product_with_one_mailbox_are_in_conflict(room):
    room.hear(None, "customer.created", ids=("10000", None), emails=[MAIL])
    assert room.create("a", emails=[MAIL]).hidden


@pytest.mark.parametrize(
    "values",
    [
        {"emails": ["noreply@shop.example"]},
        {"emails": ["No-Reply@shop.example"]},
        {"emails": ["no mail"]},
        {"phones": ["000000"]},
        {"phones": ["+49 30 1"]},
        {"phones": ["0351 123456"]},
        {"phones": ["+49 351 123456 ext. 7"]},
        {"emails": ["Shared@Blocked.example"]},
        {"phones": ["+49 800 330 1000"]},
    ],
)
def test_a_value_that_identifies_nobody_is_kept_and_never_matches(room, values):
    room.customers.rules = KeyRules(blocked_values=["shared@blocked.example", "+49 (800) 3301000"])
    customers = [room.create(**values) for _ in range(2)]
    assert is_listed(room, *customers) == [True, True]
    for customer in customers:
        assert len(room.shown(customer.customer_id)) == 1


@pytest.mark.parametrize(
    ("one", "other", "country"),
    [
        ({"emails": ["Anna@MÜLLER.example"]}, {"emails": ["anna@xn--mller-kva.example"]}, None),
        ({"phones": [PHONE]}, {"phones": ["0049 (351) 123-456"]}, None),
        ({"phones": [PHONE]}, {"phones": ["0351/123456"]}, "DE"),
        ({"phones": [PHONE]}, {"phones": ["0351 123456"], "visit_address": {"country": "de"}}, "NL"),
    ],
)
def test_spellings_of_one_value_match(room, one, other, country):
    room.customers.rules = KeyRules(country=country)
    room.create(**one)
    assert room.create(**other).hidden


def test_another_country_makes_another_number(room):
    first = room.create(phones=[PHONE])
    other = room.create(phones=["0351 123456"], visit_address={"country": "NL"})
    room.edit(other.customer_id, visit_address={"country": "DE"})
    assert read(room, other).conflicting == (first.customer_id,)
    assert read(room, other).withheld == {"phones": ("0351 123456",)}


def test_a_mobile_number_is_a_key_and_is_withheld_as_a_whole(room):
    """A number is the same number wherever it is written. A fax machine may be shared: it is no key."""
    anna, other = room.create("a", **ANNA, phones=[PHONE], fax="+49 351 999"), room.create("b", emails=[OTHER])
    edited = room.edit(other.customer_id, "b", mobile="+49 (351) 12 34 56", fax="+49 351 999")
    assert (edited.values, edited.withheld) == (
        {"emails": (OTHER,), "fax": "+49 351 999"},
        {"mobile": "+49 (351) 12 34 56"},
    )
    (source,) = read_sources(other.customer_id, ACCOUNT, customers=room.customers)
    withheld = {each.field: each.withheld for each in source.statements}
    assert withheld == {"emails": (), "mobile": ("+49 (351) 12 34 56",), "fax": ()}
    room.edit(anna.customer_id, "a", phones=None)
    room.follow_up()
    assert read(room, other).values["mobile"] == "+49 (351) 12 34 56"


def test_a_dismissed_mobile_number_is_forgotten(room):
    room.create("a", **ANNA, phones=[PHONE])
    other = room.create("b", emails=[OTHER])
    room.edit(other.customer_id, "b", mobile=PHONE)
    room.dismiss(read(room, other).conflict_id)
    after = read(room, other)
    assert (after.values, after.withheld, after.conflict_id) == ({"emails": (OTHER,)}, {}, None)


def test_accounts_do_not_match(room):
    room.create(**ANNA)
    other = CustomersRoom()
    assert not other.create(**ANNA).hidden


def test_a_value_of_more_than_fifty_customers_is_no_key_any_more(room):
    for number in range(MAX_OWNERS):
        room.hear(None, "customer.created", ids=(f"1{number:04}", None), emails=[MAIL])
    waiting = room.create(emails=[MAIL])
    assert waiting.hidden
    room.hear(None, "customer.created", ids=("20000", None), emails=[MAIL])
    room.follow_up()
    assert identity(room, f"email:{MAIL}").is_common
    assert identity(room, f"email:{MAIL}").owners == ()
    assert is_listed(room, waiting, room.create(emails=[MAIL])) == [True, True]


def test_who_waits_for_a_value_that_is_blocked_comes_forward(room):
    room.customers.rules = KeyRules(blocked_values=[OTHER])
    owner, waiting = room.create(emails=[MAIL]), room.create(emails=[MAIL, OTHER])
    room.customers.rules = KeyRules("DE", (OTHER, MAIL.upper(), "0351 123456"))
    accounts = FakeAccounts()
    given = {"partner_id": "P", "name": "Shop", "country": "DE", "actor": MACHINE, "request_id": "request"}
    at = {"if_versions": None, "accounts": accounts, "clock": room.clock}
    put_account(ACCOUNT, **given, **at, blocked_values=[OTHER])
    put_account(ACCOUNT, **given, **at, blocked_values=room.customers.rules.blocked_values)
    (_, entry) = accounts.entries
    keys = [key_id(f"email:{MAIL}"), key_id("phone:+49351123456")]
    assert [(effect.kind, effect.data["key_id"]) for effect in entry.effects] == [(KEYS_CHANGED, key) for key in keys]
    for effect in entry.effects:
        follow_keys(ACCOUNT, effect.data["key_id"], "effect", customers=room.customers, clock=room.clock)
    assert is_listed(room, owner, waiting) == [True, True]
    assert read(room, waiting).keys == ()


def test_only_so_many_wait_for_one_key(room):
    room.create(emails=[MAIL])
    for _ in range(MAX_WAITING):
        room.create(emails=[MAIL])
    with pytest.raises(Conflict) as refused:
        room.create(emails=[MAIL])
    assert refused.value.code == "too-many-waiting"
    event = room.event("b", "customer.created", ids=("b-1", None), emails=[MAIL])
    room.apply(event)
    assert room.customers.refused == [("src_b", event.event_id, "too-many-waiting", [])]


# Resolving


def test_two_that_are_kept_separate_are_both_listed(room):
    """003: We don't have a conflict resolution system at this time, but this is something that we aim to add in the
    future.
    """
    anna, again = room.create("a", **ANNA), room.create("a", **ANNA)
    third = room.create("a", **ANNA)
    room.follow_up()
    told(room)
    conflict = room.keep_separate(again.conflict_id)
    room.follow_up()
    assert conflict.status == "kept_separate"
    assert is_listed(room, anna, again, third) == [True, True, False]
    assert read(room, third).conflicting == (anna.customer_id, again.customer_id)
    assert told(room) == [("b", "created", again.customer_id)]
    assert room.keep_separate(again.conflict_id) == conflict


def test_who_is_kept_separate_may_exchange_values(room):
    anna, again = room.create(emails=[MAIL, OTHER]), room.create(emails=[MAIL, THIRD])
    room.keep_separate(again.conflict_id)
    assert room.edit(anna.customer_id, emails=[THIRD]).values["emails"] == (THIRD,)
    assert room.edit(again.customer_id, emails=[OTHER, THIRD]).values["emails"] == (OTHER, THIRD)


def test_a_withheld_value_is_shown_when_both_are_kept_separate(room):
    room.create(emails=[MAIL])
    other = room.create(emails=[OTHER])
    conflict_id = room.edit(other.customer_id, emails=[OTHER, MAIL]).conflict_id
    room.keep_separate(conflict_id)
    assert room.shown(other.customer_id) == {"emails": (OTHER, MAIL)}
    assert read(room, other).withheld == {}


def test_a_dismissed_hidden_customer_is_deleted_and_who_made_it_is_told(room):
    room.create("a", **ANNA)
    hidden = room.create("a", **ANNA)
    room.follow_up()
    told(room)
    conflict = room.dismiss(hidden.conflict_id)
    room.follow_up()
    assert conflict.status == "dismissed"
    assert read(room, hidden).deleted_at
    assert told(room) == [("a", "deleted", hidden.customer_id)]
    assert identity(room, f"email:{MAIL}").waiting == {}
    assert room.dismiss(hidden.conflict_id) == conflict


def test_dismissing_a_withheld_value_keeps_the_other_members(room):
    room.create(emails=[MAIL])
    other = room.create("a", emails=[OTHER])
    conflict_id = room.edit(other.customer_id, "a", emails=[OTHER, MAIL]).conflict_id
    assert room.dismiss(conflict_id).status == "dismissed"
    after = read(room, other)
    assert (after.values, after.withheld, after.conflict_id) == ({"emails": (OTHER,)}, {}, None)
    assert room.customers.source_record(other.customer_id, "product:a").said == {"emails": (OTHER,)}


def test_dismissing_all_that_a_source_said_shows_what_another_said(room):
    room.create(emails=[MAIL])
    other = room.create(emails=[OTHER], last_name="Other")
    conflict_id = room.edit(other.customer_id, "a", emails=[MAIL]).conflict_id
    room.dismiss(conflict_id)
    after = read(room, other)
    assert after.values == {"emails": (OTHER,), "last_name": "Other"}
    assert after.said_by["emails"] == "api"
    assert identity(room, f"email:{OTHER}").owners == (other.customer_id,)


def test_the_erp_that_repeats_what_was_dismissed_states_nothing(room):
    room.create(emails=[MAIL])
    room.hear(None, "customer.created", ids=("10000", None), emails=[OTHER])
    found = room.customers.customer_id_of(ACCOUNT, None, "10000")
    room.later()
    room.hear(None, ids=("10000", None), emails=[MAIL])
    room.dismiss(room.customers.customer(found).conflict_id)
    room.later()
    room.hear(None, ids=("10000", None), emails=[MAIL], organisation="Musterhandel")
    assert room.customers.customer(found).conflict_id is None
    assert room.shown(found) == {"organisation": "Musterhandel"}
    room.later()
    room.hear(None, ids=("10000", None), emails=[OTHER])
    room.later()
    room.hear(None, ids=("10000", None), emails=[MAIL])
    assert room.customers.customer(found).withheld == {"emails": (MAIL,)}


@pytest.mark.parametrize("resolve", ["keep_separate", "dismiss"])
def test_a_conflict_that_ended_by_itself_is_not_resolved_again(room, resolve):
    room.create(**ANNA)
    hidden = room.create(**ANNA)
    room.edit(hidden.customer_id, emails=[OTHER])
    with pytest.raises(Conflict) as refused:
        getattr(room, resolve)(hidden.conflict_id)
    assert refused.value.code == "conflict-closed"
    assert is_listed(room, hidden)


@pytest.mark.parametrize("resolve", ["keep_separate", "dismiss"])
def test_an_unknown_conflict_is_not_found(room, resolve):
    with pytest.raises(NotFound):
        getattr(room, resolve)("cfl_unknown")


def test_a_closed_conflict_keeps_no_values(room):
    anna, hidden = room.create(**ANNA), room.create(**ANNA)
    assert room.keep_separate(hidden.conflict_id).candidates == {anna.customer_id: ()}


# Races and crashes


def test_who_loses_a_race_for_a_key_reads_again_and_is_in_conflict(room):
    winner = []

    def meanwhile():
        winner.append(room.create(**ANNA))

    room.customers.before_save = meanwhile
    late = room.create(**ANNA)
    assert (late.hidden, late.conflicting) == (True, (winner[0].customer_id,))


def test_who_loses_for_ten_seconds_is_asked_to_come_again(room):
    def meanwhile():
        room.customers.before_save = None
        room.create(emails=[MAIL])
        room.customers.before_save = meanwhile

    room.customers.before_save = meanwhile
    with pytest.raises(InProgress):
        room.create(emails=[MAIL])
    assert 9 < sum(room.clock.slept) < 12


def test_logs_journal_effects_and_identities_name_no_values_of_keys(room):
    anna, hidden = room.create(emails=[MAIL], phones=[PHONE]), room.create(emails=[MAIL], phones=[PHONE])
    room.delete(anna.customer_id)
    effects = [effect for entry in room.customers.entries for effect in entry.effects]
    assert {effect.data["key_id"] for effect in effects if "key_id" in effect.data} == {
        key_id(f"email:{MAIL}"),
        key_id("phone:+49351123456"),
    }
    for text in (repr(effects), repr(room.customers.all_identities())):
        assert MAIL not in text
        assert "351123456" not in text
    assert hidden.customer_id in repr(room.customers.all_identities())


def test_who_is_kept_separate_at_that_moment_is_no_conflict(room):
    """The other one decides from what it has read; keeping the pair separate writes the keys that it rests on."""
    owner, other = room.create(emails=[MAIL]), room.create(emails=[OTHER])
    conflict_id = room.edit(other.customer_id, emails=[OTHER, MAIL]).conflict_id
    room.customers.before_save = lambda: room.keep_separate(conflict_id)
    edited = room.edit(owner.customer_id, emails=[MAIL, OTHER])
    assert (edited.values["emails"], edited.conflict_id) == ((MAIL, OTHER), None)


def test_a_product_whose_value_was_withheld_in_the_answer_is_told_what_is_shown(room):
    """Its copy may be the answer, or what it said: while it is not told, nobody knows."""
    owner, other = room.create(emails=[MAIL]), room.create("a", emails=[OTHER])
    room.follow_up()
    told(room)
    room.edit(other.customer_id, "a", emails=[OTHER, MAIL])
    room.edit(owner.customer_id, emails=None)
    room.follow_up()
    assert room.shown(other.customer_id) == {"emails": (OTHER, MAIL)}
    assert ("a", "updated", other.customer_id) in told(room)


def test_a_walk_over_all_customers_tells_nobody_a_hidden_one(room):
    room.create(**ANNA)
    hidden = room.create("a", **ANNA)
    room.follow_up()
    told(room)
    for product in ("a", "b"):
        room.push(product, hidden.customer_id)
    assert told(room) == []


# Bounds


def test_the_largest_change_of_keys_fits_into_one_transaction():
    """Every key replaced by a key of another customer each: 70 actions are the house's limit, DynamoDB's are 100."""
    room = CustomersRoom("a")
    room.connect("b")

    def values(first):
        phones = [f"+49 351 {first + number}" for number in range(11)]
        return {"emails": [f"m{first + number}@x.example" for number in range(10)], "phones": phones[1:]} | {
            "mobile": phones[0]
        }

    for email in values(200_000)["emails"]:
        room.create(emails=[email])
    for phone in [values(200_000)["mobile"], *values(200_000)["phones"]]:
        room.create(phones=[phone])
    customer = room.create("a", external_id="a-1", **values(300_000))
    saved = []
    room.customers.saved = saved.append
    consent = ConsentSaid(permission=True, channels=dict.fromkeys(CHANNELS, ("denied", 0)))
    room.hear("b", ids=("b-1", customer.customer_id), consent=consent, **values(200_000))
    (change,) = saved
    assert len(change.identities) == 2 * 21
    others = len(change.claims) + len(change.consent) + len(change.conflict)
    assert 3 + len(change.identities) + others + 1 < 70
    assert len(read(room, customer).conflicting) == 21


def test_a_single_number_is_withheld_and_shown_again(room):
    owner, other = room.create(phones=[PHONE]), room.create("a", last_name="Other")
    edited = room.edit(other.customer_id, "a", mobile="0049 351 123456")
    assert (edited.values, edited.withheld) == ({"last_name": "Other"}, {"mobile": "0049 351 123456"})
    (source,) = read_sources(other.customer_id, ACCOUNT, customers=room.customers)
    assert [each.withheld for each in source.statements if each.field == "mobile"] == [("0049 351 123456",)]
    room.delete(owner.customer_id)
    room.follow_up()
    assert room.shown(other.customer_id) == {"last_name": "Other", "mobile": "0049 351 123456"}


def test_dismissing_a_single_number_forgets_it(room):
    room.create(phones=[PHONE])
    other = room.create("a", last_name="Other", mobile="+49 351 654321")
    room.dismiss(room.edit(other.customer_id, mobile=PHONE).conflict_id)
    assert room.shown(other.customer_id) == {"last_name": "Other", "mobile": "+49 351 654321"}
