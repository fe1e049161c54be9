"""An operator appoints a main contact."""

import pytest

from customer_center.companies.model import Role, UserStatus
from customer_center.platform.errors import (
    Conflict,
    InProgress,
    NotFound,
    PreconditionFailed,
)
from tests.builders.companies import COMPANY_ID, OTHER_COMPANY_ID, a_company, a_main_contact, a_user, an_invited_user
from tests.builders.companies_room import OPERATOR, Room


@pytest.fixture
def room():
    return Room()


def test_a_company_whose_last_main_contact_is_gone_gets_a_new_one(room):
    user = a_user()
    room.companies.add(a_company(), user)
    after = room.appoint(user.user_id)
    assert after.roles == {Role.BUYER, Role.MAIN_CONTACT}
    assert room.companies.company(COMPANY_ID).main_contacts == {user.user_id}
    (entry,) = room.companies.entries
    assert (entry.action, entry.subject, entry.actor) == ("user.appointed_main_contact", user.user_id, OPERATOR)
    assert entry.changes == {"roles": (["buyer"], ["buyer", "main_contact"])}


def test_those_there_are_stay_main_contacts(room):
    chief, user = a_main_contact(), a_user()
    room.companies.add(a_company(), chief, user)
    room.appoint(user.user_id)
    assert room.companies.company(COMPANY_ID).main_contacts == {chief.user_id, user.user_id}


def test_appointing_a_main_contact_changes_nothing(room):
    chief = a_main_contact()
    room.companies.add(a_company(), chief)
    assert room.appoint(chief.user_id) == chief
    assert room.companies.entries == []


@pytest.mark.parametrize("user", [an_invited_user(), a_user(status=UserStatus.DEACTIVATED)], ids=["invited", "off"])
def test_only_somebody_who_can_log_in_is_appointed(room, user):
    room.companies.add(a_company(), user)
    with pytest.raises(Conflict, match="user-not-active"):
        room.appoint(user.user_id)


def test_nobody_and_somebody_elses_user_look_alike(room):
    stranger = a_user(company_id=OTHER_COMPANY_ID)
    room.companies.add(a_company())
    room.companies.add(a_company(company_id=OTHER_COMPANY_ID, customer_number="2"), stranger)
    for user_id in (stranger.user_id, "usr_x", a_user().user_id):
        with pytest.raises(NotFound):
            room.appoint(user_id)


def test_who_meets_another_change_is_asked_to_come_again(room, monkeypatch):
    user = a_user()
    room.companies.add(a_company(), user)

    def changed_meanwhile(before, after, entry):
        raise PreconditionFailed

    monkeypatch.setattr(room.companies, "change_user", changed_meanwhile)
    with pytest.raises(InProgress):
        room.appoint(user.user_id)
