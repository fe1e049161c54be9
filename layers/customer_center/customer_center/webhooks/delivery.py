"""A received event, as the queue stores it until the event is applied."""

import json
from datetime import datetime
from typing import Self

from customer_center.platform.frozen import frozen
from customer_center.webhooks.events import Event
from customer_center.webhooks.sources import SOURCES, Sources


@frozen
class Delivery:
    """A received event. `webhook_id` is unique within its source, and the same in every repeat."""

    source: str
    webhook_id: str
    received_at: datetime
    event: Event

    def message(self) -> str:
        """Return the message for the queue: JSON in ASCII, because SQS refuses some characters that JSON allows."""
        event = {"type": self.event.type, "timestamp": self.event.at.isoformat(), "data": self.event.data}
        values = {
            "source": self.source,
            "webhook_id": self.webhook_id,
            "received_at": self.received_at.isoformat(),
            "event": event,
        }
        return json.dumps(values)

    @classmethod
    def from_message(cls, message: str, sources: Sources = SOURCES) -> Self:
        """Return the delivery in a message of the queue. Raises an error for text that `message` did not write."""
        values = json.loads(message)
        source = sources[values["source"]]
        received_at = datetime.fromisoformat(values["received_at"])
        return cls(source.name, values["webhook_id"], received_at, source.format.event(values["event"]))
