"""A customer without account joins an account of its partner (docs/specification.md, 13.59)."""

from collections.abc import Collection, Sequence

from customer_center.customers.accounts import Accounts, read_account
from customer_center.customers.edit_customer import present_customer
from customer_center.customers.entries import move_entry
from customer_center.customers.match_keys import until_written, with_keys
from customer_center.customers.model import Customer
from customer_center.customers.partners import without_account
from customer_center.customers.ports import Change, Customers
from customer_center.customers.reconciliation import doubting
from customer_center.platform.clock import Clock
from customer_center.platform.errors import Conflict, InProgress, NotFound, PreconditionFailed
from customer_center.platform.journal import Actor
from customer_center.platform.stamps import event_stamp, nanoseconds

# One transaction has at most 100 actions.
_MOST_IDS = 50


def join_account(
    customer_id: str,
    partner_id: str,
    account_id: str,
    actor: Actor,
    request_id: str,
    *,
    if_versions: Collection[int] | None,
    customers: Customers,
    accounts: Accounts,
    clock: Clock,
) -> Customer:
    """Put the partner's customer into an account of the partner, and return it. May run any number of times.

    It is checked like a creation: with an e-mail or a telephone number of another customer it is hidden, and in
    conflict. Then the account's products are told. Of an account that it was in before, those external ids name it
    again that nobody has taken meanwhile. Raises NotFound, also for an account of another partner, PreconditionFailed,
    Conflict `too-many-waiting`, and InProgress while others change the same keys or ids for ten seconds.
    """
    if read_account(account_id, accounts).partner_id != partner_id:
        raise NotFound

    def attempt() -> Customer:
        customer = _joining(customer_id, partner_id, account_id, customers)
        if if_versions is not None and customer.version not in if_versions:
            raise PreconditionFailed
        if customer.account_id == account_id:
            return customer
        now = clock.now()
        stamp = event_stamp(nanoseconds(now), request_id)
        claims = _kept_ids(customer, account_id, customers)
        joining = Change(customer, customer.in_account(account_id), claims=claims, stamp=stamp)
        change = with_keys(joining, customers=customers, now=now, check=True)
        after, identities = change.after, change.identities
        entry = move_entry("customer.joined", customer, after, actor, now, request_id, identities)
        try:
            customers.save(change, entry)
        except Conflict as taken:
            raise InProgress("in-progress", retry_after=1) from taken
        return after

    return until_written(attempt, clock)


def _joining(customer_id: str, partner_id: str, account_id: str, customers: Customers) -> Customer:
    """Return the customer that joins, or that has joined already. Raises NotFound."""
    try:
        return present_customer(customer_id, without_account(partner_id), customers)
    except NotFound:
        return present_customer(customer_id, account_id, customers)


def _kept_ids(customer: Customer, account_id: str, customers: Customers) -> Sequence[tuple[str, str]]:
    """Return the external ids that name the customer again, by product. Deliveries forget those that others have.

    A product that was not told of the departure yet is told the customer again: what it said meanwhile was refused.
    """
    kept: list[tuple[str, str]] = []
    for delivery in customers.deliveries(customer.customer_id):
        if delivery.account_id != account_id:
            continue
        product, own_id, after = delivery.product, delivery.external_id, delivery
        if own_id:
            is_named = customers.customer_id_of(account_id, product, own_id) == customer.customer_id
            if is_named and len(kept) < _MOST_IDS:
                kept.append((product, own_id))
            else:
                after = after.without_ids()
        if after.has_it:
            after = doubting(after, has_it=True)
        if after != delivery and not customers.save_delivery(delivery, after):
            raise InProgress("in-progress", retry_after=1)
    return kept
