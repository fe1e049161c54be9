"""Accepting an invitation with the mailed link and a password (seed 001, "Add an existing user to the shop")."""

from dataclasses import replace
from datetime import timedelta

import pytest

from customer_center.companies.model import InvitationStatus, Role, UserStatus
from customer_center.platform.errors import (
    FieldError,
    Gone,
    InProgress,
    InvalidInput,
    NotFound,
    OutsideUnavailable,
)
from tests.builders.companies import a_claim, a_company, a_main_contact, a_user, an_invitation, an_invited_user
from tests.builders.companies_room import PASSWORD, Room
from tests.fakes.clock import NOON


@pytest.fixture
def room():
    return Room()


@pytest.fixture
def invited(room):
    """Return an invited user whose link carries `secret`."""
    user = an_invited_user()
    room.companies.add(a_company(), a_main_contact(), user)
    return user


@pytest.fixture
def token(invited):
    return f"{invited.user_id}.secret"


def _change(room, user, **changes):
    room.companies._users[user.user_id] = replace(user, **changes)


def test_the_link_lets_the_person_set_a_password_and_in(room, invited, token):
    """001: "After storing the form the user will get a shop account."."""
    accepted = room.accept(token)
    assert accepted.user == room.companies.user(invited.user_id)
    assert accepted.user.status is UserStatus.ACTIVE
    assert accepted.user.invitation.status is InvitationStatus.ACCEPTED
    assert accepted.user.claim is None
    assert accepted.company == room.companies.company(invited.company_id)
    login = room.identities.logins[invited.user_id]
    assert (login.email, login.language) == (invited.email, invited.language)
    assert (login.enabled, login.password) == (True, PASSWORD)
    assert accepted.session.refresh_token in login.sessions


def test_the_link_of_the_mail_is_accepted(room):
    """001: "the user will get an email that contains all information about how to access the shop"."""
    chief = a_main_contact()
    room.companies.add(a_company(), chief)
    user = room.request(chief)
    accepted = room.accept(room.mailed_token())
    assert accepted.user.user_id == user.user_id
    assert room.identities.sign_in("nils@baecker.example", PASSWORD)


def test_before_acceptance_there_is_no_login(room):
    chief = a_main_contact()
    room.companies.add(a_company(), chief)
    room.request(chief)
    room.follow_up()
    assert room.identities.logins == {}


def test_an_invited_main_contact_is_one_from_now_on(room):
    chief, second = a_main_contact(), an_invited_user(roles={Role.MAIN_CONTACT})
    room.companies.add(a_company(), chief, second)
    assert room.companies.company(second.company_id).main_contacts == {chief.user_id}
    room.accept(f"{second.user_id}.secret")
    assert room.companies.company(second.company_id).main_contacts == {chief.user_id, second.user_id}


def test_the_acceptance_is_written_down(room, invited, token):
    room.accept(token)
    (entry,) = room.companies.entries
    assert (entry.action, entry.actor.actor_id, entry.subject) == (
        "invitation.accepted",
        invited.user_id,
        invited.user_id,
    )
    assert entry.changes == {"status": ("invited", "active"), "invitation": ("pending", "accepted")}
    assert [(effect.kind, effect.data) for effect in entry.effects] == [("identity", {"user_id": invited.user_id})]
    assert PASSWORD not in repr(entry)
    assert "secret" not in repr(entry)


@pytest.mark.parametrize(
    "forge",
    [
        "{user}.wrong",
        "{user}.secret.",
        "{user}. secret",
        "{user}.",
        "{user}",
        "{user}secret",
        "{other}.secret",
        "usr_x.secret",
        "secret",
        ".",
        "",
        "\x00.\x00",
    ],
)
def test_every_token_we_did_not_send_is_refused_alike(room, invited, forge):
    other = an_invited_user(secret="other")
    room.companies.add(room.companies.company(invited.company_id), other)
    with pytest.raises(NotFound) as refused:
        room.accept(forge.format(user=invited.user_id, other=other.user_id))
    assert (refused.value.code, refused.value.values) == ("invitation-invalid", {})
    assert room.identities.calls == []
    assert room.companies.entries == []


def test_a_user_who_was_never_invited_has_no_token(room):
    chief = a_main_contact()
    room.companies.add(a_company(), chief)
    with pytest.raises(NotFound, match="invitation-invalid"):
        room.accept(f"{chief.user_id}.")


def test_before_the_mail_went_out_no_token_is_good(room):
    user = an_invited_user(secret=None)
    room.companies.add(a_company(), user)
    for secret in ("", "None", "-" * 64):
        with pytest.raises(NotFound, match="invitation-invalid"):
            room.accept(f"{user.user_id}.{secret}")


def test_an_expired_link_is_refused(room, invited, token):
    room.clock.advance(days=7)
    with pytest.raises(Gone, match="invitation-expired"):
        room.accept(token)
    assert room.identities.calls == []
    assert room.companies.user(invited.user_id) == invited


def test_a_link_just_before_its_end_is_good(room, token):
    room.clock.advance(days=7, seconds=-1)
    assert room.accept(token)


@pytest.mark.parametrize("after", [timedelta(), timedelta(days=8)])
def test_a_revoked_link_is_refused(room, invited, token, after):
    _change(room, invited, invitation=replace(invited.invitation, status=InvitationStatus.REVOKED))
    room.clock.advance(seconds=after.total_seconds())
    with pytest.raises(Gone, match="invitation-revoked"):
        room.accept(token)
    assert room.identities.calls == []


def test_a_used_link_lets_nobody_set_another_password(room, invited, token):
    room.accept(token)
    with pytest.raises(Gone, match="invitation-used"):
        room.accept(token, "another password")
    assert room.identities.logins[invited.user_id].password == PASSWORD


def test_repeating_it_with_the_same_password_logs_in_again_for_a_quarter_of_an_hour(room, invited, token):
    first = room.accept(token)
    room.clock.advance(minutes=15, seconds=-1)
    again = room.accept(token)
    assert again.user.version == first.user.version
    assert again.session != first.session
    assert len(room.companies.entries) == 1
    room.clock.advance(seconds=1)
    with pytest.raises(Gone, match="invitation-used"):
        room.accept(token)


def test_a_repeat_signs_in_and_does_nothing_else(room, token):
    """A used link is no key (docs/specification.md, 5.4)."""
    room.accept(token)
    room.identities.calls.clear()
    room.accept(token)
    assert [call for call, _ in room.identities.calls] == ["login", "sign_in"]


@pytest.mark.parametrize("password", [PASSWORD, "another password"])
def test_a_used_link_never_enables_a_login_that_was_disabled(room, invited, token, password):
    room.accept(token)
    room.identities.disable(invited.user_id)
    with pytest.raises(OutsideUnavailable, match="identity-unavailable"):
        room.accept(token, password)
    assert not room.identities.logins[invited.user_id].enabled


def test_a_used_link_signs_nobody_in_who_was_deactivated_although_the_login_is_still_enabled(room, invited, token):
    """The record decides; the login follows it a moment later (docs/specification.md, 2.14)."""
    accepted = room.accept(token).user
    room.present(replace(accepted, status=UserStatus.DEACTIVATED))
    room.identities.calls.clear()
    with pytest.raises(Gone, match="invitation-used"):
        room.accept(token)
    assert room.identities.calls == []


def test_guesses_of_the_password_at_a_used_link_are_limited(room, invited, token):
    room.accept(token)
    for guess in range(5):
        with pytest.raises(Gone, match="invitation-used"):
            room.accept(token, f"guess number {guess}")
    room.identities.calls.clear()
    with pytest.raises(Gone, match="invitation-used"):
        room.accept(token)
    assert [call for call, _ in room.identities.calls] == ["login"]
    assert room.identities.sign_in(invited.user_id, PASSWORD), "the login page still lets them in"


def test_repeats_while_the_login_is_not_enabled_yet_try_no_password_and_do_not_count(room, invited, token):
    room.identities.fail_next("enable")
    for _ in range(10):
        with pytest.raises(OutsideUnavailable):
            room.accept(token)
    assert not room.identities.logins[invited.user_id].enabled
    room.follow_up()
    assert room.accept(token).session


def test_an_invitation_accepted_before_its_time_was_stored_is_used(room):
    user = an_invited_user(invitation=an_invitation(status=InvitationStatus.ACCEPTED))
    room.present(replace(user, status=UserStatus.ACTIVE))
    with pytest.raises(Gone, match="invitation-used"):
        room.accept(f"{user.user_id}.secret")


def test_a_crash_before_the_login_is_enabled_is_mended_by_the_journal(room, invited, token):
    room.identities.fail_next("enable")
    with pytest.raises(OutsideUnavailable):
        room.accept(token, claim_id="mine")
    with pytest.raises(OutsideUnavailable):
        room.accept(token, claim_id="mine")
    room.follow_up()
    assert room.accept(token, claim_id="mine").session


def test_the_person_is_logged_in_though_cognito_sees_late_that_the_login_is_enabled(room, token):
    room.identities.enabled_late = 3
    assert room.accept(token).session
    assert sum(room.clock.slept) < 1


def test_a_password_is_not_told_wrong_while_the_login_is_not_seen_enabled(room, token):
    room.identities.enabled_late = 100
    with pytest.raises(OutsideUnavailable, match="identity-unavailable"):
        room.accept(token)


def test_an_email_that_an_outdated_login_has_is_freed_by_the_journal(room, invited, token):
    """The person is asked to try again, and not told for ever that Cognito is unavailable."""
    outdated = a_user(email=invited.email)
    room.identities.create(outdated)
    room.identities.enable(outdated)
    with pytest.raises(OutsideUnavailable, match="identity-unavailable"):
        room.accept(token, claim_id="mine")
    room.follow_up()
    assert room.accept(token, claim_id="mine").session
    assert room.identities.sign_in(invited.email, PASSWORD)


# The code beside the link


def test_the_code_of_the_mail_is_accepted_where_the_token_is(room):
    """Mail scanners break links behind a # (docs/specification.md, 5.21)."""
    user = room.request(room.founded())
    assert room.accept(room.typed_code()).user.user_id == user.user_id


@pytest.mark.parametrize("change", [str.lower, lambda code: code.replace("-", " "), lambda code: code.replace("-", "")])
def test_a_code_is_read_as_people_type_it(room, change):
    user = room.request(room.founded())
    assert room.accept(change(room.typed_code())).user.user_id == user.user_id


def test_a_code_that_we_did_not_send_is_refused_as_a_wrong_token_is(room, invited):
    for code in ("7K3M-Q0XT-9A2F", "0000-0000-0000"):
        with pytest.raises(NotFound, match="invitation-invalid"):
            room.accept(code)
    assert room.companies.entries == []


def test_the_code_of_a_replaced_mail_is_no_good(room):
    chief = room.founded()
    user = room.request(chief)
    old = room.typed_code()
    room.clock.advance(minutes=2)
    room.resend(user.user_id, chief)
    new = room.typed_code()
    with pytest.raises(NotFound, match="invitation-invalid"):
        room.accept(old)
    assert room.accept(new)


def test_the_code_of_an_invitation_opens_nothing_else(room):
    room.request(room.founded())
    with pytest.raises(NotFound, match="confirmation-invalid"):
        room.confirm(room.typed_code())
    with pytest.raises(NotFound, match="confirmation-invalid"):
        room.cancel(room.typed_code())


def test_a_used_code_is_a_used_link(room):
    room.request(room.founded())
    code = room.typed_code()
    room.accept(code)
    assert room.accept(code), "a repeat signs in"
    room.clock.advance(minutes=15)
    with pytest.raises(Gone, match="invitation-used"):
        room.accept(code)


def test_a_deactivated_user_does_not_come_back_with_the_old_link(room, invited, token):
    """001: "An user, which has been deactivated, cannot login to the shop anymore."."""
    room.accept(token)
    chief = next(user for user in room.companies.everybody if user.is_main_contact)
    room.deactivate(invited.user_id, chief)
    with pytest.raises(Gone, match="invitation-used"):
        room.accept(token)
    assert not room.identities.logins[invited.user_id].enabled


def test_a_password_the_policy_refuses_leaves_the_link_good(room, invited, token):
    with pytest.raises(InvalidInput) as refused:
        room.accept(token, "too short", claim_id="mine")
    assert refused.value.errors == (FieldError("/password", "password-policy"),)
    assert room.companies.user(invited.user_id).status is UserStatus.INVITED
    assert room.accept(token, claim_id="mine").user.status is UserStatus.ACTIVE


def test_while_one_request_accepts_another_waits(room, invited, token):
    _change(room, invited, claim=a_claim("first"))
    with pytest.raises(InProgress) as waits:
        room.accept(token, claim_id="second")
    assert waits.value.retry_after == 31
    assert invited.user_id not in room.identities.logins
    assert room.accept(token, claim_id="first").user.status is UserStatus.ACTIVE


def test_a_claim_that_was_never_finished_lapses(room, invited, token):
    _change(room, invited, claim=a_claim("died"))
    room.clock.advance(seconds=30)
    assert room.accept(token, claim_id="second").user.status is UserStatus.ACTIVE


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (InvitationStatus.REVOKED, "invitation-revoked"),
        (InvitationStatus.SUPERSEDED, "invitation-superseded"),
        (InvitationStatus.ACCEPTED, "invitation-used"),
    ],
)
def test_whose_link_ends_while_it_is_used_is_told_why(room, invited, token, status, code):
    claim_invitation = room.companies.claim_invitation

    def claim_late(*given):
        _change(room, invited, invitation=replace(invited.invitation, status=status))
        claim_invitation(*given)

    room.companies.claim_invitation = claim_late
    with pytest.raises(Gone, match=code):
        room.accept(token)
    assert invited.user_id not in room.identities.logins


def test_a_failure_gives_the_link_free_at_once(room, invited, token):
    room.identities.fail_next("set_password")
    with pytest.raises(OutsideUnavailable):
        room.accept(token, claim_id="first")
    assert room.accept(token, claim_id="second").user.status is UserStatus.ACTIVE


def _edited_at_each_password(room, invited, *, times):
    """Let somebody else change the user while the password is set, so often."""
    set_password, left = room.identities.set_password, iter(range(times))

    def set_password_late(*given):
        set_password(*given)
        if next(left, None) is not None:
            now = room.companies.user(invited.user_id)
            _change(room, now, name="Anna Neu", version=now.version + 1)

    room.identities.set_password = set_password_late


def test_who_is_edited_while_they_accept_gets_in(room, invited, token):
    """The ERP creates the contact of whom an administrator has just invited, which changes the user."""
    _edited_at_each_password(room, invited, times=2)
    accepted = room.accept(token, claim_id="mine")
    assert (accepted.user.name, accepted.user.status) == ("Anna Neu", UserStatus.ACTIVE)
    assert room.companies.user(invited.user_id) == accepted.user
    assert accepted.session


def test_who_is_edited_again_and_again_is_asked_to_try_again(room, invited, token):
    _edited_at_each_password(room, invited, times=3)
    with pytest.raises(InProgress):
        room.accept(token, claim_id="mine")
    assert not room.identities.logins[invited.user_id].enabled
    assert room.accept(token, claim_id="mine").user.name == "Anna Neu"


def test_without_the_login_service_nothing_changes(room, invited, token):
    room.identities.unavailable = True
    with pytest.raises(OutsideUnavailable):
        room.accept(token)
    assert room.companies.user(invited.user_id) == invited
    room.identities.unavailable = False
    assert room.accept(token)


def test_the_login_is_opened_last(room, invited, token):
    room.accept(token)
    assert [call for call, _ in room.identities.calls] == ["create", "set_password", "enable", "sign_in"]


def test_a_link_whose_mail_bounced_is_refused(room):
    user = an_invited_user(invitation=an_invitation(status=InvitationStatus.BOUNCED, expires_at=NOON))
    room.companies.add(a_company(), user)
    with pytest.raises(Gone, match="invitation-revoked"):
        room.accept(f"{user.user_id}.secret")
    assert room.companies.user(user.user_id).status is UserStatus.INVITED
