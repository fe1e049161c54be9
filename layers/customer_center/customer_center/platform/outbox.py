"""From the journal to the queues: each effect of an entry becomes one message, `{"effect_id", "kind", "data"}`."""

import json
import math
import os
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from customer_center.platform.config import ConfigurationError
from customer_center.platform.journal import Effect, Entry, Journal
from customer_center.platform.log import logger

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

# The largest batch that SQS accepts.
_BATCH = 10
# The longest time that SQS delays a message.
_LONGEST_DELAY = timedelta(minutes=15)


class NotQueuedError(Exception):
    """SQS refused some of the messages. The entry stays pending."""


class UndeclaredEffectError(Exception):
    """No room declares effects of this kind. Nothing was queued, and the entry stays pending."""


def queue_variables(*rooms: Mapping[str, str]) -> Mapping[str, str]:
    """Return, for each kind of effect, the environment variable with the URL of its queue: `<NAME>_QUEUE_URL`.

    Each room passes its queue names by kind. Raises ConfigurationError if two rooms send one kind to different queues.
    """
    queues: dict[str, str] = {}
    for kind, queue in (declared for room in rooms for declared in room.items()):
        if queues.setdefault(kind, queue) != queue:
            raise ConfigurationError(f"effects of kind {kind} go to two queues: {queues[kind]}, {queue}")
    return {kind: f"{queue.upper()}_QUEUE_URL" for kind, queue in queues.items()}


def queue_urls(*rooms: Mapping[str, str], environment: Mapping[str, str] = os.environ) -> Mapping[str, str]:
    """Return the queue URL of each kind of effect. Raises ConfigurationError, for example if a URL is missing."""
    variables = queue_variables(*rooms)
    if missing := sorted(set(variables.values()) - environment.keys()):
        raise ConfigurationError("; ".join(f"{name} is missing" for name in missing))
    return {kind: environment[name] for kind, name in variables.items()}


class Queues:
    """The queues of effects: `urls` maps a kind of effect to the URL of its queue."""

    def __init__(self, *, client: "SQSClient", urls: Mapping[str, str]) -> None:
        self._client = client
        self._urls = urls

    def send(self, effects: list[Effect], delay: timedelta = timedelta()) -> None:
        """Put each effect into the queue of its kind. It is delivered after `delay`, or after 15 minutes, SQS's limit.

        Raises UndeclaredEffectError before anything is queued, and NotQueuedError if SQS refuses a message.
        """
        kinds = sorted({effect.kind for effect in effects})
        if undeclared := [kind for kind in kinds if kind not in self._urls]:
            raise UndeclaredEffectError(f"no queue is declared for effects of kind {', '.join(undeclared)}")
        for kind in kinds:
            same_kind = [effect for effect in effects if effect.kind == kind]
            for start in range(0, len(same_kind), _BATCH):
                self._send_batch(self._urls[kind], same_kind[start : start + _BATCH], min(delay, _LONGEST_DELAY))

    def _send_batch(self, url: str, effects: list[Effect], delay: timedelta) -> None:
        seconds = math.ceil(delay.total_seconds())
        try:
            answer = self._client.send_message_batch(
                QueueUrl=url,
                Entries=[
                    {"Id": effect.effect_id, "MessageBody": json.dumps(asdict(effect)), "DelaySeconds": seconds}
                    for effect in effects
                ],
            )
        except ClientError as error:
            raise NotQueuedError(error.response["Error"]["Code"]) from error
        if failed := answer.get("Failed"):
            raise NotQueuedError(", ".join(sorted(failure["Code"] for failure in failed)))


def queue_effects(entry: Entry, *, queues: Queues, journal: Journal) -> None:
    """Queue the entry's effects, then remove its `pending`.

    After a crash between the two steps the effects are queued again; none is lost. Raises the errors of `Queues.send`.
    """
    queues.send(list(entry.effects))
    journal.clear_pending(entry)


def sweep(*, queues: Queues, journal: Journal, now: datetime, after: timedelta) -> timedelta:
    """Queue the effects that have been pending for longer than `after`. Return how long the oldest entry has waited.

    An entry that cannot be queued is logged and does not stop the others. The next run tries it again.
    """
    oldest = timedelta()
    for entry in journal.pending(before=now - after):
        oldest = max(oldest, now - entry.at)
        try:
            queue_effects(entry, queues=queues, journal=journal)
        except Exception:  # noqa: BLE001 # one failed entry must not stop the others
            logger.exception("entry could not be queued", entry_id=entry.entry_id)
    return oldest
