"""Messages that an outside system cannot take now wait longer each time, and do not become dead letters soon."""

import json

import pytest

from customer_center.platform.errors import OutsideUnavailable
from customer_center.platform.sqs import Patience, consume


class FakeSqs:
    """Notes for how long messages are hidden."""

    def __init__(self):
        self.hidden = {}

    def change_message_visibility(self, *, QueueUrl, ReceiptHandle, VisibilityTimeout):  # noqa: N803 # AWS's names
        assert QueueUrl == "queue"
        self.hidden[ReceiptHandle] = VisibilityTimeout


def record(message_id, receives=1):
    return {
        "messageId": message_id,
        "receiptHandle": f"handle-{message_id}",
        "attributes": {"ApproximateReceiveCount": str(receives)},
        "body": json.dumps({"effect_id": message_id, "kind": "mail", "data": {}}),
    }


@pytest.fixture
def sqs():
    return FakeSqs()


def patience(sqs, chance=1.0):
    return Patience(OutsideUnavailable, client=sqs, queue_url="queue", chance=lambda: chance)


def fails(error):
    def handle(effect):
        raise error

    return handle


DOWN = OutsideUnavailable("identity-unavailable", retry_after=1)


def test_a_message_that_has_to_wait_fails_and_is_hidden_for_a_while(sqs):
    answer = consume({"Records": [record("1")]}, fails(DOWN), patience(sqs))
    assert answer == {"batchItemFailures": [{"itemIdentifier": "1"}]}
    assert sqs.hidden == {"handle-1": 30}


@pytest.mark.parametrize(("receives", "seconds"), [(1, 30), (2, 60), (3, 120), (7, 1920), (8, 3600), (99, 3600)])
def test_each_wait_is_longer_up_to_an_hour(sqs, receives, seconds):
    assert patience(sqs).postpone(record("1", receives)) == seconds
    assert patience(sqs, chance=0).postpone(record("1", receives)) == seconds / 2


def test_a_message_that_fails_by_its_own_fault_does_not_wait_longer(sqs):
    answer = consume({"Records": [record("1")]}, fails(ValueError()), patience(sqs))
    assert answer == {"batchItemFailures": [{"itemIdentifier": "1"}]}
    assert sqs.hidden == {}


def test_a_message_that_is_handled_does_not_wait(sqs):
    assert consume({"Records": [record("1")]}, lambda effect: None, patience(sqs)) == {"batchItemFailures": []}
    assert sqs.hidden == {}


def test_a_queue_without_patience_leaves_the_wait_to_its_visibility_timeout():
    assert consume({"Records": [record("1")]}, fails(DOWN)) == {"batchItemFailures": [{"itemIdentifier": "1"}]}
