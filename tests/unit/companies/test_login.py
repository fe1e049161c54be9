"""A login follows the user's record, which is the truth (seed 001: "cannot login to the shop anymore")."""

import pytest

from customer_center.companies.login import align_identity
from customer_center.companies.model import UserStatus
from customer_center.platform.errors import OutsideUnavailable
from tests.builders.companies import a_company, a_user
from tests.builders.companies_room import PASSWORD, Room


@pytest.fixture
def room():
    return Room()


def _user(room, status, *, enabled):
    user = a_user(status=status)
    room.companies.add(a_company(), user)
    room.identities.create(user)
    room.identities.set_password(user.user_id, PASSWORD)
    room.identities.enable(user)
    if not enabled:
        room.identities.disable(user.user_id)
    return user


def _align(room, user_id):
    align_identity(user_id, companies=room.companies, identities=room.identities)


@pytest.mark.parametrize("enabled", [True, False])
@pytest.mark.parametrize("status", UserStatus)
def test_only_an_active_user_has_an_open_login(room, status, enabled):
    """001: "An user, which has been deactivated, cannot login to the shop anymore."."""
    user = _user(room, status, enabled=enabled)
    for _ in range(2):
        _align(room, user.user_id)
        assert room.identities.logins[user.user_id].enabled is (status is UserStatus.ACTIVE)


def test_sessions_of_a_deactivated_user_end(room):
    user = _user(room, UserStatus.DEACTIVATED, enabled=True)
    room.identities.sign_in(user.user_id, PASSWORD)
    _align(room, user.user_id)
    assert room.identities.logins[user.user_id].sessions == set()


def test_sessions_of_an_active_user_go_on(room):
    user = _user(room, UserStatus.ACTIVE, enabled=True)
    session = room.identities.sign_in(user.user_id, PASSWORD)
    _align(room, user.user_id)
    assert room.identities.logins[user.user_id].sessions == {session.refresh_token}


def test_a_login_of_nobody_is_forgotten(room):
    user = a_user()
    room.identities.create(user)
    for _ in range(2):
        _align(room, user.user_id)
        assert room.identities.logins == {}


def test_a_user_without_a_login_stays_without(room):
    user = a_user(status=UserStatus.INVITED)
    room.companies.add(a_company(), user)
    _align(room, user.user_id)
    assert room.identities.logins == {}


def test_a_late_message_follows_what_is_true_now(room):
    user = _user(room, UserStatus.ACTIVE, enabled=True)
    chief = a_user()
    room.deactivate(user.user_id, chief)
    room.reactivate(user.user_id, chief)
    for effect in reversed(room.companies.effects):
        _align(room, effect.data["user_id"])
    assert room.identities.logins[user.user_id].enabled


def test_it_is_tried_again_when_the_login_service_is_down(room):
    user = _user(room, UserStatus.DEACTIVATED, enabled=True)
    room.identities.unavailable = True
    with pytest.raises(OutsideUnavailable):
        _align(room, user.user_id)


@pytest.mark.parametrize("company_changed", [True, False])
def test_while_the_company_is_closed_nobodys_login_is_open(room, company_changed):
    user = _user(room, UserStatus.ACTIVE, enabled=True)
    room.close()
    align_identity(user.user_id, companies=room.companies, identities=room.identities, company_changed=company_changed)
    assert not room.identities.logins[user.user_id].enabled


def test_a_login_whose_company_was_just_closed_is_shut_though_a_cheap_read_does_not_see_it_yet(room):
    """An eventually consistent read would be too late for the effect of the closing."""
    user = _user(room, UserStatus.ACTIVE, enabled=True)
    before = room.companies.company(user.company_id)
    room.close()
    room.companies.company = lambda company_id: before
    align_identity(user.user_id, companies=room.companies, identities=room.identities, company_changed=True)
    assert not room.identities.logins[user.user_id].enabled
