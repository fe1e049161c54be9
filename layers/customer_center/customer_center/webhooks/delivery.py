"""An event on its way from the webhook to whoever applies it."""

import json
from datetime import datetime
from typing import Self

from customer_center.platform.frozen import frozen
from customer_center.webhooks.events import Event
from customer_center.webhooks.sources import SOURCES, Sources


@frozen
class Delivery:
    """An event as it was received. `webhook_id` is the same in every repeat, and unique within its source."""

    source: str
    webhook_id: str
    received_at: datetime
    event: Event

    def message(self) -> str:
        """Return the queue's message: JSON in ASCII, because SQS refuses some characters that JSON allows."""
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
        """Return the delivery in a queue's message; raises for text that `message` did not write."""
        values = json.loads(message)
        source = sources[values["source"]]
        received_at = datetime.fromisoformat(values["received_at"])
        return cls(source.name, values["webhook_id"], received_at, source.format.event(values["event"]))
