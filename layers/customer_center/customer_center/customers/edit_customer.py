"""Edit a customer by the API: only what the caller names changes."""

from collections.abc import Collection, Mapping
from datetime import datetime

from customer_center.customers.consent import ConsentSaid, moments_of
from customer_center.customers.fields import FIELDS, Value
from customer_center.customers.match_keys import until_written
from customer_center.customers.model import API, Customer, source_of
from customer_center.customers.ports import Change, Customers
from customer_center.customers.read_cluster import read_cluster, surviving
from customer_center.customers.statements import edit_by, save, stated
from customer_center.platform.clock import Clock
from customer_center.platform.errors import FieldError, InvalidInput, NotFound, PreconditionFailed
from customer_center.platform.journal import Actor
from customer_center.platform.stamps import nanoseconds, stamp_above


def edit_customer(
    customer_id: str,
    account_id: str,
    product: str | None,
    edit: Mapping[str, Value],
    actor: Actor,
    request_id: str,
    *,
    consent: ConsentSaid | None = None,
    if_versions: Collection[int] | None,
    customers: Customers,
    clock: Clock,
) -> Customer:
    """Change the named fields, clear those that are None, and return the customer. May run any number of times.

    The parts of an address that are named change; an empty part is cleared. The caller saw the customer, so the edit is
    newer than its values, whatever the clocks of other systems say. A product that edits is not told its own edit.
    An e-mail or a telephone number of another customer is withheld. Raises NotFound, PreconditionFailed, Conflict
    `too-many-waiting`, InvalidInput for a consent in the future or too many free fields, and InProgress while others
    change the same items for ten seconds.
    """

    def attempt() -> Customer:
        now = clock.now()
        change = _edited(customer_id, account_id, product, edit, request_id, consent, if_versions, customers, now)
        save(change, actor, request_id, customers=customers, now=now)
        return change.after

    return until_written(attempt, clock)


def _edited(
    customer_id: str,
    account_id: str,
    product: str | None,
    edit: Mapping[str, Value],
    request_id: str,
    consent: ConsentSaid | None,
    if_versions: Collection[int] | None,
    customers: Customers,
    now: datetime,
) -> Change:
    customer = present_customer(customer_id, account_id, customers)
    if if_versions is not None and customer.version not in if_versions:
        raise PreconditionFailed
    values = {name: _merged(name, value, customer) for name, value in edit.items()}
    cluster = read_cluster(customer, customers)
    seen = [stamp for name in values for stamp in cluster.stamps(name)]
    # A repetition by webhook moves no stamp that is shown. An edit below it would count as a late one, and be dropped.
    source = customers.source_record(customer.customer_id, source_of(product) if product else API)
    seen += [source.seen[name] for name in values if name in source.seen]
    if consent:
        seen += moments_of(customer.consent)
        seen += [source.permission.stamp] if source.permission else []
    stamp = stamp_above(nanoseconds(now), request_id, seen)
    saying = edit_by(product, values, stamp, consent)
    return stated(customer, customer, saying, cluster=cluster, source=source, customers=customers, now=now)


def present_customer(customer_id: str, account_id: str, customers: Customers) -> Customer:
    """Return the account's customer; for the id of a merged record, the survivor.

    Raises NotFound for a deleted one, and for one of another account.
    """
    customer = surviving(customers.customer(customer_id), customers)
    if customer is None or customer.account_id != account_id or customer.deleted_at:
        raise NotFound
    return customer


def _merged(name: str, value: Value, customer: Customer) -> Value:
    """Return the value of an edit. A merge patch changes addresses and free fields by their members (RFC 7396)."""
    if not isinstance(value, Mapping):
        return value
    shown = customer.values.get(name)
    parts = {**(shown if isinstance(shown, Mapping) else {}), **value}
    kept = {part: text for part, text in parts.items() if text}
    limit = FIELDS[name].max_items
    if limit and len(kept) > limit:
        raise InvalidInput(errors=[FieldError(f"/{name}", "too-long", str(limit))])
    return kept or None
