"""What receiving webhooks needs from outside."""

from typing import Protocol


class EventQueue(Protocol):
    """Where accepted events wait to be applied."""

    def send(self, message: str) -> None:
        """Store the message durably; raise OutsideUnavailable `queue-unavailable` unless it is certainly stored."""
