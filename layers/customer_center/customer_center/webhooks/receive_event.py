"""Receive an event: verify it, read it, store it, and only then acknowledge it."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from customer_center.platform.errors import BodyTooLarge, Unauthorized
from customer_center.platform.log import logger
from customer_center.webhooks.delivery import Delivery
from customer_center.webhooks.ports import EventQueue
from customer_center.webhooks.signatures import STANDARD_WEBHOOKS
from customer_center.webhooks.sources import SOURCES, Source, Sources

# Events are smaller than 2 KB. Larger bodies are refused before they are hashed. SQS bills in units of 64 KB.
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
    """Verify an event of the source with that name, store it, and return its webhook id.

    The event is applied later, so that the sender does not wait.

    `tolerance` is the maximum difference between `now` and the time of the signature, in seconds. Raises BodyTooLarge;
    Unauthorized `signature-invalid`, without the reason; MalformedRequest or InvalidInput if the signature is valid and
    the event is not; OutsideUnavailable `queue-unavailable`, after which the sender must send the event again. May run
    any number of times with the same event: its consumer recognises a repeat by source and webhook id.
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
