"""Seed 001, "Activate or deactivate a user"."""

from dataclasses import replace

import pytest

from customer_center.companies.bodies import UserAnswer
from customer_center.companies.callers import PersonCaller
from customer_center.companies.model import InvitationStatus, Role, UserStatus
from customer_center.companies.ports import LoginDisabled
from customer_center.platform.errors import Conflict, Forbidden, Gone, InProgress, NotFound, PreconditionFailed
from tests.builders.companies import (
    OTHER_COMPANY_ID,
    a_claim,
    a_company,
    a_main_contact,
    a_user,
    an_invitation,
    an_invited_user,
)
from tests.builders.companies_room import PASSWORD, Room


@pytest.fixture
def room():
    return Room()


@pytest.fixture
def chief(room):
    return room.founded()


def test_a_deactivated_user_cannot_log_in(room, chief):
    """001: "You can activate or deactivate a user."; "An user, which has been deactivated, cannot login to the shop
    anymore."."""
    user = room.present(a_user())
    assert room.identities.sign_in(user.user_id, PASSWORD)
    after = room.deactivate(user.user_id, chief)
    assert after.status is UserStatus.DEACTIVATED
    assert room.companies.user(user.user_id) == after
    for name in (user.user_id, user.email):
        with pytest.raises(LoginDisabled):
            room.identities.sign_in(name, PASSWORD)


def test_open_sessions_end_too(room, chief):
    user = room.present(a_user())
    room.identities.sign_in(user.user_id, PASSWORD)
    room.deactivate(user.user_id, chief)
    assert room.identities.logins[user.user_id].sessions == set()


def test_the_api_refuses_a_deactivated_user_at_once(room, chief):
    """001: "An user, which has been deactivated, cannot login to the shop anymore."."""
    user = room.present(a_user())
    caller = PersonCaller(lambda: room.companies, None, administration=False)

    class WithToken:
        username = user.user_id

    assert caller.admit(WithToken()).user == user
    room.identities.unavailable = True
    room.deactivate(user.user_id, chief)
    with pytest.raises(Forbidden, match="user-deactivated"):
        caller.admit(WithToken())


def test_a_reactivated_user_logs_in_with_the_old_password(room, chief):
    """001: "You can activate or deactivate a user."."""
    user = room.present(a_user())
    room.deactivate(user.user_id, chief)
    after = room.reactivate(user.user_id, chief)
    assert after.status is UserStatus.ACTIVE
    assert room.identities.sign_in(user.user_id, PASSWORD)


def test_who_accepted_an_invitation_is_reactivated_with_their_password(room, chief):
    user = room.present(an_invited_user())
    room.accept(f"{user.user_id}.secret")
    room.deactivate(user.user_id, chief)
    after = room.reactivate(user.user_id, chief)
    assert (after.status, after.invitation.status) == (UserStatus.ACTIVE, InvitationStatus.ACCEPTED)
    assert room.identities.sign_in(user.user_id, PASSWORD)


def test_it_needs_no_form(room, chief):
    """001: "This feature does not have a specific form view and is available in the user management overview."."""
    user = room.present(a_user())
    room.deactivate(user.user_id, chief)
    page = room.companies.users(chief.company_id, limit=50)
    company = room.companies.company(chief.company_id)
    listed = [UserAnswer.from_user(each, company, room.clock.now()) for each in page.rows]
    assert [(each.name, each.status.value, [role.value for role in each.roles]) for each in listed] == [
        (chief.name, "active", ["main_contact"]),
        (user.name, "deactivated", ["buyer"]),
    ]


def test_each_change_is_the_next_version(room, chief):
    user = room.present(a_user())
    room.clock.advance(minutes=1)
    after = room.deactivate(user.user_id, chief)
    assert (after.version, after.updated_at) == (2, room.clock.now())
    assert room.reactivate(user.user_id, chief).version == 3


def test_it_is_written_down(room, chief):
    user = room.present(a_user())
    room.deactivate(user.user_id, chief)
    room.reactivate(user.user_id, chief)
    assert [(entry.action, entry.actor.actor_id, dict(entry.changes)) for entry in room.companies.entries] == [
        ("user.deactivated", chief.user_id, {"status": ("active", "deactivated")}),
        ("user.activated", chief.user_id, {"status": ("deactivated", "active")}),
    ]
    assert [effect.kind for effect in room.companies.effects] == ["identity", "identity"]


@pytest.mark.parametrize("action", ["deactivate", "reactivate"])
def test_when_the_login_service_is_down_it_follows_later(room, chief, action):
    user = room.present(a_user(status=UserStatus.ACTIVE if action == "deactivate" else UserStatus.DEACTIVATED))
    room.identities.unavailable = True
    after = getattr(room, action)(user.user_id, chief)
    assert room.companies.user(user.user_id) == after
    room.identities.unavailable = False
    room.follow_up()
    assert room.identities.logins[user.user_id].enabled == (action == "reactivate")


# An invited user


@pytest.mark.parametrize("secret", ["secret", None])
def test_deactivating_an_invited_user_revokes_the_invitation(room, chief, secret):
    user = room.present(an_invited_user(secret=secret, claim=a_claim()))
    after = room.deactivate(user.user_id, chief)
    assert after.status is UserStatus.DEACTIVATED
    assert after.invitation.status is InvitationStatus.REVOKED
    assert after.claim is None
    assert room.companies.entries[0].changes == {
        "status": ("invited", "deactivated"),
        "invitation": ("pending", "revoked"),
    }


def test_the_revoked_link_is_no_good(room, chief):
    user = room.present(an_invited_user())
    room.deactivate(user.user_id, chief)
    with pytest.raises(Gone, match="invitation-revoked"):
        room.accept(f"{user.user_id}.secret")


def test_a_mail_that_waits_is_not_sent_to_a_deactivated_user(room, chief):
    user = room.request(chief)
    room.deactivate(user.user_id, chief)
    room.follow_up()
    assert room.mailer.sent == []


def test_activating_one_who_never_accepted_renews_the_invitation(room, chief):
    user = room.present(an_invited_user())
    room.deactivate(user.user_id, chief)
    room.clock.advance(days=30)
    after = room.reactivate(user.user_id, chief)
    assert (after.status, after.invitation.status) == (UserStatus.INVITED, InvitationStatus.PENDING)
    assert after.invitation.mail_id != user.invitation.mail_id
    assert after.invitation.expires_at == room.clock.now() + room.invitation_rules.valid_for
    assert after.invitation.invited_by == chief.user_id
    token = room.mailed_token()
    with pytest.raises(NotFound):
        room.accept(f"{user.user_id}.secret")
    assert room.accept(token).user.status is UserStatus.ACTIVE


@pytest.mark.parametrize("status", [InvitationStatus.BOUNCED, InvitationStatus.PENDING])
def test_activating_renews_an_invitation_that_bounced_or_expired_too(room, chief, status):
    user = room.present(a_user(status=UserStatus.DEACTIVATED, invitation=an_invitation(status=status)))
    assert room.reactivate(user.user_id, chief).status is UserStatus.INVITED
    assert [effect.kind for effect in room.companies.effects] == ["mail"]


# What is refused, and what changes nothing


def test_nobody_deactivates_themself(room, chief):
    room.companies.add(room.companies.company(chief.company_id), a_main_contact())
    with pytest.raises(Conflict, match="own-account"):
        room.deactivate(chief.user_id, chief)
    assert room.companies.user(chief.user_id) == chief


def test_the_last_active_main_contact_stays(room, chief):
    other = a_main_contact()
    room.companies.add(room.companies.company(chief.company_id), other)
    room.deactivate(chief.user_id, other)
    with pytest.raises(Conflict, match="last-main-contact"):
        room.deactivate(other.user_id, chief)
    assert room.companies.user(other.user_id).status is UserStatus.ACTIVE
    assert room.companies.company(chief.company_id).main_contacts == {other.user_id}


def test_a_deactivated_main_contact_is_one_again_when_activated(room, chief):
    other = room.present(a_main_contact())
    room.deactivate(other.user_id, chief)
    assert room.companies.company(chief.company_id).main_contacts == {chief.user_id}
    room.reactivate(other.user_id, chief)
    assert room.companies.company(chief.company_id).main_contacts == {chief.user_id, other.user_id}


def test_an_invited_main_contact_is_not_the_last_one(room, chief):
    user = room.present(an_invited_user(roles={Role.MAIN_CONTACT}))
    assert room.deactivate(user.user_id, chief).status is UserStatus.DEACTIVATED


@pytest.mark.parametrize("action", ["deactivate", "reactivate"])
def test_a_user_of_another_company_does_not_exist(room, chief, action):
    stranger = a_user(company_id=OTHER_COMPANY_ID)
    room.companies.add(a_company(company_id=OTHER_COMPANY_ID, customer_number="20000"), stranger)
    errors = []
    for user_id in (stranger.user_id, a_user().user_id, "nonsense", ""):
        with pytest.raises(NotFound) as refused:
            getattr(room, action)(user_id, chief)
        errors.append((refused.value.code, refused.value.values))
    assert errors == [("not-found", {})] * 4
    assert room.companies.user(stranger.user_id) == stranger


@pytest.mark.parametrize(
    ("action", "status"),
    [
        ("deactivate", UserStatus.DEACTIVATED),
        ("reactivate", UserStatus.ACTIVE),
        ("reactivate", UserStatus.INVITED),
    ],
)
def test_what_is_so_already_changes_nothing(room, chief, action, status):
    user = room.present(a_user(status=status, invitation=an_invitation()))
    calls = len(room.identities.calls)
    assert getattr(room, action)(user.user_id, chief) == user
    assert room.companies.entries == []
    assert len(room.identities.calls) == calls


@pytest.mark.parametrize("action", ["deactivate", "reactivate"])
def test_only_the_version_that_was_seen_is_changed(room, chief, action):
    status = UserStatus.ACTIVE if action == "deactivate" else UserStatus.DEACTIVATED
    user = room.present(a_user(status=status, version=3))
    with pytest.raises(PreconditionFailed):
        getattr(room, action)(user.user_id, chief, if_versions={2})
    assert room.companies.user(user.user_id) == user
    assert getattr(room, action)(user.user_id, chief, if_versions={3}).version == 4


@pytest.mark.parametrize("action", ["deactivate", "reactivate"])
def test_a_change_in_between_is_not_overwritten(room, chief, action):
    status = UserStatus.ACTIVE if action == "deactivate" else UserStatus.DEACTIVATED
    user = room.present(a_user(status=status))
    change_user = room.companies.change_user

    def change_late(before, after, entry):
        room.companies._users[user.user_id] = replace(user, name="Meanwhile", version=2)
        change_user(before, after, entry)

    room.companies.change_user = change_late
    with pytest.raises(InProgress):
        getattr(room, action)(user.user_id, chief)
    assert room.companies.user(user.user_id).name == "Meanwhile"
    assert room.companies.entries == []


def test_the_limit_of_mails_is_asked_about_a_new_invitation_and_about_nothing_else(room, chief):
    """The limit of mails does not apply: activating a user who has a login sends no mail."""
    asked = []
    old, never = a_user(), an_invited_user()
    for user in (old, never):
        room.companies.add(room.companies.company(chief.company_id), user)
    room.identities.create(old)
    for user in (old, never):
        room.deactivate(user.user_id, chief)
        room.reactivate(user.user_id, chief, before_mail=lambda: asked.append(user.user_id))  # noqa: B023 # called at once
    assert asked == [never.user_id]
