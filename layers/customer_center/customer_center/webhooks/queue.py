"""The queue of accepted events, in SQS."""

from typing import TYPE_CHECKING, override

from botocore.exceptions import BotoCoreError, ClientError

from customer_center.platform.errors import OutsideUnavailable
from customer_center.platform.log import logger
from customer_center.webhooks.ports import EventQueue

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

# In seconds. Senders have retry schedules of their own. After a shorter time they would retry during the same outage.
_RETRY_SECONDS = 30


class SqsEventQueue(EventQueue):
    """A standard queue of SQS: it delivers each message at least once, in any order."""

    def __init__(self, *, client: "SQSClient", url: str) -> None:
        self._client = client
        self._url = url

    @override
    def send(self, message: str) -> None:
        try:
            self._client.send_message(QueueUrl=self._url, MessageBody=message)
        except (BotoCoreError, ClientError) as error:
            logger.exception("event could not be queued")
            raise OutsideUnavailable("queue-unavailable", retry_after=_RETRY_SECONDS) from error
