"""Queue consumers: one bad message fails alone and comes again; nothing else is repeated."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from customer_center.platform.journal import Effect
from customer_center.platform.log import logger


def consume(event: Mapping[str, Any], context: LambdaContext, handle: Callable[[Effect], None]) -> Mapping[str, Any]:
    """Hand each message's effect to `handle`; return the failed ones, which SQS delivers again until the DLQ.

    A batch in which every message fails is answered the same way, not with an error.
    """

    def one(record: SQSRecord) -> None:
        effect = Effect(**json.loads(record.body))
        try:
            handle(effect)
        except Exception:
            # Powertools keeps quiet about a failed record; the runbook starts from this line.
            logger.exception("effect failed", effect_id=effect.effect_id, kind=effect.kind, data=effect.data)
            raise

    return _process(event, context, one)


def consume_texts(event: Mapping[str, Any], context: LambdaContext, handle: Callable[[str], None]) -> Mapping[str, Any]:
    """Hand each message to `handle` as somebody else wrote it; otherwise as `consume`."""

    def one(record: SQSRecord) -> None:
        try:
            handle(record.body)
        except Exception:
            logger.exception("message failed", message_id=record.message_id)
            raise

    return _process(event, context, one)


def _process(event: Mapping[str, Any], context: LambdaContext, one: Callable[[SQSRecord], None]) -> Mapping[str, Any]:
    processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)
    return process_partial_response(event=dict(event), record_handler=one, processor=processor, context=context)
