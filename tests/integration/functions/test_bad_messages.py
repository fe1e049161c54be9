"""Every consumer of a queue: a message that cannot be read fails alone."""

import pytest

from tests.integration.aws import event_of
from tests.integration.functions.stage import queue_event
from tests.integration.population import COMPANY, DEACTIVATED, FRESH

# Messages that no version of ours ever sent; they end in the dead-letter queue.
BAD_MESSAGES = (
    "{",
    "[]",
    {"effect_id": "1"},
    {"effect_id": "1", "kind": "mail", "data": {}, "more": 1},
    {"effect_id": "1", "kind": "mail", "data": {}},
)


@pytest.mark.parametrize(
    ("function", "sample", "is_done"),
    [
        ("EmailDispatchFunction", "email_dispatch/invitation", lambda stage: len(stage.aws.mails()) == 1),
        ("EmailFeedbackFunction", "email_feedback/bounce", lambda stage: stage.is_bounced(FRESH)),
        ("ReconcileFunction", "reconcile/align_login", lambda stage: not stage.aws.logins()[DEACTIVATED][0]),
        ("ErpPushFunction", "erp_push/create_contact", lambda stage: stage.store.user(FRESH).contact_number),
        (
            "ContactListFunction",
            "contact_list/read_list",
            lambda stage: stage.store.contacts_read(COMPANY) is not None,
        ),
        (
            "CustomerSyncFunction",
            "customer_sync/customer_updated",
            lambda stage: not stage.store.company(COMPANY).customer_center,
        ),
    ],
    ids=["mail", "feedback", "login", "contact", "list", "event"],
)
def test_bad_messages_fail_alone(company, function, sample, is_done):
    company.has_login(DEACTIVATED)
    assert not is_done(company)
    good = event_of(sample)["Records"][0]["body"]
    failed = company.run(function, queue_event(sample, *BAD_MESSAGES, good))
    expected = [f"message-{number}" for number in range(len(BAD_MESSAGES))]
    assert failed == {"batchItemFailures": [{"itemIdentifier": identifier} for identifier in expected]}
    assert is_done(company)


def test_a_batch_in_which_everything_fails_is_answered_the_same_way(company):
    failed = company.run("EmailDispatchFunction", queue_event("email_dispatch/invitation", "{", "["))
    assert failed == {"batchItemFailures": [{"itemIdentifier": "message-0"}, {"itemIdentifier": "message-1"}]}
