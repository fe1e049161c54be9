"""Seed 000, "List of contacts from the ERP", as the customer center shows it."""

from dataclasses import asdict, replace
from datetime import timedelta

import pytest

from customer_center.companies.effects import read_contact_list
from customer_center.companies.erp.bodies import ErpContactAnswer
from customer_center.companies.ids import new_user_id
from customer_center.platform.errors import (
    MalformedRequest,
    OutsideMalformed,
    OutsideTimeout,
    OutsideUnavailable,
    RateLimit,
    TooManyRequests,
)
from tests.builders.companies import OTHER_COMPANY_ID, a_company, a_main_contact, a_user, an_entry, an_invited_user
from tests.builders.companies_room import Room
from tests.builders.erp import NUMBER, a_contact, a_customer
from tests.fakes.clock import NOON


@pytest.fixture
def room():
    room = Room()
    room.erp.add(a_customer(), contacts=[a_contact("KT1", name="Cora"), a_contact("KT2", name="anna")])
    room.erp.add(a_customer(customer_number="20000"), contacts=[a_contact("KT9")])
    return room


@pytest.fixture
def chief(room):
    chief = a_main_contact(email="tja@baecker.example")
    room.companies.add(a_company(), chief)
    return chief


LIST = ("select_contacts", NUMBER)


def _numbers(contacts):
    return [row.contact.contact_number for row in contacts.page.contacts]


def test_the_erps_contacts_are_listed_by_name(room, chief):
    """000: "The customer Center is connected to the ERP system in order to synchronize customer and contact data as
    good as possible/required"; "The ERP already might know contacts employed in this company. These contacts will be
    shown in the customercenter as well"; "For each contact stored in the ERP one user record will be provided."."""
    assert _numbers(room.contacts(chief)) == ["KT2", "KT1"]


def test_the_erp_is_asked_for_the_companys_own_contacts(room, chief):
    """000: "The ERP provides a list back using the ERP method "SelectContact"."."""
    room.contacts(chief)
    assert room.erp.calls == [("select_contacts", NUMBER)]


def test_each_contact_has_what_the_erp_says(room, chief):
    """000: "ID: Unique Contact number from the ERP", "Name of the person", "Phone number", "Telefax",
    "email address of this person", "Code of the language"."""
    contact = a_contact(
        "KT5", name="Nora", telephone="030/7", telefax="030/8", email="n@b.example", language_code="ENU"
    )
    room.erp.contacts[NUMBER] = [contact]
    (row,) = room.contacts(chief).page.contacts
    assert row.contact == contact
    assert asdict(ErpContactAnswer.from_contact(row)) == {
        "contact_number": "KT5",
        "name": "Nora",
        "telephone": "030/7",
        "telefax": "030/8",
        "email": "n@b.example",
        "language_code": "ENU",
        "cannot_be_invited": False,
    }


def test_a_contact_without_an_email_cannot_be_invited(room, chief):
    room.erp.contacts[NUMBER] = [a_contact("KT5", email=None)]
    (row,) = room.contacts(chief).page.contacts
    assert ErpContactAnswer.from_contact(row).cannot_be_invited


def test_who_came_from_a_contact_is_not_listed(room, chief):
    """000: "The customer center displays a list of contacts which are not having an shop account right now."."""
    room.invite(chief, "KT1")
    assert _numbers(room.contacts(chief)) == ["KT2"]


def test_who_was_invited_since_the_list_was_read_is_not_listed_and_the_erp_not_asked_again(room, chief):
    room.contacts(chief)
    room.clock.advance(minutes=1)
    room.invite(chief, "KT1")
    asked = len(room.erp.calls)
    assert _numbers(room.contacts(chief)) == ["KT2"]
    assert len(room.erp.calls) == asked
    room.clock.advance(minutes=9)
    assert room.contacts(chief).outdated
    room.follow_up()
    assert len(room.erp.calls) == asked + 1
    assert _numbers(room.contacts(chief)) == ["KT2"]


def test_who_was_invited_the_very_moment_the_list_was_read_is_not_listed(room, chief):
    """The user's id was created before the list was read, and the user is stored after it."""
    early = room.clock.now()
    room.clock.advance(seconds=30)
    room.contacts(chief)
    user = replace(an_invited_user(contact_number="KT1"), user_id=new_user_id(chief.company_id, early))
    room.companies.add_user(user, an_entry(), room.erp.contacts[NUMBER][0])
    assert _numbers(room.contacts(chief)) == ["KT2"]


def test_after_many_invitations_the_erp_is_asked_again(room, chief):
    numbers = _many(room, 120)
    room.contacts(chief)
    for number in numbers[:101]:
        room.invite(chief, number)
    room.clock.advance(seconds=30)
    asked = room.erp.calls.count(LIST)
    assert room.contacts(chief).outdated
    room.follow_up()
    assert _numbers(room.contacts(chief)) == numbers[101:]
    assert room.erp.calls.count(LIST) == asked + 1


@pytest.mark.parametrize("email", ["kt1@baecker.example", "KT1@Baecker.example"])
def test_who_has_a_contacts_email_is_not_listed(room, chief, email):
    """001: "a list of ERP contacts, which are not yet set up as a user in the shop"."""
    room.companies.add(room.companies.company(chief.company_id), a_user(email=email))
    assert _numbers(room.contacts(chief)) == ["KT2"]


def test_another_companys_user_of_that_email_is_nobody_here(room, chief):
    stranger = a_user(company_id=OTHER_COMPANY_ID, email="kt1@baecker.example")
    room.companies.add(a_company(company_id=OTHER_COMPANY_ID, customer_number="20000"), stranger)
    assert _numbers(room.contacts(chief)) == ["KT2", "KT1"]


def test_companies_do_not_see_each_others_contacts(room, chief):
    other = a_main_contact(company_id=OTHER_COMPANY_ID)
    room.companies.add(a_company(company_id=OTHER_COMPANY_ID, customer_number="20000"), other)
    assert _numbers(room.contacts(chief)) == ["KT2", "KT1"]
    assert _numbers(room.contacts(other)) == ["KT9"]


def test_a_company_may_have_no_contacts(room, chief):
    room.erp.contacts[NUMBER] = []
    contacts = room.contacts(chief)
    assert (_numbers(contacts), contacts.page.next_cursor, contacts.stale) == ([], None, False)


# How fresh


def test_the_last_answer_is_used_for_ten_minutes(room, chief):
    first = room.contacts(chief)
    assert (first.as_of, first.stale) == (NOON, False)
    room.clock.advance(minutes=9, seconds=59)
    again = room.contacts(chief)
    assert (again.as_of, again.stale) == (NOON, False)
    assert len(room.erp.calls) == 1


def test_after_that_the_old_list_is_answered_at_once_and_a_new_one_read_behind(room, chief):
    room.contacts(chief)
    room.erp.contacts[NUMBER] = [a_contact("KT3")]
    room.clock.advance(minutes=10)
    contacts = room.contacts(chief)
    assert (_numbers(contacts), contacts.as_of, contacts.outdated, contacts.stale) == (
        ["KT2", "KT1"],
        NOON,
        True,
        False,
    )
    assert room.erp.calls == [LIST], "nobody waits for the ERP"
    room.follow_up()
    contacts = room.contacts(chief)
    assert (_numbers(contacts), contacts.outdated) == (["KT3"], False)
    assert contacts.as_of == NOON + timedelta(minutes=10)


def test_a_refresh_is_read_behind_too(room, chief):
    room.contacts(chief)
    room.erp.contacts[NUMBER].append(a_contact("KT3", name="Zoe"))
    room.clock.advance(seconds=30)
    assert room.contacts(chief, refresh=True).outdated
    assert room.contacts(chief).outdated, "until the new list is there"
    room.follow_up()
    contacts = room.contacts(chief)
    assert (_numbers(contacts), contacts.outdated) == (["KT2", "KT1", "KT3"], False)
    assert contacts.as_of == NOON + timedelta(seconds=30)


def test_many_people_who_refresh_ask_the_erp_once(room, chief):
    room.contacts(chief)
    room.clock.advance(seconds=30)
    answers = [room.contacts(chief, refresh=True) for _ in range(20)]
    assert all(answer.outdated for answer in answers)
    room.follow_up()
    room.follow_up()
    assert room.erp.calls == [LIST] * 2
    room.clock.advance(seconds=29)
    assert not room.contacts(chief, refresh=True).outdated, "the list is new enough"
    room.follow_up()
    assert room.erp.calls == [LIST] * 2
    room.clock.advance(seconds=1)
    assert room.contacts(chief, refresh=True).outdated


def test_only_a_refresh_that_asks_the_erp_is_counted(room, chief):
    counted = []

    def list_it(**given):
        return room.contacts(chief, before_refresh=lambda: counted.append(room.clock.now()), **given)

    list_it()
    list_it(refresh=True)
    assert counted == [], "the ERP was asked a moment ago, for the first list"
    room.clock.advance(seconds=30)
    for _ in range(3):
        list_it(refresh=True)
    room.follow_up()
    assert (counted, room.erp.calls) == ([room.clock.now()], [LIST] * 2)
    room.clock.advance(hours=1)
    list_it()
    assert len(counted) == 1, "an old list is read again without somebody's refresh"


def test_a_refresh_that_is_refused_does_not_ask_the_erp(room, chief):
    room.contacts(chief)
    room.clock.advance(seconds=30)

    def refuse():
        raise TooManyRequests("too-many-requests", [RateLimit.counted("erp-requests-per-hour", 1, 3600, 1, NOON)])

    with pytest.raises(TooManyRequests):
        room.contacts(chief, refresh=True, before_refresh=refuse)
    assert room.companies.effects == []


@pytest.mark.parametrize("refresh", [True, False])
@pytest.mark.parametrize("error", [OutsideTimeout("erp-timeout"), OutsideUnavailable("erp-unavailable", 60)])
def test_when_the_erp_is_down_the_last_list_is_shown_as_stale(room, chief, error, refresh):
    room.contacts(chief)
    room.clock.advance(hours=2)
    room.erp.error = error
    first = room.contacts(chief, refresh=refresh)
    assert (first.outdated, first.stale) == (True, False)
    room.follow_up()
    contacts = room.contacts(chief, refresh=refresh)
    assert _numbers(contacts) == ["KT2", "KT1"]
    assert (contacts.as_of, contacts.outdated, contacts.stale) == (NOON, True, True)


def test_it_is_not_stale_any_more_when_the_erp_is_back(room, chief):
    room.contacts(chief)
    room.clock.advance(hours=2)
    room.erp.error = OutsideTimeout("erp-timeout")
    room.contacts(chief)
    room.follow_up()
    room.erp.error = None
    room.clock.advance(seconds=30)
    assert room.contacts(chief).stale
    room.follow_up()
    contacts = room.contacts(chief)
    assert (contacts.outdated, contacts.stale) == (False, False)


def test_a_refresh_that_failed_does_not_make_a_new_list_old(room, chief):
    room.contacts(chief)
    room.clock.advance(seconds=30)
    room.erp.error = OutsideTimeout("erp-timeout")
    room.contacts(chief, refresh=True)
    room.follow_up()
    contacts = room.contacts(chief)
    assert (contacts.outdated, contacts.stale) == (False, True)


def test_an_erp_that_never_answered_is_an_error(room, chief):
    """The breaker protects the ERP, so that everybody may try again."""
    room.erp.error = OutsideUnavailable("erp-unavailable", 60)
    with pytest.raises(OutsideUnavailable):
        room.contacts(chief)
    room.erp.error = None
    assert _numbers(room.contacts(chief)) == ["KT2", "KT1"]


def test_an_erp_that_sends_nonsense_is_asked_once_in_30_seconds(room, chief):
    room.erp.error = OutsideMalformed("erp-malformed")
    with pytest.raises(OutsideMalformed):
        room.contacts(chief)
    for _ in range(3):
        with pytest.raises(OutsideUnavailable):
            room.contacts(chief)
    assert room.erp.calls == [LIST]
    room.clock.advance(seconds=30)
    room.erp.error = None
    assert _numbers(room.contacts(chief)) == ["KT2", "KT1"]


def test_who_was_requested_meanwhile_may_be_a_contact_so_the_erp_is_asked(room, chief):
    room.contacts(chief)
    room.clock.advance(seconds=30)
    room.request(chief, email="kt1@baecker.example")
    contacts = room.contacts(chief)
    assert (_numbers(contacts), contacts.outdated) == (["KT2"], True)
    room.follow_up()
    contacts = room.contacts(chief)
    assert (_numbers(contacts), contacts.outdated) == (["KT2"], False)
    assert len(room.erp.calls) == 2


def test_who_was_requested_meanwhile_does_not_take_the_list_away_when_the_erp_is_down(room, chief):
    room.contacts(chief)
    room.clock.advance(seconds=30)
    room.request(chief)
    room.erp.error = OutsideTimeout("erp-timeout")
    room.contacts(chief)
    room.follow_up()
    contacts = room.contacts(chief)
    assert (contacts.as_of, contacts.outdated, contacts.stale) == (NOON, True, True)
    assert _numbers(contacts) == ["KT2", "KT1"]


# Long lists


def _slow(room, seconds):
    room.erp.on_contact = lambda _: room.clock.advance(seconds=seconds)


def _effects(room):
    return [effect for effect in room.companies.effects if effect.kind == "contact_list"]


def test_nobody_waits_long_for_the_first_list(room, chief):
    """Who asks first gets what has arrived in eight seconds. An effect reads the others."""
    numbers = _many(room, 100)
    _slow(room, 1)
    first = room.contacts(chief)
    assert (first.as_of, first.outdated, first.stale) == (None, True, False)
    assert _numbers(first) == numbers[:9]
    assert room.clock.now() <= NOON + timedelta(seconds=9)
    asked = len(room.erp.calls)
    again = room.contacts(chief)
    assert (again.as_of, again.outdated, len(room.erp.calls)) == (None, True, asked)
    room.follow_up()
    _slow(room, 0)
    contacts = room.contacts(chief, limit=100)
    assert (_numbers(contacts), contacts.outdated) == (numbers, False)


def test_a_first_list_that_the_erp_computes_too_long_is_read_behind(room, chief):
    room.erp.error = OutsideTimeout("erp-timeout")
    with pytest.raises(OutsideTimeout):
        room.contacts(chief)
    room.erp.error = None
    room.follow_up()
    assert _numbers(room.contacts(chief)) == ["KT2", "KT1"]


def test_a_list_that_is_too_long_for_one_run_is_read_in_several(room, chief):
    numbers = _many(room, 10)
    _slow(room, 1)
    room.contacts(chief)
    _slow(room, 30)
    (effect,) = _effects(room)
    room.read_list(effect)
    further = _effects(room)[-1]
    assert (further.data["run"], len(_effects(room))) == ("2", 2)
    room.read_list(effect)
    assert _effects(room)[-1].data["run"] == "2", "a message that is delivered again goes on once more"
    _slow(room, 0)
    room.read_list(further)
    assert _numbers(room.contacts(chief)) == numbers


def test_a_list_that_never_ends_is_given_up(room, chief):
    _many(room, 10)
    room.contacts(chief)
    room.clock.advance(hours=1)
    room.contacts(chief)
    _slow(room, 300)
    for _ in range(20):
        room.read_list(_effects(room)[-1])
    assert len(_effects(room)) == 10
    assert room.contacts(chief).stale


def test_a_run_does_nothing_while_another_one_reads(room, chief):
    room.contacts(chief)
    room.clock.advance(minutes=10)
    room.contacts(chief)
    (effect,) = _effects(room)
    room.companies.begin_contacts(
        chief.company_id, "another", room.clock.now(), room.clock.now() + timedelta(minutes=5)
    )
    room.read_list(effect)
    assert room.erp.calls == [LIST]
    room.clock.advance(minutes=5)
    room.read_list(effect)
    assert room.erp.calls == [LIST] * 2


def test_a_list_of_a_company_that_is_gone_is_not_read(room, chief):
    room.read_list(read_contact_list(OTHER_COMPANY_ID, NOON))
    assert room.erp.calls == []


def test_three_contacts_with_a_colleagues_email_are_three_people(room, chief):
    room.companies.add(room.companies.company(chief.company_id), a_user(email="einkauf@baecker.example"))
    shared = [a_contact(f"KT{serial}", email="Einkauf@baecker.example") for serial in range(3)]
    room.erp.contacts[NUMBER] = [*shared, a_contact("KT5", name="Tja", email=chief.email)]
    assert sorted(_numbers(room.contacts(chief))) == ["KT0", "KT1", "KT2"]


# Page by page


def _many(room, count):
    room.erp.contacts[NUMBER] = [a_contact(f"KT{serial}", name=f"Name {serial:03}") for serial in range(count)]
    return [f"KT{serial}" for serial in range(count)]


def test_a_long_list_comes_in_pages(room, chief):
    numbers = _many(room, 25)
    pages = [room.contacts(chief, limit=10)]
    while pages[-1].page.next_cursor:
        pages.append(room.contacts(chief, limit=10, cursor=pages[-1].page.next_cursor))
    assert [len(_numbers(page)) for page in pages] == [10, 10, 5]
    assert [number for page in pages for number in _numbers(page)] == numbers


@pytest.mark.parametrize("refresh", [True, False])
def test_a_page_after_the_first_never_asks_the_erp(room, chief, refresh):
    _many(room, 25)
    first = room.contacts(chief, limit=10)
    room.clock.advance(hours=2)
    room.request(chief)
    second = room.contacts(chief, limit=10, cursor=first.page.next_cursor, refresh=refresh)
    assert room.erp.calls == [LIST]
    assert _effects(room) == []
    assert (second.as_of, second.outdated) == (NOON, True)


def test_a_cursor_of_another_company_is_refused(room, chief):
    _many(room, 25)
    room.erp.contacts["20000"] = room.erp.contacts[NUMBER]
    other = a_main_contact(company_id=OTHER_COMPANY_ID)
    room.companies.add(a_company(company_id=OTHER_COMPANY_ID, customer_number="20000"), other)
    theirs = room.contacts(other, limit=10).page.next_cursor
    with pytest.raises(MalformedRequest, match="cursor-invalid"):
        room.contacts(chief, cursor=theirs)


def test_listing_writes_no_journal(room, chief):
    room.contacts(chief)
    assert room.companies.entries == []


def test_contacts_who_share_an_email_are_several_people(room, chief):
    """The contact number identifies the one with an account. The other one can be invited under another e-mail."""
    shared = "einkauf@baecker.example"
    room.erp.contacts[NUMBER] = [
        a_contact("KT1", name="Cora", email=shared),
        a_contact("KT2", name="Anna", email=shared),
    ]
    room.invite(chief, "KT1")
    room.clock.advance(minutes=10)
    assert _numbers(room.contacts(chief)) == ["KT2"]
