"""A received event, as the queue stores it until the event is applied."""

import json
from dataclasses import replace
from datetime import datetime
from typing import Self

from customer_center.platform.frozen import frozen
from customer_center.platform.stamps import iso_nanoseconds
from customer_center.webhooks.events import Event
from customer_center.webhooks.kinds import FORMATS, Formats


@frozen
class Delivery:
    """A received event. `webhook_id` is unique within its source, and the same in every repeat.

    `format` is the kind of sender. `account` and `product` are those of its source; the ERP has neither.
    """

    source: str
    webhook_id: str
    received_at: datetime
    event: Event
    format: str = "erp"
    account: str | None = None
    product: str | None = None

    def message(self) -> str:
        """Return the message for the queue: JSON in ASCII, because SQS refuses some characters that JSON allows."""
        event = {"type": self.event.type, "timestamp": iso_nanoseconds(self.event.at_ns), "data": self.event.data}
        values = {
            "source": self.source,
            "format": self.format,
            "account": self.account,
            "product": self.product,
            "webhook_id": self.webhook_id,
            "received_at": self.received_at.isoformat(),
            "event": event,
            **({"ignored": list(self.event.ignored)} if self.event.ignored else {}),
        }
        return json.dumps(values)

    @classmethod
    def from_message(cls, message: str, formats: Formats = FORMATS) -> Self:
        """Return the delivery in a message of the queue. Raises an error for text that `message` did not write.

        Messages from before a message had a format are of the source `erp`.
        """
        values = json.loads(message)
        name = values.get("format", "erp")
        received_at = datetime.fromisoformat(values["received_at"])
        event = replace(formats[name].event(values["event"]), ignored=tuple(values.get("ignored", ())))
        of = (values.get("account"), values.get("product"))
        return cls(values["source"], values["webhook_id"], received_at, event, name, *of)
