"""Queue consumers: a message that fails is delivered again; the others of its batch are not."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from customer_center.platform.batch import Record, each
from customer_center.platform.journal import Effect
from customer_center.platform.log import logger


def consume(event: Mapping[str, Any], handle: Callable[[Effect], None]) -> Mapping[str, Any]:
    """Call `handle` with each message's effect; return the failed ones, which SQS repeats until they go to the DLQ."""

    def one(record: Record) -> None:
        effect = Effect(**json.loads(record["body"]))
        try:
            handle(effect)
        except Exception:
            # docs/runbook.md starts from this line.
            logger.exception("effect failed", effect_id=effect.effect_id, kind=effect.kind, data=effect.data)
            raise

    return each(event["Records"], one, id_of=_message_id)


def consume_texts(event: Mapping[str, Any], handle: Callable[[str], None]) -> Mapping[str, Any]:
    """Call `handle` with each message's text, for messages that another system wrote; otherwise like `consume`."""

    def one(record: Record) -> None:
        try:
            handle(record["body"])
        except Exception:
            logger.exception("message failed", message_id=_message_id(record))
            raise

    return each(event["Records"], one, id_of=_message_id)


def _message_id(record: Record) -> str:
    return str(record["messageId"])
