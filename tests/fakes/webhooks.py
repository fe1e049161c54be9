"""The queue of received events as a real implementation with a memory; it passes `contract/test_event_queue.py`."""

from customer_center.platform.errors import OutsideUnavailable
from customer_center.webhooks.ports import EventQueue


class FakeEventQueue(EventQueue):
    """Keeps messages in a list; `unavailable` is its switch."""

    def __init__(self) -> None:
        self.messages: list[str] = []
        self.unavailable = False

    def send(self, message: str) -> None:
        if self.unavailable:
            raise OutsideUnavailable("queue-unavailable", retry_after=30)
        self.messages.append(message)
