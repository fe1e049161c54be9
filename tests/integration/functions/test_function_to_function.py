"""What goes through several functions: each gets what the one before it left."""

import re

from tests.integration.aws import event_of
from tests.integration.functions.requests_of_samples import as_user, signed_webhook, with_body
from tests.integration.functions.stage import assert_problem
from tests.integration.population import BUYER, COMPANY, LEAVING, MAIN


def test_the_main_job_from_function_to_function(stage):
    """Activation, code by mail, invitation by mail, acceptance: each function gets what the one before it left."""

    def mail():
        assert stage.run("OutboxFunction", stage.stream_event()) == {"batchItemFailures": []}
        event = stage.queue_event("MailQueue", "email_dispatch/invitation")
        assert stage.run("EmailDispatchFunction", event) == {"batchItemFailures": []}
        return stage.aws.mails()[-1][1]

    stage.call(event_of("activation/activate"))
    code = re.search(r"\b(\d{6})\b", re.sub("<style.*?</style>|#[0-9a-f]{6}", "", mail(), flags=re.DOTALL))[1]
    activated = stage.call(with_body("activation/activate", code=code)).body["user"]["user_id"]
    invited = stage.call(as_user(activated, event_of("erp_contacts/invite"))).body["user_id"]
    token = re.search(r"#token=([\w.-]+)", mail())[1]
    accepted = stage.call(with_body("invitations/accept", token=token))
    assert accepted.body["user"]["user_id"] == invited
    assert stage.call(as_user(invited, event_of("users/me"))).body["user"]["status"] == "active"
    identities = stage.stream_event()
    assert stage.run("OutboxFunction", identities) == {"batchItemFailures": []}
    event = stage.queue_event("IdentityQueue", "reconcile/align_login")
    assert stage.run("ReconcileFunction", event) == {"batchItemFailures": []}
    assert stage.aws.logins() == {activated: (True, "CONFIRMED"), invited: (True, "CONFIRMED")}


def test_an_event_goes_from_the_erp_to_the_company(company):
    """Seed 000: the flag "customer center" of the ERP decides; switched off, administration is refused at once."""
    assert company.call(event_of("users/list_users")).status == 200
    assert company.call(signed_webhook("customer_webhook/customer_updated")).status == 202
    event = company.queue_event("CustomerSyncQueue", "customer_sync/customer_updated")
    assert company.run("CustomerSyncFunction", event) == {"batchItemFailures": []}
    assert company.call(event_of("users/list_users")).body["code"] == "customer-center-off"
    assert company.call(event_of("users/me")).status == 200


def test_an_operator_closes_a_company_and_opens_it_again(company):
    for user_id in (MAIN, BUYER, LEAVING):
        company.has_login(user_id)
    assert company.call(event_of("machines/close")).body["closed_at"]
    assert_problem(company.call(event_of("users/me")), event_of("users/me"), 403, "company-closed")
    _align(company)
    assert {enabled for enabled, _ in company.aws.logins().values()} == {False}
    assert company.call(event_of("machines/reopen")).body["closed_at"] is None
    _align(company)
    assert {enabled for enabled, _ in company.aws.logins().values()} == {True}
    assert company.call(event_of("users/me")).status == 200
    actions = [action for action, _, _ in company.changes_in(COMPANY)]
    assert actions[-2:] == ["company.closed", "company.reopened"]


def _align(stage):
    """Let everything through that has to do with logins: the company's message brings those of its users."""
    assert stage.run("OutboxFunction", stage.stream_event()) == {"batchItemFailures": []}
    for _ in range(2):
        event = stage.queue_event("IdentityQueue", "reconcile/align_login")
        assert event["Records"]
        assert stage.run("ReconcileFunction", event) == {"batchItemFailures": []}
