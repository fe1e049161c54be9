"""The port of the queue that receiving webhooks needs. Adapter: `queue.py`."""

from typing import Protocol


class EventQueue(Protocol):
    """The queue of accepted events, which are applied later."""

    def send(self, message: str) -> None:
        """Store the message durably. Raises OutsideUnavailable `queue-unavailable` unless it is certainly stored."""
