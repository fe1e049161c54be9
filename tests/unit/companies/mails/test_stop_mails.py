"""A company whose mails come back stops by itself, before SES stops everybody (docs/specification.md, 8.31)."""

from datetime import timedelta

import pytest

from customer_center.companies.bodies import CompanyAnswer
from customer_center.companies.mails.note_feedback import note_feedback
from customer_center.companies.mails.stop_mails import count_bounce
from customer_center.companies.model import BounceLimits, HourlyLimits, InvitationStatus, Usage
from customer_center.companies.operators.resume_mails import resume_mails
from customer_center.mail.feedback import Feedback, Outcome
from customer_center.platform.clock import iso
from customer_center.platform.errors import NotFound, PreconditionFailed
from customer_center.platform.ids import new_ulid
from tests.builders.companies import COMPANY_ID, OTHER_COMPANY_ID, a_company, a_user, a_user_id
from tests.builders.companies_room import OPERATOR, Room
from tests.builders.erp import INVOICE, a_customer

LIMITS = BounceLimits(per_day=3, percent=10, stop_for=timedelta(hours=24))


class Post:
    """A company whose mails stop when three of a day, and a tenth of them, came back."""

    def __init__(self):
        self.room = Room()
        self.chief = self.room.founded()

    def mails(self, number):
        """Count so many mails, and return their ids."""
        companies, now = self.room.companies, self.room.clock.now()
        companies.reserve_usage(COMPANY_ID, Usage(mails=number), now, HourlyLimits(mails=10_000))
        return [new_ulid(now) for _ in range(number)]

    def come_back(self, *mail_ids):
        """Count these mails as having come back."""
        for mail_id in mail_ids:
            count_bounce(COMPANY_ID, mail_id, LIMITS, by="test", companies=self.room.companies, clock=self.room.clock)

    @property
    def company(self):
        """The company as it is now."""
        return self.room.companies.company(COMPANY_ID)

    @property
    def stopped(self):
        """Whether the company's mails are stopped now."""
        return self.company.mails_stopped(self.room.clock.now())

    def user(self, user):
        """A user as they are now."""
        return self.room.companies.user(user.user_id)

    def resume(self, company_id=COMPANY_ID):
        """End the stop, as an operator."""
        return resume_mails(company_id, OPERATOR, "request", companies=self.room.companies, clock=self.room.clock)


@pytest.fixture
def post():
    return Post()


def test_mails_stop_when_too_many_and_too_large_a_share_came_back(post):
    mails = post.mails(30)
    post.come_back(*mails[:2])
    assert not post.stopped
    post.come_back(mails[2])
    assert post.company.mails_stopped_until == post.room.clock.now() + timedelta(hours=24)


def test_a_small_share_stops_nothing(post):
    post.come_back(*post.mails(31)[:3])
    assert not post.stopped


def test_a_mail_that_is_reported_again_counts_once(post):
    mails = post.mails(5)
    post.come_back(*[mails[0]] * 9, mails[1])
    assert not post.stopped


def test_mails_of_different_days_are_counted_apart(post):
    yesterday = post.mails(5)
    post.room.clock.advance(days=1)
    post.come_back(*yesterday[:2], *post.mails(5)[:2])
    assert not post.stopped


def test_administrators_see_the_stop_in_the_company_and_in_the_audit_trail(post):
    post.come_back(*post.mails(5)[:3])
    until = post.company.mails_stopped_until
    assert CompanyAnswer.from_company(post.company).mails_stopped_until == until
    (entry,) = post.room.audit_trail().rows
    assert (entry.action, entry.actor.kind) == ("company.mails_stopped", "system")
    assert entry.changes == {
        "mails_stopped_until": (None, iso(until)),
        "mails_that_came_back": (None, 3),
    }


def test_what_a_user_caused_before_the_stop_and_waits_is_withheld_and_its_company_sees_it(post):
    """It is not sent after the stop either: the addresses have to be checked first (8.33)."""
    invited, edited = post.room.request(post.chief), post.room.present(a_user())
    post.room.edit(edited.user_id, post.chief, email="otto.neu@baecker.example")
    post.come_back(*post.mails(5)[:3])
    post.room.follow_up()
    assert post.user(invited).invitation.status is InvitationStatus.BOUNCED
    assert post.user(edited).email_change.bounced
    assert post.user(edited).email == edited.email
    assert [(entry.action, entry.subject) for entry in post.room.companies.entries[-2:]] == [
        ("invitation.withheld", invited.user_id),
        ("email_change.withheld", edited.user_id),
    ]
    post.resume()
    entries = len(post.room.companies.entries)
    post.room.follow_up()
    assert (len(post.room.companies.entries), post.room.mailer.sent) == (entries, [])


def test_what_was_withheld_can_be_sent_again_after_the_stop(post):
    invited = post.room.request(post.chief)
    post.come_back(*post.mails(5)[:3])
    post.room.follow_up()
    post.room.clock.advance(hours=24)
    post.room.resend(invited.user_id, post.chief)
    post.room.follow_up()
    assert [mail.to for mail in post.room.mailer.sent] == [invited.email]
    assert post.user(invited).invitation.status is InvitationStatus.PENDING


def test_an_operators_invitation_is_sent_during_the_stop(post):
    invited = post.room.request(post.chief)
    post.room.follow_up()
    post.come_back(*post.mails(5)[:3])
    post.room.clock.advance(minutes=2)
    post.room.resend_as_operator(invited.user_id)
    post.room.follow_up()
    assert [mail.to for mail in post.room.mailer.sent] == [invited.email] * 2


def test_notices_to_people_who_have_an_account_are_sent_during_the_stop(post):
    """Their addresses are proved, and they protect the account or the company."""
    post.room.erp.add(a_customer(), invoices=[INVOICE])
    colleague = post.room.present(a_user(email="tja@baecker.example"))
    post.come_back(*post.mails(5)[:3])
    post.room.hand_over(colleague.user_id, post.chief)
    post.room.activate(email=colleague.email)
    post.room.follow_up()
    assert sorted(mail.to for mail in post.room.mailer.sent) == sorted([post.chief.email, *[colleague.email] * 2])


def test_time_ends_the_stop_and_what_came_back_before_stops_nothing_again(post):
    mails = post.mails(30)
    post.come_back(*mails[:3])
    post.room.clock.advance(hours=24)
    assert not post.stopped
    post.come_back(*mails[3:9])
    assert not post.stopped
    post.come_back(*post.mails(9)[:3])
    assert post.stopped


def test_an_operator_ends_the_stop_and_only_new_mails_can_stop_again(post):
    mails = post.mails(10)
    post.come_back(*mails[:3])
    post.room.clock.advance(minutes=10)
    assert post.resume().mails_stopped_until == post.room.clock.now()
    assert post.room.companies.entries[-1].action == "company.mails_resumed"
    post.come_back(*mails[3:9])
    assert not post.stopped
    later = post.mails(9)
    post.come_back(*later[:2])
    assert not post.stopped
    post.come_back(later[2])
    assert post.stopped


def test_ending_no_stop_changes_nothing(post):
    assert post.resume() == post.company
    assert post.room.companies.entries == []
    with pytest.raises(NotFound):
        post.resume(OTHER_COMPANY_ID)


def test_a_stop_does_not_reach_another_company(post):
    post.room.companies.add(a_company(company_id=OTHER_COMPANY_ID))
    post.come_back(*post.mails(5)[:3])
    assert post.room.companies.company(OTHER_COMPANY_ID).mails_stopped_until is None


def test_after_a_crash_or_a_crossing_the_count_is_still_there_and_the_stop_follows(post, monkeypatch):
    mails = post.mails(5)
    change_company = post.room.companies.change_company

    def crossed(*_):
        raise PreconditionFailed

    monkeypatch.setattr(post.room.companies, "change_company", crossed)
    with pytest.raises(PreconditionFailed):
        post.come_back(*mails[:3])
    monkeypatch.setattr(post.room.companies, "change_company", change_company)
    post.come_back(mails[2])
    assert post.stopped


@pytest.mark.parametrize("outcome", Outcome)
def test_bounces_and_complaints_count_also_when_the_user_is_gone_or_has_another_mail_by_now(post, outcome):
    for mail_id in post.mails(3):
        gone = Feedback(outcome, "gone@x.example", post.room.clock.now(), mail_id=mail_id, user_id=a_user_id())
        note_feedback(gone, LIMITS, companies=post.room.companies, clock=post.room.clock)
    assert post.stopped


def test_a_mail_that_ses_refuses_at_once_counts(post):
    post.room.erp.add(a_customer())
    post.room.mailer.refusing = True
    for number in range(10):
        post.mails(1)
        post.room.request(post.chief, email=f"nils{number}@baecker.example")
    assert not post.stopped
    post.room.follow_up()
    assert post.stopped


def test_feedback_about_a_mail_of_no_company_counts_nothing(post):
    now = post.room.clock.now()
    for tags in ({}, {"mail_id": new_ulid(now)}, {"mail_id": "not an id", "user_id": a_user_id()}):
        unknown = Feedback(Outcome.BOUNCED, "nobody@x.example", now, **tags)
        note_feedback(unknown, LIMITS, companies=post.room.companies, clock=post.room.clock)
    assert post.room.companies.entries == []
