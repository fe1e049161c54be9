"""Applying what the ERP told by webhook (DESIGN §2, `customer_sync`; docs/webhooks.md)."""

from datetime import timedelta

from customer_center.companies.model import ErpEvent
from customer_center.companies.ports import Companies
from customer_center.companies.renumber_customer import renumber_customer
from customer_center.companies.update_contact import update_contact
from customer_center.companies.update_customer import update_customer
from customer_center.platform.clock import Clock
from customer_center.webhooks.events import Delivery

# A clock that runs ahead must not silence everybody until its time comes (DESIGN §5).
_AHEAD = timedelta(minutes=5)


def apply_erp_event(delivery: Delivery, *, companies: Companies, clock: Clock) -> None:
    """Apply one event, once: its webhook-id is noted afterwards, so that a crash in between applies it again.

    Every event may be applied any number of times and in any order, and ends in the same state; the note only saves
    the work. Raises PreconditionFailed and InProgress, to be tried again; NumberInUse.
    """
    if companies.was_applied(delivery.source, delivery.webhook_id):
        return
    now = clock.now()
    at = min(delivery.event.at, delivery.received_at + _AHEAD)
    event = ErpEvent(delivery.webhook_id, at, delivery.event.data)
    match delivery.event.type:
        case "customer.updated":
            update_customer(event, companies=companies, now=now)
        case "contact.updated" | "contact.deleted" as kind:
            update_contact(event, gone=kind == "contact.deleted", companies=companies, now=now)
        case "customer.renumbered":
            renumber_customer(event, companies=companies, now=now)
        case kind:
            raise ValueError(f"{kind} cannot be applied.")
    companies.note_applied(delivery.source, delivery.webhook_id, now)
