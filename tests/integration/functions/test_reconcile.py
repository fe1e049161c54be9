"""The reconcile function brings logins in line with the records, and makes confirmed e-mails the login."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from customer_center.companies.model import InvitationStatus
from tests.builders.companies import a_main_contact, an_entry
from tests.integration.aws import event_of
from tests.integration.functions.stage import soon
from tests.integration.population import (
    BUYER,
    COMPANY,
    DEACTIVATED,
    INVITED,
    LEAVING,
    MAIN,
    MOVING_MAIL,
    NEW_EMAIL,
    OTHER_COMPANY,
)


def test_a_login_is_brought_in_line(company):
    company.has_login(DEACTIVATED)
    for _ in range(2):
        assert company.run("ReconcileFunction", event_of("reconcile/align_login")) == {"batchItemFailures": []}
    assert company.aws.logins()[DEACTIVATED][0] is False


def test_the_logins_of_a_company_are_queued_one_by_one(company):
    for _ in range(2):
        assert company.run("ReconcileFunction", event_of("reconcile/align_company")) == {"batchItemFailures": []}
        queued = [message["data"] for message in company.aws.messages("IdentityQueue")]
        assert queued == [{"user_id": user_id, "company_changed": "yes"} for user_id in (MAIN, BUYER, LEAVING)]


def test_an_invitation_is_superseded_once_its_address_has_an_account(company):
    event = event_of("reconcile/supersede_invitation")
    assert company.run("ReconcileFunction", event) == {"batchItemFailures": []}
    user = company.store.user(INVITED)
    assert user.invitation.status is InvitationStatus.PENDING, "nobody has the address"
    owner = a_main_contact(company_id=OTHER_COMPANY, email=user.email)
    other = company.store.company(OTHER_COMPANY)
    ending = frozenset({INVITED})
    entry = an_entry(company_id=OTHER_COMPANY)
    company.store.complete_activation(owner, other, entry, existing=other, contact=None, ending=ending)
    for _ in range(2):
        assert company.run("ReconcileFunction", event) == {"batchItemFailures": []}
    after = replace(user, invitation=replace(user.invitation, status=InvitationStatus.SUPERSEDED))
    stored = company.store.user(INVITED)
    assert stored == replace(after, version=user.version + 1, updated_at=stored.updated_at)
    assert company.changes_in(COMPANY)[-1] == ("invitation.superseded", "system", "reconcile")


def _confirmed(company, takes_effect_at):
    user = company.store.user(LEAVING)
    change = replace(user.email_change, takes_effect_at=takes_effect_at)
    company.store.change_user(user, user.changed(soon(), email_change=change), an_entry(company_id=COMPANY))


def test_a_confirmed_email_is_the_login_when_its_time_has_come(company):
    company.has_login(LEAVING)
    _confirmed(company, datetime.now(UTC) - timedelta(seconds=1))
    for _ in range(2):
        event = event_of("reconcile/complete_email_change")
        assert company.run("ReconcileFunction", event) == {"batchItemFailures": []}
    user = company.store.user(LEAVING)
    assert (user.email, user.email_change) == (NEW_EMAIL, None)
    assert company.changes_in(COMPANY)[-1] == ("user.email_confirmed", "system", "reconcile")
    assert company.aws.messages("IdentityQueue") == []


def test_until_then_its_message_comes_back_in_ten_minutes(company):
    _confirmed(company, datetime.now(UTC) + timedelta(hours=70))
    assert company.run("ReconcileFunction", event_of("reconcile/complete_email_change")) == {"batchItemFailures": []}
    ((message, seconds),) = company.aws.waiting("IdentityQueue")
    assert (message["kind"], message["data"]) == ("identity", {"user_id": LEAVING, "email_change": MOVING_MAIL})
    assert 540 < seconds <= 600
    assert company.aws.messages("IdentityQueue") == []
    assert company.store.user(LEAVING).email != NEW_EMAIL
