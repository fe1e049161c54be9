"""Delete a customer by the API. The customer becomes a tombstone, and products are told."""

from collections.abc import Collection

from customer_center.customers.edit_customer import present_customer
from customer_center.customers.entries import customer_entry
from customer_center.customers.identity import ConflictStatus
from customer_center.customers.match_keys import until_written, with_keys
from customer_center.customers.model import Customer
from customer_center.customers.ports import Change, Customers
from customer_center.platform.clock import Clock
from customer_center.platform.errors import PreconditionFailed
from customer_center.platform.journal import Actor
from customer_center.platform.stamps import event_stamp, nanoseconds


def delete_customer(
    customer_id: str,
    account_id: str,
    product: str | None,
    actor: Actor,
    request_id: str,
    *,
    if_versions: Collection[int] | None,
    customers: Customers,
    clock: Clock,
) -> None:
    """Delete the customer, finally: no later update of any source brings it back.

    Its ids name the tombstone, until a newer customer is created under them. Others may have its e-mails and telephone
    numbers from now on; who waits for them is checked again. Raises NotFound, also for a customer that is deleted
    already, PreconditionFailed, and InProgress while others change the same items for ten seconds.
    """

    def attempt() -> None:
        customer = present_customer(customer_id, account_id, customers)
        if if_versions is not None and customer.version not in if_versions:
            raise PreconditionFailed
        stamp = event_stamp(nanoseconds(clock.now()), request_id)
        delete(customer, product, stamp, actor, request_id, customers=customers, clock=clock)

    until_written(attempt, clock)


def delete(
    customer: Customer,
    product: str | None,
    stamp: str,
    actor: Actor,
    request_id: str,
    *,
    closing: ConflictStatus = "ended",
    customers: Customers,
    clock: Clock,
) -> None:
    """Write the tombstone. `product` is the product that deleted the customer at its side, and needs not be told.

    `closing` is the status of the customer's conflict from now on. Raises InProgress if others changed it or its keys.
    """
    now = clock.now()
    after = customer.deleted(now, stamp)
    delivery = customers.delivery(customer.customer_id, customer.account_id, product) if product else None
    change = Change(customer, after, delivery=(delivery, delivery.heard_deletion(stamp)) if delivery else None)
    change = with_keys(change, customers=customers, now=now, closing=closing)
    after, identities = change.after, change.identities
    customers.save(change, customer_entry("customer.deleted", customer, after, actor, now, request_id, identities))
