"""From the journal to the queues: each effect of an entry becomes one message, `{"effect_id", "kind", "data"}`."""

import json
import math
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from datetime import datetime, timedelta
from itertools import batched
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from customer_center.platform.config import ConfigurationError
from customer_center.platform.journal import Effect, Entry, Journal
from customer_center.platform.log import logger

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import SendMessageBatchRequestEntryTypeDef

# The largest batch that SQS accepts.
_BATCH = 10
# How many entries lose their `pending` at the same time, and how many the sweeper takes together.
_CLEARED_AT_ONCE = 10
_SWEPT_AT_ONCE = 100
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
    """The queues of effects: `urls` maps a kind of effect to the URL of its queue.

    `group_of` returns an effect's message group, or None. Of a standard queue, SQS delivers the messages of groups with
    few messages in flight first (fair queues, docs.aws.amazon.com/AWSSimpleQueueService: sqs-fair-queues).
    """

    def __init__(
        self,
        *,
        client: "SQSClient",
        urls: Mapping[str, str],
        group_of: Callable[[Effect], str | None] = lambda _: None,
    ) -> None:
        self._client = client
        self._urls = urls
        self._group_of = group_of

    def send(self, effects: Sequence[Effect], delay: timedelta = timedelta()) -> None:
        """Put each effect into the queue of its kind. It is delivered after `delay`, or after 15 minutes, SQS's limit.

        Raises UndeclaredEffectError before anything is queued, and NotQueuedError if SQS refuses a message.
        """
        self.check(effects)
        for error in self.try_send(effects, delay).values():
            raise error

    def check(self, effects: Iterable[Effect]) -> None:
        """Raise UndeclaredEffectError if no room declares one of the kinds."""
        if undeclared := sorted({effect.kind for effect in effects} - self._urls.keys()):
            raise UndeclaredEffectError(f"no queue is declared for effects of kind {', '.join(undeclared)}")

    def try_send(self, effects: Iterable[Effect], delay: timedelta = timedelta()) -> Mapping[str, NotQueuedError]:
        """Send the effects in tens, each once, and return the errors of those that SQS did not take, by effect id."""
        by_queue: dict[str, dict[str, Effect]] = {}
        for effect in effects:
            by_queue.setdefault(self._urls[effect.kind], {})[effect.effect_id] = effect
        failed: dict[str, NotQueuedError] = {}
        for url, of_queue in sorted(by_queue.items()):
            for batch in batched(of_queue.values(), _BATCH, strict=False):
                failed |= self._send_batch(url, batch, min(delay, _LONGEST_DELAY))
        return failed

    def _message(self, effect: Effect, seconds: int) -> "SendMessageBatchRequestEntryTypeDef":
        group = self._group_of(effect)
        grouped: SendMessageBatchRequestEntryTypeDef = {
            "Id": effect.effect_id,
            "MessageBody": json.dumps(asdict(effect)),
            "DelaySeconds": seconds,
        }
        return {**grouped, "MessageGroupId": group} if group else grouped

    def _send_batch(self, url: str, effects: Sequence[Effect], delay: timedelta) -> Mapping[str, NotQueuedError]:
        seconds = math.ceil(delay.total_seconds())
        try:
            answer = self._client.send_message_batch(
                QueueUrl=url,
                Entries=[self._message(effect, seconds) for effect in effects],
            )
        except ClientError as error:
            refused = NotQueuedError(error.response["Error"]["Code"])
            refused.__cause__ = error
            return dict.fromkeys((effect.effect_id for effect in effects), refused)
        return {failure["Id"]: NotQueuedError(failure["Code"]) for failure in answer.get("Failed", [])}


def queue_effects(entries: Sequence[Entry], *, queues: Queues, journal: Journal) -> Mapping[str, Exception]:
    """Queue the effects of all entries, in tens, then remove their `pending`, in parallel.

    After a crash between the two steps the effects are queued again; none is lost. Return the errors of the entries
    that stay pending, by entry id: UndeclaredEffectError before anything of the entry is queued, NotQueuedError if SQS
    refused a message, and DynamoDB's errors.
    """
    failed: dict[str, Exception] = {}
    for entry in entries:
        try:
            queues.check(entry.effects)
        except UndeclaredEffectError as error:
            failed[entry.entry_id] = error
    declared = [entry for entry in entries if entry.entry_id not in failed]
    refused = queues.try_send(effect for entry in declared for effect in entry.effects)
    for entry in declared:
        if errors := [refused[effect.effect_id] for effect in entry.effects if effect.effect_id in refused]:
            failed[entry.entry_id] = errors[0]
    queued = [entry for entry in declared if entry.entry_id not in failed]
    return {**failed, **_clear(queued, journal)}


def _clear(entries: Sequence[Entry], journal: Journal) -> Mapping[str, Exception]:
    """Remove the `pending` of these entries. Return the errors by entry id."""

    def clear(entry: Entry) -> Exception | None:
        try:
            journal.clear_pending(entry)
        except Exception as error:  # noqa: BLE001 # one failed entry must not stop the others
            return error
        return None

    if len(entries) < 2:  # noqa: PLR2004 # one entry needs no second thread
        errors = list(map(clear, entries))
    else:
        with ThreadPoolExecutor(min(_CLEARED_AT_ONCE, len(entries))) as pool:
            errors = list(pool.map(clear, entries))
    return {entry.entry_id: error for entry, error in zip(entries, errors, strict=True) if error}


def log_failures(failed: Mapping[str, Exception]) -> None:
    """Log the entries that could not be queued. docs/runbook.md refers to this log line."""
    for entry_id, error in failed.items():
        logger.error("entry could not be queued", entry_id=entry_id, exc_info=error)


def sweep(*, queues: Queues, journal: Journal, now: datetime, after: timedelta) -> timedelta:
    """Queue the effects that have been pending for longer than `after`. Return how long the oldest entry has waited.

    An entry that cannot be queued is logged and does not stop the others. The next run tries it again.
    """
    oldest = timedelta()
    for entries in batched(journal.pending(before=now - after), _SWEPT_AT_ONCE, strict=False):
        oldest = max(oldest, *(now - entry.at for entry in entries))
        log_failures(queue_effects(entries, queues=queues, journal=journal))
    return oldest
