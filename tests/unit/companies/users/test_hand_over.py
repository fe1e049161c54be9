"""Handing over the role of main contact: one transaction, to an active user; both get a mail."""

import pytest

from customer_center.companies.model import Role, UserStatus
from customer_center.platform.errors import Conflict, Forbidden, InProgress, NotFound, PreconditionFailed
from tests.builders.companies import OTHER_COMPANY_ID, a_main_contact, a_user, an_invited_user
from tests.builders.companies_room import Room


@pytest.fixture
def room():
    return Room()


@pytest.fixture
def chief(room):
    return room.founded(name="Tja Chef", language="en", email="tja@baecker.example")


def test_the_only_main_contact_gives_the_role_to_a_colleague(room, chief):
    user = room.present(a_user())
    after = room.hand_over(user.user_id, chief)
    assert after.roles == {Role.BUYER, Role.MAIN_CONTACT}
    assert room.companies.company(chief.company_id).main_contacts == {user.user_id}
    assert not room.companies.user(chief.user_id).is_main_contact


def test_who_was_nothing_else_goes_on_as_approver_and_buyer(room, chief):
    user = room.present(a_user())
    room.hand_over(user.user_id, chief)
    assert room.companies.user(chief.user_id).roles == {Role.APPROVER, Role.BUYER}


def test_other_roles_are_kept(room):
    room.founded()
    chief = room.present(a_user(roles={Role.MAIN_CONTACT, Role.BUYER}))
    user = room.present(a_user())
    room.hand_over(user.user_id, chief)
    assert room.companies.user(chief.user_id).roles == {Role.BUYER}


def test_it_can_be_handed_back(room, chief):
    user = room.present(a_user())
    new = room.hand_over(user.user_id, chief)
    back = room.hand_over(chief.user_id, new)
    assert back.roles == {Role.APPROVER, Role.BUYER, Role.MAIN_CONTACT}
    assert room.companies.company(chief.company_id).main_contacts == {chief.user_id}


def test_to_another_main_contact_it_is_stepping_back(room, chief):
    other = room.present(a_main_contact())
    room.hand_over(other.user_id, chief)
    assert room.companies.company(chief.company_id).main_contacts == {other.user_id}


def test_both_are_told_once_each(room, chief):
    user = room.present(a_user(name="Nina Neu", language="en"))
    room.hand_over(user.user_id, chief)
    for _ in range(3):
        room.follow_up()
    assert [mail.to for mail in room.mailer.sent] == [user.email, chief.email]
    for mail in room.mailer.sent:
        assert "Tja Chef has handed over the role of main contact for Bäcker Mehl" in mail.text
        assert "to Nina Neu" in mail.text


def test_each_of_the_two_has_an_entry(room, chief):
    user = room.present(a_user())
    room.hand_over(user.user_id, chief)
    entries = room.companies.entries
    assert {entry.action for entry in entries} == {"main_contact.handed_over"}
    assert [(entry.subject, entry.changes["roles"]) for entry in entries] == [
        (user.user_id, (["buyer"], ["buyer", "main_contact"])),
        (chief.user_id, (["main_contact"], ["approver", "buyer"])),
    ]


@pytest.mark.parametrize("user", [an_invited_user(), a_user(status=UserStatus.DEACTIVATED)], ids=["invited", "off"])
def test_only_an_active_user_takes_it(room, chief, user):
    room.present(user)
    with pytest.raises(Conflict, match="user-not-active"):
        room.hand_over(user.user_id, chief)
    assert room.companies.entries == []


def test_only_a_main_contact_gives_it(room, chief):
    user = room.present(a_user())
    with pytest.raises(Forbidden):
        room.hand_over(chief.user_id, user)


def test_nobody_hands_over_to_themself(room, chief):
    with pytest.raises(Conflict, match="own-account"):
        room.hand_over(chief.user_id, chief)


def test_a_user_of_another_company_does_not_exist(room, chief):
    stranger = room.present(a_user(company_id=OTHER_COMPANY_ID))
    for user_id in (stranger.user_id, a_user().user_id, "nonsense"):
        with pytest.raises(NotFound):
            room.hand_over(user_id, chief)


def test_the_version_named_is_the_actors_own(room, chief):
    user = room.present(a_user(version=7))
    with pytest.raises(PreconditionFailed):
        room.hand_over(user.user_id, chief, if_versions={7})
    assert room.hand_over(user.user_id, chief, if_versions={1}).version == 8


def test_when_the_colleague_leaves_in_between_nothing_is_handed_over(room, chief):
    user = room.present(a_user())
    change_users = room.companies.change_users

    def change_late(*args):
        room.companies.change_users = change_users
        room.deactivate(user.user_id, chief)
        change_users(*args)

    room.companies.change_users = change_late
    with pytest.raises(InProgress):
        room.hand_over(user.user_id, chief)
    assert room.companies.user(chief.user_id) == chief
