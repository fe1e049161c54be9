"""Sending an invitation again: with a new link, also after it expired or bounced, at most once a minute."""

import pytest

from customer_center.companies.bodies import UserAnswer
from customer_center.companies.model import InvitationStatus, UserStatus
from customer_center.platform.errors import NotFound, TooManyRequests
from tests.builders.companies import a_claim, an_invitation, an_invited_user
from tests.builders.companies_room import Room


@pytest.fixture
def room():
    return Room()


@pytest.fixture
def chief(room):
    return room.founded()


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
