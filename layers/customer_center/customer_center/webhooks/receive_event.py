"""Receiving an event: verify it, read it, store it, and only then acknowledge it."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from customer_center.platform.errors import BodyTooLarge, Unauthorized
from customer_center.platform.log import logger
from customer_center.webhooks.delivery import Delivery
from customer_center.webhooks.ports import EventQueue
from customer_center.webhooks.signatures import STANDARD_WEBHOOKS
from customer_center.webhooks.sources import SOURCES, Source, Sources

# Events have less than 2 KB. Larger bodies are refused before they are hashed; SQS bills by 64 KB.
MAX_EVENT_BYTES = 64 * 1024


def receive_event(
    name: str,
    headers: Mapping[str, str],
    body: bytes,
    *,
    keys: Callable[[Source], Sequence[bytes]],
    tolerance: int,
    queue: EventQueue,
    now: datetime,
    sources: Sources = SOURCES,
) -> str:
    """Store a genuine event of the source of that name, and return its webhook id.

    Nothing is applied here, so that the sender does not wait for it.

    `tolerance` is in seconds. Raises BodyTooLarge; Unauthorized `signature-invalid`, which does not say what is wrong;
    MalformedRequest and InvalidInput for a genuine request without a readable event; OutsideUnavailable
    `queue-unavailable`, after which the sender repeats. May run any number of times with the same event: its consumer
    recognises it by source and webhook id.
    """
    if len(body) > MAX_EVENT_BYTES:
        raise BodyTooLarge("body-too-large")
    source = sources.get(name)
    if source is None:
        raise Unauthorized("signature-invalid", scheme=STANDARD_WEBHOOKS.name)
    scheme = source.format.scheme
    signed = scheme.signed(headers, body, keys=keys(source), now=now.timestamp(), tolerance=tolerance)
    if signed is None:
        raise Unauthorized("signature-invalid", scheme=scheme.name)
    event = source.format.read(signed.content)
    queue.send(Delivery(source.name, signed.webhook_id, now, event).message())
    logger.info("accepted", webhook_id=signed.webhook_id, type=event.type)
    return signed.webhook_id
