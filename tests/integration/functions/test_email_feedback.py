"""The email_feedback function notes bounces and complaints."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.builders.journal import entries_of
from tests.integration.aws import event_of
from tests.integration.population import COMPANY, FRESH


@pytest.mark.parametrize("sample", ["bounce", "complaint", "bounce_of_an_identity"])
def test_feedback_of_ses_reaches_the_invitation(company, sample):
    for _ in range(2):
        event = event_of(f"email_feedback/{sample}")
        assert company.run("EmailFeedbackFunction", event) == {"batchItemFailures": []}
    assert company.is_bounced(FRESH)
    (entry,) = [entry for entry in entries_of(company.journal, COMPANY) if entry.actor.actor_id == "email_feedback"]
    assert entry.action == ("invitation.complained" if sample == "complaint" else "invitation.bounced")


def test_a_company_whose_mails_come_back_stops_by_itself(company):
    limits = {"MailBouncesPerDay": "1", "MailBouncesPercent": "1", "MailStopHours": "48"}
    assert company.run("EmailFeedbackFunction", event_of("email_feedback/bounce"), **limits) == {
        "batchItemFailures": []
    }
    until = company.store.current_company(COMPANY).mails_stopped_until
    assert until > datetime.now(UTC) + timedelta(hours=47)
    shown = company.call(event_of("users/company")).body["mails_stopped_until"]
    assert datetime.fromisoformat(shown) == until
