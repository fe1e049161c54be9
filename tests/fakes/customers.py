"""The customers room's store with a memory; it passes the contract tests. What products need: `products.py`."""

import copy
from dataclasses import replace

from customer_center.customers.erasures import ErasedIds
from customer_center.customers.identity import Identity, KeyRules
from customer_center.customers.listing import row_of
from customer_center.customers.model import Delivery, SourceRecord
from customer_center.customers.own_ids import OwnId
from customer_center.customers.ports import Change, Customers
from customer_center.customers.refused_events import RefusedEvent, RefusedEvents
from customer_center.platform.errors import Conflict, InProgress
from customer_center.platform.idempotency import AlreadyDone, Remembered
from customer_center.platform.paging import Part


class FakeCustomers(Customers, RefusedEvents):
    """Keeps every record in a dictionary. `entries` has the journal, `refused` its rows.

    `before_save` is what others do at the moment before the next write; `saved` is called with each change.
    """

    def __init__(self):
        self._customers, self._own_ids, self._sources, self._deliveries = {}, {}, {}, {}
        self._ledgers, self._applied, self._requests, self._refused = {}, set(), {}, {}
        self._identities, self._conflicts, self.rules = {}, {}, KeyRules()
        self.entries, self.refused = [], []
        self._request = None
        self.before_save, self.saved = None, None

    def remembering(self, request):
        store = copy.copy(self)
        store._request = request
        return store

    def remembered(self, request, now):
        return self._requests.get(request.key)

    def customer(self, customer_id):
        return self._customers.get(customer_id)

    def everyone(self):
        """Return all customers, also deleted ones."""
        return list(self._customers.values())

    def customers_with(self, customer_ids, *, consistent=True):
        return [self._customers[each] for each in dict.fromkeys(customer_ids) if each in self._customers]

    def key_rules(self, account_id):
        return self.rules

    def identities(self, account_id, key_ids):
        return {each: self._identities.get((account_id, each)) or Identity(account_id, each) for each in key_ids}

    def all_identities(self):
        """Return all identities, also those of keys that nobody has any more."""
        return list(self._identities.values())

    def conflict(self, account_id, conflict_id):
        return self._conflicts.get((account_id, conflict_id))

    def open_conflicts(self, account_id, *, limit, after=None):
        found = [each for each in self._conflicts.values() if each.account_id == account_id and each.status == "open"]
        rest = sorted((each for each in found if each.conflict_id > (after or "")), key=lambda each: each.conflict_id)
        return Part(rest[:limit], more=len(rest) > limit)

    def customer_id_of(self, account_id, product, own_id):
        found = self.own_id(account_id, product, own_id)
        return None if found.until else found.customer_id

    def own_id(self, account_id, product, own_id):
        return self._own_ids.get((account_id, product, own_id), OwnId())

    def note_gone(self, account_id, freed, stamp, now):
        key = (account_id, freed.product, freed.own_id)
        found = self._own_ids.get(key)
        if found and not found.is_past(stamp):
            return False
        self._own_ids[key] = OwnId(None, stamp, freed.to)
        return True

    def listed(self, account_id, sort, positions, *, limit, after=None):
        rows = [row_of(customer) for customer in self._customers.values() if customer.account_id == account_id]
        places = {row.position(sort.field): row for row in rows if row}
        inside = sorted((place for place in places if place in positions), reverse=sort.descending)
        if after is not None:
            inside = [place for place in inside if (place < after if sort.descending else place > after)]
        return Part([places[place] for place in inside[:limit]], more=len(inside) > limit)

    def source_records(self, customer_id):
        return [self._sources[key] for key in sorted(self._sources) if key[0] == customer_id]

    def history(self, customer_id, *, limit, before=None):
        own = [entry for entry in self.entries if entry.partition == customer_id]
        entries = sorted((e for e in own if not before or e.entry_id < before), key=lambda e: e.entry_id, reverse=True)
        return Part(entries[:limit], more=len(entries) > limit)

    def source_record(self, customer_id, source):
        return self._sources.get((customer_id, source)) or SourceRecord(customer_id, source)

    def delivery(self, customer_id, account_id, product):
        key = (customer_id, account_id, product)
        return self._deliveries.get(key) or Delivery(*key)

    def deliveries(self, customer_id):
        return [self._deliveries[key] for key in sorted(self._deliveries) if key[0] == customer_id]

    def consent_ledger(self, customer_id):
        return sorted(self._ledgers.get(customer_id, {}), key=lambda said: said.position)

    def ledger_part(self, customer_id, *, limit, after=None):
        rows = [said for said in self.consent_ledger(customer_id) if after is None or said.position > after]
        return Part(rows[:limit], more=len(rows) > limit)

    def save(self, change: Change, entry, *more):
        meanwhile, self.before_save = self.before_save, None
        if meanwhile:
            meanwhile()
        if self.saved:
            self.saved(change)
        after, named = change.after, change.named
        self._check_own_ids(change)
        pairs = [
            (self._customers, after.customer_id, change.before, after, "revision"),
            *(
                (self._sources, (pair[0].customer_id, pair[0].source), *pair, "version")
                for pair in (change.source, *change.sources)
                if pair
            ),
            *(
                (self._deliveries, (pair[0].customer_id, pair[0].account_id, pair[0].product), *pair, "version")
                for pair in [change.delivery]
                if pair
            ),
        ]
        written = [pair for pair in pairs if pair[2] != pair[3]]
        for memory, key, before, _, counter in written:
            if getattr(memory.get(key), counter, 0) != getattr(before, counter, 0):
                raise InProgress("in-progress", 1)
        contested = [
            *(
                (self._identities, (each.account_id, each.key_id), each, now, "version")
                for each, now in change.identities
            ),
            *((self._customers, now.customer_id, each, now, "revision") for each, now in change.others),
            *(
                (self._conflicts, (now.account_id, now.conflict_id), each, now, "version")
                for each, now in change.conflicts
            ),
        ]
        for memory, key, before, _, counter in contested:
            if getattr(memory.get(key), counter, 0) != getattr(before, counter, 0):
                raise InProgress("in-progress", 1)
        written += contested
        self._commit(entry, *more)
        self._own_ids |= {(after.account_id, *claim): OwnId(named) for claim in change.claims}
        for freed in change.frees:
            key = (change.before.account_id, freed.product, freed.own_id)
            self._own_ids[key] = OwnId(named, change.stamp, freed.to)
        for customer_id, said in (*((named, said) for said in change.consent), *change.copied):
            self._ledgers.setdefault(customer_id, {})[said] = None
        for memory, key, _, now, _ in written:
            memory[key] = now

    def _check_own_ids(self, change):
        after, named = change.after, change.named
        for product, own_id in change.claims:
            owner = self.own_id(after.account_id, product, own_id)
            is_free = owner == OwnId() or owner.is_past(change.stamp)
            if not is_free and owner.customer_id not in (named, *change.replaces):
                raise Conflict("customer-code-taken" if product is None else "external-id-taken")
        for freed in change.frees:
            if self.own_id(change.before.account_id, freed.product, freed.own_id).customer_id not in (None, named):
                raise InProgress("in-progress", 1)

    def _commit(self, entry, *more):
        if self._request and entry:
            if self._request.key in self._requests:
                raise AlreadyDone
            self._requests[self._request.key] = Remembered(self._request.request_hash, entry.subject)
        self.entries += [each for each in (entry, *more) if each]

    def forget_own_id(self, account_id, product, own_id, customer_id):
        key = (account_id, product, own_id)
        if self._own_ids.get(key, OwnId()).customer_id == customer_id:
            del self._own_ids[key]

    def clear_statements(self, customer_id, *, limit):
        mine = [key for key in self._sources if key[0] == customer_id]
        for key in mine[:limit]:
            del self._sources[key]
        self._ledgers.pop(customer_id, None)
        return len(mine) > limit

    def redact(self, entry, changes):
        self.entries[self.entries.index(entry)] = replace(entry, changes=changes)

    def save_delivery(self, before, after):
        key = (after.customer_id, after.account_id, after.product)
        if self.delivery(*key).version != before.version:
            return False
        self._deliveries[key] = after
        return True

    def was_applied(self, source, event_id):
        return (source, event_id) in self._applied

    def forget_applied(self):
        self._applied.clear()

    def note_applied(self, source, event_id, now):
        self._applied.add((source, event_id))

    def note_refused(self, source, event_id, code, errors, now):
        self.refused.append((source, event_id, code, [error.pointer for error in errors]))
        found = RefusedEvent(source, event_id, code, errors, now, f"{now.isoformat()}#{event_id}")
        self._refused[found.source_id, found.position] = found

    def refused_events(self, source_id, *, limit, before=None):
        found = [each for each in self._refused.values() if each.source_id == source_id]
        older = [each for each in found if before is None or each.position < before]
        newest = sorted(older, key=lambda each: each.position, reverse=True)
        return Part(newest[:limit], more=len(newest) > limit)


class FakeErasedIds(ErasedIds):
    """Keeps ids in a set."""

    def __init__(self):
        self.kept = set()

    def note(self, account_id, product, own_id, now):
        self.kept.add((account_id, product, own_id))

    def has(self, account_id, product, own_id, now):
        return (account_id, product, own_id) in self.kept
