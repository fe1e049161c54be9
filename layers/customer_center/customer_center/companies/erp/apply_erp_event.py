"""Applying what the ERP told by webhook (DESIGN §2, `customer_sync`; docs/webhooks.md)."""

from datetime import datetime

from customer_center.companies.erp.renumber_customer import renumber_customer
from customer_center.companies.erp.update_contact import update_contact
from customer_center.companies.erp.update_customer import update_customer
from customer_center.companies.model import CLOCKS_DIFFER, ErpEvent
from customer_center.companies.ports import Companies
from customer_center.platform.clock import Clock
from customer_center.platform.errors import PreconditionFailed
from customer_center.webhooks.delivery import Delivery

_TRIES = 3


def apply_erp_event(delivery: Delivery, *, companies: Companies, clock: Clock) -> None:
    """Apply one event, once: its webhook-id is noted afterwards, so that a crash in between applies it again.

    Every event may be applied any number of times and in any order, and ends in the same state; the note only saves
    the work. Raises PreconditionFailed and InProgress when others change the same all the time, to be tried again;
    NumberInUse.
    """
    if companies.was_applied(delivery.source, delivery.webhook_id):
        return
    now = clock.now()
    # A clock that runs ahead must not silence everybody until its time comes (DESIGN §5).
    at = min(delivery.event.at, delivery.received_at + CLOCKS_DIFFER)
    event = ErpEvent(delivery.webhook_id, at, delivery.event.data)
    for others in range(_TRIES):
        try:
            _apply(delivery.event.type, event, companies, now)
            break
        except PreconditionFailed:
            # The queue would come again too, minutes later.
            if others == _TRIES - 1:
                raise
    companies.note_applied(delivery.source, delivery.webhook_id, now)


def _apply(kind: str, event: ErpEvent, companies: Companies, now: datetime) -> None:
    match kind:
        case "customer.updated":
            update_customer(event, companies=companies, now=now)
        case "contact.updated" | "contact.deleted":
            update_contact(event, gone=kind == "contact.deleted", companies=companies, now=now)
        case "customer.renumbered":
            renumber_customer(event, companies=companies, now=now)
        case _:
            raise ValueError(f"{kind} cannot be applied.")
