"""The reconcile function brings logins in line with the records."""

from tests.integration.aws import event_of
from tests.integration.population import BUYER, DEACTIVATED, LEAVING, MAIN


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
