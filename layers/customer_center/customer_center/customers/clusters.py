"""Clusters: what a record and those merged into it come to, how they are merged and come apart. No I/O, no clock.

Survivorship has two levels. In a record the newest statement of each field counts (`members.Record`). In a cluster the
policy of each merge combines the value of the merged record with that of the record that it was merged into, in the
order of the merges. Source records never move: a statement goes to the record that it names, and the cluster is
combined anew.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import field, replace
from datetime import datetime

from customer_center.customers.consent import ConsentStatement, combined, with_statements
from customer_center.customers.fields import FIELDS, Value
from customer_center.customers.members import LISTS, Member, Policy, Record, given
from customer_center.customers.model import Customer, SourceRecord
from customer_center.platform.errors import Conflict
from customer_center.platform.frozen import frozen

MAX_RECORDS = 20
"""How many records a cluster may have. A transaction of DynamoDB has at most 100 actions."""
MAX_LISTED = {name: 2 * FIELDS[name].max_items for name in LISTS}
"""How many members of a list a cluster may show: 20 e-mails, 20 telephone numbers, 100 tags."""


@frozen
class Cluster:
    """A record and those merged into it, by id. `survivor` shows what they come to; it may be the only one."""

    survivor: Customer
    merged: Mapping[str, Customer] = field(default_factory=dict)

    @property
    def records(self) -> Mapping[str, Customer]:
        """All records by id, the survivor first."""
        return {self.survivor.customer_id: self.survivor, **self.merged}

    def stamps(self, name: str) -> Sequence[str]:
        """Return the stamps of a field in all records: an edit is newer than all of them."""
        return [record_of(each).as_of.get(name, "") for each in self.records.values()]

    def told(
        self,
        customer_id: str,
        values: Mapping[str, Value],
        source: str,
        stamp: str,
        now: datetime,
        consent: Sequence[ConsentStatement] = (),
        *,
        is_edit: bool = False,
    ) -> "Cluster":
        """Return the cluster after a source said this about one of its records; `self` if there is nothing new.

        An edit is about what is shown, so it beats the policies of earlier merges. The survivor's revision counts every
        change of the cluster, so that two changes of different records do not overlook each other. Raises Conflict
        `cluster-limit`.
        """
        if not self.merged:
            after = self.survivor.told(values, source, stamp, now, consent)
            return self if after is self.survivor else replace(self, survivor=after)
        before = record_of(self.records[customer_id])
        record = before.told(values, source, stamp, consent)
        edited = {**self.survivor.edited, **dict.fromkeys(values, stamp)} if is_edit else self.survivor.edited
        if record == before and edited == self.survivor.edited:
            return self
        told = replace(self, survivor=replace(self.survivor, edited=edited)).replaced({customer_id: record}, now)
        return told.within_limits(self.survivor)

    def replaced(self, records: Mapping[str, Record], now: datetime) -> "Cluster":
        """Return the cluster after some of its records say something else by themselves."""
        survivor, merged = self.survivor, dict(self.merged)
        for customer_id, record in records.items():
            if customer_id == survivor.customer_id:
                survivor = replace(survivor, own=record)
            elif record != record_of(merged[customer_id]):
                merged[customer_id] = with_record(merged[customer_id], record)
        return Cluster(survivor, merged).shown(self.survivor, now)

    def renumbered(self, customer_id: str, code: str, stamp: str) -> "Cluster":
        """Return the cluster with another customer code of one of its records; what they come to is not shown yet."""
        item = self.records[customer_id]
        record = replace(record_of(item), customer_code=code)
        if customer_id == self.survivor.customer_id:
            return replace(self, survivor=replace(item, own=record, code_stamp=stamp))
        return replace(self, merged={**self.merged, customer_id: replace(with_record(item, record), code_stamp=stamp)})

    def changes_to(self, after: "Cluster") -> Sequence[tuple[Customer, Customer]]:
        """Return the merged records before and after, of those that differ."""
        return [(self.merged[each], record) for each, record in after.merged.items() if record != self.merged[each]]

    def within_limits(self, *before: Customer) -> "Cluster":
        """Return the cluster. Raises Conflict `cluster-limit` if it is too large, and was not before."""
        values = self.survivor.values
        for name in LISTS:
            most = max(_count(each.values.get(name)) for each in before)
            if _count(values.get(name)) > max(MAX_LISTED[name], most):
                raise Conflict("cluster-limit")
        if len(self.records) > MAX_RECORDS:
            raise Conflict("cluster-limit")
        return self

    def shown(self, before: Customer, now: datetime) -> "Cluster":
        """Return the cluster after a change of its records, with what they come to. `before` is the old survivor."""
        result = self.result
        # What is shown again stays withheld.
        new = {name for name in FIELDS if result.values.get(name) != before.newest.get(name)}
        kept = {name: value for name, value in before.values.items() if name not in new}
        after = replace(
            self.survivor,
            values=given({**kept, **{name: result.values.get(name) for name in new}}),
            withheld={name: value for name, value in before.withheld.items() if name not in new},
            said_by=result.said_by,
            as_of=result.as_of,
            consent=result.consent,
            customer_code=result.customer_code,
            own=record_of(self.survivor) if self.merged else None,
            edited=self.survivor.edited if self.merged else {},
            revision=before.revision + 1,
        )
        return replace(self, survivor=after.versioned(before, now))

    def _folded(self, customer_id: str) -> Record:
        """Return what a record and those merged into it come to."""
        at = self.records[customer_id]
        result = record_of(at)
        for member in self.survivor.members:
            if member.into == customer_id:
                result = _combined(result, self._folded(member.customer_id), member, at.edited)
        return result

    @property
    def result(self) -> Record:
        """What the records come to."""
        return self._folded(self.survivor.customer_id)

    def joined(self, other: "Cluster", member: Member, now: datetime) -> "Cluster":
        """Return this cluster after the other one was merged into it. Raises Conflict `cluster-limit`."""
        survivor = self.survivor
        before = {**other.merged, other.survivor.customer_id: merged_record(other.survivor)}
        merged = {
            customer_id: replace(each, merged_into=survivor.customer_id, revision=each.revision + 1)
            for customer_id, each in before.items()
        }
        # Whoever was told the other survivor has to be told that it is gone.
        gone = merged[other.survivor.customer_id]
        merged[gone.customer_id] = replace(
            gone, version=other.survivor.version + 1, updated_at=now, revision=other.survivor.revision + 1
        )
        members = (*survivor.members, *other.survivor.members, member)
        own = record_of(survivor)
        after = Cluster(replace(survivor, members=members, own=own), {**self.merged, **merged}).shown(survivor, now)
        return after.within_limits(survivor, other.survivor)

    def parted(
        self,
        customer_id: str,
        now: datetime,
        *,
        to_stays: Sequence[ConsentStatement] = (),
        to_out: Sequence[ConsentStatement] = (),
    ) -> tuple["Cluster", "Cluster"]:
        """Return what stays and what comes out when a merged record leaves, with those merged into it before.

        Each gets those statements about consent that were made about the other while they were one.
        """
        out = self.with_below(customer_id)
        leaving, root = self.merged[customer_id], self.survivor
        members = [each for each in root.members if each.customer_id != customer_id]
        inner = tuple(each for each in members if each.customer_id in out)
        back = replace(leaving, merged_into=None, members=inner, own=_with_consent(record_of(leaving), to_out))
        came_out = Cluster(
            back,
            {
                each: replace(self.merged[each], merged_into=customer_id, revision=self.merged[each].revision + 1)
                for each in out
                if each != customer_id
            },
        ).shown(leaving, now)
        stays = Cluster(
            replace(
                root,
                members=tuple(each for each in members if each.customer_id not in out),
                own=_with_consent(record_of(root), to_stays),
            ),
            {each: item for each, item in self.merged.items() if each not in out},
        ).shown(root, now)
        return stays, came_out

    def with_below(self, customer_id: str) -> Sequence[str]:
        """Return the ids of a record and of those merged into it, directly or not."""
        below = [customer_id]
        for each in below:
            below += [member.customer_id for member in self.survivor.members if member.into == each]
        return below

    def member(self, customer_id: str) -> Member | None:
        """Return how this record was merged; None for the survivor, and for a record of another cluster."""
        return next((each for each in self.survivor.members if each.customer_id == customer_id), None)

    @property
    def last(self) -> Member | None:
        """The last merge into the survivor, None if there is none."""
        into = [each for each in self.survivor.members if each.into == self.survivor.customer_id]
        return into[-1] if into else None


def record_of(customer: Customer) -> Record:
    """Return what a record says by itself, whether others were merged into it or not."""
    return customer.own or Record(
        customer.newest, customer.said_by, customer.as_of, customer.consent, customer.customer_code
    )


def without(record: Record, name: str, said: Collection[SourceRecord]) -> Record:
    """Return a record after a statement of a field was dropped: of what its source records still say, the newest."""
    newest = max((each for each in said if name in each.as_of), key=lambda each: each.as_of[name], default=None)
    said_by = {other: source for other, source in record.said_by.items() if other != name}
    as_of = {other: stamp for other, stamp in record.as_of.items() if other != name}
    if newest:
        said_by[name], as_of[name] = newest.source, newest.as_of[name]
    values = given({**record.values, name: newest.said[name] if newest else None})
    return replace(record, values=values, said_by=said_by, as_of=as_of)


def _with_consent(record: Record, said: Sequence[ConsentStatement]) -> Record:
    return replace(record, consent=with_statements(record.consent, said)) if said else record


def with_record(customer: Customer, record: Record) -> Customer:
    """Return the item of a merged record after a statement about it. Nobody sees it, so its version stays."""
    return replace(
        customer,
        values=record.values,
        said_by=record.said_by,
        as_of=record.as_of,
        consent=record.consent,
        customer_code=record.customer_code,
        own=None,
        revision=customer.revision + 1,
    )


def merged_record(survivor: Customer) -> Customer:
    """Return the item of a survivor that is merged into another record: its own values, without members and keys."""
    return replace(
        with_record(survivor, record_of(survivor)),
        members=(),
        keys=(),
        waiting=(),
        withheld={},
        conflict_id=None,
        conflicting=(),
        revision=survivor.revision,
    )


def survivor_of(one: Customer, other: Customer) -> tuple[Customer, Customer]:
    """Return who survives a merge of the two, and who is merged: the listed one survives, else the older one."""
    first, second = sorted((one, other), key=lambda each: (each.hidden, each.created_at, each.customer_id))
    return first, second


def _combined(into: Record, other: Record, member: Member, edited: Mapping[str, str]) -> Record:
    """Return the values of a record after another one was merged into it, field by field."""
    values, said_by, as_of = dict(into.values), dict(into.said_by), dict(into.as_of)
    for name in FIELDS:
        stamp = other.as_of.get(name)
        if stamp is None or edited.get(name, "") > max(member.stamp, stamp):
            # Nobody said anything about it, or an edit after the merge replaced what was shown.
            continue
        wins = _wins(into, other, name, member.policy(name))
        if wins or name not in as_of:
            values[name], said_by[name] = other.values.get(name), other.said_by[name]
        if member.policy(name).rule == "union":
            values[name] = _united(into.values.get(name), other.values.get(name))
            as_of[name] = max(stamp, as_of.get(name, ""))
        elif wins or name not in as_of:
            as_of[name] = stamp
    return Record(
        given(values),
        said_by,
        as_of,
        combined(into.consent, other.consent),
        into.customer_code or other.customer_code,
    )


def _wins(into: Record, other: Record, name: str, policy: Policy) -> bool:
    """Return whether the merged record's value beats that of the record that it was merged into."""
    is_newer = other.as_of[name] > into.as_of.get(name, "")
    mine, its = into.values.get(name), other.values.get(name)
    match policy.rule:
        case "fill_empty":
            return mine is None and its is not None
        case "source_priority" if mine is None or its is None:
            return its is not None
        case "source_priority":
            ranks = [_rank(record.said_by[name], policy) for record in (other, into)]
            return ranks[0] < ranks[1] or (ranks[0] == ranks[1] and is_newer)
        case _:
            return is_newer


def _rank(source: str, policy: Policy) -> int:
    sources = list(policy.sources)
    return sources.index(source) if source in sources else len(sources)


def _united(one: Value, other: Value) -> Value:
    lines = (*(one if isinstance(one, tuple) else ()), *(other if isinstance(other, tuple) else ()))
    return tuple(dict.fromkeys(lines)) or None


def _count(value: Value) -> int:
    return len(value) if isinstance(value, tuple) else 0
