"""What receiving webhooks needs from outside."""

from typing import Protocol


class EventQueue(Protocol):
    """Where accepted events wait to be applied."""

    def send(self, message: str) -> None:
        """Keep the message for good; OutsideUnavailable `queue-unavailable` when that is not certain."""
