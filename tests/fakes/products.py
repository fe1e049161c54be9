"""The ports of products as real implementations with a memory; `FakeProducts` passes the contract tests."""

import copy

from customer_center.customers.outage import ProductStatus
from customer_center.customers.product_ports import Delivered, ProductConnector, Products, ProductSecrets
from customer_center.customers.search_ports import FeedRow
from customer_center.platform.errors import PreconditionFailed
from customer_center.platform.idempotency import AlreadyDone, Remembered
from customer_center.platform.paging import Part
from customer_center.platform.secrets import SecretNotFoundError


class FakeProducts(Products):
    """Keeps products and feeds in dictionaries. `entries` has the journal, `rows` the feeds: is a row kept for good?"""

    def __init__(self):
        self._products, self._requests, self._statuses, self._failures, self._removed = {}, {}, {}, {}, set()
        self.entries, self.rows = [], {}
        self._request = None

    def remembering(self, request):
        store = copy.copy(self)
        store._request = request
        return store

    def remembered(self, request, now):
        return self._requests.get(request.key)

    def _commit(self, entry):
        if self._request and entry:
            if self._request.key in self._requests:
                raise AlreadyDone
            self._requests[self._request.key] = Remembered(self._request.request_hash, entry.subject)
        if entry:
            self.entries.append(entry)

    def products(self, account_id):
        return [self._products[key] for key in sorted(self._products) if key[0] == account_id]

    def product(self, account_id, product):
        return self._products.get((account_id, product))

    def was_removed(self, account_id, product):
        return (account_id, product) in self._removed

    def add_product(self, product, entry, status=None):
        self._put_product(None, product, entry, status)
        self._removed.discard((product.account_id, product.product))

    def change_product(self, before, after, entry, status=None):
        self._put_product(before, after, entry, status)

    def _put_product(self, before, after, entry, status):
        key = (after.account_id, after.product)
        if getattr(self._products.get(key), "version", 0) != getattr(before, "version", 0):
            raise PreconditionFailed
        if status and self.status(*key).version != status[0].version:
            raise PreconditionFailed
        self._commit(entry)
        self._products[key] = after
        if status:
            self._statuses[key] = status[1]

    def remove_product(self, product, entry):
        key = (product.account_id, product.product)
        if getattr(self._products.get(key), "version", 0) != product.version:
            raise PreconditionFailed
        self._commit(entry)
        del self._products[key]
        self._statuses.pop(key, None)
        self._removed.add(key)

    def status(self, account_id, product):
        return self._statuses.get((account_id, product)) or ProductStatus(account_id, product)

    def save_status(self, before, after):
        key = (after.account_id, after.product)
        if self.status(*key).version != before.version:
            return False
        self._statuses[key] = after
        return True

    def behind(self):
        return [key for key in sorted(self._statuses) if not self._statuses[key].behind.is_empty]

    def note_failure(self, product, failure):
        self._failures[product.secret_id, failure.customer_id] = failure

    def remove_failure(self, product, customer_id):
        self._failures.pop((product.secret_id, customer_id), None)

    def failures(self, product, *, limit, after=None):
        ids = [key for key in sorted(self._failures) if key[0] == product.secret_id and key[1] > (after or "")]
        return Part([self._failures[key] for key in ids[:limit]], more=len(ids) > limit)

    def add_to_feed(self, account_id, customer_id, position, now, *, kept=False):
        self.rows[account_id, position, customer_id] = kept

    def feed(self, account_id, *, after, until, limit):
        places = sorted(f"{position}#{who}" for account, position, who in self.rows if account == account_id)
        rows = [FeedRow(*place.split("#")) for place in places if f"{after}!" <= place <= until]
        return Part(rows[:limit], more=len(rows) > limit)


class FakeSecrets(ProductSecrets):
    """Keeps secrets in a dictionary."""

    def __init__(self):
        self.kept = {}

    def has(self, secret_id):
        return secret_id in self.kept

    def read(self, product):
        if product.secret_id not in self.kept:
            raise SecretNotFoundError(product.secret_id)
        return self.kept[product.secret_id]

    def current(self, product):
        return self.read(product)

    def write(self, secret_id, secret):
        self.kept[secret_id] = dict(secret)

    def remove(self, secret_id):
        self.kept.pop(secret_id, None)


class FakeConnector(ProductConnector):
    """Products that take everything, or what `outcomes` has for them next. `told` remembers what they were told."""

    def __init__(self):
        self.told, self.pushes, self.outcomes, self.during = [], [], {}, None

    def push(self, product, push):
        self.pushes.append(push)
        self.told.append((product.product, push.kind, push.customer.values, push.push_id))
        if self.during:
            self.during(product, push)
        waiting = self.outcomes.get(product.product)
        return waiting.pop(0) if waiting else Delivered()

    def told_to(self, product):
        return [(kind, values) for name, kind, values, _ in self.told if name == product]
