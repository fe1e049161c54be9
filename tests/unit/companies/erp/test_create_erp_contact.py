"""With `CreateErpContact`, a user who was requested in the shop becomes a contact of the ERP."""

import pytest

from customer_center.companies.erp.create_erp_contact import create_erp_contact
from customer_center.companies.model import InvitationRules, UserStatus
from customer_center.platform.errors import OutsideUnavailable
from tests.builders.companies import a_company, a_main_contact, a_user
from tests.builders.companies_room import Room
from tests.builders.erp import NUMBER, a_contact, a_customer


@pytest.fixture
def room():
    room = Room()
    room.invitation_rules = InvitationRules(create_erp_contact=True)
    room.erp.add(a_customer(), contacts=[a_contact("KT1")])
    return room


@pytest.fixture
def chief(room):
    chief = a_main_contact()
    room.companies.add(a_company(), chief)
    return chief


def _create(room, user_id):
    create_erp_contact(user_id, "effect", erp=room.erp, companies=room.companies, clock=room.clock)


def _created(room):
    return [call for call in room.erp.calls if call[0] == "create_contact"]


def test_the_requested_user_becomes_a_contact(room, chief):
    """001: "The function "Request new user" sets up a new user for the shop."."""
    user = room.request(chief)
    _create(room, user.user_id)
    contact = room.erp.contacts[NUMBER][-1]
    assert (contact.name, contact.email, contact.language_code) == (user.name, user.email, user.language)
    assert room.companies.user(user.user_id).contact_number == contact.contact_number


def test_the_new_contact_is_not_listed_as_one_without_an_account(room, chief):
    """000: "contacts which are not having an shop account right now"."""
    user = room.request(chief)
    _create(room, user.user_id)
    assert [row.contact.contact_number for row in room.contacts(chief).page.contacts] == ["KT1"]


def test_a_repeat_makes_no_second_contact(room, chief):
    user = room.request(chief)
    for _ in range(3):
        _create(room, user.user_id)
    assert len(_created(room)) == 1


def test_a_try_that_died_before_noting_the_number_makes_no_second_contact(room, chief):
    user = room.request(chief)
    link = room.companies.change_user
    room.companies.change_user = lambda *_: (_ for _ in ()).throw(ConnectionError)
    with pytest.raises(ConnectionError):
        _create(room, user.user_id)
    room.companies.change_user = link
    _create(room, user.user_id)
    assert len(_created(room)) == 1
    assert room.companies.user(user.user_id).contact_number == room.erp.contacts[NUMBER][-1].contact_number


def test_the_erp_gets_an_international_address_as_people_write_it(room, chief):
    """The ERP's staff would not recognise `xn--bcker-gra`. What they read is compared in its ASCII form again."""
    user = room.request(chief, email="nina@xn--bcker-gra.example")
    link = room.companies.change_user
    room.companies.change_user = lambda *_: (_ for _ in ()).throw(ConnectionError)
    with pytest.raises(ConnectionError):
        _create(room, user.user_id)
    assert room.erp.contacts[NUMBER][-1].email == "nina@bäcker.example"
    room.companies.change_user = link
    _create(room, user.user_id)
    assert len(_created(room)) == 1, "the contact is found again"
    assert room.companies.user(user.user_id).contact_number == room.erp.contacts[NUMBER][-1].contact_number


@pytest.mark.parametrize("email", ["kt1@baecker.example", "KT1@Baecker.example"])
def test_a_contact_of_that_email_is_taken_instead(room, chief, email):
    user = room.request(chief, email=email)
    _create(room, user.user_id)
    assert _created(room) == []
    assert room.companies.user(user.user_id).contact_number == "KT1"


@pytest.mark.parametrize("changes", [{"contact_number": "KT7"}, {"status": UserStatus.DEACTIVATED}])
def test_some_need_none(room, chief, changes):
    user = a_user(**changes)
    room.companies.add(room.companies.company(chief.company_id), user)
    _create(room, user.user_id)
    assert room.erp.calls == []


def test_for_a_user_who_is_gone_nothing_is_done(room, chief):
    _create(room, a_user().user_id)
    assert room.erp.calls == []


def test_when_the_erp_is_down_it_is_tried_again(room, chief):
    user = room.request(chief)
    room.erp.error = OutsideUnavailable("erp-unavailable", 60)
    with pytest.raises(OutsideUnavailable):
        _create(room, user.user_id)
    room.erp.error = None
    _create(room, user.user_id)
    assert len(room.erp.contacts[NUMBER]) == 2


def test_the_user_is_there_whatever_the_erp_does(room, chief):
    room.erp.error = OutsideUnavailable("erp-unavailable", 60)
    user = room.request(chief)
    assert room.companies.user(user.user_id) == user
