"""Sending an invitation again and revoking it: both need an open invitation of the own company."""

import pytest

from customer_center.companies.model import InvitationStatus, UserStatus
from customer_center.platform.errors import Conflict, InProgress, NotFound, PreconditionFailed
from tests.builders.companies import OTHER_COMPANY_ID, a_user, an_invitation, an_invited_user
from tests.builders.companies_room import Room


@pytest.fixture
def room():
    return Room()


@pytest.fixture
def chief(room):
    return room.founded()


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
        getattr(room, action)(user.user_id, chief, if_versions={2})
    assert getattr(room, action)(user.user_id, chief, if_versions={3}).version == 4


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
