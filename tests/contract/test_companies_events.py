"""What keeping the ERP's events promises: companies and contacts that change together with a user, numbers, notes."""

from dataclasses import replace
from datetime import timedelta

import pytest

from customer_center.companies.model import CachedContact, ContactsRead, Renumbered, Role
from customer_center.companies.ports import CompanyExists, NumberInUse
from customer_center.platform.errors import PreconditionFailed
from customer_center.platform.stamps import CLOCKS_DIFFER
from tests.builders.companies import COMPANY_ID, OTHER_COMPANY_ID, a_company, a_main_contact, a_user, an_entry
from tests.builders.erp import NUMBER, a_contact
from tests.fakes.clock import NOON

LATER = NOON + timedelta(minutes=1)
POINTER = Renumbered("20000", "2026-11-23T12:00:00.000000+00:00#msg_1")
NEWER = Renumbered("30000", "2026-11-23T12:01:00.000000+00:00#msg_2")


def now(world, company_id=COMPANY_ID):
    return world.companies.current_company(company_id)


def told(company, **changes):
    return company.with_erp_values(changes, "2026-11-23T12:00:00.000000+00:00#msg_1", LATER)


def listed(world):
    page = world.companies.contacts_without_account(COMPANY_ID, limit=50, cursor=None)
    return [row.contact.contact_number for row in page.contacts]


def save(world, *contacts, at=NOON):
    world.companies.save_contacts(COMPANY_ID, [CachedContact(contact) for contact in contacts], at)


# A company and a user of it


def test_what_an_event_told_of_a_company_is_kept_with_the_event(world):
    before = world.founded(a_main_contact())
    after = told(before, customer_center=False, main_contact_email=None)
    entry = an_entry()
    with world.journals(entry):
        world.companies.change_company(before, after, entry)
    assert now(world) == after
    assert now(world).as_of.keys() == {"customer_center", "main_contact_email"}


def test_who_told_what_is_kept_without_an_entry_when_nothing_else_changes(world):
    before = world.founded(a_main_contact())
    after = told(before, customer_center=True)
    world.companies.change_company(before, after)
    assert now(world).as_of == after.as_of


def test_a_user_becomes_main_contact_together_with_the_company(world):
    first, user = a_main_contact(), a_user()
    before = world.founded(first, user)
    promoted = user.changed(LATER, roles=frozenset({Role.MAIN_CONTACT}))
    after = replace(told(before, blocked=True), main_contacts=before.main_contacts | {user.user_id})
    world.companies.change_company(before, after, an_entry(), user=(user, promoted))
    assert world.companies.user(user.user_id) == promoted
    assert now(world).main_contacts == {first.user_id, user.user_id}
    assert now(world).blocked is True


@pytest.mark.parametrize("crossed", ["company", "user"])
def test_a_change_that_another_one_crossed_is_none(world, crossed):
    user = a_user()
    before = world.founded(a_main_contact(), user)
    if crossed == "company":
        world.companies.change_company(before, told(before, blocked=True))
    else:
        world.companies.change_user(user, user.changed(LATER, name="Other"), an_entry())
    with world.refuses(PreconditionFailed):
        world.companies.change_company(
            before, told(before, customer_center=False), an_entry(), user=(user, user.changed(LATER, name="New"))
        )


# Customer numbers


def test_a_number_stands_for_its_company_or_for_nothing(world):
    company = world.founded(a_user())
    assert world.companies.customer_number(NUMBER) == company
    assert world.companies.customer_number("20000") is None


def test_a_company_moves_to_its_new_number_and_leaves_a_pointer(world):
    before = world.founded(a_user())
    entry = an_entry()
    after = told(before, customer_number="20000")
    with world.journals(entry):
        world.companies.renumber_company(before, after, entry, POINTER)
    assert world.companies.customer_number("20000") == after
    assert world.companies.customer_number(NUMBER) == POINTER
    assert world.companies.company_of_number(NUMBER) is None


def test_a_company_does_not_move_to_a_number_in_use(world):
    before = world.founded(a_user())
    other = a_company(company_id=OTHER_COMPANY_ID, customer_number="20000")
    world.founded(a_user(company_id=OTHER_COMPANY_ID), company=other)
    with world.refuses(NumberInUse):
        world.companies.renumber_company(before, told(before, customer_number="20000"), an_entry(), POINTER)


def test_a_company_moves_to_a_number_that_was_given_up(world):
    before = world.founded(a_user())
    world.companies.point_number("20000", NEWER, replaces=None, until=LATER)
    world.companies.renumber_company(before, told(before, customer_number="20000"), an_entry(), POINTER)
    assert world.companies.customer_number("20000").company_id == COMPANY_ID


def test_a_company_moves_once(world):
    before = world.founded(a_user())
    world.companies.renumber_company(before, told(before, customer_number="20000"), an_entry(), POINTER)
    with world.refuses(PreconditionFailed):
        world.companies.renumber_company(before, told(before, customer_number="30000"), an_entry(), NEWER)


def test_what_an_unknown_number_became_is_kept(world):
    world.companies.point_number("20000", NEWER, replaces=None, until=LATER)
    assert world.companies.customer_number("20000") == NEWER
    with world.refuses(PreconditionFailed):
        world.companies.point_number("20000", POINTER, replaces=None, until=LATER)
    world.companies.point_number("20000", POINTER, replaces=NEWER, until=LATER)
    assert world.companies.customer_number("20000") == POINTER
    with world.refuses(PreconditionFailed):
        world.companies.point_number("20000", NEWER, replaces=NEWER, until=LATER)


def test_a_companys_number_is_no_pointers_place(world):
    world.founded(a_user())
    with world.refuses(PreconditionFailed):
        world.companies.point_number(NUMBER, POINTER, replaces=None, until=LATER)


def test_a_number_that_was_given_up_is_activated_anew(world):
    world.companies.point_number(NUMBER, POINTER, replaces=None, until=LATER)
    assert world.companies.company_of_number(NUMBER) is None
    company = world.founded(a_user(), company=a_company(as_of={"customer_number": NEWER.stamp}))
    assert world.companies.customer_number(NUMBER) == company


def test_a_number_that_was_given_up_after_the_erp_was_read_is_not_activated(world):
    """Otherwise the customer would have two companies, and the old number would not lead to the new one."""
    world.companies.point_number(NUMBER, NEWER, replaces=None, until=LATER)
    company = a_company(as_of={"customer_number": POINTER.stamp})
    with world.refuses(CompanyExists):
        world.companies.complete_activation(a_user(), company, an_entry(), existing=None, contact=None)


def test_an_activation_that_an_event_crossed_begins_anew(world):
    before = world.founded(a_user())
    world.companies.change_company(before, told(before, blocked=True))
    user = a_user()
    with world.refuses(CompanyExists):
        world.companies.complete_activation(user, before, an_entry(), existing=before, contact=None)


# Contacts


def test_a_contact_is_known_by_its_number_gone_or_not(world):
    save(world, a_contact("KT1"))
    before = world.companies.contact(COMPANY_ID, "KT1")
    assert before == CachedContact(a_contact("KT1"))
    gone = before.with_erp_values({}, "2026-11-24#x", gone=True, list_stamp="")
    world.companies.change_contact(COMPANY_ID, before, replace(gone, as_of={"gone": POINTER.stamp}))
    assert world.companies.contact(COMPANY_ID, "KT1") == replace(before, gone=True, as_of={"gone": POINTER.stamp})
    assert world.companies.contact(COMPANY_ID, "KT2") is None
    assert listed(world) == []


def test_a_new_contact_is_listed_and_one_without_a_name_makes_the_list_outdated(world):
    save(world)
    new = CachedContact(a_contact("KT1"), as_of={"gone": POINTER.stamp, "name": POINTER.stamp})
    world.companies.change_contact(COMPANY_ID, None, new)
    assert listed(world) == ["KT1"]
    assert world.companies.contacts_read(COMPANY_ID) == ContactsRead(NOON)
    nameless = CachedContact(a_contact("KT2", name=""), as_of={"gone": POINTER.stamp})
    world.companies.change_contact(COMPANY_ID, None, nameless)
    assert listed(world) == ["KT1"]
    assert world.companies.contact(COMPANY_ID, "KT2") == nameless
    assert world.companies.contacts_read(COMPANY_ID) == ContactsRead(NOON, outdated=True)


def test_a_contact_that_may_be_a_user_makes_the_list_outdated(world):
    save(world)
    new = CachedContact(a_contact("KT1"), as_of={"gone": POINTER.stamp})
    world.companies.change_contact(COMPANY_ID, None, new, outdates=True)
    assert listed(world) == ["KT1"]
    assert world.companies.contacts_read(COMPANY_ID) == ContactsRead(NOON, outdated=True)


def test_a_user_is_marked_together_with_their_contact(world):
    user = a_user(contact_number="KT1")
    world.founded(a_main_contact())
    world.companies.add_user(user, an_entry(), a_contact("KT1"))
    before = world.companies.contact(COMPANY_ID, "KT1")
    assert (before.user_id, before.listed) == (user.user_id, False)
    entry = an_entry()
    marked = user.changed(LATER, contact_left_at=LATER)
    after = replace(before, gone=True, as_of={"gone": NEWER.stamp})
    with world.journals(entry):
        world.companies.change_contact(COMPANY_ID, before, after, entry, user=(user, marked))
    assert world.companies.user(user.user_id) == marked
    assert world.companies.contact(COMPANY_ID, "KT1") == after


@pytest.mark.parametrize("crossed", ["told", "linked", "appeared", "user"])
def test_a_contact_that_somebody_else_wrote_meanwhile_is_left_alone(world, crossed):
    world.founded(a_main_contact())
    user = a_user()
    world.companies.add_user(user, an_entry())
    before = None
    if crossed != "appeared":
        save(world, a_contact("KT1"))
        before = world.companies.contact(COMPANY_ID, "KT1")
    match crossed:
        case "told" | "appeared":
            told_before = CachedContact(a_contact("KT1"), as_of={"gone": POINTER.stamp})
            world.companies.change_contact(COMPANY_ID, before, told_before)
        case "linked":
            world.companies.add_user(a_user(contact_number="KT1"), an_entry(), a_contact("KT1"))
        case "user":
            world.companies.change_user(user, user.changed(LATER, name="Other"), an_entry())
    after = CachedContact(a_contact("KT1", name="News"), as_of={"gone": NEWER.stamp})
    with world.refuses(PreconditionFailed):
        changed = (user, user.changed(LATER, contact_left_at=LATER)) if crossed == "user" else None
        world.companies.change_contact(COMPANY_ID, before, after, an_entry(), user=changed)


def test_a_list_keeps_what_was_told_since_and_drops_what_was_told_before(world):
    save(world, a_contact("KT1"), a_contact("KT2"))
    for number, of in (("KT1", POINTER.stamp), ("KT2", NEWER.stamp)):
        row = world.companies.contact(COMPANY_ID, number)
        world.companies.change_contact(COMPANY_ID, row, replace(row, gone=True, as_of={"gone": of}))
    save(world, a_contact("KT1"), a_contact("KT2"), at=NOON + CLOCKS_DIFFER + timedelta(seconds=30))
    assert listed(world) == ["KT1"]
    save(world, a_contact("KT1"), a_contact("KT2"), at=NOON + CLOCKS_DIFFER + timedelta(minutes=2))
    assert listed(world) == ["KT1", "KT2"]


def test_what_was_told_of_an_unlisted_contact_is_forgotten_by_the_next_list(world):
    gone = CachedContact(a_contact("KT1"), gone=True, as_of={"gone": POINTER.stamp})
    world.companies.change_contact(COMPANY_ID, None, gone)
    save(world, at=LATER + CLOCKS_DIFFER)
    assert world.companies.contact(COMPANY_ID, "KT1") is None


def test_a_contact_that_is_gone_is_forgotten_after_a_month_and_one_with_a_user_is_not(store_world):
    gone = CachedContact(a_contact("KT1"), gone=True, as_of={"gone": POINTER.stamp})
    store_world.companies.change_contact(COMPANY_ID, None, gone)
    store_world.companies.change_contact(
        COMPANY_ID, None, replace(gone, contact=a_contact("KT2"), user_id=a_user().user_id)
    )
    month = str(int((NOON + timedelta(days=30)).timestamp()))
    (forgotten,) = [row for table in store_world.everything() for row in table if "expires_at" in row]
    assert "contact#KT1" in forgotten
    assert month in forgotten


def test_a_deleted_users_contact_stays_gone(world):
    user = a_user(contact_number="KT1")
    world.founded(a_main_contact())
    world.companies.add_user(user, an_entry(), a_contact("KT1"))
    row = world.companies.contact(COMPANY_ID, "KT1")
    world.companies.change_contact(COMPANY_ID, row, replace(row, gone=True, as_of={"gone": NEWER.stamp}))
    world.companies.delete_user(user, an_entry(), attempt="none")
    assert world.companies.contact(COMPANY_ID, "KT1").user_id is None
    assert listed(world) == []


def test_what_is_told_while_the_contacts_user_is_deleted_is_not_written_over(store_world, monkeypatch):
    companies = store_world.companies
    user = a_user(contact_number="KT1")
    store_world.founded(a_main_contact())
    companies.add_user(user, an_entry(), a_contact("KT1"))
    row = companies.contact(COMPANY_ID, "KT1")
    gone = replace(row, gone=True, as_of={"gone": NEWER.stamp})
    dynamodb = companies._client
    write = dynamodb.transact_write_items

    def told_first(**request):
        once.undo()
        companies.change_contact(COMPANY_ID, row, gone)
        return write(**request)

    with monkeypatch.context() as once:
        once.setattr(dynamodb, "transact_write_items", told_first)
        with pytest.raises(PreconditionFailed):
            companies.delete_user(user, an_entry(), attempt="none")
    assert companies.contact(COMPANY_ID, "KT1") == gone
    assert companies.user(user.user_id) == user


# What was applied


def test_an_event_that_was_applied_is_known_of_its_own_source(world):
    assert not world.companies.was_applied("erp", "msg_1")
    world.companies.note_applied("erp", "msg_1", NOON)
    world.companies.note_applied("erp", "msg_1", LATER)
    assert world.companies.was_applied("erp", "msg_1")
    assert not world.companies.was_applied("erp", "msg_2")
    assert not world.companies.was_applied("shop", "msg_1")
