"""Whatever is merged and un-merged in whatever order, in the end each product holds what is shown.

As `test_any_order_at_once.py`, and anybody merges two customers, takes one out again, or names one by an old id; also
while somebody else changes one of them.
"""

from dataclasses import replace
from itertools import pairwise

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, multiple, rule

from customer_center.customers.clusters import Cluster, record_of
from customer_center.customers.consent import shown, with_statements
from customer_center.customers.model import source_of
from tests.builders.customers_room import ACCOUNT
from tests.unit.customers.test_any_order import (
    FIELD_NAMES,
    PRODUCTS,
    RUNS,
    channels,
    flags,
    names,
    products,
    value_of,
    values,
)
from tests.unit.customers.test_any_order_at_once import AtOnce

numbers = st.integers(0, 99)
rules = st.sampled_from(["newest", "newest", "fill_empty"])
COUNTERS = {"version": 1, "revision": 1, "updated_at": None, "conflict_id": None}


class Merging(AtOnce):
    """The same, with customers that become one and come apart."""

    customers = AtOnce.customers

    @initialize(target=customers)
    def begin(self):
        """Everybody has three customers."""
        AtOnce.begin(self)
        said = [("a", "first_name", "x"), ("b", "last_name", "y"), (None, "organisation", "z")]
        made = [self.create(*each) for each in said]
        self._tell()
        return multiple(*made)

    # A product that may have taken a call, and then says what it knew before, says nothing new: nobody can tell whether
    # it means that. `test_any_order.py` has this by chance; here, products say nothing while a call is in doubt.

    @rule(customer_id=customers, product=products, name=names, value=values, full=flags, late=st.integers(0, 3))
    def edit_at_product(self, customer_id, product, name, value, full, late):
        self._end_doubt(customer_id, product)
        AtOnce.edit_at_product(self, customer_id, product, name, value, full, late)

    @rule(customer_id=customers, product=products, said=flags | channels, late=st.integers(0, 3), full=flags)
    def consent_at_product(self, customer_id, product, said, late, full):
        self._end_doubt(customer_id, product)
        AtOnce.consent_at_product(self, customer_id, product, said, late, full)

    @rule(one=customers, other=customers, value=values, meanwhile=values)
    def edit_while_another_is_edited(self, one, other, value, meanwhile):
        if self._survivor(one) != self._survivor(other):
            AtOnce.edit_while_another_is_edited(self, one, other, value, meanwhile)

    def _end_doubt(self, customer_id, product):
        if self.room.customers.delivery(customer_id, ACCOUNT, product).is_in_doubt:
            self.room.later(200)
            self._tell()

    @rule(one=numbers, other=numbers, policy=rules)
    def merge(self, one, other, policy):
        self.room.later(1)
        pair = self._two(one, other)
        if pair:
            policies = {} if policy == "newest" else dict.fromkeys(("first_name", "last_name"), policy)
            self.room.merge(*pair, **policies)

    @rule(one=numbers, other=numbers, customer_id=customers, name=names, value=values)
    def merge_while_another_is_edited(self, one, other, customer_id, name, value):
        """Perhaps one of the two, or somebody who takes an e-mail of theirs."""
        self.room.later(1)
        pair = self._two(one, other)
        if pair:
            with self._before_the_write(lambda: self.edit(customer_id, name, value)):
                self.room.merge(*pair)

    @rule(number=numbers, customer_id=customers, name=names, value=values)
    def unmerge_while_another_is_edited(self, number, customer_id, name, value):
        """Perhaps the cluster, or somebody who takes an e-mail that comes out."""
        self.room.later(1)
        merged_id = self._merged(number)
        if merged_id:
            with self._before_the_write(lambda: self.edit(customer_id, name, value)):
                self.room.unmerge(merged_id)

    @rule(policy=rules)
    def merge_the_younger_first(self, policy):
        """Two become one, which is then merged into an older one: so records are merged into a merged one."""
        alive = [each for each in self.room.customers.everyone() if not each.is_gone]
        alive.sort(key=lambda each: (each.hidden, each.created_at, each.customer_id))
        named = {} if policy == "newest" else {"organisation": policy}
        for other, into in pairwise(reversed(alive[-3:])):
            self.room.later(1)
            self.room.merge(into.customer_id, other.customer_id, **named)

    def _two(self, one, other):
        """Return the ids of two customers, perhaps old ones."""
        clusters = [sorted(each.ids) for each in self.room.customers.everyone() if not each.is_gone]
        if len(clusters) < 2:
            return None
        first = clusters.pop(one % len(clusters))
        second = clusters[other % len(clusters)]
        return first[one % len(first)], second[other % len(second)]

    def _merged(self, number):
        """Return the id of a merged record of a customer that is not deleted."""
        survivors = [each for each in self.room.customers.everyone() if not each.is_gone]
        merged = [member.customer_id for each in survivors for member in each.members]
        return merged[number % len(merged)] if merged else None

    @rule(number=numbers, last=flags)
    def unmerge(self, number, last):
        self.room.later(1)
        customer_id = self._merged(number)
        if customer_id:
            self._unmerge(customer_id, last=last)

    @rule(number=numbers, product=st.none() | products, said=channels)
    def deny_and_unmerge(self, number, product, said):
        """Somebody says something about consent while two are one, and they come apart."""
        merged_id = self._merged(number)
        if merged_id:
            self.edit_consent(merged_id, product, said)
            self.room.later(1)
            self._unmerge(merged_id, last=False)

    def _unmerge(self, customer_id, *, last):
        survivor = self._survivor(customer_id)
        out = self.room.unmerge(survivor.customer_id if last else customer_id)
        member = next(each for each in survivor.members if each.customer_id == out.customer_id)
        # Who said no while they were one said it to both.
        for channel, at in self._denied_since(member.stamp, survivor).items():
            for side in (out, self.room.customers.customer(survivor.customer_id)):
                said = shown(side.consent)[channel]
                assert said
                assert said["at"] >= at

    def _denied_since(self, stamp, survivor):
        """Return the newest denial of each channel that was said of the cluster after the stamp."""
        newest = {}
        for row in self._ledger(survivor):
            if row.state == "denied" and row.stamp > stamp:
                newest[row.channel] = max(row.at, newest.get(row.channel, ""))
        return newest

    @rule(one=numbers, other=numbers)
    def merge_by_mistake(self, one, other):
        """Who undoes a merge at once has changed nothing."""
        self.room.later(1)
        # Nobody waits any more for what is free.
        self._tell()
        pair, before = self._two(one, other), self._everything()
        if pair:
            self.room.merge(*pair)
            self.room.unmerge(self._survivor(pair[0]).customer_id)
            assert self._everything() == before

    def _everything(self):
        customers = self.room.customers
        return [
            (
                replace(each, **COUNTERS),
                customers.source_records(each.customer_id),
                customers.consent_ledger(each.customer_id),
                [customers.delivery(each.customer_id, ACCOUNT, product) for product in PRODUCTS],
            )
            for each in customers.everyone()
        ]

    @rule(number=numbers, product=products, name=names, value=values, full=flags, late=st.integers(0, 3))
    def edit_by_an_old_id(self, number, product, name, value, full, late):
        """A product that was told of a merge edits its copy of the survivor, and names it as it named the other one."""
        customer_id = self._merged(number)
        self._tell()
        copy = self.held[product].get(self._survivor(customer_id).customer_id) if customer_id else None
        if copy is None or self.held[product].get(customer_id, copy) is not None:
            return
        self.room.later(1)
        own_id = f"{product}-{customer_id}"
        has_own_id = self.room.customers.customer_id_of(ACCOUNT, product, own_id) == customer_id
        ids = (own_id, None) if has_own_id else (None, customer_id)
        value = value_of(name, value)
        copy[name] = value
        self.meant.add((customer_id, source_of(product), name, value))
        said = {each: copy.get(each) for each in FIELD_NAMES} if full else {name: value}
        # What it changed in its copy before, and what is perhaps still on the way, it means here too.
        ids_of_copy = self._survivor(customer_id).ids
        self.meant |= {
            (customer_id, source_of(product), *each)
            for each in said.items()
            if any((other, source_of(product), *each) in self.meant for other in ids_of_copy)
        }
        # Not on the way for long: after an un-merge, it would be about the record that came out.
        self.room.apply(self.room.event(product, ids=ids, late=late / 10, **said))

    # What holds

    def _ledger(self, customer):
        ledgers = self.room.customers.consent_ledger
        rows = dict.fromkeys(said for each in customer.ids for said in ledgers(each))
        return sorted(rows, key=lambda said: (said.channel, said.stamp, said.state, said.at))

    @invariant()
    def a_cluster_is_what_its_records_come_to(self):
        for survivor in self.room.customers.everyone():
            record = record_of(survivor)
            assert record.consent == with_statements({}, self.room.customers.consent_ledger(survivor.customer_id))
            if survivor.deleted_at:
                continue
            if survivor.merged_into or not survivor.members:
                assert survivor.own is None
                assert survivor.members == ()
                continue
            members = [self.room.customers.customer(member.customer_id) for member in survivor.members]
            assert {member.merged_into for member in members} == {survivor.customer_id}
            cluster = Cluster(survivor, {member.customer_id: member for member in members})
            again = cluster.shown(survivor, survivor.updated_at).survivor
            assert replace(again, revision=survivor.revision) == survivor
            if not any(member.policies for member in survivor.members):
                newest = newest_of([record_of(each) for each in cluster.records.values()])
                assert newest == {name: value for name, value in survivor.values.items() if name != "emails"}


def newest_of(records):
    found = {}
    for record in records:
        for name in FIELD_NAMES[:3]:
            if (stamp := record.as_of.get(name, "")) > found.get(name, ("", None))[0]:
                found[name] = (stamp, record.values.get(name))
    return {name: value for name, (_, value) in found.items() if value is not None}


TestMerging = Merging.TestCase
TestMerging.settings = settings(max_examples=RUNS, stateful_step_count=25, deadline=None)
