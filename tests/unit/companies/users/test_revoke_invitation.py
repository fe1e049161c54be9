"""Revoking an invitation: its link stops working, and a mail that still waits is not sent."""

import pytest

from customer_center.companies.model import InvitationStatus, UserStatus
from customer_center.platform.errors import Gone, TooManyRequests
from tests.builders.companies import a_claim, an_invited_user
from tests.builders.companies_room import Room


@pytest.fixture
def room():
    return Room()


@pytest.fixture
def chief(room):
    return room.founded()


def test_revoking_does_not_let_a_mail_go_out_sooner(room, chief):
    user = room.present(an_invited_user())
    room.revoke(user.user_id, chief)
    with pytest.raises(TooManyRequests):
        room.resend(user.user_id, chief)


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
