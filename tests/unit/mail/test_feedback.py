"""SES's feedback about a mail, in every format (SES Developer Guide, "Event publishing", "Notifications")."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customer_center.mail.feedback import Feedback, Outcome, read_feedback

SENT_AT = datetime(2026, 11, 24, 10, 15, 31, tzinfo=UTC)
TAGS = {"ses:configuration-set": ["customer-center-dev"], "mail_id": ["mail-1"], "user_id": ["usr-1"]}
BOUNCED = Feedback(Outcome.BOUNCED, "nina@fresh.example", SENT_AT, "mail-1", "usr-1")
COMPLAINED = Feedback(Outcome.COMPLAINED, "nina@fresh.example", SENT_AT, "mail-1", "usr-1")


def _mail(**more):
    return {"timestamp": "2026-11-24T10:15:31.000Z", "messageId": "1", "destination": ["nina@fresh.example"], **more}


def _event(kind, **detail):
    """Return feedback as a configuration set publishes it."""
    return json.dumps({"eventType": kind, "mail": _mail(tags=TAGS), **detail})


def _notification(kind, **detail):
    """Return feedback as an identity publishes it: without tags."""
    return json.dumps({"notificationType": kind, "mail": _mail(), **detail})


def _bounce(kind):
    return {"bounceType": kind, "bounceSubType": "General", "bouncedRecipients": [{"emailAddress": "x@y.example"}]}


def test_a_permanent_bounce_tells_of_which_mail_and_user_it_is():
    assert read_feedback(_event("Bounce", bounce=_bounce("Permanent"))) == BOUNCED


@pytest.mark.parametrize("detail", [{"complaintFeedbackType": "abuse"}, {"complaintFeedbackType": None}, {}])
def test_a_complaint_counts_whether_its_reason_is_told_or_not(detail):
    assert read_feedback(_event("Complaint", complaint=detail)) == COMPLAINED


def test_a_mail_that_ses_rejects_after_it_took_it_never_arrives():
    assert read_feedback(_event("Reject", reject={"reason": "Bad content"})) == BOUNCED


def test_an_identitys_notification_tells_the_address_and_when_the_mail_was_sent():
    feedback = read_feedback(_notification("Bounce", bounce=_bounce("Permanent")))

    assert feedback == Feedback(Outcome.BOUNCED, "nina@fresh.example", SENT_AT)


@pytest.mark.parametrize("message", [_event("Bounce", bounce=_bounce("Permanent")), _event("Complaint", complaint={})])
def test_the_envelope_of_sns_is_taken_off(message):
    assert read_feedback(json.dumps({"Type": "Notification", "Message": message})) == read_feedback(message)


@pytest.mark.parametrize(
    "message",
    [
        _event("Bounce", bounce=_bounce("Transient")),
        _event("Bounce", bounce=_bounce("Undetermined")),
        _event("Complaint", complaint={"complaintFeedbackType": "not-spam"}),
        _event("Delivery", delivery={}),
        _event("Send", send={}),
        _event("DeliveryDelay", deliveryDelay={}),
        _notification("Delivery", delivery={}),
        _notification("AmazonSnsSubscriptionSucceeded"),
        "Successfully validated SNS topic for Amazon SES event publishing.",
    ],
)
def test_what_passes_or_asks_for_nothing_is_no_feedback(message):
    assert read_feedback(message) is None


@given(st.text() | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(json.dumps))
def test_what_is_not_from_ses_is_an_error_and_goes_to_the_dead_letters(message):
    with pytest.raises((ValueError, KeyError, TypeError, AttributeError)):
        read_feedback(message)
