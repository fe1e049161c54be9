"""Resolve a conflict of two customers with one e-mail or telephone number: they are two, or one value was wrong."""

from dataclasses import replace
from datetime import datetime

from customer_center.customers.clusters import record_of, without
from customer_center.customers.delete_customer import delete
from customer_center.customers.fields import Value, members_of
from customer_center.customers.identity import ConflictStatus, IdentityConflict
from customer_center.customers.match_keys import until_written, with_keys
from customer_center.customers.members import Record
from customer_center.customers.model import Customer, SourceRecord
from customer_center.customers.ports import Change, Customers
from customer_center.customers.read_cluster import read_cluster
from customer_center.customers.statements import save
from customer_center.platform.clock import Clock
from customer_center.platform.errors import Conflict, InProgress, NotFound
from customer_center.platform.journal import Actor
from customer_center.platform.stamps import event_stamp, nanoseconds


def account_conflict(conflict_id: str, account_id: str, customers: Customers) -> IdentityConflict:
    """Return a conflict of the account, also a closed one. Raises NotFound."""
    conflict = customers.conflict(account_id, conflict_id)
    if conflict is None:
        raise NotFound
    return conflict


def keep_separate(
    conflict_id: str, account_id: str, actor: Actor, request_id: str, *, customers: Customers, clock: Clock
) -> IdentityConflict:
    """Note that the customer and its candidates are not the same, and return the conflict.

    From now on they may have the same keys: a hidden customer is listed, and what was withheld is shown. Other owners
    of its keys, whom nobody has seen in this conflict yet, leave it open. May run any number of times. Raises NotFound,
    and Conflict `conflict-closed` if it was closed in another way.
    """

    def attempt() -> IdentityConflict:
        conflict, customer = _open(conflict_id, account_id, "kept_separate", customers)
        if customer is None:
            return conflict
        now = clock.now()
        kept = tuple(sorted({*customer.kept_separate, *conflict.candidates}))
        change = Change(customer, replace(customer, kept_separate=kept))
        change = with_keys(change, customers=customers, now=now, closing="kept_separate", check=True)
        save(change, actor, request_id, customers=customers, now=now)
        return change.conflict[1] if change.conflict else conflict

    return until_written(attempt, clock)


def dismiss(
    conflict_id: str, account_id: str, actor: Actor, request_id: str, *, customers: Customers, clock: Clock
) -> IdentityConflict:
    """Drop what is in conflict, and return the conflict: a hidden customer is deleted, a withheld value is forgotten.

    Of the statement with the withheld value the other members stay. If there are none, the newest statement of another
    source is shown; if that conflicts too, the conflict stays open. May run any number of times. Raises NotFound, and
    Conflict `conflict-closed` if it was closed in another way.
    """

    def attempt() -> IdentityConflict:
        conflict, customer = _open(conflict_id, account_id, "dismissed", customers)
        if customer is None:
            return conflict
        if customer.hidden:
            arguments = (None, event_stamp(nanoseconds(clock.now()), request_id), actor, request_id)
            delete(customer, *arguments, closing="dismissed", customers=customers, clock=clock)
            return account_conflict(conflict_id, account_id, customers)
        now = clock.now()
        dropped = _dropped(customer, customers, now)
        change = with_keys(dropped, customers=customers, now=now, closing="dismissed", check=True)
        save(change, actor, request_id, customers=customers, now=now)
        return change.conflict[1] if change.conflict else conflict

    return until_written(attempt, clock)


def _open(
    conflict_id: str, account_id: str, wanted: ConflictStatus, customers: Customers
) -> tuple[IdentityConflict, Customer | None]:
    """Return the conflict with its customer; without it if the conflict is resolved in the wanted way already."""
    conflict = account_conflict(conflict_id, account_id, customers)
    if conflict.status == wanted:
        return conflict, None
    customer = customers.customer(conflict.customer_id)
    if conflict.status != "open" or customer is None:
        raise Conflict("conflict-closed")
    if customer.conflict_id != conflict_id:
        # It was closed between the two reads.
        raise InProgress("in-progress", 1)
    return conflict, customer


def _dropped(customer: Customer, customers: Customers, now: datetime) -> Change:
    """Return the change that drops the members that are withheld, from every record of the cluster that has them."""
    cluster, records, changed = (
        read_cluster(customer, customers),
        dict[str, Record](),
        list[tuple[SourceRecord, SourceRecord]](),
    )
    for customer_id, item in cluster.records.items():
        before = {each.source: each for each in customers.source_records(customer_id)}
        after, record = dict(before), record_of(item)
        for name in customer.withheld:
            rest = _without_withheld(record.values.get(name), name, customer)
            if rest != record.values.get(name):
                source = record.said_by[name]
                after[source] = after[source].without(name, rest)
                record = without(record, name, after.values())
        records[customer_id] = record
        changed += [(before[source], after[source]) for source in before if before[source] != after[source]]
    dropped = cluster.replaced(records, now)
    return Change(customer, dropped.survivor, sources=changed, others=cluster.changes_to(dropped))


def _without_withheld(value: Value, name: str, customer: Customer) -> Value:
    withheld = {*members_of(customer.withheld[name])} - {*members_of(customer.values.get(name))}
    if isinstance(value, tuple):
        return tuple(member for member in value if member not in withheld) or None
    return None if isinstance(value, str) and value in withheld else value
