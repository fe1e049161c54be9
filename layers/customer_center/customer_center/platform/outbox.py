"""From the journal to the queues: each effect of an entry becomes one message (DESIGN §7)."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from customer_center.platform.journal import Effect, Entry, Journal
from customer_center.platform.log import logger

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

_BATCH = 10


class NotQueuedError(Exception):
    """SQS did not take some of the messages; the entry stays pending."""


class Queues:
    """The queue of each kind of effect."""

    def __init__(self, *, client: "SQSClient", urls: Mapping[str, str]) -> None:
        self._client = client
        self._urls = urls

    def send(self, effects: list[Effect]) -> None:
        """Put each effect into its queue; NotQueuedError when SQS refused one of them."""
        for kind in sorted({effect.kind for effect in effects}):
            ofkind = [effect for effect in effects if effect.kind == kind]
            for start in range(0, len(ofkind), _BATCH):
                self._send_batch(self._urls[kind], ofkind[start : start + _BATCH])

    def _send_batch(self, url: str, effects: list[Effect]) -> None:
        try:
            answer = self._client.send_message_batch(
                QueueUrl=url,
                Entries=[{"Id": effect.effect_id, "MessageBody": json.dumps(asdict(effect))} for effect in effects],
            )
        except ClientError as error:
            raise NotQueuedError(error.response["Error"]["Code"]) from error
        if failed := answer.get("Failed"):
            raise NotQueuedError(", ".join(sorted(failure["Code"] for failure in failed)))


def queue_effects(entry: Entry, *, queues: Queues, journal: Journal) -> None:
    """Queue the entry's effects and note that they are. A crash between the two queues them twice, and loses none."""
    queues.send(list(entry.effects))
    journal.clear_pending(entry)


def sweep(*, queues: Queues, journal: Journal, now: datetime, after: timedelta) -> timedelta:
    """Queue what has been pending for longer than `after`; return how long the oldest entry has waited.

    One entry that cannot be queued is logged and does not keep the others; the next run tries again.
    """
    oldest = timedelta()
    for entry in journal.pending(before=now - after):
        oldest = max(oldest, now - entry.at)
        try:
            queue_effects(entry, queues=queues, journal=journal)
        except Exception:  # noqa: BLE001 # whatever is wrong with one entry must not keep the others
            logger.exception("entry could not be queued", entry_id=entry.entry_id)
    return oldest
