"""Create a customer by the API (seed 003, "Syncing from Product")."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from customer_center.customers.consent import ConsentSaid
from customer_center.customers.fields import Value
from customer_center.customers.match_keys import until_written
from customer_center.customers.model import Customer
from customer_center.customers.partners import partner_of
from customer_center.customers.ports import Change, Customers
from customer_center.customers.read_cluster import surviving
from customer_center.customers.statements import edit_by, save, stated
from customer_center.platform.clock import Clock
from customer_center.platform.errors import Conflict, FieldError, InvalidInput
from customer_center.platform.frozen import frozen
from customer_center.platform.ids import new_ulid
from customer_center.platform.journal import Actor
from customer_center.platform.stamps import event_stamp, nanoseconds


@frozen
class NewCustomer:
    """The values of a new customer, and its ids: the product's own id, and the ERP's customer code.

    Without a word about `consent` there is none.
    """

    values: Mapping[str, Value]
    external_id: str | None = None
    customer_code: str | None = None
    consent: ConsentSaid | None = None


def new_customer_id(now: datetime) -> str:
    """Return a fresh customer id."""
    return f"cus_{new_ulid(now)}"


def create_customer(
    new: NewCustomer,
    account_id: str,
    product: str | None,
    actor: Actor,
    request_id: str,
    *,
    customers: Customers,
    clock: Clock,
) -> Customer:
    """Add a customer to the account, and return it. Every run adds another one.

    A product that creates a customer knows it, and is not told. Its external id is the customer's id, if it sends none.
    A customer with an e-mail or a telephone number of another one is added too, but hidden, and in conflict. The ids of
    a customer that was deleted, or left the account, may be given to a new one. Raises Conflict `external-id-taken`,
    `customer-code-taken` or `too-many-waiting`, InvalidInput for a consent in the future, an external id without a
    product or a customer code without an account, and InProgress while others change the same keys for ten seconds.
    """
    if new.external_id and not product:
        raise InvalidInput(errors=[FieldError("/external_id", "key-without-product")])
    if new.customer_code and partner_of(account_id):
        raise InvalidInput(errors=[FieldError("/customer_code", "needs-account")])

    def attempt() -> Customer:
        now = clock.now()
        change = _creation(new, account_id, product, request_id, customers, now)
        try:
            save(change, actor, request_id, customers=customers, now=now)
        except Conflict:
            replaces = _deleted_owners(change, customers)
            if not replaces:
                raise
            save(replace(change, replaces=replaces), actor, request_id, customers=customers, now=now)
        return change.after

    return until_written(attempt, clock)


def _creation(
    new: NewCustomer, account_id: str, product: str | None, request_id: str, customers: Customers, now: datetime
) -> Change:
    customer = Customer(new_customer_id(now), account_id, now, now, customer_code=new.customer_code)
    customer = replace(customer, hidden=customer.partner_id is not None)
    claims: list[tuple[str | None, str]] = []
    if product and new.external_id:
        claims.append((product, new.external_id))
    if new.customer_code:
        claims.append((None, new.customer_code))
    saying = edit_by(product, new.values, event_stamp(nanoseconds(now), request_id), new.consent)
    change = stated(None, customer, saying, customers=customers, now=now, claims=claims)
    change = replace(change, after=replace(change.after, version=1, revision=1))
    if product and change.delivery and new.external_id:
        before, after = change.delivery
        change = replace(change, delivery=(before, after.called(new.external_id)))
    return change


def _deleted_owners(change: Change, customers: Customers) -> Sequence[str]:
    account_id = change.after.account_id
    owners = [customers.customer_id_of(account_id, product, own_id) for product, own_id in change.claims]
    found = {owner: surviving(customers.customer(owner), customers) for owner in owners if owner}
    return [owner for owner, each in found.items() if each and each.as_seen_by(account_id).deleted_at]
