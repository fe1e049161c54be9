"""The email_dispatch function sends each mail once."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from customer_center.companies.model import InvitationStatus
from customer_center.mail.ports import MailRefused, MailUnavailable
from customer_center.mail.ses import SesMailer
from tests.builders.companies import an_entry
from tests.integration.aws import event_of
from tests.integration.functions.stage import soon
from tests.integration.population import BUYER, COMPANY, EMAIL, FRESH, INVITED, LEAVING


def test_an_invitation_is_mailed_once(company):
    for _ in range(2):
        assert company.run("EmailDispatchFunction", event_of("email_dispatch/invitation")) == {"batchItemFailures": []}
    ((recipients, html),) = company.aws.mails()
    assert recipients == ["nina.neu@fresh.example"]
    assert f"https://shop.example.com/invitation#token={FRESH}." in html
    assert company.store.user(FRESH).invitation.sent_at


def test_a_code_is_mailed_once(stage):
    stage.begin_activation(None)
    for _ in range(2):
        event = event_of("email_dispatch/activation_code")
        assert stage.run("EmailDispatchFunction", event) == {"batchItemFailures": []}
    ((recipients, html),) = stage.aws.mails()
    assert recipients == [EMAIL]
    assert re.search(r"\b\d{6}\b", html)


def test_the_old_address_is_told_and_the_new_one_asked_once(company):
    for _ in range(2):
        event = event_of("email_dispatch/email_confirmation")
        assert company.run("EmailDispatchFunction", event) == {"batchItemFailures": []}
    (old, notice), (new, confirmation) = company.aws.mails()
    assert (old, new) == ([company.store.user(BUYER).email], ["b@fresh.example"])
    link = f"https://shop.example.com/email#token={BUYER}."
    assert (link in confirmation, f"https://shop.example.com/not-me#token={BUYER}." in notice) == (True, True)
    assert company.store.user(BUYER).email_change.sent_at


def test_who_hands_over_is_told_once(company):
    for _ in range(2):
        event = event_of("email_dispatch/main_contact_handed_over")
        assert company.run("EmailDispatchFunction", event) == {"batchItemFailures": []}
    ((recipients, html),) = company.aws.mails()
    assert recipients == [EMAIL]
    assert company.store.user(LEAVING).name in html


def test_each_main_contact_is_told_once_that_an_invitation_lapsed(company):
    user = company.store.user(INVITED)
    revoked = replace(user.invitation, status=InvitationStatus.REVOKED)
    company.store.change_user(user, user.changed(soon(), invitation=revoked), an_entry(company_id=COMPANY))
    for _ in range(2):
        event = event_of("email_dispatch/invitation_withdrawn")
        assert company.run("EmailDispatchFunction", event) == {"batchItemFailures": []}
    ((recipients, html),) = company.aws.mails()
    assert recipients == [EMAIL]
    assert f"https://shop.example.com/users#invite={INVITED}" in html


def test_without_a_page_for_it_the_mail_leads_to_the_shop(company):
    user = company.store.user(INVITED)
    revoked = replace(user.invitation, status=InvitationStatus.REVOKED)
    company.store.change_user(user, user.changed(soon(), invitation=revoked), an_entry(company_id=COMPANY))
    company.run("EmailDispatchFunction", event_of("email_dispatch/invitation_withdrawn"), InviteAgainUrl="")
    ((_, html),) = company.aws.mails()
    assert 'href="https://shop.example.com"' in html
    assert "#invite=" not in html


def test_the_owner_of_an_account_is_told_once_in_place_of_a_code(company):
    attempt = company.begin_activation(None)
    for _ in range(2):
        event = event_of("email_dispatch/activation_code")
        assert company.run("EmailDispatchFunction", event) == {"batchItemFailures": []}
    ((recipients, html),) = company.aws.mails()
    assert recipients == [EMAIL]
    assert not re.search(r">\d{6}<", html)
    assert company.store.attempt(attempt.key).code_hash


def test_a_mail_that_ses_cannot_send_now_waits_longer_than_its_visibility_timeout(company, monkeypatch):
    url = company.aws.physical("MailQueue")
    sqs = company.aws.client("sqs")
    sqs.send_message(QueueUrl=url, MessageBody=event_of("email_dispatch/invitation")["Records"][0]["body"])
    (message,) = sqs.receive_message(QueueUrl=url, VisibilityTimeout=0)["Messages"]
    event = event_of("email_dispatch/invitation")
    event["Records"][0]["receiptHandle"] = message["ReceiptHandle"]
    event["Records"][0]["attributes"]["ApproximateReceiveCount"] = "12"

    def paused(*_, **__):
        raise MailUnavailable("mail-unavailable", reason="SendingPausedException")

    monkeypatch.setattr(SesMailer, "send", paused)
    failed = company.run("EmailDispatchFunction", event)
    assert failed == {"batchItemFailures": [{"itemIdentifier": event["Records"][0]["messageId"]}]}
    assert "Messages" not in sqs.receive_message(QueueUrl=url)
    assert "SendingPausedException" in company.sandboxes.log.getvalue()
    monkeypatch.undo()


def test_mails_that_ses_refuses_count_for_the_company(company, monkeypatch):
    def refused(*_, **__):
        raise MailRefused("mail-refused", reason="MessageRejected")

    monkeypatch.setattr(SesMailer, "send", refused)
    limits = {"MailBouncesPerDay": "1", "MailBouncesPercent": "1"}
    assert company.run("EmailDispatchFunction", event_of("email_dispatch/invitation"), **limits)
    assert company.store.current_company(COMPANY).mails_stopped_until
    assert "company.mails_stopped" in {action for action, *_ in company.changes_in(COMPANY)}


def test_a_new_email_of_a_company_whose_mails_are_stopped_is_withheld(company):
    before = company.store.current_company(COMPANY)
    until = datetime.now(UTC) + timedelta(hours=1)
    after = replace(before, mails_stopped_until=until, version=before.version + 1)
    company.store.change_company(before, after, an_entry(company_id=COMPANY))
    event = event_of("email_dispatch/email_confirmation")
    for _ in range(2):
        assert company.run("EmailDispatchFunction", event) == {"batchItemFailures": []}
    assert company.aws.mails() == []
    (withheld,) = [entry for entry in company.changes_in(COMPANY) if entry[0] == "email_change.withheld"]
    assert withheld[1:] == ("system", "email_dispatch")
    assert company.store.user(BUYER).email_change.bounced
