"""The owner of a new e-mail confirms it with the link that was mailed to it."""

from dataclasses import replace
from datetime import timedelta

import pytest

from customer_center.companies.model import InvitationRules, Role, UserStatus
from customer_center.platform.errors import Conflict, Forbidden, Gone, InProgress, NotFound
from tests.builders.companies import COMPANY_ID, a_company, a_main_contact, a_user, an_email_change, an_invited_user
from tests.builders.companies_room import PASSWORD, Room
from tests.fakes.clock import NOON

NEW = "new@baecker.example"


@pytest.fixture
def room():
    room = Room()
    room.founded()
    return room


@pytest.fixture
def user(room):
    """Return a user with a login whose new e-mail waits, and whose old address agreed to it."""
    return _moving(room)


def _moving(room, *, agreed=True, **given):
    (chief,) = room.companies.company(COMPANY_ID).main_contacts
    change = an_email_change(email=NEW, requested_by=chief, agreed=agreed)
    return room.present(a_user(email_change=change, **given))


def _token(user, secret="secret"):
    return f"{user.user_id}.{secret}"


def test_the_new_email_is_the_login_at_once(room, user):
    after = room.confirm(_token(user)).user
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


def test_a_repeat_calls_nothing(room, user):
    """A used link is no key (docs/specification.md, 5.4)."""
    room.confirm(_token(user))
    room.identities.disable(user.user_id)
    room.identities.calls.clear()
    assert room.confirm(_token(user)).done
    assert room.identities.calls == []
    assert not room.identities.logins[user.user_id].enabled


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
    tokens = [
        _token(user, secret),
        _token(waiting, "old"),
        _token(waiting),
        _token(nobody),
        _token(invited),
        "x",
        "",
        ".",
    ]
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
    change = an_email_change(email=NEW, requested_by=other.user_id, agreed=True)
    user = room.present(a_user(email_change=change))
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
    room.present(replace(user, email_change=an_email_change(email=NEW, requested_by=user.user_id, agreed=True)))
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
    after = room.confirm(_token(user)).user
    assert (after.name, after.email) == ("Meanwhile", NEW)


# The old address: it agrees, it objects, or it does not answer


@pytest.fixture
def taken(room):
    """Return a user whose e-mail somebody edited; both mails are sent, and nobody has followed a link."""
    return _moving(room, agreed=False)


def test_a_confirmed_email_waits_for_the_old_address(room, taken):
    """Otherwise editing a colleague's address to a mailbox of one's own takes the account (4.8)."""
    said = room.confirm(_token(taken))
    assert (said.done, said.email, said.takes_effect_at) == (False, NEW, NOON + timedelta(hours=72))
    room.follow_up()
    assert room.identities.sign_in(taken.email, PASSWORD)
    assert room.identities.sign_in(NEW, PASSWORD) is None
    assert room.companies.holders_of_email(NEW).owner_id is None
    assert [entry.action for entry in room.companies.entries] == ["user.email_change_confirmed"]


def test_after_the_delay_it_is_the_login_by_itself(room, taken):
    room.confirm(_token(taken))
    room.clock.advance(hours=72, seconds=-1)
    room.follow_up()
    assert room.companies.user(taken.user_id).email == taken.email
    ((_, left),) = room.delayed
    assert left == timedelta(seconds=1)
    room.clock.advance(seconds=1)
    room.follow_up()
    room.follow_up()
    after = room.companies.user(taken.user_id)
    assert (after.email, after.email_change) == (NEW, None)
    assert room.identities.sign_in(NEW, PASSWORD)
    entry = room.companies.entries[-1]
    assert (entry.action, entry.actor.kind) == ("user.email_confirmed", "system")
    assert room.confirm(_token(taken)).done, "a repeat is told the same"


def test_the_delay_counts_from_the_mail_and_not_from_the_confirmation(room, taken):
    room.clock.advance(hours=20)
    assert room.confirm(_token(taken)).takes_effect_at == NOON + timedelta(hours=72)


@pytest.mark.parametrize("old_first", [True, False])
def test_when_both_addresses_said_yes_it_is_the_login_at_once(room, taken, old_first):
    tokens = [_token(taken, "old"), _token(taken)]
    first, second = tokens if old_first else reversed(tokens)
    assert not room.confirm(first).done
    assert room.confirm(second).done
    assert room.identities.sign_in(NEW, PASSWORD)
    for token in tokens:
        assert room.confirm(token).done, "a repeat is told the same"


def test_the_old_address_alone_changes_nothing_and_learns_no_new_address(room, taken):
    said = room.confirm(_token(taken, "old"))
    assert (said.done, said.email, said.takes_effect_at) == (False, "n***@baecker.example", None)
    again = room.confirm(_token(taken, "old"))
    assert again == said
    assert [entry.action for entry in room.companies.entries] == ["user.email_change_agreed"]
    room.clock.advance(hours=100)
    room.follow_up()
    assert room.companies.user(taken.user_id).email == taken.email


def test_whoever_it_was_not_cancels_the_change(room, taken):
    room.confirm(_token(taken))
    after = room.cancel(_token(taken, "old"))
    assert (after.email, after.email_change) == (taken.email, None)
    entry = room.companies.entries[-1]
    assert (entry.action, entry.actor.actor_id) == ("user.email_change_cancelled", taken.user_id)
    assert room.cancel(_token(taken, "old")) == after, "a repeat does nothing"
    room.clock.advance(hours=72)
    room.follow_up()
    assert room.companies.user(taken.user_id).email == taken.email
    for secret in ("secret", "old"):
        with pytest.raises(NotFound, match="confirmation-invalid"):
            room.confirm(_token(taken, secret))


def test_the_link_that_cancelled_a_change_does_not_speak_for_the_next_one(room, taken):
    """Otherwise somebody would believe that the next change is cancelled too, or would learn its address."""
    room.cancel(_token(taken, "old"))
    room.edit(taken.user_id, room.companies.everybody[0], email="again@baecker.example")
    with pytest.raises(NotFound, match="confirmation-invalid"):
        room.cancel(_token(taken, "old"))
    assert room.cancel(room.noticed_token()).email_change is None


def test_every_notice_cancels_the_change_that_waits_now(room, taken):
    """Otherwise who asks for the change twice makes the link in the first notice useless."""
    chief = room.companies.everybody[0]
    tokens = [_token(taken, "old")]
    for at in range(3):
        room.edit(taken.user_id, chief, email=f"again{at}@baecker.example")
        tokens.append(room.noticed_token())
    with pytest.raises(NotFound, match="confirmation-invalid"):
        room.confirm(tokens[0])
    after = room.cancel(tokens[0])
    assert after.email_change is None
    assert room.cancel(tokens[0]) == after
    room.edit(taken.user_id, chief, email="last@baecker.example")
    room.noticed_token()
    with pytest.raises(NotFound, match="confirmation-invalid"):
        room.cancel(tokens[0])


def test_the_new_address_cancels_nothing(room, taken):
    for secret in ("secret", "", "x"):
        with pytest.raises(NotFound, match="confirmation-invalid"):
            room.cancel(_token(taken, secret))
    assert room.companies.user(taken.user_id) == taken


def test_after_the_change_it_is_too_late_to_cancel_it(room, taken):
    room.confirm(_token(taken, "old"))
    room.confirm(_token(taken))
    with pytest.raises(Gone, match="email-change-done"):
        room.cancel(_token(taken, "old"))


def test_a_closed_company_does_not_keep_a_change_from_being_cancelled(room, taken):
    room.companies.add(a_company(closed_at=room.clock.now()))
    assert room.cancel(_token(taken, "old")).email_change is None


def test_a_change_that_nobody_may_ask_for_any_more_is_dropped_when_its_time_comes(room):
    other = room.present(a_main_contact())
    user = room.present(a_user(email_change=an_email_change(email=NEW, requested_by=other.user_id)))
    room.confirm(_token(user))
    room.deactivate(other.user_id, room.companies.everybody[0])
    room.clock.advance(hours=72)
    room.follow_up()
    after = room.companies.user(user.user_id)
    assert (after.email, after.email_change) == (user.email, None)
    assert room.companies.entries[-1].action == "user.email_change_cancelled"


def test_an_address_that_somebody_got_meanwhile_is_theirs_when_the_time_comes(room, taken):
    room.confirm(_token(taken))
    other = room.present(a_user(email=NEW))
    room.clock.advance(hours=72)
    room.follow_up()
    assert room.companies.holders_of_email(NEW).owner_id == other.user_id
    after = room.companies.user(taken.user_id)
    assert (after.email, after.email_change) == (taken.email, None)


def test_an_address_that_somebody_has_already_is_refused_at_the_confirmation(room, taken):
    room.present(a_user(email=NEW))
    with pytest.raises(Conflict, match="email-in-use"):
        room.confirm(_token(taken))
    assert room.companies.user(taken.user_id) == taken


def test_a_newer_change_is_not_made_by_the_older_ones_time(room, taken):
    room.confirm(_token(taken))
    room.edit(taken.user_id, room.companies.everybody[0], email="newer@baecker.example")
    room.clock.advance(hours=72)
    room.follow_up()
    assert room.companies.user(taken.user_id).email == taken.email


def test_without_a_delay_the_confirmation_is_enough(room, taken):
    room.invitation_rules = InvitationRules(new_email_delay=timedelta())
    assert room.confirm(_token(taken)).done


def test_a_change_that_was_mailed_before_there_were_notices_with_links_waits_too(room):
    (chief,) = room.companies.company(COMPANY_ID).main_contacts
    user = room.present(a_user(email_change=an_email_change(email=NEW, old_secret=None, requested_by=chief)))
    assert room.confirm(_token(user)).takes_effect_at == NOON + timedelta(hours=72)


def test_the_codes_of_both_mails_say_and_cancel_what_their_links_do(room):
    chief = room.companies.everybody[0]
    user = room.present(a_user())
    room.edit(user.user_id, chief, email=NEW)
    room.follow_up()
    notice, link = room.mailer.sent
    room.mailer.sent = [link]
    assert not room.confirm(room.typed_code()).done
    room.mailer.sent = [notice]
    assert room.cancel(room.typed_code()).email_change is None
