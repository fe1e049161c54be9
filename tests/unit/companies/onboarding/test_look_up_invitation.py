"""What an invitation is about is told before a password is asked for."""

from dataclasses import replace

import pytest

from customer_center.companies.model import InvitationStatus
from customer_center.platform.errors import Forbidden, Gone, NotFound
from tests.builders.companies import COMPANY_ID, a_company, a_main_contact, a_user, an_invitation, an_invited_user
from tests.builders.companies_room import Room


@pytest.fixture
def room():
    return Room()


@pytest.fixture
def invited(room):
    chief = room.founded(name="Tja Chef")
    return room.present(an_invited_user(invitation=an_invitation(invited_by=chief.user_id)))


def _token(user):
    return f"{user.user_id}.secret"


def test_it_says_who_invites_into_which_company_and_until_when_and_writes_nothing(room, invited):
    found = room.look_up(_token(invited))
    assert (found.company_name, found.inviter_name) == ("Bäcker Mehl", "Tja Chef")
    assert found.expires_at == invited.invitation.expires_at
    assert room.companies.user(invited.user_id) == invited
    assert (room.companies.entries, room.identities.calls) == ([], [])


def test_the_code_of_the_mail_says_the_same(room):
    user = room.request(room.founded(name="Tja Chef"))
    found = room.look_up(room.typed_code())
    assert found.inviter_name == "Tja Chef"
    assert found.expires_at == room.companies.user(user.user_id).invitation.expires_at


def test_an_inviter_who_is_gone_is_named_by_the_company(room):
    room.companies.add(a_company(), a_main_contact())
    user = room.present(an_invited_user())
    assert room.look_up(_token(user)).inviter_name == "Bäcker Mehl"


@pytest.mark.parametrize("token", ["x", "", ".", "7K3M-Q0XT-9A2F", "{user}.wrong", "{user}"])
def test_a_token_that_we_did_not_send_reveals_nothing(room, invited, token):
    with pytest.raises(NotFound) as refused:
        room.look_up(token.format(user=invited.user_id))
    assert (refused.value.code, refused.value.values) == ("invitation-invalid", {})


@pytest.mark.parametrize(
    ("status", "code"),
    [(InvitationStatus.REVOKED, "invitation-revoked"), (InvitationStatus.ACCEPTED, "invitation-used")],
)
def test_an_invitation_that_is_over_is_told_so(room, invited, status, code):
    room.present(replace(invited, invitation=replace(invited.invitation, status=status)))
    with pytest.raises(Gone, match=code):
        room.look_up(_token(invited))


def test_the_invitation_of_who_may_not_invite_any_more_is_told_to_be_over(room):
    """Nobody should choose a password in vain (docs/specification.md, 4.44). The acceptance revokes it."""
    room.founded(name="Tja Chef")
    user = room.present(an_invited_user(invitation=an_invitation(invited_by=room.present(a_user()).user_id)))
    with pytest.raises(Gone, match="invitation-revoked"):
        room.look_up(_token(user))
    assert room.companies.user(user.user_id) == user


def test_an_expired_invitation_is_told_so(room, invited):
    room.clock.advance(days=7)
    with pytest.raises(Gone, match="invitation-expired"):
        room.look_up(_token(invited))


def test_a_closed_company_is_told_so(room, invited):
    room.companies.add(replace(room.companies.company(COMPANY_ID), closed_at=room.clock.now()))
    with pytest.raises(Forbidden, match="company-closed"):
        room.look_up(_token(invited))
