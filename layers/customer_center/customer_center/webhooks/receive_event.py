"""Receiving an event: verify, read, keep, and only then say so (DESIGN §2, `customer_webhook`)."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from customer_center.platform.errors import BodyTooLarge, Unauthorized
from customer_center.platform.log import logger
from customer_center.webhooks.events import Delivery, event_of_json
from customer_center.webhooks.ports import EventQueue
from customer_center.webhooks.signatures import signed_id

# An event is less than two kilobytes. More is not hashed before it is refused, and SQS counts by as much.
MAX_EVENT_BYTES = 64 * 1024
SOURCES = ("erp",)


def receive_event(
    source: str,
    headers: Mapping[str, str],
    body: bytes,
    *,
    keys: Callable[[], Sequence[bytes]],
    tolerance: int,
    queue: EventQueue,
    now: datetime,
) -> str:
    """Keep a genuine event and return its webhook-id. Nothing is applied here, so that the sender never waits for it.

    Raises Unauthorized `signature-invalid`, the same for everything that is wrong before the body may be read;
    BodyTooLarge, MalformedRequest, InvalidInput; OutsideUnavailable `queue-unavailable`, upon which the sender repeats.
    May run any number of times: the consumer knows the event by its webhook-id.
    """
    if len(body) > MAX_EVENT_BYTES:
        raise BodyTooLarge("body-too-large")
    webhook_id = None
    if source in SOURCES:
        webhook_id = signed_id(headers, body, keys=keys(), now=now.timestamp(), tolerance=tolerance)
    if webhook_id is None:
        raise Unauthorized("signature-invalid", scheme="Standard-Webhooks")
    event = event_of_json(body)
    queue.send(Delivery(source, webhook_id, now, event).message())
    logger.info("accepted", webhook_id=webhook_id, type=event.type)
    return webhook_id
