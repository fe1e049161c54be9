"""Apply an event that a product or the shop's ERP sent by webhook (seed 003, "Syncing from Product")."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from customer_center.customers.consent import ConsentSaid
from customer_center.customers.create_customer import new_customer_id
from customer_center.customers.delete_customer import delete
from customer_center.customers.entries import CUSTOMER_SYNC
from customer_center.customers.erasures import ErasedIds
from customer_center.customers.fields import FIELDS, Value
from customer_center.customers.match_keys import until_written
from customer_center.customers.model import ERP, Customer, source_of
from customer_center.customers.own_ids import FreedId, OwnId
from customer_center.customers.ports import Customers
from customer_center.customers.read_cluster import surviving
from customer_center.customers.renumber_customer import renumber_customer
from customer_center.customers.statements import Saying, save, stated
from customer_center.platform.clock import Clock
from customer_center.platform.errors import Conflict, CustomerCenterError, FieldError, InProgress, InvalidInput
from customer_center.platform.frozen import frozen
from customer_center.platform.log import logger
from customer_center.platform.stamps import CLOCKS_DIFFER, event_stamp, nanoseconds

_TRIES = 3


@frozen
class CustomerEvent:
    """An event about one customer of an account, with the fields that were sent.

    `source_id` is the id of the webhook's source and `product` its product; None for the shop's ERP. The customer is
    named by our id, by `own_id`, or both: the product's external id, or the ERP's customer code. `new_own_id` is the
    customer code that the ERP gave it.
    """

    event_id: str
    source_id: str
    account_id: str
    product: str | None
    kind: str
    at_ns: int
    received_at: datetime
    values: Mapping[str, Value]
    own_id: str | None = None
    customer_id: str | None = None
    consent: ConsentSaid | None = None
    new_own_id: str | None = None

    @property
    def stamp(self) -> str:
        """The event's stamp. A time in the future must not suppress what happens before that time."""
        return event_stamp(min(self.at_ns, nanoseconds(self.received_at + CLOCKS_DIFFER)), self.event_id)


def apply_customer_event(event: CustomerEvent, *, customers: Customers, erased_ids: ErasedIds, clock: Clock) -> None:
    """Apply one event and note its id, so that a repeat is skipped.

    May run any number of times, in any order: the stamps decide. What can never be applied is noted as refused at once,
    without its values. Raises Conflict or InProgress while other requests keep changing the same customer or its keys.
    """
    if customers.was_applied(event.source_id, event.event_id):
        return
    now = clock.now()
    for tried in range(1, _TRIES + 1):
        try:
            until_written(lambda: _apply(event, customers, erased_ids, clock, now), clock)
            break
        except Conflict as refusal:
            if refusal.code in ("cluster-limit", "too-many-waiting"):
                _refuse(event, refusal, customers)
                break
            # Another event has meanwhile created the customer with this id. Retried here, because the queue repeats the
            # message only minutes later.
            if tried == _TRIES:
                raise
        except InvalidInput as refusal:
            _refuse(event, refusal, customers)
            if refusal.code == "customer-number-in-use":
                # The ERP may send it again, with the same id, when the number is free.
                return
            break
    customers.note_applied(event.source_id, event.event_id, now)


def _refuse(event: CustomerEvent, refusal: CustomerCenterError, customers: Customers) -> None:
    errors = refusal.errors if isinstance(refusal, InvalidInput) else ()
    # By the time of its receipt, so that a repeat notes nothing else.
    customers.note_refused(event.source_id, event.event_id, refusal.code, errors, event.received_at)
    logger.warning("event refused", webhook_id=event.event_id, code=refusal.code)


def _apply(event: CustomerEvent, customers: Customers, erased_ids: ErasedIds, clock: Clock, now: datetime) -> None:
    if event.new_own_id:
        renumber_customer(
            event.account_id, str(event.own_id), event.new_own_id, event.stamp, event.event_id, customers, now
        )
        return
    own = customers.own_id(event.account_id, event.product, event.own_id) if event.own_id else OwnId()
    record = _named(event, own, customers)
    customer = surviving(record, customers)
    if record is None or customer is None:
        _apply_unknown(event, own, customers, erased_ids, clock, now)
        return
    if customer.deleted_at:
        _apply_deleted(event, customer, own, customers, now)
        return
    if event.kind == "customer.deleted":
        if event.product and _concerns_its_copy_only(event, record, customer, customers):
            return
        arguments = (event.product, event.stamp, CUSTOMER_SYNC, event.event_id)
        delete(customer, *arguments, customers=customers, clock=clock)
        return
    # An id that was given up since names the customer in older events only.
    is_called = event.own_id is not None and (own.until is None or own.is_past(event.stamp))
    named = own.at(event.stamp)
    # The id of a customer that left the account is free.
    replaces = [named] if named and named != record.customer_id else []
    claims = [(event.product, event.own_id)] if is_called and event.own_id and (named is None or replaces) else []
    saying = replace(_saying(event), record_id=record.customer_id if record.merged_into else None)
    change = stated(customer, customer, saying, customers=customers, now=now, claims=claims)
    change = replace(change, replaces=replaces)
    if change.delivery and is_called and change.delivery[0].customer_id == record.customer_id:
        before, after = change.delivery
        change = replace(change, delivery=(before, after.called(event.own_id)))
    save(change, CUSTOMER_SYNC, event.event_id, customers=customers, now=now)


def _concerns_its_copy_only(event: CustomerEvent, record: Customer, customer: Customer, customers: Customers) -> bool:
    """Return whether a deletion says only that the product has a copy no more. The others keep the customer then.

    That is so for the echo of what it was told when consent was withdrawn, or when the record was merged. A product
    that had both of two merged records, and deletes the merged one, has removed its duplicate.
    """
    assert event.product is not None
    if record.merged_into is None or event.customer_id == customer.customer_id:
        return customers.delivery(customer.customer_id, event.account_id, event.product).may_be_gone
    copy = customers.delivery(record.customer_id, event.account_id, event.product)
    if copy.may_be_gone:
        return True
    if not customers.delivery(customer.customer_id, event.account_id, event.product).has_it:
        return False
    if not customers.save_delivery(copy, copy.heard_deletion(event.stamp)):
        raise InProgress("in-progress", 1)
    return True


def _apply_unknown(
    event: CustomerEvent, own: OwnId, customers: Customers, erased_ids: ErasedIds, clock: Clock, now: datetime
) -> None:
    """Create the customer, or note that it was deleted before we knew it."""
    if own.at(event.stamp):
        _apply_left(event, own, customers, now)
    elif own.is_deleted(event.stamp):
        if own.to:
            _apply(replace(event, own_id=own.to), customers, erased_ids, clock, now)
        else:
            logger.info("customer is deleted")
    elif event.own_id and erased_ids.has(event.account_id, event.product, event.own_id, now):
        if event.kind != "customer.deleted":
            # Its sender still has somebody who was erased, or uses the id anew, and learns that nothing came of it.
            raise InvalidInput("customer-erased", [FieldError("/data", "erased")])
    elif event.kind == "customer.deleted":
        if event.own_id and not customers.note_gone(
            event.account_id, FreedId(event.product, event.own_id), event.stamp, now
        ):
            raise InProgress("in-progress", 1)
    elif event.values or event.consent or event.product:
        _create(event, customers, now)


def _apply_left(event: CustomerEvent, own: OwnId, customers: Customers, now: datetime) -> None:
    """Create another customer if the event is newer than the departure of the customer that had the id."""
    former = customers.customer(str(own.customer_id))
    departure = former.left.get(event.account_id) if former else None
    if former is None or departure is None or former.erased_at or event.stamp <= departure.stamp:
        logger.info("customer has left the account", customer_id=own.customer_id)
        return
    _note_not_held(event, former.customer_id, customers)
    if event.kind != "customer.deleted":
        _create(event, customers, now, replaces=[former.customer_id])


def _note_not_held(event: CustomerEvent, customer_id: str, customers: Customers) -> None:
    """Note that the product does not have this customer any more: what it calls by the id is another one.

    It must not be told to delete that one. Raises InProgress if somebody else noted something meanwhile.
    """
    if event.product is None:
        return
    delivery = customers.delivery(customer_id, event.account_id, event.product)
    gone = delivery.heard_deletion(event.stamp)
    if gone != delivery and not customers.save_delivery(delivery, gone):
        raise InProgress("in-progress", 1)


def _apply_deleted(event: CustomerEvent, customer: Customer, own: OwnId, customers: Customers, now: datetime) -> None:
    """Create another customer if the event says that there is a new one under the id of the deleted one."""
    is_new = event.kind == "customer.created" and event.customer_id is None and event.own_id is not None
    if customer.erased_at or not is_new or event.stamp <= customer.deleted_stamp:
        logger.info("customer is deleted", customer_id=customer.customer_id)
        return
    _note_not_held(event, customer.customer_id, customers)
    _create(event, customers, now, replaces=[str(own.customer_id)])


def _named(event: CustomerEvent, own: OwnId, customers: Customers) -> Customer | None:
    """Return the record that the event names. Of two of one cluster, it is about the one that has its own id.

    Raises InvalidInput if our id names no customer of the account, or the ids name two customers.
    """
    by_own = own.at(event.stamp)
    if event.customer_id is None:
        customer = customers.customer(by_own) if by_own else None
        # It may have left the account.
        return customer if customer and customer.account_id == event.account_id else None
    customer = customers.customer(event.customer_id)
    if by_own not in (None, event.customer_id):
        owner = customers.customer(str(by_own))
        if owner and owner.account_id != event.account_id:
            # It has left: its ids are free.
            owner = customer
        if owner is None or customer is None or _survivor_id(owner) != _survivor_id(customer):
            raise InvalidInput("ids-differ", [FieldError("/data/customer_id", "invalid")])
        customer = owner
    if customer is None or customer.account_id != event.account_id:
        raise InvalidInput("customer-unknown", [FieldError("/data/customer_id", "unknown-value")])
    return customer


def _survivor_id(record: Customer) -> str:
    return record.merged_into or record.customer_id


def _create(event: CustomerEvent, customers: Customers, now: datetime, replaces: Sequence[str] = ()) -> None:
    code = event.own_id if event.product is None else None
    customer = Customer(new_customer_id(now), event.account_id, now, now, customer_code=code)
    claims = [(event.product, event.own_id)] if event.own_id else []
    change = stated(None, customer, replace(_saying(event), is_edit=True), customers=customers, now=now, claims=claims)
    change = replace(change, after=replace(change.after, version=1, revision=1), replaces=replaces)
    if change.delivery:
        before, after = change.delivery
        change = replace(change, delivery=(before, after.called(event.own_id)))
    save(change, CUSTOMER_SYNC, event.event_id, customers=customers, now=now)


def _saying(event: CustomerEvent) -> Saying:
    values = {name: value for name, value in event.values.items() if name in FIELDS}
    source = source_of(event.product) if event.product else ERP
    return Saying(source, values, event.stamp, event.product, consent=event.consent, place="/data")
