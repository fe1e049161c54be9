"""The reconcile function brings logins in line with the records, and makes confirmed e-mails the login."""

import json
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
    NOBODY,
    OTHER_COMPANY,
    STRANGER,
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


def _checked(company, event):
    """Give the function the event and then its own messages, until none is left; return the repairs it queued."""
    assert company.run("ReconcileFunction", event) in ({}, {"batchItemFailures": []})
    repairs = []
    while queued := company.aws.messages("IdentityQueue"):
        for message in queued:
            repairs += [message["data"]["user_id"]] if "user_id" in message["data"] else []
            record = {"messageId": "1", "attributes": {"ApproximateReceiveCount": "1"}, "body": json.dumps(message)}
            assert company.run("ReconcileFunction", {"Records": [record]}) == {"batchItemFailures": []}
    return sorted(repairs)


def test_the_schedule_queues_the_first_page_of_the_check(company):
    assert company.run("ReconcileFunction", event_of("reconcile/check_logins_on_schedule")) == {}
    (queued,) = company.aws.messages("IdentityQueue")
    sample = json.loads(event_of("reconcile/check_logins")["Records"][0]["body"])
    assert (queued["kind"], queued["data"]) == (sample["kind"], sample["data"])


def test_a_check_makes_deleted_logins_again_and_deletes_those_without_a_record(company):
    for user_id in (MAIN, LEAVING, NOBODY):
        company.has_login(user_id)
    company.aws.client("cognito-idp").admin_create_user(
        UserPoolId=company.aws.physical("UserPool"), Username="an-integrators-robot"
    )
    company.aws.age_logins(hours=1)
    repairs = _checked(company, event_of("reconcile/check_logins_on_schedule"))
    assert repairs == sorted([BUYER, NOBODY, STRANGER])
    logins = company.aws.logins()
    assert logins[BUYER] == (True, "CONFIRMED")
    assert NOBODY not in logins
    assert "an-integrators-robot" in logins
    told = [json.loads(line) for line in company.sandboxes.log.getvalue().splitlines() if "logins checked" in line]
    assert [(line["foreign"], line["unknown"], line["differing"], line["repaired"]) for line in told] == [
        (1, 1, 3, True)
    ]


def test_more_than_the_parameter_is_left_alone(company):
    company.has_login(NOBODY)
    company.aws.age_logins(hours=1)
    first = event_of("reconcile/check_logins")
    assert company.run("ReconcileFunction", first, LoginRepairLimit="0") == {"batchItemFailures": []}
    (queued,) = company.aws.messages("IdentityQueue")
    assert (queued["data"]["check"], queued["data"]["differing"], queued["data"]["found"]) == ("users", "1", "")
    last = {"Records": [{**first["Records"][0], "body": json.dumps(queued)}]}
    assert company.run("ReconcileFunction", last, LoginRepairLimit="0") == {"batchItemFailures": []}
    assert company.aws.messages("IdentityQueue") == []
    assert NOBODY in company.aws.logins()


def test_a_login_that_is_gone_is_made_again_when_it_is_brought_in_line(company):
    event = event_of("reconcile/align_login")
    body = json.loads(event["Records"][0]["body"])
    body["data"]["user_id"] = BUYER
    event["Records"][0]["body"] = json.dumps(body)
    for _ in range(2):
        assert company.run("ReconcileFunction", event) == {"batchItemFailures": []}
    assert company.aws.logins()[BUYER] == (True, "CONFIRMED")


def test_a_repair_aligns_a_login(company):
    company.has_login(DEACTIVATED)
    for _ in range(2):
        assert company.run("ReconcileFunction", event_of("reconcile/repair_login")) == {"batchItemFailures": []}
        assert company.aws.logins()[DEACTIVATED][0] is False
