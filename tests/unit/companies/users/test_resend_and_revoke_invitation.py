"""Invitations, again and never more (DESIGN §4): "Resend rotates it and works on expired and bounced ones; revoke"."""

import pytest

from customer_center.companies.bodies import UserAnswer
from customer_center.companies.model import InvitationStatus, UserStatus
from customer_center.platform.errors import Conflict, Gone, InProgress, NotFound, PreconditionFailed, TooManyRequests
from tests.builders import OTHER_COMPANY_ID, Room, a_claim, a_user, an_invitation, an_invited_user


@pytest.fixture
def room():
    return Room()


@pytest.fixture
def chief(room):
    return room.founded()


# Again


@pytest.mark.parametrize(
    "status", [InvitationStatus.PENDING, InvitationStatus.BOUNCED, InvitationStatus.REVOKED], ids=str
)
def test_an_invitation_is_sent_again_with_a_new_link_and_a_new_end(room, chief, status):
    user = room.present(an_invited_user(invitation=an_invitation(status=status), claim=a_claim()))
    room.clock.advance(days=1)
    after = room.resend(user.user_id, chief)
    assert (after.invitation.status, after.claim) == (InvitationStatus.PENDING, None)
    assert after.invitation.expires_at == room.clock.now() + room.invitation_rules.valid_for
    assert after.invitation.invited_by == chief.user_id
    token = room.mailed_token()
    with pytest.raises(NotFound, match="invitation-invalid"):
        room.accept(f"{user.user_id}.secret")
    assert room.accept(token).user.status is UserStatus.ACTIVE


def test_an_expired_one_is_listed_with_its_role_and_renewed(room, chief):
    user = room.present(an_invited_user())
    room.clock.advance(days=7)
    listed = UserAnswer.from_user(user, room.companies.company(chief.company_id), room.clock.now())
    assert (listed.invitation.status, listed.roles) == (InvitationStatus.EXPIRED, ["buyer"])
    after = room.resend(user.user_id, chief)
    assert after.invitation.status_at(room.clock.now()) is InvitationStatus.PENDING
    assert room.accept(room.mailed_token())


def test_one_that_bounced_is_sent_to_the_corrected_address(room, chief):
    user = room.present(an_invited_user(invitation=an_invitation(status=InvitationStatus.BOUNCED)))
    room.edit(user.user_id, chief, email="right@baecker.example")
    room.clock.advance(minutes=1)
    room.resend(user.user_id, chief)
    room.follow_up()
    assert [mail.to for mail in room.mailer.sent] == ["right@baecker.example"]


def test_at_most_one_mail_a_minute_goes_out(room, chief):
    user = room.request(chief)
    room.clock.advance(seconds=20)
    with pytest.raises(TooManyRequests, match="too-many-requests") as early:
        room.resend(user.user_id, chief)
    assert early.value.retry_after == 40
    room.follow_up()
    room.clock.advance(seconds=59)
    with pytest.raises(TooManyRequests) as counted_from_the_mail:
        room.resend(user.user_id, chief)
    assert counted_from_the_mail.value.retry_after == 1
    room.clock.advance(seconds=1)
    assert room.resend(user.user_id, chief).invitation.mail_id != user.invitation.mail_id


def test_revoking_does_not_let_a_mail_go_out_sooner(room, chief):
    user = room.present(an_invited_user())
    room.revoke(user.user_id, chief)
    with pytest.raises(TooManyRequests):
        room.resend(user.user_id, chief)


# Never more


def test_a_revoked_link_is_no_good(room, chief):
    user = room.present(an_invited_user(claim=a_claim()))
    after = room.revoke(user.user_id, chief)
    assert (after.status, after.invitation.status, after.claim) == (UserStatus.INVITED, InvitationStatus.REVOKED, None)
    with pytest.raises(Gone, match="invitation-revoked"):
        room.accept(f"{user.user_id}.secret")
    (entry,) = room.companies.entries
    assert (entry.action, entry.changes) == ("invitation.revoked", {"invitation": ("pending", "revoked")})


def test_a_mail_that_waits_is_not_sent_once_it_is_revoked(room, chief):
    user = room.request(chief)
    room.revoke(user.user_id, chief)
    room.follow_up()
    assert room.mailer.sent == []


def test_revoking_twice_changes_nothing(room, chief):
    user = room.present(an_invited_user())
    after = room.revoke(user.user_id, chief)
    assert room.revoke(user.user_id, chief) == after
    assert len(room.companies.entries) == 1


# Both


@pytest.mark.parametrize("action", ["resend", "revoke"])
@pytest.mark.parametrize(
    "user",
    [
        a_user(),
        a_user(invitation=an_invitation(status=InvitationStatus.ACCEPTED)),
        a_user(status=UserStatus.DEACTIVATED, invitation=an_invitation(status=InvitationStatus.REVOKED)),
    ],
    ids=["never invited", "accepted", "deactivated"],
)
def test_who_is_not_invited_has_no_open_invitation(room, chief, action, user):
    room.present(user)
    with pytest.raises(Conflict, match="invitation-not-open"):
        getattr(room, action)(user.user_id, chief)
    assert room.companies.entries == []


@pytest.mark.parametrize("action", ["resend", "revoke"])
def test_a_user_of_another_company_does_not_exist(room, chief, action):
    stranger = room.present(an_invited_user(company_id=OTHER_COMPANY_ID))
    for user_id in (stranger.user_id, a_user().user_id, "nonsense"):
        with pytest.raises(NotFound):
            getattr(room, action)(user_id, chief)
    assert room.companies.user(stranger.user_id) == stranger


@pytest.mark.parametrize("action", ["resend", "revoke"])
def test_only_the_version_that_was_seen_is_changed(room, chief, action):
    user = room.present(an_invited_user(version=3))
    room.clock.advance(days=1)
    with pytest.raises(PreconditionFailed):
        getattr(room, action)(user.user_id, chief, if_version=2)
    assert getattr(room, action)(user.user_id, chief, if_version=3).version == 4


@pytest.mark.parametrize("action", ["resend", "revoke"])
def test_an_acceptance_in_between_wins(room, chief, action):
    user = room.present(an_invited_user())
    room.clock.advance(days=1)
    change_user = room.companies.change_user

    def change_late(*args):
        room.companies.change_user = change_user
        room.accept(f"{user.user_id}.secret")
        change_user(*args)

    room.companies.change_user = change_late
    with pytest.raises(InProgress):
        getattr(room, action)(user.user_id, chief)
    assert room.companies.user(user.user_id).status is UserStatus.ACTIVE
