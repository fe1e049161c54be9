"""Client keys as a real implementation with a memory; it passes `contract/test_client_keys.py`."""

import copy
from collections.abc import Sequence
from datetime import datetime, timedelta

from customer_center.clients.model import ClientKey
from customer_center.clients.ports import ClientKeys
from customer_center.platform.errors import PreconditionFailed
from customer_center.platform.idempotency import KEPT_HOURS, AlreadyDone, Idempotency, Remembered
from customer_center.platform.journal import Entry


class FakeClientKeys(ClientKeys):
    """`ClientKeys` over a dict. `entries` is the journal."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self._keys: dict[str, ClientKey] = {}
        self._remembered: dict[str, tuple[Remembered, datetime]] = {}
        self._request: Idempotency | None = None

    def remembering(self, request: Idempotency) -> "FakeClientKeys":
        keys = copy.copy(self)
        keys._request = request
        return keys

    def remembered(self, request: Idempotency, now: datetime) -> Remembered | None:
        before, at = self._remembered.get(request.key, (None, now))
        return before if now < at + timedelta(hours=KEPT_HOURS) else None

    def key(self, key_id: str) -> ClientKey | None:
        key = self._keys.get(key_id)
        return key.with_ancestors([self._keys.get(each) for each in key.ancestors]) if key else None

    def keys(self) -> Sequence[ClientKey]:
        return [key for key_id in sorted(self._keys) if (key := self.key(key_id))]

    def add(self, key: ClientKey, entry: Entry) -> None:
        self._put(None, key, entry)

    def change(self, before: ClientKey, after: ClientKey, entry: Entry) -> None:
        self._put(before, after, entry)

    def _put(self, before: ClientKey | None, after: ClientKey, entry: Entry) -> None:
        if self._request and self.remembered(self._request, entry.at):
            raise AlreadyDone
        stored = self._keys.get(after.key_id)
        if (stored and stored.version) != (before and before.version):
            raise PreconditionFailed
        if self._request:
            remembered = Remembered(self._request.request_hash, entry.subject)
            self._remembered[self._request.key] = (remembered, entry.at)
        self._keys[after.key_id] = after
        self.entries.append(entry)
