"""A login follows the user's record, which is the truth (seed 001: "cannot login to the shop anymore")."""

from dataclasses import replace
from datetime import timedelta

import pytest

from customer_center.companies.login import align_identity, reconcile_login, repair_login
from customer_center.companies.model import UserStatus
from customer_center.companies.ports import EmailHeld
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


# Logins that are made again

AN_HOUR = timedelta(hours=1)


def _without_login(room, **given):
    """Return a user who has a record and no login, and whose record was not changed lately."""
    user = a_user(**given)
    room.companies.add(a_company(), user)
    room.clock.advance(hours=2)
    return user


def _make(room, user_id):
    reconcile_login(user_id, companies=room.companies, identities=room.identities, clock=room.clock)


def _repair(room, user_id):
    repair_login(user_id, AN_HOUR, companies=room.companies, identities=room.identities, clock=room.clock)


def test_a_login_that_its_owner_deleted_is_made_again_with_a_password_that_nobody_knows(room):
    user = _without_login(room)
    _make(room, user.user_id)
    login = room.identities.logins[user.user_id]
    assert (login.email, login.language, login.verified, login.enabled) == (user.email, user.language, True, True)
    # Without a password, Cognito would refuse "forgot password".
    assert login.password
    assert room.identities.sign_in(user.user_id, PASSWORD) is None


def test_the_passwords_of_two_logins_made_again_differ(room):
    first, second = _without_login(room), _without_login(room)
    for user in (first, second):
        _make(room, user.user_id)
    assert room.identities.logins[first.user_id].password != room.identities.logins[second.user_id].password


def test_a_login_that_is_there_keeps_its_password_and_sessions(room):
    user = _user(room, UserStatus.ACTIVE, enabled=True)
    session = room.identities.sign_in(user.user_id, PASSWORD)
    room.clock.advance(hours=2)
    for _ in range(2):
        _make(room, user.user_id)
    login = room.identities.logins[user.user_id]
    assert (login.password, login.sessions) == (PASSWORD, {session.refresh_token})


@pytest.mark.parametrize("call", ["login", "add", "enable", "set_password"])
def test_a_login_whose_making_failed_half_way_is_completed_later(room, call):
    user = _without_login(room)
    room.identities.fail_next(call)
    with pytest.raises(OutsideUnavailable):
        _make(room, user.user_id)
    _make(room, user.user_id)
    login = room.identities.logins[user.user_id]
    assert login.enabled
    assert login.password


def test_who_is_setting_a_password_at_this_moment_keeps_it(room):
    """Cognito may show the password of an accepted invitation a moment late; the record is new then."""
    user = a_user(updated_at=room.clock.now())
    room.companies.add(a_company(), user)
    room.identities.add(user)
    _make(room, user.user_id)
    assert room.identities.logins[user.user_id].password is None


@pytest.mark.parametrize("status", [UserStatus.INVITED, UserStatus.DEACTIVATED])
def test_who_may_not_log_in_gets_no_login(room, status):
    user = _without_login(room, status=status)
    _make(room, user.user_id)
    assert room.identities.logins == {}


def test_the_users_of_a_closed_company_get_their_logins_when_it_is_opened_again(room):
    user = _without_login(room)
    room.close()
    room.follow_up()
    assert room.identities.logins == {}
    room.reopen()
    room.follow_up()
    assert room.identities.logins[user.user_id].enabled


def test_who_is_activated_again_gets_a_login_also_if_there_is_none(room):
    chief = room.founded()
    user = _without_login(room, status=UserStatus.DEACTIVATED)
    room.reactivate(user.user_id, chief)
    room.follow_up()
    assert room.identities.logins[user.user_id].enabled


def test_a_repair_leaves_a_login_alone_that_was_changed_lately(room):
    """An activation creates the login before the record."""
    user = a_user()
    room.identities.clock = room.clock
    room.identities.create(user)
    room.clock.advance(minutes=59)
    _repair(room, user.user_id)
    assert user.user_id in room.identities.logins
    room.clock.advance(minutes=1)
    _repair(room, user.user_id)
    assert room.identities.logins == {}


def test_a_repair_reads_the_record_again_before_it_deletes(room):
    user = a_user()
    room.identities.create(user)
    room.clock.advance(hours=2)
    room.companies.add(a_company(), user)
    _repair(room, user.user_id)
    assert room.identities.logins[user.user_id].enabled


def test_repairs_are_counted(room, capsys):
    user = _without_login(room)
    _repair(room, user.user_id)
    assert '"LoginsRepaired": 1' in capsys.readouterr().out


# An e-mail that another login still has


def _free(room, user_id):
    reconcile_login(user_id, companies=room.companies, identities=room.identities, clock=room.clock)


def _outdated(room, record, *, email):
    """Return the user, whose login still has another e-mail than their record."""
    room.identities.create(record)
    room.identities.enable(replace(record, email=email))
    room.companies.add(a_company(), record)
    return record


def _waiting(room, **given):
    """Return an active user whose login exists and is not enabled yet."""
    user = a_user(**given)
    room.companies.add(a_company(), user)
    room.identities.create(user)
    return user


def _aliases(room):
    return {user_id: login.email for user_id, login in room.identities.logins.items() if login.verified}


def test_an_email_moves_from_an_outdated_login_to_whose_it_is(room):
    """Else a person could not log in for as long as Cognito knows an old address of somebody else."""
    holder = _outdated(room, a_user(email="new@baecker.example"), email="anna@baecker.example")
    user = _waiting(room, email="anna@baecker.example")
    with pytest.raises(EmailHeld):
        _align(room, user.user_id)
    for _ in range(2):
        _free(room, user.user_id)
        assert _aliases(room) == {holder.user_id: "new@baecker.example", user.user_id: "anna@baecker.example"}
    assert room.identities.logins[holder.user_id].enabled


def test_a_deactivated_user_gives_an_old_email_up(room):
    record = a_user(email="new@baecker.example", status=UserStatus.DEACTIVATED)
    holder = _outdated(room, record, email="anna@baecker.example")
    user = _waiting(room, email="anna@baecker.example")
    _free(room, user.user_id)
    assert _aliases(room) == {user.user_id: "anna@baecker.example"}
    assert not room.identities.logins[holder.user_id].enabled


def test_a_login_of_nobody_gives_an_email_up_and_stays(room):
    """It may have been made by hand."""
    stranger = a_user(email="anna@baecker.example")
    room.identities.create(stranger)
    room.identities.enable(stranger)
    user = _waiting(room, email="anna@baecker.example")
    _free(room, user.user_id)
    assert _aliases(room) == {user.user_id: "anna@baecker.example"}
    assert stranger.user_id in room.identities.logins


def test_two_users_who_exchanged_their_addresses_do_not_wait_for_each_other(room):
    one = _outdated(room, a_user(email="a@baecker.example"), email="b@baecker.example")
    two = _outdated(room, a_user(email="b@baecker.example"), email="a@baecker.example")
    _free(room, one.user_id)
    assert _aliases(room) == {one.user_id: "a@baecker.example", two.user_id: "b@baecker.example"}


def test_nobody_loses_their_own_email_to_a_late_message(room):
    """The user gave the address up after the message was read."""
    owner = _user(room, UserStatus.ACTIVE, enabled=True)
    late = _waiting(room, email=owner.email)
    with pytest.raises(EmailHeld):
        _free(room, late.user_id)
    assert _aliases(room) == {owner.user_id: owner.email}


@pytest.mark.parametrize("call", ["holder_of", "enable", "release_email", "disable"])
def test_after_a_crash_in_between_the_next_try_ends_the_same(room, call):
    record = a_user(email="new@baecker.example", status=UserStatus.DEACTIVATED)
    holder = _outdated(room, record, email="anna@baecker.example")
    user = _waiting(room, email="anna@baecker.example")
    room.identities.fail_next(call)
    with pytest.raises(OutsideUnavailable):
        _free(room, user.user_id)
    _free(room, user.user_id)
    assert _aliases(room) == {user.user_id: "anna@baecker.example"}
    assert not room.identities.logins[holder.user_id].enabled
