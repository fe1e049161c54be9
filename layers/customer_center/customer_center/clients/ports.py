"""What this room needs from outside, as Protocols. Adapter: `store.py`."""

from collections.abc import Sequence
from typing import Protocol

from customer_center.clients.model import ClientKey
from customer_center.platform.idempotency import Remembering
from customer_center.platform.journal import Entry


class ClientKeys(Remembering, Protocol):
    """The stored client keys. A change writes its entry in the same transaction; if it raises, nothing is written."""

    def key(self, key_id: str) -> ClientKey | None:
        """Return the current key (strongly consistent), or None if there is none.

        A key with a revoked ancestor is returned as revoked (`ClientKey.with_ancestors`), by `keys` too.
        """

    def keys(self) -> Sequence[ClientKey]:
        """Return all keys, oldest first (eventually consistent)."""

    def add(self, key: ClientKey, entry: Entry) -> None:
        """Add a key."""

    def change(self, before: ClientKey, after: ClientKey, entry: Entry) -> None:
        """Write the next version of a key. Raises PreconditionFailed if another request has changed the key."""
