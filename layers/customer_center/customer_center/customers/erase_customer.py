"""Erase a person (GDPR, article 17): nobody sees the customer from now on, and what is kept of it is cleared."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import timedelta

from customer_center.customers.entries import erasure_entry
from customer_center.customers.erasures import Erasure, ProductState, customer_id_of, erasure_id_of
from customer_center.customers.identity import key_id
from customer_center.customers.match_keys import until_written, with_keys
from customer_center.customers.model import GONE, Customer, Delivery
from customer_center.customers.ports import Change, Customers
from customer_center.customers.product_ports import Products
from customer_center.customers.read_cluster import read_cluster, surviving
from customer_center.customers.read_history import kept_customer
from customer_center.platform.clock import Clock
from customer_center.platform.errors import FieldError, InvalidInput, NotFound, PreconditionFailed
from customer_center.platform.journal import Actor
from customer_center.platform.stamps import event_stamp, nanoseconds

# By then the follow-up is through, or its message is a dead letter, or a restore lost the record of its end.
_BEGUN_AGAIN_AFTER = timedelta(days=1)


def erase_customer(
    customer_id: str,
    account_id: str,
    actor: Actor,
    request_id: str,
    *,
    include: Collection[str] = (),
    if_versions: Collection[int] | None,
    customers: Customers,
    first: Customers,
    products: Products,
    clock: Clock,
) -> Erasure:
    """Erase the person that the customer is, with all records that were merged into it. It may be deleted already.

    One transaction takes the values from the customer and from its records, and frees its keys. `follow_erasure` clears
    the rest, and the account's products are told to delete it. `include` are customers in open conflict with it, which
    are erased too, in transactions of their own: `first` is the store that writes them. A repeat changes nothing, and
    begins the follow-up again if it has not ended after a day. Raises NotFound, PreconditionFailed, InProgress, and
    InvalidInput for somebody in `include` who is in no conflict with it.
    """
    customer = _erasable(customer_id, account_id, customers)
    if if_versions is not None and customer.version not in if_versions:
        raise PreconditionFailed
    conflicting = _in_conflict_with(customer, customers)
    for number, other in enumerate(include):
        if other in conflicting:
            _erase(other, account_id, actor, request_id, first, clock)
        elif not _is_erased(other, account_id, customers):
            raise InvalidInput(errors=[FieldError(f"/include/{number}", "unknown-value")])
    erased = _erase(customer.customer_id, account_id, actor, request_id, customers, clock)
    left = [each for each in conflicting if each not in include]
    return _certificate(erased, customers, products, left)


def read_erasure(erasure_id: str, account_id: str, *, customers: Customers, products: Products) -> Erasure:
    """Return the certificate of an erasure, as far as it is. Raises NotFound."""
    customer = kept_customer(customer_id_of(erasure_id), account_id, customers)
    if customer.erased_at is None:
        raise NotFound
    return _certificate(customer, customers, products)


def _erasable(customer_id: str, account_id: str, customers: Customers) -> Customer:
    survivor = surviving(kept_customer(customer_id, account_id, customers), customers)
    assert survivor
    return survivor


def _is_erased(customer_id: str, account_id: str, customers: Customers) -> bool:
    customer = customers.customer(customer_id)
    return customer is not None and customer.account_id == account_id and customer.erased_at is not None


def _erase(
    customer_id: str, account_id: str, actor: Actor, request_id: str, customers: Customers, clock: Clock
) -> Customer:
    def attempt() -> Customer:
        now = clock.now()
        before = _erasable(customer_id, account_id, customers)
        if before.erased_at:
            if before.cleared_at is None and now >= before.erased_at + _BEGUN_AGAIN_AFTER:
                customers.save(Change(before, before), erasure_entry(before, actor, now, request_id))
            return before
        stamp = event_stamp(nanoseconds(now), request_id)
        change = with_keys(Change(before, before.erased(now, stamp)), customers=customers, now=now)
        merged = read_cluster(before, customers).merged.values()
        change = replace(change, others=[*change.others, *((each, each.erased(now, stamp)) for each in merged)])
        customers.save(change, erasure_entry(change.after, actor, now, request_id, change.identities))
        return change.after

    return until_written(attempt, clock)


def _in_conflict_with(customer: Customer, customers: Customers) -> Sequence[str]:
    """Return the customers that wait for a key of the customer, or that own one it waits for."""
    keys = [key_id(key) for key in customer.keys]
    identities = customers.identities(customer.account_id, sorted(keys)) if keys else {}
    waiting = {other for identity in identities.values() for other in identity.waiting}
    return sorted(({*customer.conflicting} | waiting) - customer.ids)


def _certificate(
    customer: Customer, customers: Customers, products: Products, conflicting: Sequence[str] = ()
) -> Erasure:
    assert customer.erased_at
    states: dict[str, ProductState] = {}
    for record_id in sorted(customer.ids):
        for delivery in customers.deliveries(record_id):
            state = _state(delivery, customer, products)
            if state and states.get(delivery.product) != "pending":
                states[delivery.product] = state
    return Erasure(
        erasure_id_of(customer.customer_id),
        customer.customer_id,
        customer.erased_at,
        customer.cleared_at,
        dict(sorted(states.items())),
        conflicting,
    )


def _state(delivery: Delivery, customer: Customer, products: Products) -> ProductState | None:
    """Return whether the product took the deletion; None if it never had the customer."""
    if delivery.owes(customer.as_seen_by(delivery.account_id).view) is None:
        return "done" if GONE in delivery.knows else None
    product = products.product(delivery.account_id, delivery.product)
    return "unreachable" if product is None or product.gone_at else "pending"
