"""The owner of a new e-mail confirms it with the link that was mailed to it."""

from dataclasses import replace

import pytest

from customer_center.companies.model import Role, UserStatus
from customer_center.platform.errors import Conflict, Forbidden, Gone, InProgress, NotFound
from tests.builders.companies import COMPANY_ID, a_company, a_main_contact, a_user, an_email_change, an_invited_user
from tests.builders.companies_room import PASSWORD, Room

NEW = "new@baecker.example"


@pytest.fixture
def room():
    room = Room()
    room.founded()
    return room


@pytest.fixture
def user(room):
    """Return a user with a login whose new e-mail waits."""
    return _moving(room)


def _moving(room, **given):
    (chief,) = room.companies.company(COMPANY_ID).main_contacts
    return room.present(a_user(email_change=an_email_change(email=NEW, requested_by=chief), **given))


def _token(user, secret="secret"):
    return f"{user.user_id}.{secret}"


def test_the_new_email_is_the_login_at_once(room, user):
    after = room.confirm(_token(user))
    assert (after.email, after.email_change, after.version) == (NEW, None, 2)
    assert room.companies.holders_of_email(NEW).owner_id == user.user_id
    assert room.companies.holders_of_email(user.email).owner_id is None
    assert room.identities.sign_in(NEW, PASSWORD)
    assert room.identities.sign_in(user.email, PASSWORD) is None


def test_it_is_journalled_as_its_owners_doing(room, user):
    room.confirm(_token(user))
    (entry,) = room.companies.entries
    assert (entry.action, entry.actor.actor_id) == ("user.email_confirmed", user.user_id)
    assert entry.changes == {"email": (user.email, NEW), "new_email": (NEW, None)}
    assert [effect.kind for effect in entry.effects] == ["identity"]


def test_sessions_and_password_go_on(room, user):
    session = room.identities.sign_in(user.user_id, PASSWORD)
    room.confirm(_token(user))
    room.follow_up()
    assert session.refresh_token in room.identities.logins[user.user_id].sessions


def test_a_login_that_cannot_be_reached_changes_later(room, user):
    room.identities.unavailable = True
    assert room.confirm(_token(user)).email == NEW
    room.identities.unavailable = False
    room.follow_up()
    assert room.identities.sign_in(NEW, PASSWORD)


def test_a_repeat_with_the_same_token_is_told_the_same(room, user):
    """Mail programs and impatient people follow a link twice."""
    first = room.confirm(_token(user))
    assert room.confirm(_token(user)) == first
    assert len(room.companies.entries) == 1


def test_a_repeat_mends_a_login_that_was_not_reached(room, user):
    room.identities.fail_next("enable")
    room.confirm(_token(user))
    room.confirm(_token(user))
    assert room.identities.sign_in(NEW, PASSWORD)


def test_a_used_link_does_not_confirm_the_next_change(room, user):
    room.confirm(_token(user))
    chief = room.companies.everybody[0]
    room.edit(user.user_id, chief, email="next@baecker.example")
    assert room.confirm(_token(user)).email == NEW
    assert room.companies.user(user.user_id).email_change.email == "next@baecker.example"


@pytest.mark.parametrize("secret", ["", "wrong", "secret ", "-"])
def test_a_wrong_token_is_refused_the_same_way_whatever_is_wrong(room, user, secret):
    nobody, invited = a_user(), room.present(an_invited_user())
    waiting = room.present(a_user(email_change=an_email_change(secret=None)))
    tokens = [_token(user, secret), _token(waiting), _token(nobody), _token(invited), "x", "", "."]
    for token in tokens:
        with pytest.raises(NotFound, match="confirmation-invalid"):
            room.confirm(token)
    assert room.companies.entries == []


def test_after_its_end_the_link_is_gone(room, user):
    room.clock.advance(hours=24)
    with pytest.raises(Gone, match="confirmation-expired"):
        room.confirm(_token(user))
    assert room.companies.user(user.user_id) == user


@pytest.mark.parametrize("end", ["demoted", "deactivated", "deleted"])
def test_an_administrator_who_was_removed_has_left_no_way_in(room, end):
    """Otherwise whoever has the link could take over a colleague's login for a day."""
    chief, other = room.companies.everybody[0], room.present(a_main_contact())
    user = room.present(a_user(email_change=an_email_change(email=NEW, requested_by=other.user_id)))
    match end:
        case "demoted":
            room.edit(other.user_id, chief, roles=frozenset({Role.BUYER}))
        case "deactivated":
            room.deactivate(other.user_id, chief)
        case "deleted":
            room.delete(other.user_id, chief)
    with pytest.raises(Gone, match="confirmation-expired"):
        room.confirm(_token(user))
    assert room.companies.user(user.user_id) == user


def test_who_asked_for_their_own_new_email_needs_no_permission_for_it(room):
    user = a_user()
    room.present(replace(user, email_change=an_email_change(email=NEW, requested_by=user.user_id)))
    assert room.confirm(_token(user)).email == NEW


def test_whoever_got_the_address_first_keeps_it(room, user):
    other = room.present(a_user(email=NEW.upper()))
    with pytest.raises(Conflict, match="email-in-use"):
        room.confirm(_token(user))
    assert room.companies.user(user.user_id) == user
    assert room.companies.holders_of_email(NEW).owner_id == other.user_id


def test_a_deactivated_user_confirms_and_stays_out(room):
    user = _moving(room, status=UserStatus.DEACTIVATED)
    assert room.confirm(_token(user)).email == NEW
    room.follow_up()
    assert room.identities.sign_in(NEW, PASSWORD) is None


def test_nobody_of_a_closed_company_confirms(room, user):
    room.companies.add(a_company(closed_at=room.clock.now()))
    with pytest.raises(Forbidden, match="company-closed"):
        room.confirm(_token(user))
    assert room.companies.user(user.user_id) == user


def test_a_change_in_between_lets_the_same_request_come_again(room, user):
    change_user = room.companies.change_user

    def change_late(*changed, **given):
        room.companies.change_user = change_user
        room.edit(user.user_id, room.companies.everybody[0], name="Meanwhile")
        change_user(*changed, **given)

    room.companies.change_user = change_late
    with pytest.raises(InProgress):
        room.confirm(_token(user))
    after = room.confirm(_token(user))
    assert (after.name, after.email) == ("Meanwhile", NEW)
