"""Merge two customers of an account: one survives and shows what both come to (DESIGN.md, 5, "Merge links")."""

from collections.abc import Collection, Mapping
from datetime import datetime

from customer_center.customers.clusters import survivor_of
from customer_center.customers.consent import moments_of
from customer_center.customers.edit_customer import present_customer
from customer_center.customers.entries import customer_entry
from customer_center.customers.fields import FIELDS
from customer_center.customers.match_keys import (
    changed_identities,
    read_identities,
    settle,
    until_written,
    wanted_keys,
)
from customer_center.customers.members import Member, Policy
from customer_center.customers.model import Customer
from customer_center.customers.ports import Change, Customers
from customer_center.customers.read_cluster import read_cluster
from customer_center.platform.clock import Clock
from customer_center.platform.errors import Conflict, FieldError, InvalidInput, NotFound, PreconditionFailed
from customer_center.platform.frozen import frozen
from customer_center.platform.journal import Actor
from customer_center.platform.stamps import nanoseconds, stamp_above

MAX_WRITTEN = 60
"""How many records and keys one merge may change, so that its transaction has less than 70 actions."""
_POINTER = "/customer_id"


@frozen
class Merge:
    """A merge of two customers: the change of the survivor, and the other one before and after."""

    change: Change
    gone: tuple[Customer, Customer]


def merge_customers(
    customer_id: str,
    other_id: str,
    account_id: str,
    policies: Mapping[str, Policy],
    actor: Actor,
    request_id: str,
    *,
    if_versions: Collection[int] | None,
    customers: Customers,
    clock: Clock,
) -> Customer:
    """Merge two customers, named by any of their ids, and return the survivor. A repeat raises `already-merged`.

    The listed one survives, else the older. Nothing else moves: the other one's item names the survivor, the survivor's
    item names the other one, and old ids resolve. `policies` say, by field, whose value is shown. Products are told
    that the other one is gone, and what the survivor shows. Raises NotFound, InvalidInput `customer-unknown` or
    `merged-with-itself`, Conflict `already-merged` or `cluster-limit`, PreconditionFailed and InProgress.
    """

    def attempt() -> Customer:
        now = clock.now()
        customer = present_customer(customer_id, account_id, customers)
        if if_versions is not None and customer.version not in if_versions:
            raise PreconditionFailed
        other = other_customer(customer, customer_id, other_id, customers)
        merge = merge_of(customer, other, policies, actor, request_id, customers=customers, now=now)
        before, after, identities = merge.change.before, merge.change.after, merge.change.identities
        customers.save(
            merge.change,
            customer_entry("customer.merged", before, after, actor, now, request_id, identities),
            customer_entry("customer.merged", *merge.gone, actor, now, request_id),
        )
        return after

    return until_written(attempt, clock)


def other_customer(customer: Customer, customer_id: str, other_id: str, customers: Customers) -> Customer:
    """Return the customer to merge with. Raises InvalidInput or Conflict if it cannot be merged with this one."""
    if customer_id == other_id:
        raise InvalidInput("merged-with-itself", [FieldError(_POINTER, "invalid")])
    try:
        other = present_customer(other_id, customer.account_id, customers)
    except NotFound as error:
        raise InvalidInput("customer-unknown", [FieldError(_POINTER, "unknown-value")]) from error
    if other.customer_id == customer.customer_id:
        raise Conflict("already-merged")
    return other


def merge_of(
    one: Customer,
    other: Customer,
    policies: Mapping[str, Policy],
    actor: Actor,
    request_id: str,
    *,
    customers: Customers,
    now: datetime,
) -> Merge:
    """Return the merge of two customers. Nothing is written. Raises Conflict `cluster-limit`.

    The survivor has the keys of both. A conflict between them is over; conflicts with others stay with the survivor.
    """
    mine, its = (read_cluster(each, customers) for each in survivor_of(one, other))
    survivor, gone = mine.survivor, its.survivor
    stamps = [stamp for cluster in (mine, its) for name in FIELDS for stamp in cluster.stamps(name)]
    stamps += [moment for each in (one, other) for moment in moments_of(each.consent)]
    owned = {*gone.keys} - {*gone.waiting}
    member = Member(
        customer_id=gone.customer_id,
        into=survivor.customer_id,
        stamp=stamp_above(nanoseconds(now), request_id, stamps),
        merged_at=now,
        merged_by=actor.actor_id,
        kept_separate=gone.kept_separate,
        owned=tuple(sorted(owned & {*survivor.waiting})),
        policies=dict(policies),
    )
    after = mine.joined(its, member, now)
    wanted = wanted_keys(after.survivor, customers)
    identities = read_identities(survivor, [survivor.keys, gone.keys, wanted], customers)
    left = {key: each.left_by(gone.customer_id) for key, each in identities.items()}
    settled = settle(survivor, after.survivor, left, taken_over=owned, closing="merged", customers=customers, now=now)
    ended = customers.conflict(gone.account_id, gone.conflict_id) if gone.conflict_id else None
    before = {**mine.merged, **its.records}
    change = Change(
        survivor,
        settled.customer,
        others=[(before[each], record) for each, record in after.merged.items() if record != before[each]],
        identities=changed_identities(identities, settled),
        conflict=settled.conflict,
        other_conflicts=[(ended, ended.closed("merged", now))] if ended else (),
    )
    if len(change.others) + len(change.identities) > MAX_WRITTEN:
        raise Conflict("cluster-limit")
    return Merge(change, (gone, after.merged[gone.customer_id]))
