"""The email_dispatch function sends each mail once."""

import re

from tests.integration.aws import event_of
from tests.integration.population import BUYER, EMAIL, FRESH, LEAVING


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
