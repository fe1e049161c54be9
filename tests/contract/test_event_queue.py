"""What every queue of events promises: the fake that other tests use, and SQS."""

from itertools import count

import pytest

from customer_center.platform.errors import OutsideUnavailable
from customer_center.webhooks.queue import SqsEventQueue
from tests.fakes.webhooks import FakeEventQueue

_serial = count(1)


class FakeWorld:
    """The fake queue, its switch and its messages."""

    def __init__(self):
        self.queue = FakeEventQueue()

    def break_down(self):
        self.queue.unavailable = True

    def kept(self):
        return self.queue.messages


class SqsWorld:
    """A queue of this test only, its switch (deleting it) and its messages."""

    def __init__(self, client, name):
        self._client = client
        self._url = client.create_queue(QueueName=name)["QueueUrl"]
        self.queue = SqsEventQueue(client=client, url=self._url)

    def break_down(self):
        self._client.delete_queue(QueueUrl=self._url)

    def kept(self):
        answer = self._client.receive_message(QueueUrl=self._url, MaxNumberOfMessages=10)
        return [message["Body"] for message in answer.get("Messages", [])]


@pytest.fixture(params=["fake", "moto", "emulator"])
def world(request):
    if request.param == "fake":
        return FakeWorld()
    return SqsWorld(request.getfixturevalue(f"{request.param}_client")("sqs"), f"events-{next(_serial)}")


def test_what_was_sent_is_kept_as_it_was(world):
    world.queue.send('{"name": "Zo\\u00eb"}')
    assert world.kept() == ['{"name": "Zo\\u00eb"}']


def test_what_could_not_be_kept_is_told(world):
    world.break_down()
    with pytest.raises(OutsideUnavailable) as refused:
        world.queue.send("{}")
    assert (refused.value.code, refused.value.retry_after) == ("queue-unavailable", 30)
