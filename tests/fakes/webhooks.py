"""The ports of webhooks as real implementations with a memory; they pass the contract tests."""

import copy

from customer_center.platform.errors import OutsideUnavailable, PreconditionFailed
from customer_center.platform.idempotency import AlreadyDone, Remembered
from customer_center.webhooks.ports import EventQueue, SourceSecrets, WebhookSources


class FakeEventQueue(EventQueue):
    """Keeps messages in a list; `unavailable` is its switch."""

    def __init__(self) -> None:
        self.messages: list[str] = []
        self.unavailable = False

    def send(self, message: str) -> None:
        if self.unavailable:
            raise OutsideUnavailable("queue-unavailable", retry_after=30)
        self.messages.append(message)


class FakeSources(WebhookSources):
    """Keeps sources in a dictionary; `entries` has the journal."""

    def __init__(self) -> None:
        self.kept, self.entries, self._requests = {}, [], {}
        self._request = None

    def remembering(self, request):
        store = copy.copy(self)
        store._request = request
        return store

    def remembered(self, request, now):
        return self._requests.get(request.key)

    def source(self, source_id, *, current=True):
        return self.kept.get(source_id)

    def sources(self, account_id):
        return [self.kept[each] for each in sorted(self.kept) if self.kept[each].source.account == account_id]

    def add(self, source, entry):
        self._write(0, source, entry)

    def change(self, before, after, entry):
        self._write(before.version, after, entry)

    def remove(self, source, entry):
        self._write(source.version, source, entry)
        del self.kept[source.source.source_id]

    def _write(self, version, source, entry):
        source_id = source.source.source_id
        if getattr(self.kept.get(source_id), "version", 0) != version:
            raise PreconditionFailed
        if self._request:
            if self._request.key in self._requests:
                raise AlreadyDone
            self._requests[self._request.key] = Remembered(self._request.request_hash, entry.subject)
        self.entries.append(entry)
        self.kept[source_id] = source


class FakeSourceSecrets(SourceSecrets):
    """Keeps secrets in a dictionary."""

    def __init__(self) -> None:
        self.kept = {}

    def parameter(self, source_id):
        return f"/sources/{source_id}"

    def secrets(self, source_id, now):
        return self.kept.get(source_id, [])

    def replace(self, source_id, secrets):
        self.kept[source_id] = list(secrets)

    def remove(self, source_id):
        self.kept.pop(source_id, None)
