"""A customer leaves its account: it belongs to the account's partner from then on (docs/specification.md, 13.58)."""

from collections.abc import Collection
from dataclasses import replace

from customer_center.customers.accounts import Accounts, read_account
from customer_center.customers.edit_customer import present_customer
from customer_center.customers.entries import move_entry
from customer_center.customers.match_keys import until_written, with_keys
from customer_center.customers.model import Customer
from customer_center.customers.own_ids import FreedId
from customer_center.customers.ports import Change, Customers
from customer_center.platform.clock import Clock
from customer_center.platform.errors import Conflict, PreconditionFailed
from customer_center.platform.journal import Actor
from customer_center.platform.stamps import event_stamp, nanoseconds


def leave_account(
    customer_id: str,
    account_id: str,
    actor: Actor,
    request_id: str,
    *,
    if_versions: Collection[int] | None,
    customers: Customers,
    accounts: Accounts,
    clock: Clock,
) -> Customer:
    """Take the customer out of its account, and return it. Its products are told that it is gone.

    One transaction frees its match keys and its customer code, and ends its conflict. Its external ids name nobody in
    the account from then on: others may take them. A repeat gets NotFound, as for every customer that the account does
    not have. Raises NotFound, PreconditionFailed, Conflict `account-without-partner` or `customer-merged`, and
    InProgress while others change the same keys for ten seconds.
    """

    def attempt() -> Customer:
        customer = present_customer(customer_id, account_id, customers)
        if if_versions is not None and customer.version not in if_versions:
            raise PreconditionFailed
        partner_id = read_account(account_id, accounts).partner_id
        if partner_id is None:
            # Nobody could see the customer any more.
            raise Conflict("account-without-partner")
        if customer.members:
            raise Conflict("customer-merged")
        now = clock.now()
        stamp = event_stamp(nanoseconds(now), request_id)
        # To others who have its keys, it is as if it was deleted.
        gone = with_keys(Change(customer, customer.deleted(now, stamp)), customers=customers, now=now)
        left = customer.without_account(partner_id, stamp, now)
        code = customer.customer_code
        change = replace(gone, after=left, frees=[FreedId(None, code)] if code else [], stamp=stamp)
        customers.save(change, move_entry("customer.left", customer, left, actor, now, request_id, change.identities))
        return left

    return until_written(attempt, clock)
