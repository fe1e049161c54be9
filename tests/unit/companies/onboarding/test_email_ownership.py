"""An e-mail belongs to whoever proved it; an invitation owns nothing (docs/specification.md, 4.41 to 4.43)."""

from dataclasses import replace
from datetime import timedelta

import pytest

from customer_center.companies.mails.note_feedback import note_feedback
from customer_center.companies.model import BounceLimits, EmailHolders, InvitationStatus, Role, UserStatus
from customer_center.companies.onboarding.activation import ActivationRules, CodeSent
from customer_center.companies.ports import LoginDisabled
from customer_center.mail.feedback import Feedback, Outcome
from customer_center.platform.errors import Conflict, Forbidden, Gone, InProgress
from tests.builders.companies import (
    COMPANY_ID,
    OTHER_COMPANY_ID,
    a_claim,
    a_company,
    a_main_contact,
    a_user,
    an_email_change,
    an_invitation,
    an_invited_user,
    budgets,
)
from tests.builders.companies_room import PASSWORD, Room
from tests.builders.erp import INVOICE, NUMBER, a_contact, a_customer

TJA = "tja@baecker.example"


@pytest.fixture
def room():
    room = Room()
    room.erp.add(a_customer(), contacts=[a_contact("KT100")], invoices=[INVOICE])
    return room


@pytest.fixture
def other_chief(room):
    """Return the main contact of another company."""
    chief = a_main_contact(company_id=OTHER_COMPANY_ID, email="chief@other.example")
    room.companies.add(a_company(company_id=OTHER_COMPANY_ID, customer_number="20000"), chief)
    return chief


def _status(room, user):
    return room.companies.user(user.user_id).invitation.status


# Between companies


@pytest.mark.parametrize("status", [InvitationStatus.PENDING, InvitationStatus.REVOKED, InvitationStatus.BOUNCED])
def test_an_invitation_elsewhere_does_not_stop_an_activation(room, other_chief, status):
    invited = an_invited_user(
        company_id=OTHER_COMPANY_ID, email=TJA, invitation=an_invitation(status=status, invited_by=other_chief.user_id)
    )
    room.companies.add(room.companies.company(OTHER_COMPANY_ID), invited)
    user = room.activate_confirmed().user
    assert (user.company_id, user.roles) != (OTHER_COMPANY_ID, invited.roles)
    room.follow_up()
    ended = status if status is InvitationStatus.REVOKED else InvitationStatus.SUPERSEDED
    assert _status(room, invited) is ended
    with pytest.raises(Gone, match=r"invitation-(revoked|superseded)"):
        room.accept(f"{invited.user_id}.secret")
    assert room.companies.holders_of_email(TJA).owner_id == user.user_id


def test_two_companies_may_invite_one_person_and_the_first_acceptance_ends_the_other(room, other_chief):
    chief = room.founded()
    first = room.request(chief, email="nils@baecker.example")
    first_token = room.mailed_token()
    second = room.request(other_chief, email="Nils@baecker.example")
    second_token = room.mailed_token()
    assert room.accept(first_token).user.user_id == first.user_id
    # Dead from this moment, also while the effect that marks it is under way.
    with pytest.raises(Gone, match="invitation-superseded"):
        room.accept(second_token)
    assert room.identities.logins[second.user_id].enabled is False
    room.follow_up()
    assert [user.invitation.status for user in room.overview(other_chief).rows if user.invitation] == ["superseded"]
    entry = room.audit_trail(OTHER_COMPANY_ID).rows[0]
    assert (entry.action, entry.actor.kind) == ("invitation.superseded", "system")
    assert entry.changes["invitation"] == ("pending", "superseded")
    with pytest.raises(Gone, match="invitation-superseded"):
        room.accept(second_token)
    assert room.identities.sign_in(first.user_id, PASSWORD)


def test_of_two_acceptances_at_once_one_wins(room, other_chief):
    chief = room.founded()
    room.request(chief)
    first_token = room.mailed_token()
    second = room.request(other_chief)
    second_token = room.mailed_token()
    change_user = room.companies.change_user

    def change_late(*changed, **given):
        room.companies.change_user = change_user
        room.accept(first_token)
        return change_user(*changed, **given)

    room.companies.change_user = change_late
    with pytest.raises(Gone, match="invitation-superseded"):
        room.accept(second_token)
    stored = room.companies.user(second.user_id)
    assert (stored.status, stored.claim) == (UserStatus.INVITED, None)
    with pytest.raises(LoginDisabled):
        room.identities.sign_in(second.user_id, PASSWORD)


def test_an_invitation_that_came_during_the_acceptance_ends_too(room, other_chief):
    chief = room.founded()
    room.request(chief)
    token = room.mailed_token()
    change_user = room.companies.change_user
    late = []

    def change_late(*changed, **given):
        room.companies.change_user = change_user
        late.append(room.request(other_chief))
        return change_user(*changed, **given)

    room.companies.change_user = change_late
    room.accept(token)
    room.follow_up()
    assert _status(room, late[0]) is InvitationStatus.SUPERSEDED


def test_a_superseded_invitation_cannot_be_sent_again_until_the_address_is_free(room, other_chief):
    chief = room.founded()
    first = room.request(chief)
    token = room.mailed_token()
    second = room.request(other_chief)
    room.follow_up()
    room.accept(token)
    room.follow_up()
    room.clock.advance(minutes=2)
    with pytest.raises(Conflict, match="email-in-use"):
        room.resend(second.user_id, other_chief)
    with pytest.raises(Conflict, match="email-in-use"):
        room.resend_as_operator(second.user_id, OTHER_COMPANY_ID)
    room.deactivate(second.user_id, other_chief)
    with pytest.raises(Conflict, match="email-in-use"):
        room.reactivate(second.user_id, other_chief)
    room.delete(first.user_id, chief)
    assert room.reactivate(second.user_id, other_chief).invitation.status is InvitationStatus.PENDING
    assert room.accept(room.mailed_token()).user.user_id == second.user_id


def test_who_has_an_account_elsewhere_cannot_be_invited(room, other_chief):
    chief = room.founded()
    room.present(a_user(company_id=OTHER_COMPANY_ID, email="nils@baecker.example"))
    with pytest.raises(Conflict, match="email-in-use"):
        room.request(chief)
    (row,) = room.import_users(chief, "mr,Nils Neu,nils@baecker.example,buyer,,,,,\n")
    assert (row.status, row.code) == ("refused", "email-in-use")


@pytest.mark.parametrize("dry_run", [True, False])
def test_who_is_only_invited_elsewhere_can_be_imported(room, other_chief, dry_run):
    chief = room.founded()
    room.request(other_chief)
    (row,) = room.import_users(chief, "mr,Nils Neu,nils@baecker.example,buyer,,,,,\n", dry_run=dry_run)
    assert row.status == ("would_invite" if dry_run else "invited")
    (again,) = room.import_users(chief, "mr,Nils Neu,nils@baecker.example,buyer,,,,,\n")
    assert again.status == ("invited" if dry_run else "unchanged")


def test_one_company_invites_an_address_once(room, other_chief):
    chief = room.founded()
    room.request(chief)
    room.request(other_chief)
    with pytest.raises(Conflict, match="email-in-use"):
        room.request(chief)


@pytest.mark.parametrize("agreed", [True, False], ids=["at once", "after the delay"])
def test_whoever_confirms_a_new_email_ends_the_invitations_to_it(room, other_chief, agreed):
    chief = room.founded()
    change = an_email_change(email="nils@baecker.example", requested_by=chief.user_id, agreed=agreed)
    moving = room.present(a_user(email_change=change))
    invited = [room.request(other_chief), room.request(chief)]
    room.confirm(f"{moving.user_id}.secret")
    if not agreed:
        room.clock.advance(hours=72)
        room.follow_up()
    room.follow_up()
    assert {_status(room, user) for user in invited} == {InvitationStatus.SUPERSEDED}


def test_a_new_email_is_refused_while_a_colleague_is_invited_with_it_but_not_for_other_companies(room, other_chief):
    chief = room.founded()
    user = room.present(a_user())
    room.request(other_chief)
    assert room.edit(user.user_id, chief, email="nils@baecker.example").email_change
    other = room.present(a_user())
    room.request(chief)
    with pytest.raises(Conflict, match="email-in-use"):
        room.edit(other.user_id, chief, email="nils@baecker.example")


def test_an_ended_invitation_stays_open_where_its_address_is_free(room, other_chief):
    """The effect may come late: the owner has left the address, or the invitation has another one."""
    chief = room.founded()
    first = room.request(chief)
    token = room.mailed_token()
    second = room.request(other_chief)
    room.accept(token)
    room.delete(first.user_id, chief)
    room.follow_up()
    assert _status(room, second) is InvitationStatus.PENDING


def test_a_bounce_without_tags_finds_the_invitations_that_were_there(room, other_chief):
    """The address bounced for every company that had invited it by then."""
    chief = room.founded()
    first = room.request(chief)
    room.follow_up()
    room.clock.advance(minutes=5)
    second = room.request(other_chief)
    room.follow_up()
    sent_at = room.companies.user(first.user_id).invitation.sent_at
    bounced = Feedback(Outcome.BOUNCED, "nils@baecker.example", sent_at)
    note_feedback(bounced, BounceLimits(), companies=room.companies, clock=room.clock)
    assert (_status(room, first), _status(room, second)) == (InvitationStatus.BOUNCED, InvitationStatus.PENDING)
    later = Feedback(Outcome.BOUNCED, "nils@baecker.example", room.clock.now())
    note_feedback(later, BounceLimits(), companies=room.companies, clock=room.clock)
    assert _status(room, second) is InvitationStatus.BOUNCED


# Within one company


@pytest.fixture
def invited(room):
    """Return a colleague who is invited, with the address that the ERP then names as main contact."""
    chief = a_main_contact(email="older@baecker.example")
    room.companies.add(a_company(main_contact_email="older@baecker.example"), chief)
    user = room.invite(chief, "KT100", email=TJA, budgets=budgets("100.00"))
    room.follow_up()
    room.mailer.sent.clear()
    return user


def test_whom_the_erp_names_main_contact_takes_their_own_invitation_over(room, invited):
    result = room.activate_confirmed(name="Tja Neu", salutation="mr")
    user = room.companies.user(invited.user_id)
    assert result.user == user
    assert (user.user_id, user.status, user.name) == (invited.user_id, UserStatus.ACTIVE, "Tja Neu")
    assert user.roles == {Role.MAIN_CONTACT, Role.BUYER}
    assert (user.contact_number, user.budgets) == ("KT100", invited.budgets)
    assert user.invitation.status is InvitationStatus.ACCEPTED
    assert user.user_id in room.companies.company(COMPANY_ID).main_contacts
    assert room.companies.holders_of_email(TJA) == EmailHolders(user.user_id)
    assert len(room.companies.everybody) == 2
    assert room.identities.sign_in(user.user_id, PASSWORD)
    assert list(room.identities.logins) == [user.user_id]
    entry = next(entry for entry in room.companies.entries if entry.action == "user.activated_account")
    assert entry.changes["status"] == ("invited", "active")


def test_the_lost_answer_of_a_take_over_is_got_by_repeating(room, invited):
    room.activate()
    code = room.mailed_code()
    first = room.activate(code=code)
    assert room.activate(code=code).user == first.user
    with pytest.raises(Conflict, match="email-in-use"):
        room.activate(code=code, password="another password")


@pytest.mark.parametrize(
    "changes",
    [
        {"status": InvitationStatus.REVOKED},
        {"status": InvitationStatus.BOUNCED},
        {"invited_by": "usr_nobody"},
        {"expires_at": -timedelta(days=1)},
    ],
    ids=["revoked", "bounced", "inviter gone", "expired"],
)
def test_only_an_open_invitation_gives_its_roles(room, invited, changes):
    if "expires_at" in changes:
        changes = {"expires_at": room.clock.now() + changes["expires_at"]}
    stored = room.companies.user(invited.user_id)
    invitation = replace(stored.invitation, **changes)
    room.companies._users[invited.user_id] = replace(stored, invitation=invitation)
    user = room.activate_confirmed().user
    assert (user.user_id, user.roles) == (invited.user_id, {Role.MAIN_CONTACT})
    assert user.has_login


def test_whom_a_colleague_deactivated_does_not_come_in_by_an_invoice(room, invited):
    chief = next(user for user in room.companies.everybody if user.is_main_contact)
    room.deactivate(invited.user_id, chief)
    room.activate()
    with pytest.raises(Forbidden, match="user-deactivated"):
        room.activate(code=room.mailed_code())
    assert room.companies.user(invited.user_id).status is UserStatus.DEACTIVATED


def test_while_somebody_accepts_the_invitation_it_is_not_taken_over(room, invited):
    room.activate()
    code = room.mailed_code()
    stored = room.companies.user(invited.user_id)
    room.companies._users[invited.user_id] = replace(stored, claim=a_claim(since=room.clock.now()))
    with pytest.raises(InProgress):
        room.activate(code=code)
    room.clock.advance(seconds=31)
    assert room.activate(code=code).user.user_id == invited.user_id


def test_a_change_in_between_is_taken_over_too(room, invited):
    chief = next(user for user in room.companies.everybody if user.is_main_contact)
    complete = room.companies.complete_activation

    def complete_late(*changed, **given):
        room.companies.complete_activation = complete
        room.edit(invited.user_id, chief, roles=frozenset({Role.APPROVER}))
        return complete(*changed, **given)

    room.companies.complete_activation = complete_late
    assert room.activate_confirmed().user.roles == {Role.MAIN_CONTACT, Role.APPROVER}


def test_an_invitation_during_the_activation_is_taken_over(room):
    chief = a_main_contact(email="older@baecker.example")
    room.companies.add(a_company(), chief)
    complete = room.companies.complete_activation
    late = []

    def complete_late(*changed, **given):
        room.companies.complete_activation = complete
        late.append(room.request(chief, email=TJA))
        return complete(*changed, **given)

    room.companies.complete_activation = complete_late
    assert room.activate_confirmed().user.user_id == late[0].user_id
    assert list(room.identities.logins) == [late[0].user_id]


def test_the_erp_promotes_a_colleague_who_is_invited_elsewhere_too(room, other_chief, invited):
    room.request(other_chief, email=TJA)
    room.tell("customer.updated", customer_center_main_contact_email=TJA, customer_center=True)
    assert Role.MAIN_CONTACT in room.companies.user(invited.user_id).roles


# Without codes


@pytest.mark.parametrize("company_id", [COMPANY_ID, OTHER_COMPANY_ID])
def test_an_address_that_somebody_has_is_confirmed_although_codes_are_off(room, company_id):
    """Otherwise anybody with an invoice could take an invitation over or end it."""
    room.activation_rules = ActivationRules(confirm_email=False)
    number = NUMBER if company_id == COMPANY_ID else "20000"
    invited = an_invited_user(company_id=company_id, email=TJA)
    room.companies.add(a_company(company_id=company_id, customer_number=number), invited)
    assert isinstance(room.activate(), CodeSent)
    assert room.companies.user(invited.user_id) == invited
    user = room.activate(code=room.mailed_code()).user
    assert (user.user_id == invited.user_id) is (company_id == COMPANY_ID)


def test_a_code_that_nobody_mailed_is_ignored_while_codes_are_off(room):
    room.activation_rules = ActivationRules(confirm_email=False)
    assert room.activate(code="123456").user.email == TJA
