"""What follows a change of a match key's owners: the customers that wait for it are checked again."""

from functools import partial

from customer_center.customers.entries import CUSTOMER_FOLLOW_UP
from customer_center.customers.match_keys import until_written, with_keys
from customer_center.customers.ports import Change, Customers
from customer_center.customers.statements import save
from customer_center.platform.clock import Clock


def follow_keys(account_id: str, key_id: str, effect_id: str, *, customers: Customers, clock: Clock) -> None:
    """Check the customers that wait for the key, those that wait longest first.

    Who conflicts no more comes forward: a hidden customer is listed, and what was withheld is shown. The first one then
    owns the key, and the others conflict with it. May run any number of times: it decides from what it reads. Raises
    InProgress while others keep changing the same customers.
    """
    identity = customers.identities(account_id, [key_id])[key_id]
    for customer_id in identity.oldest_first:
        check = partial(check_keys, customer_id, effect_id, customers, clock)
        until_written(check, clock)


def check_keys(customer_id: str, request_id: str, customers: Customers, clock: Clock) -> None:
    """Bring a customer's keys and its conflict up to date with who owns them now. May run any number of times."""
    customer, now = customers.customer(customer_id), clock.now()
    if customer is None or customer.is_gone:
        return
    change = with_keys(Change(customer, customer), customers=customers, now=now, check=True)
    save(change, CUSTOMER_FOLLOW_UP, request_id, customers=customers, now=now)
