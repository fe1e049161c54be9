"""Apply the event `customer.renumbered`: the ERP gave a customer another customer code."""

from dataclasses import replace
from datetime import datetime

from customer_center.customers.clusters import record_of
from customer_center.customers.entries import CUSTOMER_SYNC, customer_entry
from customer_center.customers.own_ids import FreedId
from customer_center.customers.ports import Change, Customers
from customer_center.customers.read_cluster import read_cluster, surviving
from customer_center.platform.errors import Conflict, FieldError, InProgress, InvalidInput
from customer_center.platform.log import logger

_STEPS = 10


def renumber_customer(
    account_id: str, old: str, new: str, stamp: str, event_id: str, customers: Customers, now: datetime
) -> None:
    """Give the customer its new code. The old one names it in older events only, for 90 days.

    Renumberings may arrive in any order: when "A to B" arrives after "B to C", the customer gets the code C. May run
    any number of times. Raises InvalidInput if another customer has the new code: the event can never be applied.
    Raises InProgress when somebody else changed the same records at the same time.
    """
    found = customers.own_id(account_id, None, old)
    customer_id = found.at(stamp)
    customer = customers.customer(customer_id) if customer_id else None
    if customer is None:
        newest = found.until is not None and stamp <= found.until
        if not newest and not customers.note_gone(account_id, FreedId(None, old, new), stamp, now):
            raise InProgress("in-progress", 1)
        logger.info("customer is not known")
        return
    named, survivor = record_of(customer), surviving(customer, customers) or customer
    if survivor.account_id != account_id or survivor.deleted_at or customer.code_stamp >= stamp:
        logger.info("nothing newer", customer_id=customer.customer_id)
        return
    code, as_of = _followed(account_id, new, stamp, customers)
    if code == named.customer_code:
        return
    cluster = read_cluster(survivor, customers).renumbered(customer.customer_id, code, as_of)
    after = cluster.shown(survivor, now)
    change = Change(
        survivor,
        after.survivor,
        claims=[(None, code)],
        frees=[FreedId(None, old, code)],
        stamp=as_of,
        record_id=customer.customer_id,
        others=[(customer, after.merged[customer.customer_id])] if customer.merged_into else (),
    )
    entry = customer_entry("customer.renumbered", survivor, after.survivor, CUSTOMER_SYNC, now, event_id)
    try:
        customers.save(change, entry)
    except Conflict as taken:
        owner_id = str(customers.own_id(account_id, None, code).customer_id)
        owner = surviving(customers.customer(owner_id), customers)
        if owner is None or owner.as_seen_by(account_id).deleted_at is None:
            raise InvalidInput(
                "customer-number-in-use", [FieldError("/data/new_customer_number", "number-in-use")]
            ) from taken
        customers.save(replace(change, replaces=[owner_id]), entry)


def _followed(account_id: str, code: str, stamp: str, customers: Customers) -> tuple[str, str]:
    """Return the code that newer renumberings made of this one, and the stamp of the last of them."""
    for _ in range(_STEPS):
        found = customers.own_id(account_id, None, code)
        if not (found.is_deleted(stamp) and found.to and found.until):
            break
        code, stamp = found.to, found.until
    return code, stamp
