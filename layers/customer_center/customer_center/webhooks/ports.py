"""What this room needs from outside, as Protocols. Adapters: `queue.py`, `store.py`, `wiring.py`."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from customer_center.platform.idempotency import Remembering
from customer_center.platform.journal import Entry
from customer_center.webhooks.model import StoredSource


class EventQueue(Protocol):
    """The queue of accepted events, which are applied later."""

    def send(self, message: str) -> None:
        """Store the message durably. Raises OutsideUnavailable `queue-unavailable` unless it is certainly stored."""


class WebhookSources(Remembering, Protocol):
    """The stored sources. A change writes its entry in the same transaction; if it raises, nothing is written."""

    def source(self, source_id: str, *, current: bool = True) -> StoredSource | None:
        """Return a source, or None. Without `current` the read is cheaper and may miss a new source."""

    def sources(self, account_id: str) -> Sequence[StoredSource]:
        """Return the sources of an account, oldest first (strongly consistent)."""

    def add(self, source: StoredSource, entry: Entry) -> None:
        """Add a source. Raises PreconditionFailed if there is one with that id."""

    def change(self, before: StoredSource, after: StoredSource, entry: Entry) -> None:
        """Write the next version of a source. Raises PreconditionFailed if it was changed meanwhile."""

    def remove(self, source: StoredSource, entry: Entry) -> None:
        """Remove a source. Raises PreconditionFailed if it was changed meanwhile."""


class SourceSecrets(Protocol):
    """The secrets of sources. Records and tables hold none."""

    def parameter(self, source_id: str) -> str:
        """Return the name of the SSM parameter with the source's keys."""

    def secrets(self, source_id: str, now: datetime) -> Sequence[str]:
        """Return the secrets, the newest first; none after a removal that was not finished."""

    def replace(self, source_id: str, secrets: Sequence[str]) -> None:
        """Store the secrets, the newest first."""

    def remove(self, source_id: str) -> None:
        """Remove the secrets. May run any number of times."""
