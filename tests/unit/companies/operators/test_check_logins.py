"""The check of all logins finds what a restore, a deleted login or a crash left behind, and repairs it."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from customer_center.companies.login import repair_login
from customer_center.companies.model import UserStatus
from customer_center.companies.operators.check_logins import LoginCheck, check_logins, read_check
from tests.builders.companies import COMPANY_ID, OTHER_COMPANY_ID, a_company, a_main_contact, a_user, an_invited_user
from tests.builders.companies_room import PASSWORD, Room

LIMIT = 3


@pytest.fixture
def room():
    room = Room()
    room.identities.clock = room.clock
    return room


def _present(room, *users):
    """Store users with the logins that they should have, a day before the check."""
    for user in users:
        room.present(user)
    room.clock.advance(days=1)
    room.identities.calls.clear()
    return users


def _run(room, check=None, limit=LIMIT):
    """Run a check to its end, repairs included, and return the ids of the repaired users."""
    waiting, repaired = [(check or LoginCheck()).written()], []
    while waiting:
        data = waiting.pop(0)
        if "check" in data:
            check_logins(
                read_check(data),
                limit=limit,
                companies=room.companies,
                identities=room.identities,
                queue=lambda effects: waiting.extend(effect.data for effect in effects),
                clock=room.clock,
            )
        else:
            repaired.append(data["user_id"])
            repair_login(
                data["user_id"],
                timedelta(seconds=int(data["settled_seconds"])),
                companies=room.companies,
                identities=room.identities,
                clock=room.clock,
            )
    return repaired


def _delete_login(room, user):
    del room.identities.logins[user.user_id]


def _lone_login(room):
    """Return a user who has a login and no record, as after a restore."""
    user = a_user()
    room.identities.create(user)
    room.identities.set_password(user.user_id, PASSWORD)
    room.identities.enable(user)
    return user


def test_where_nothing_differs_nothing_is_changed(room):
    _present(room, a_main_contact(), a_user(), a_user(status=UserStatus.DEACTIVATED), an_invited_user())
    assert _run(room) == []
    assert {call for call, _ in room.identities.calls} == {"logins_page", "login"}


def test_the_login_of_a_user_whom_the_record_does_not_know_is_deleted(room):
    user = _lone_login(room)
    (chief,) = _present(room, a_main_contact())
    assert _run(room) == [user.user_id]
    assert list(room.identities.logins) == [chief.user_id]


def test_a_login_that_its_owner_deleted_is_made_again(room):
    user, _ = _present(room, a_user(), a_main_contact())
    _delete_login(room, user)
    assert _run(room) == [user.user_id]
    assert room.identities.logins[user.user_id].enabled
    assert _run(room) == []


def _disabled(login, user):
    login.enabled = False


def _without_password(login, user):
    login.password = None


def _with_another_email(login, user):
    login.email = "former@baecker.example"


def _unverified(login, user):
    login.verified = False


def _in_another_language(login, user):
    login.language = "fr" if user.language != "fr" else "de"


@pytest.mark.parametrize(
    "change", [_disabled, _without_password, _with_another_email, _unverified, _in_another_language]
)
def test_a_login_that_differs_from_an_active_user_is_aligned(room, change):
    (user,) = _present(room, a_user())
    login = room.identities.logins[user.user_id]
    change(login, user)
    assert _run(room) == [user.user_id]
    assert (login.enabled, login.verified) == (True, True)
    assert login.password
    assert (login.email, login.language) == (user.email, user.language)
    assert _run(room) == []


def test_the_case_of_an_email_is_no_difference(room):
    (user,) = _present(room, a_user(email="Anna@baecker.example"))
    room.identities.logins[user.user_id].email = "anna@baecker.example"
    assert _run(room) == []


@pytest.mark.parametrize("status", [UserStatus.DEACTIVATED, UserStatus.INVITED])
def test_the_login_of_somebody_who_may_not_log_in_is_disabled(room, status):
    (user,) = _present(room, a_user())
    room.companies.add(a_company(), replace(user, status=status))
    assert _run(room) == [user.user_id]
    assert not room.identities.logins[user.user_id].enabled


def test_the_logins_of_a_closed_company_are_disabled(room):
    (user,) = _present(room, a_user())
    room.companies.add(a_company(closed_at=user.updated_at))
    assert _run(room) == [user.user_id]
    assert not room.identities.logins[user.user_id].enabled


def test_a_login_that_is_not_ours_is_left_alone(room):
    _present(room, a_user())
    stranger = a_user()
    room.identities.create(stranger)
    room.identities.logins["an-integrators-robot"] = room.identities.logins.pop(stranger.user_id)
    room.clock.advance(days=1)
    assert _run(room) == []
    assert "an-integrators-robot" in room.identities.logins


@pytest.mark.parametrize(("minutes", "deleted"), [(14, False), (16, True)])
def test_a_login_without_a_record_is_left_alone_while_an_activation_may_be_under_way(room, minutes, deleted):
    _present(room, a_main_contact())
    user = _lone_login(room)
    room.clock.advance(minutes=minutes)
    assert _run(room) == ([user.user_id] if deleted else [])


def test_somebody_who_was_changed_a_moment_ago_is_left_to_the_effects_of_that_change(room):
    (user,) = _present(room, a_user())
    _delete_login(room, user)
    room.companies.add(a_company(), replace(user, updated_at=room.clock.now()))
    assert _run(room) == []
    assert _run(room, LoginCheck(settled_for=timedelta())) == []
    room.clock.advance(seconds=1)
    assert _run(room, LoginCheck(settled_for=timedelta())) == [user.user_id]


def test_a_company_that_was_closed_a_moment_ago_is_left_to_its_effects(room):
    _present(room, a_user())
    room.close()
    assert _run(room) == []


def test_pages_of_any_size_find_the_same(room):
    users = _present(room, *(a_user() for _ in range(5)))
    lone = [_lone_login(room) for _ in range(2)]
    room.clock.advance(days=1)
    _delete_login(room, users[1])
    room.companies.users_per_page = room.identities.logins_per_page = 2
    assert sorted(_run(room)) == sorted([users[1].user_id, *(user.user_id for user in lone)])


def test_more_than_the_limit_is_not_repaired_but_raises_an_alarm(room, capsys):
    """The wrong table may have been restored: then these logins must not be deleted."""
    (chief,) = _present(room, a_main_contact())
    lone = [_lone_login(room) for _ in range(LIMIT + 1)]
    room.clock.advance(days=1)
    room.identities.logins_per_page = 2
    assert _run(room) == []
    assert set(room.identities.logins) == {chief.user_id, *(user.user_id for user in lone)}
    assert '"LoginDriftTooLarge": 1' in capsys.readouterr().out


def test_the_limit_is_for_both_directions_together(room):
    users = _present(room, a_user(), a_user())
    for user in users:
        _delete_login(room, user)
    for _ in range(LIMIT - 1):
        _lone_login(room)
    room.clock.advance(days=1)
    assert _run(room) == []


def test_exactly_the_limit_is_repaired(room, capsys):
    _present(room, a_main_contact())
    lone = [_lone_login(room) for _ in range(LIMIT)]
    room.clock.advance(days=1)
    assert sorted(_run(room)) == sorted(user.user_id for user in lone)
    assert "LoginDriftTooLarge" not in capsys.readouterr().out


def test_an_operator_can_repair_more_than_the_limit(room):
    _present(room, a_main_contact())
    lone = [_lone_login(room) for _ in range(2 * LIMIT)]
    room.clock.advance(days=1)
    room.identities.logins_per_page = 2
    assert sorted(_run(room, LoginCheck(at_once=True))) == sorted(user.user_id for user in lone)


def test_a_page_that_is_delivered_again_finds_the_same_again(room):
    (user,) = _present(room, a_user())
    _delete_login(room, user)
    queued = []
    for _ in range(2):
        check_logins(
            LoginCheck(step="users"),
            limit=LIMIT,
            companies=room.companies,
            identities=room.identities,
            queue=queued.extend,
            clock=room.clock,
        )
    assert [effect.data["user_id"] for effect in queued] == [user.user_id] * 2


@pytest.mark.parametrize("step", ["logins", "users"])
def test_a_check_whose_cursor_is_not_valid_any_more_ends(room, step):
    _present(room, a_user())
    assert _run(room, LoginCheck(step=step, cursor="forgotten")) == []


def test_a_check_is_the_same_after_it_was_written_and_read():
    check = LoginCheck(
        step="users",
        cursor="abc",
        seen=5,
        foreign=1,
        unknown=1,
        differing=2,
        found=("usr_1", "usr_2"),
        settled_for=timedelta(minutes=1),
        at_once=True,
    )
    assert read_check(check.written()) == check
    assert read_check(LoginCheck().written()) == LoginCheck()


def test_the_largest_check_fits_into_a_message():
    """SQS takes 256 KB. The template allows a limit of 1,000 logins; a cursor of Cognito has some hundred letters."""
    check = LoginCheck(cursor="c" * 10_000, found=tuple(a_user().user_id for _ in range(1000)))
    assert len(json.dumps(check.written())) < 128 * 1024


def test_users_of_several_companies_are_checked(room):
    ours, theirs = _present(room, a_user(company_id=COMPANY_ID), a_user(company_id=OTHER_COMPANY_ID))
    _delete_login(room, ours)
    _delete_login(room, theirs)
    assert sorted(_run(room)) == sorted([ours.user_id, theirs.user_id])
