"""Reconciliations with a memory, and a product that can be read. `FakeReconciliations` passes the contract tests."""

import copy

from customer_center.customers.product_ports import Delivered, Held, Pulled, PullingConnector
from customer_center.customers.reconciliation import Reconciliations
from customer_center.platform.idempotency import AlreadyDone, Remembered
from customer_center.platform.paging import Part


class FakeReconciliations(Reconciliations):
    """Keeps reconciliations in dictionaries. `entries` has the journal."""

    def __init__(self):
        self._kept, self._findings, self._seen, self._scheduled, self._requests = {}, {}, set(), set(), {}
        self.entries = []
        self._request = None

    def remembering(self, request):
        store = copy.copy(self)
        store._request = request
        return store

    def remembered(self, request, now):
        return self._requests.get(request.key)

    def add(self, reconciliation, entry):
        if self._request:
            if self._request.key in self._requests:
                raise AlreadyDone
            self._requests[self._request.key] = Remembered(self._request.request_hash, entry.subject)
        self.entries.append(entry)
        self._kept[reconciliation.reconciliation_id] = reconciliation

    def reconciliation(self, reconciliation_id):
        return self._kept.get(reconciliation_id)

    def advance(self, before, after):
        if self._kept[before.reconciliation_id].version != before.version:
            return False
        self._kept[before.reconciliation_id] = after
        return True

    def note_found(self, reconciliation_id, found, now):
        for each in found:
            self._findings[(reconciliation_id, each.key)] = each

    def findings(self, reconciliation_id, *, limit, after=None):
        own = sorted(key for key in self._findings if key[0] == reconciliation_id and (after is None or key[1] > after))
        return Part([self._findings[key] for key in own[:limit]], more=len(own) > limit)

    def note_seen(self, reconciliation_id, customer_ids, now):
        self._seen |= {(reconciliation_id, each) for each in customer_ids}

    def seen(self, reconciliation_id, customer_ids):
        return {each for each in customer_ids if (reconciliation_id, each) in self._seen}

    def schedule(self, account_id, product):
        self._scheduled.add((account_id, product))

    def unschedule(self, account_id, product):
        self._scheduled.discard((account_id, product))

    def scheduled(self):
        return sorted(self._scheduled)


class ReadableProduct(PullingConnector):
    """A product that holds what it is told, by our ids, and shows it in pages of two.

    `customers` may be changed behind our back. `unavailable` has the outcomes of the next reads. With `names_no_ids` it
    does not tell our ids.
    """

    def __init__(self):
        self.told, self.customers, self.unavailable, self.reads, self.names_no_ids = [], {}, [], 0, False

    def push(self, product, push):
        self.told.append((push.kind, push.customer.customer_id))
        if push.kind == "deleted":
            self.customers.pop(push.customer.customer_id, None)
            return Delivered()
        self.customers[push.customer.customer_id] = dict(push.customer.values)
        return Delivered(f"R-{push.customer.customer_id}")

    def pull(self, product, cursor):
        self.reads += 1
        if self.unavailable:
            return self.unavailable.pop(0)
        start = int(cursor or 0)
        ours = list(self.customers.items())
        page = [Held(f"R-{key}", self._our_id(key), values) for key, values in ours[start : start + 2]]
        return Pulled(page, str(start + 2) if start + 2 < len(ours) else None)

    def expected(self, product, customer):
        return dict(customer.values)

    def _our_id(self, key):
        return key if key.startswith("cus_") and not self.names_no_ids else None
