"""Whoever invited must still be allowed to when the invitation is accepted (docs/specification.md, 4.44)."""

from dataclasses import replace

import pytest

from customer_center.companies import model
from customer_center.companies.model import InvitationStatus, Role, UserStatus
from customer_center.platform.errors import Forbidden, Gone
from tests.builders.companies import a_main_contact, a_user, an_invitation, an_invited_user, budgets
from tests.builders.companies_room import Room


@pytest.fixture
def room():
    return Room()


@pytest.fixture
def chief(room):
    return room.founded(name="Tja", email="tja@baecker.example")


@pytest.fixture
def inviter(room):
    return room.present(a_main_contact(name="Ina", email="ina@baecker.example"))


@pytest.fixture
def token(room, chief, inviter):
    """Return the token of an open invitation to become main contact."""
    room.request(inviter, roles=frozenset({Role.MAIN_CONTACT}))
    return room.mailed_token()


def _removed(room, chief, inviter):
    room.delete(inviter.user_id, chief)


def _deactivated(room, chief, inviter):
    room.deactivate(inviter.user_id, chief)


def _demoted(room, chief, inviter):
    room.edit(inviter.user_id, chief, roles=frozenset({Role.APPROVER, Role.BUYER}))


@pytest.mark.parametrize("leave", [_removed, _deactivated, _demoted])
def test_the_invitation_of_who_may_not_invite_any_more_is_refused(room, chief, inviter, token, leave):
    leave(room, chief, inviter)
    with pytest.raises(Gone, match="invitation-revoked"):
        room.accept(token)
    user = room.companies.user(token.partition(".")[0])
    assert (user.status, user.invitation.status) == (UserStatus.INVITED, InvitationStatus.REVOKED)
    assert room.identities.logins.get(user.user_id) is None
    assert room.audit_trail().rows[0].action == "invitation.revoked"


def test_who_may_not_invite_any_more_invites_nobody_to_a_role_that_they_have_either(room, chief, inviter):
    room.request(inviter, roles=frozenset({Role.BUYER}))
    token = room.mailed_token()
    _demoted(room, chief, inviter)
    with pytest.raises(Gone, match="invitation-revoked"):
        room.accept(token)


def test_each_main_contact_is_told_once_with_one_click_to_invite_again(room, chief, inviter, token):
    _demoted(room, chief, inviter)
    room.follow_up()
    room.mailer.sent.clear()
    for _ in range(2):
        with pytest.raises(Gone, match="invitation-revoked"):
            room.accept(token)
        room.follow_up()
    (mail,) = room.mailer.sent
    user_id = token.partition(".")[0]
    assert mail.to == chief.email
    assert f"https://shop.example/users#invite={user_id}" in mail.text
    assert "Nils Neu" in mail.subject
    room.clock.advance(minutes=2)
    room.resend(user_id, chief)
    accepted = room.accept(room.mailed_token()).user
    assert (accepted.user_id, accepted.roles) == (user_id, {Role.MAIN_CONTACT})


def test_who_was_invited_again_meanwhile_needs_no_mail(room, chief, inviter, token):
    _removed(room, chief, inviter)
    with pytest.raises(Gone, match="invitation-revoked"):
        room.accept(token)
    room.clock.advance(minutes=2)
    room.resend(token.partition(".")[0], chief)
    room.follow_up()
    assert [mail.to for mail in room.mailer.sent[-1:]] == ["nils@baecker.example"]
    assert not any("invite=" in mail.text for mail in room.mailer.sent)


def test_an_operator_sends_it_again_where_no_main_contact_is_left(room, chief, inviter, token):
    _removed(room, chief, inviter)
    with pytest.raises(Gone, match="invitation-revoked"):
        room.accept(token)
    room.clock.advance(minutes=2)
    after = room.resend_as_operator(token.partition(".")[0])
    assert after.invitation.invited_by is None
    assert room.audit_trail().rows[0].actor.kind == "client"
    assert room.accept(room.mailed_token()).user.roles == {Role.MAIN_CONTACT}


def test_an_inviter_of_another_company_does_not_count(room, chief):
    stranger = a_main_contact(company_id=f"com_{9:026}")
    room.present(stranger)
    user = room.present(an_invited_user(invitation=an_invitation(invited_by=stranger.user_id)))
    with pytest.raises(Gone, match="invitation-revoked"):
        room.accept(f"{user.user_id}.secret")


@pytest.mark.parametrize(
    ("roles", "given"),
    [({Role.BUYER}, {}), ({Role.MAIN_CONTACT}, {}), ({Role.BUYER}, {"budgets": budgets("1.00")})],
)
def test_who_may_still_invite_is_not_in_the_way(room, chief, inviter, roles, given):
    user = room.request(inviter, roles=frozenset(roles), **given)
    assert room.accept(room.mailed_token()).user.user_id == user.user_id


def test_a_role_that_the_inviter_lacks_is_not_given(room, chief, monkeypatch):
    """Roles may be changed after the invitation, and new roles may come (docs/specification.md, 4.3)."""
    clerk = {model.Permission.USERS_INVITE, model.Permission.ROLES_ASSIGN, model.Permission.ORDERS_BUY}
    monkeypatch.setattr(model, "PERMISSIONS", {**model.PERMISSIONS, Role.BUYER: frozenset(clerk)})
    inviter = room.present(a_user())
    invitation = an_invitation(invited_by=inviter.user_id)
    low, high, rich = (
        room.present(an_invited_user(invitation=replace(invitation, mail_id=f"mail-{at}"), **given))
        for at, given in enumerate([{}, {"roles": {Role.APPROVER}}, {"budgets": budgets("1.00")}])
    )
    for user in (high, rich):
        with pytest.raises(Gone, match="invitation-revoked"):
            room.accept(f"{user.user_id}.secret")
    assert room.accept(f"{low.user_id}.secret").user.user_id == low.user_id


def test_a_closed_company_is_refused_before_anything_changes(room, chief, inviter, token):
    _demoted(room, chief, inviter)
    room.close()
    with pytest.raises(Forbidden, match="company-closed"):
        room.accept(token)
    assert room.companies.user(token.partition(".")[0]).invitation.status is InvitationStatus.PENDING
