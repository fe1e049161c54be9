"""Queue consumers: SQS delivers only the failed messages of a batch again."""

import json
import random
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from customer_center.platform.batch import Record, each
from customer_center.platform.journal import Effect
from customer_center.platform.log import logger

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

_FIRST_WAIT = 30
_LONGEST_WAIT = 3600
# SQS hides a message for at most twelve hours.
_AT_MOST = 12 * 3600


class Patience:
    """Lets messages wait longer and longer while an outside system cannot take them.

    Without this, a message would become a dead letter after `maxReceiveCount` visibility timeouts, which is sooner than
    a daily quota renews itself. `errors` are the errors that only time mends; one of them may say in `retry_after` how
    long it takes. `first` is the first wait in seconds, `longest` the longest. `chance` returns numbers
    from 0 to 1 for the jitter.
    """

    def __init__(
        self,
        *errors: type[Exception],
        client: "SQSClient",
        queue_url: str,
        first: int = _FIRST_WAIT,
        longest: int = _LONGEST_WAIT,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.errors = errors
        self._client = client
        self._queue_url = queue_url
        self._first = first
        self._longest = longest
        self._chance = chance

    def postpone(self, record: Record, at_least: int = 0) -> int:
        """Deliver the message again after a while, and return the seconds: `longest` at most, or `at_least`."""
        receives = int(record["attributes"]["ApproximateReceiveCount"])
        # The exponent has a maximum, because a message may be received hundreds of times.
        longest: int = min(self._longest, self._first * 2 ** min(receives - 1, 10))
        seconds = min(_AT_MOST, max(at_least, round(longest * (0.5 + self._chance() / 2))))
        self._client.change_message_visibility(
            QueueUrl=self._queue_url, ReceiptHandle=record["receiptHandle"], VisibilityTimeout=seconds
        )
        return seconds


def consume(
    event: Mapping[str, Any], handle: Callable[[Effect], None], patience: Patience | None = None
) -> Mapping[str, Any]:
    """Call `handle` with each message's effect. Return the failed messages, which SQS delivers again.

    With `patience`, messages wait longer after each of its errors.
    """
    later = patience.errors if patience else ()

    def one(record: Record) -> None:
        effect = Effect(**json.loads(record["body"]))
        try:
            handle(effect)
        except later as error:
            assert patience is not None
            known: dict[str, Any] = {"code": getattr(error, "code", None), "values": getattr(error, "values", None)}
            seconds = patience.postpone(record, getattr(error, "retry_after", 0))
            # docs/runbook.md refers to this log line.
            logger.warning("effect postponed", effect_id=effect.effect_id, kind=effect.kind, seconds=seconds, **known)
            raise
        except Exception:
            # docs/runbook.md refers to this log line.
            logger.exception("effect failed", effect_id=effect.effect_id, kind=effect.kind, data=effect.data)
            raise

    return each(event["Records"], one, id_of=_message_id)


def consume_texts(event: Mapping[str, Any], handle: Callable[[str], None]) -> Mapping[str, Any]:
    """Like `consume`, for messages that are not effects: `handle` gets the text of each message."""

    def one(record: Record) -> None:
        try:
            handle(record["body"])
        except Exception:
            logger.exception("message failed", message_id=_message_id(record))
            raise

    return each(event["Records"], one, id_of=_message_id)


def _message_id(record: Record) -> str:
    return str(record["messageId"])
