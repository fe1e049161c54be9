"""Queue consumers: SQS delivers only the failed messages of a batch again."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from customer_center.platform.batch import Record, each
from customer_center.platform.journal import Effect
from customer_center.platform.log import logger


def consume(event: Mapping[str, Any], handle: Callable[[Effect], None]) -> Mapping[str, Any]:
    """Call `handle` with each message's effect. Return the failed messages, which SQS delivers again."""

    def one(record: Record) -> None:
        effect = Effect(**json.loads(record["body"]))
        try:
            handle(effect)
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
