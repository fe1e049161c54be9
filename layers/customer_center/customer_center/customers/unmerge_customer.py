"""Undo a merge: the merged record is again what it was, with what was said about it meanwhile."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from customer_center.customers.clusters import Cluster
from customer_center.customers.consent import ConsentStatement
from customer_center.customers.edit_customer import present_customer
from customer_center.customers.entries import customer_entry
from customer_center.customers.match_keys import (
    changed_identities,
    read_identities,
    settle,
    until_written,
    wanted_keys,
)
from customer_center.customers.members import Member
from customer_center.customers.model import Customer
from customer_center.customers.ports import Change, Customers
from customer_center.customers.read_cluster import read_cluster
from customer_center.platform.clock import Clock
from customer_center.platform.errors import Conflict, PreconditionFailed
from customer_center.platform.journal import Actor


def unmerge_customer(
    customer_id: str,
    account_id: str,
    member_id: str | None,
    actor: Actor,
    request_id: str,
    *,
    if_versions: Collection[int] | None,
    customers: Customers,
    clock: Clock,
) -> Customer:
    """Take a merged record out of a cluster, with those merged into it before, and return it.

    `member_id` names the record; without it, `customer_id` does if it is that of a merged record, and else the last
    merge into the survivor is undone. Edits by the API since the merge stay with the survivor. Denials of consent that
    were said since then hold for both. Raises NotFound, Conflict `not-merged`, PreconditionFailed and
    InProgress.
    """

    def attempt() -> Customer:
        now = clock.now()
        survivor = present_customer(customer_id, account_id, customers)
        if if_versions is not None and survivor.version not in if_versions:
            raise PreconditionFailed
        cluster = read_cluster(survivor, customers)
        member = _member(cluster, customer_id, member_id)
        change, came_out = _unmerge(cluster, member, customers, now)
        leaving, stays = cluster.merged[member.customer_id], change.after
        customers.save(
            change,
            customer_entry("customer.unmerged", leaving, came_out, actor, now, request_id),
            customer_entry("customer.unmerged", survivor, stays, actor, now, request_id, change.identities),
        )
        return came_out

    return until_written(attempt, clock)


def _unmerge(cluster: Cluster, member: Member, customers: Customers, now: datetime) -> tuple[Change, Customer]:
    """Return the change of the survivor and all others, and the record that comes out."""
    survivor, leaving = cluster.survivor, cluster.merged[member.customer_id]
    inner = cluster.with_below(member.customer_id)
    to_out = _denials([each for each in cluster.records if each not in inner], member.stamp, customers)
    to_stays = _denials(inner, member.stamp, customers)
    stays, out = cluster.parted(member.customer_id, now, to_stays=to_stays, to_out=to_out)
    wanted = [wanted_keys(each.survivor, customers) for each in (stays, out)]
    identities = read_identities(survivor, [survivor.keys, *wanted], customers)
    # Keys that the record had already are its own again. Of the others that both have, the survivor keeps its own.
    freed = {key for key in identities if key in member.owned or key not in wanted[0]}
    free = {key: each.left_by(survivor.customer_id) if key in freed else each for key, each in identities.items()}
    back = settle(leaving, out.survivor, free, others=[stays.survivor], customers=customers, now=now)
    # What the survivor owns together with others it may have owned only because the record was kept separate from them.
    shared = {key for key, each in back.identities.items() if {*each.owners} - {survivor.customer_id}}
    left = settle(
        survivor,
        stays.survivor,
        back.identities,
        given_up={*member.owned, *shared},
        others=[back.customer],
        customers=customers,
        now=now,
    )
    after = {**stays.merged, **out.merged, member.customer_id: back.customer}
    change = Change(
        survivor,
        left.customer,
        consent=to_stays,
        others=[(cluster.merged[each], record) for each, record in after.items() if record != cluster.merged[each]],
        copied=[(member.customer_id, said) for said in to_out],
        identities=changed_identities(identities, back, left),
        conflict=left.conflict,
        other_conflicts=[back.conflict] if back.conflict else (),
    )
    return change, back.customer


def _denials(customer_ids: Iterable[str], since: str, customers: Customers) -> Sequence[ConsentStatement]:
    """Return the newest denial and the newest withdrawal of each channel that were said of these records since then.

    The ledger's older ones change nothing.
    """
    found: dict[tuple[str, str], ConsentStatement] = {}
    for customer_id in customer_ids:
        for said in customers.consent_ledger(customer_id):
            if said.state == "granted" or said.stamp <= since:
                continue
            newest = found.setdefault((said.channel, said.state), said)
            if (said.at, said.stamp) > (newest.at, newest.stamp):
                found[said.channel, said.state] = said
    return list(found.values())


def _member(cluster: Cluster, customer_id: str, member_id: str | None) -> Member:
    named = member_id or (customer_id if customer_id in cluster.merged else None)
    member = cluster.member(named) if named else cluster.last
    if member is None:
        raise Conflict("not-merged")
    return member
