"""Receive an event: verify it, read it, store it, and only then acknowledge it."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from customer_center.platform.errors import BodyTooLarge, Unauthorized
from customer_center.platform.log import logger
from customer_center.platform.metrics import count
from customer_center.webhooks.delivery import Delivery
from customer_center.webhooks.kinds import FORMATS, Formats
from customer_center.webhooks.model import Source
from customer_center.webhooks.ports import EventQueue
from customer_center.webhooks.signatures import STANDARD_WEBHOOKS, SignatureScheme

EXPIRED = "ExpiredWebhooks"
"""The metric that counts genuine events that came too late."""

# Events are smaller than 2 KB. Larger bodies are refused before they are hashed. SQS bills in units of 64 KB.
MAX_EVENT_BYTES = 64 * 1024


def receive_event(
    name: str,
    headers: Mapping[str, str],
    body: bytes,
    *,
    source_of: Callable[[str], Source | None],
    keys: Callable[[Source, SignatureScheme], Sequence[bytes]],
    tolerance: int,
    queue: EventQueue,
    now: datetime,
    formats: Formats = FORMATS,
) -> str:
    """Verify an event of the source with that name, store it, and return its webhook id.

    The event is applied later, so that the sender does not wait.

    `source_of` returns the source of a name, and `keys` the keys that it may sign with. `tolerance` is the maximum
    difference between `now` and the time of the signature, in seconds.

    Raises BodyTooLarge; Unauthorized `signature-invalid`, without the reason (a genuine event that came too late is
    counted and logged); MalformedRequest or InvalidInput if the signature is valid and the event is not;
    OutsideUnavailable `queue-unavailable`, after which the sender must send the event again. May run any number of
    times with the same event: its consumer recognises a repeat by source and webhook id.
    """
    if len(body) > MAX_EVENT_BYTES:
        raise BodyTooLarge("body-too-large")
    source = source_of(name)
    if source is None:
        raise Unauthorized("signature-invalid", scheme=STANDARD_WEBHOOKS.name)
    sender = formats[source.format]
    scheme = sender.scheme
    signed = scheme.signed(
        headers,
        body,
        keys=keys(source, scheme),
        settings=source.settings,
        now=now.timestamp(),
        tolerance=tolerance,
    )
    if signed is None or signed.is_expired:
        if signed:
            # The sender may not repeat it after a 4xx: then the event is lost, and an operator has to know.
            count(EXPIRED)
            logger.warning("expired", source=source.source_id, webhook_id=signed.webhook_id)
        raise Unauthorized("signature-invalid", scheme=scheme.name)
    event = sender.read(signed.content, note_unknown=source.notes_unknown_fields)
    of = (source.format, sender.account(event, source), source.product)
    queue.send(Delivery(source.source_id, signed.webhook_id, now, event, *of).message())
    logger.info("accepted", webhook_id=signed.webhook_id, type=event.type)
    return signed.webhook_id
