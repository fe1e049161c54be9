"""Bounces and complaints mark the invitation or new e-mail that waits for the mail (docs/specification.md, 7.10)."""

from dataclasses import replace
from datetime import timedelta

import pytest

from customer_center.companies.mails.note_feedback import note_feedback
from customer_center.companies.model import BounceLimits, EmailChange, InvitationStatus, UserStatus
from customer_center.mail.feedback import Feedback, Outcome
from customer_center.platform.errors import Gone, PreconditionFailed
from customer_center.platform.journal import Actor
from tests.builders.companies import a_company, a_main_contact, a_user
from tests.builders.companies_room import Room
from tests.builders.erp import INVOICE, a_contact, a_customer


@pytest.fixture
def room():
    room = Room()
    room.erp.add(a_customer(), contacts=[a_contact("KT100")], invoices=[INVOICE])
    return room


@pytest.fixture
def chief(room):
    chief = a_main_contact()
    room.companies.add(a_company(), chief)
    return chief


@pytest.fixture
def invited(room, chief):
    """A user whose invitation was mailed."""
    user = room.request(chief)
    room.token = room.mailed_token()
    return room.companies.user(user.user_id)


def _about(room, outcome=Outcome.BOUNCED, *, tagged=True, mail=-1):
    """Return SES's feedback about a mail that was sent."""
    sent = room.mailer.sent[mail]
    return Feedback(outcome, sent.to, room.clock.now(), **(sent.tags if tagged else {}))


def _note(room, feedback):
    note_feedback(feedback, BounceLimits(), companies=room.companies, clock=room.clock)


@pytest.mark.parametrize("tagged", [True, False], ids=["by its tags", "by address and time"])
@pytest.mark.parametrize("outcome", Outcome)
def test_a_pending_invitation_whose_mail_came_to_nothing_is_bounced(room, invited, outcome, tagged):
    _note(room, _about(room, outcome, tagged=tagged))

    after = room.companies.user(invited.user_id)
    assert (after.status, after.invitation.status) == (UserStatus.INVITED, InvitationStatus.BOUNCED)
    entry = room.companies.entries[-1]
    assert (entry.action, entry.subject) == (f"invitation.{outcome}", invited.user_id)
    assert (entry.actor, entry.request_id) == (Actor("system", "email_feedback"), invited.invitation.mail_id)
    assert entry.changes == {"invitation": ("pending", "bounced")}
    assert entry.effects == ()


def test_the_link_of_a_bounced_invitation_is_no_good(room, invited):
    _note(room, _about(room))

    with pytest.raises(Gone):
        room.accept(room.token)


def test_a_bounced_invitation_can_be_renewed(room, chief, invited):
    _note(room, _about(room))

    room.deactivate(invited.user_id, chief)
    room.reactivate(invited.user_id, chief)
    room.accept(room.mailed_token())

    assert room.companies.user(invited.user_id).status is UserStatus.ACTIVE


def test_a_repeat_changes_nothing(room, invited):
    feedback = _about(room)
    _note(room, feedback)
    before, entries = room.companies.user(invited.user_id), len(room.companies.entries)

    _note(room, feedback)
    _note(room, replace(feedback, outcome=Outcome.COMPLAINED))

    assert room.companies.user(invited.user_id) == before
    assert len(room.companies.entries) == entries


def test_feedback_that_is_quicker_than_the_note_of_the_mail_counts(room, chief):
    """SES may bounce a mail before `email_dispatch` has noted that it went out."""
    user = room.request(chief)
    tags = {"mail_id": user.invitation.mail_id, "user_id": user.user_id}
    _note(room, Feedback(Outcome.BOUNCED, user.email, room.clock.now(), **tags))

    noted = room.companies.invitation_sent(
        user.user_id, mail_id=tags["mail_id"], token_hash="hash", sent_at=room.clock.now(), expires_at=room.clock.now()
    )

    assert not noted
    assert room.companies.user(user.user_id).invitation.status is InvitationStatus.BOUNCED


@pytest.mark.parametrize("tagged", [True, False], ids=["by its tags", "by address and time"])
def test_a_late_bounce_of_a_replaced_mail_is_let_be(room, chief, invited, tagged):
    late = _about(room, tagged=tagged)
    room.clock.advance(minutes=5)
    room.deactivate(invited.user_id, chief)
    room.reactivate(invited.user_id, chief)

    _unchanged(room, late)


def test_an_accepted_invitation_stays_accepted(room, invited):
    feedback = _about(room, Outcome.COMPLAINED)
    room.accept(room.token)

    _unchanged(room, feedback)
    _unchanged(room, _about(room, Outcome.COMPLAINED, tagged=False))


def test_a_revoked_invitation_stays_revoked(room, chief, invited):
    room.deactivate(invited.user_id, chief)

    _unchanged(room, _about(room))


@pytest.mark.parametrize("tagged", [True, False], ids=["by its tags", "by address and time"])
def test_an_activation_code_that_bounces_changes_nothing(room, tagged):
    room.activate()
    room.mailed_code()

    _unchanged(room, _about(room, tagged=tagged))


def test_a_notice_that_bounces_changes_nothing(room, invited):
    notice = {"mail_id": "a-notice", "user_id": invited.user_id}

    _unchanged(room, Feedback(Outcome.BOUNCED, invited.email, room.clock.now(), **notice))


@pytest.mark.parametrize("tags", [{}, {"mail_id": "mail-1"}, {"mail_id": "mail-1", "user_id": "usr_gone"}])
def test_feedback_about_nobody_we_know_is_put_aside(room, chief, tags):
    _unchanged(room, Feedback(Outcome.BOUNCED, "gone@baecker.example", room.clock.now(), **tags))


def test_a_user_changed_at_the_same_moment_is_looked_at_again_later(room, invited):
    room.companies.user = lambda _: replace(invited, version=invited.version - 1)

    with pytest.raises(PreconditionFailed):
        _note(room, _about(room))


@pytest.mark.parametrize("outcome", Outcome)
def test_a_new_e_mail_whose_link_came_to_nothing_is_marked(room, chief, outcome):
    change = EmailChange(
        mail_id="mail-2",
        expires_at=room.clock.now() + timedelta(days=7),
        email="new@baecker.example",
        requested_by=chief.user_id,
    )
    user = a_user(email_change=change)
    room.companies.add(room.companies.company(user.company_id), user)
    feedback = Feedback(outcome, change.email, room.clock.now(), mail_id="mail-2", user_id=user.user_id)

    _note(room, feedback)

    after = room.companies.user(user.user_id)
    assert after.email_change == replace(change, bounced=True)
    assert (after.email, after.status) == (user.email, UserStatus.ACTIVE)
    assert room.companies.entries[-1].action == f"email_change.{outcome}"
    _unchanged(room, feedback)


def _unchanged(room, feedback):
    """Repeated feedback changes nothing."""
    before, entries = room.companies.everybody, len(room.companies.entries)
    _note(room, feedback)
    assert room.companies.everybody == before
    assert len(room.companies.entries) == entries
