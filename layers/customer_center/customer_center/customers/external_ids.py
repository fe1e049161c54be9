"""Associate a customer with a product's own id of it, or end that."""

from collections.abc import Collection

from customer_center.customers.edit_customer import present_customer
from customer_center.customers.entries import external_id_entry
from customer_center.customers.match_keys import until_written
from customer_center.customers.model import Customer
from customer_center.customers.own_ids import FreedId
from customer_center.customers.ports import Change, Customers
from customer_center.customers.put_product import PRODUCT_NAME
from customer_center.customers.read_cluster import surviving
from customer_center.platform.clock import Clock
from customer_center.platform.errors import FieldError, Forbidden, InvalidInput, NotFound, PreconditionFailed
from customer_center.platform.frozen import frozen
from customer_center.platform.journal import Actor
from customer_center.platform.stamps import event_stamp, nanoseconds


@frozen
class Association:
    """A customer, and the id by which a product calls it; None if it calls it by ours."""

    customer: Customer
    product: str
    external_id: str | None


def put_external_id(
    customer_id: str,
    account_id: str,
    product: str,
    external_id: str,
    actor: Actor,
    request_id: str,
    *,
    caller_product: str | None,
    if_versions: Collection[int] | None,
    customers: Customers,
    clock: Clock,
) -> Association:
    """Associate the customer with the product's id of it, instead of the id before. May run any number of times.

    The product has the customer from then on, and is told what it does not know of it. A product's key has ids of that
    product only. The id of a customer that was deleted, or left, may be given to another one. Raises InvalidInput,
    NotFound, Forbidden `other-product`, Conflict `external-id-taken`, PreconditionFailed and InProgress.
    """

    def attempt() -> Association:
        customer = _customer(customer_id, account_id, product, caller_product, if_versions, customers)
        if PRODUCT_NAME.fullmatch(product) is None:
            raise InvalidInput(errors=[FieldError("/product", "invalid")])
        before = customers.delivery(customer.customer_id, account_id, product)
        if before.external_id == external_id:
            return Association(customer, product, external_id)
        now = clock.now()
        stamp = event_stamp(nanoseconds(now), request_id)
        owner = customers.customer_id_of(account_id, product, external_id)
        former = surviving(customers.customer(owner), customers) if owner else None
        change = Change(
            customer,
            customer,
            delivery=(before, before.heard({}, stamp, has_it=True).called(external_id)),
            claims=[(product, external_id)],
            frees=[FreedId(product, before.external_id)] if before.external_id else [],
            stamp=stamp,
            replaces=[owner] if owner and former and former.as_seen_by(account_id).deleted_at else [],
        )
        entry = external_id_entry(customer, product, before.external_id, external_id, actor, now, request_id)
        customers.save(change, entry)
        return Association(customer, product, external_id)

    return until_written(attempt, clock)


def remove_external_id(
    customer_id: str,
    account_id: str,
    product: str,
    actor: Actor,
    request_id: str,
    *,
    caller_product: str | None,
    if_versions: Collection[int] | None,
    customers: Customers,
    clock: Clock,
) -> Association:
    """End the association with the product's id, which is free from then on. The product keeps the customer.

    It is told the customer by our id. Raises NotFound, also if there is no such id, Forbidden `other-product`,
    PreconditionFailed and InProgress.
    """

    def attempt() -> Association:
        customer = _customer(customer_id, account_id, product, caller_product, if_versions, customers)
        before = customers.delivery(customer.customer_id, account_id, product)
        if before.external_id is None:
            raise NotFound
        now = clock.now()
        # Ids that the product used before name the customer too, until now.
        own_ids = [before.external_id, *before.former_ids]
        change = Change(
            customer,
            customer,
            delivery=(before, before.called(None)),
            frees=[FreedId(product, own_id) for own_id in own_ids if _is_named(customer, product, own_id, customers)],
            stamp=event_stamp(nanoseconds(now), request_id),
        )
        customers.save(change, external_id_entry(customer, product, before.external_id, None, actor, now, request_id))
        return Association(customer, product, None)

    return until_written(attempt, clock)


def _is_named(customer: Customer, product: str, own_id: str, customers: Customers) -> bool:
    return customers.customer_id_of(customer.account_id, product, own_id) == customer.customer_id


def _customer(
    customer_id: str,
    account_id: str,
    product: str,
    caller_product: str | None,
    if_versions: Collection[int] | None,
    customers: Customers,
) -> Customer:
    if caller_product not in (None, product):
        raise Forbidden("other-product")
    customer = present_customer(customer_id, account_id, customers)
    if if_versions is not None and customer.version not in if_versions:
        raise PreconditionFailed
    return customer
