"""Clear what is kept of an erased customer: ids of other systems, statements, consent, and values in the journal."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from customer_center.customers.erasures import ErasedIds
from customer_center.customers.model import Customer, Delivery
from customer_center.customers.ports import Change, Customers
from customer_center.platform.clock import Clock
from customer_center.platform.errors import InProgress
from customer_center.platform.log import logger
from customer_center.platform.redaction import is_redacted, redacted

SETTLED_AFTER = timedelta(minutes=1)
"""What began before the erasure has ended by then: longer than any function runs. Whatever it wrote is cleared too."""
_PAGE = 100
# Says what happened to the record, and nothing about the person. Every other field is personal, even if it is new.
_NOT_PERSONAL = frozenset(
    {"deleted_at", "hidden", "conflict_id", "merged_into", "merged_customer_ids", "partner_id", "account_id"}
)


class Unfinished(Exception):
    """The erasure has to go on, after `retry_after` seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__("the erasure goes on")
        self.retry_after = retry_after


def follow_erasure(
    customer_id: str,
    *,
    has_time: Callable[[], bool],
    customers: Customers,
    erased_ids: ErasedIds,
    clock: Clock,
) -> None:
    """Clear the customer and the records that were merged into it. The last run is at least a minute after the erasure.

    May run any number of times: it skips what is cleared. The ids of other systems become keyed hashes before they are
    forgotten, so that late events make nobody at any moment. What a product knows is forgotten once it took the
    deletion; until then its own id is needed to tell it. Raises Unfinished; then the message has to come again.
    """
    customer = customers.customer(customer_id)
    if customer is None or customer.erased_at is None:
        return
    records = [customer, *customers.customers_with(sorted(customer.ids - {customer_id}))]
    for record in records:
        _silence(record, customers, erased_ids, clock)
        _clear(record.customer_id, has_time, customers)
    rest = customer.erased_at + SETTLED_AFTER - clock.now()
    if rest > timedelta():
        raise Unfinished(rest.seconds + 1)
    for record in records:
        cleared = replace(
            record,
            customer_code=None,
            left={each: replace(departure, customer_code=None) for each, departure in record.left.items()},
            cleared_at=record.cleared_at or clock.now(),
            revision=record.revision + 1,
        )
        customers.save(Change(record, cleared), None)
        # After that: who takes the deletion from now on is forgotten where it is told.
        for delivery in customers.deliveries(record.customer_id):
            forget(delivery, customers)
    logger.info("erasure complete", customer_id=customer_id)


def forget(delivery: Delivery, customers: Customers) -> None:
    """Forget what a product knew of an erased customer, if it took the deletion or never had the customer."""
    after = delivery if delivery.owes_deletion else delivery.forgotten()
    if after != delivery and not customers.save_delivery(delivery, after):
        raise InProgress("in-progress", 1)


def _silence(record: Customer, customers: Customers, erased_ids: ErasedIds, clock: Clock) -> None:
    """Note the record's ids in other systems as hashes, then forget them."""
    ids: list[tuple[str, str | None, str | None]] = [
        (delivery.account_id, delivery.product, own_id)
        for delivery in customers.deliveries(record.customer_id)
        for own_id in (delivery.external_id, *delivery.former_ids)
    ]
    ids += [(account_id, None, departure.customer_code) for account_id, departure in record.left.items()]
    for account_id, product, own_id in [*ids, (record.account_id, None, record.customer_code)]:
        if own_id:
            erased_ids.note(account_id, product, own_id, clock.now())
            customers.forget_own_id(account_id, product, own_id, record.customer_id)


def _clear(record_id: str, has_time: Callable[[], bool], customers: Customers) -> None:
    while customers.clear_statements(record_id, limit=_PAGE):
        if not has_time():
            raise Unfinished(1)
    before = None
    while True:
        part = customers.history(record_id, limit=_PAGE, before=before)
        for entry in part.rows:
            if not is_redacted(entry, _NOT_PERSONAL):
                customers.redact(entry, redacted(entry, _NOT_PERSONAL))
        if not part.more or not part.rows:
            return
        before = part.rows[-1].entry_id
        if not has_time():
            raise Unfinished(1)
