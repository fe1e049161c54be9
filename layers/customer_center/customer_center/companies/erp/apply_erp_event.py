"""Apply an event that the ERP sent by webhook (docs/specification.md, 6.7; docs/webhooks.md)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from customer_center.companies.erp.renumber_customer import renumber_customer
from customer_center.companies.erp.update_contact import update_contact
from customer_center.companies.erp.update_customer import update_customer
from customer_center.companies.model import ErpEvent
from customer_center.companies.ports import ErpRecords, NumberInUse
from customer_center.platform.clock import Clock
from customer_center.platform.errors import FieldError, PreconditionFailed
from customer_center.platform.stamps import CLOCKS_DIFFER, nanoseconds
from customer_center.webhooks.delivery import Delivery

_TRIES = 3


class Refuse(Protocol):
    """Notes that an event is refused, and why: for its sender, without values."""

    def __call__(self, code: str, errors: Sequence[FieldError]) -> None:
        """Note the error code and the wrong fields. May run any number of times."""


def apply_erp_event(delivery: Delivery, *, companies: ErpRecords, refuse: Refuse, clock: Clock) -> None:
    """Apply one event and record its webhook id, so that a repeat is skipped.

    May run any number of times: the same events lead to the same state, in any order and with any repeats. The webhook
    id is recorded afterwards and only saves work. Raises PreconditionFailed or InProgress when other requests keep
    changing the same records; then retry. An event with the number of another company is refused at once. It may be
    sent again, with the same id, when that company has another number.
    """
    if companies.was_applied(delivery.source, delivery.webhook_id):
        return
    now = clock.now()
    # An event with a time in the future must not suppress events before that time (docs/specification.md, 6.8).
    at = min(delivery.event.at_ns, nanoseconds(delivery.received_at + CLOCKS_DIFFER))
    # Lists and addresses are for the Customer List.
    values = {name: value for name, value in delivery.event.data.items() if isinstance(value, str | bool | None)}
    event = ErpEvent(delivery.webhook_id, at, values)
    for tried in range(1, _TRIES + 1):
        try:
            _apply(delivery.event.type, event, companies, now)
            break
        except NumberInUse:
            refuse("customer-number-in-use", [FieldError("/data/new_customer_number", "number-in-use")])
            return
        except PreconditionFailed:
            # Retried here, because the queue repeats the message only minutes later.
            if tried == _TRIES:
                raise
    companies.note_applied(delivery.source, delivery.webhook_id, now)


def _apply(kind: str, event: ErpEvent, companies: ErpRecords, now: datetime) -> None:
    match kind:
        case "customer.updated":
            update_customer(event, companies=companies, now=now)
        case "contact.updated" | "contact.deleted":
            update_contact(event, gone=kind == "contact.deleted", companies=companies, now=now)
        case "customer.renumbered":
            renumber_customer(event, companies=companies, now=now)
        case "customer.created" | "customer.deleted":
            # For the Customer List. A company comes with its activation, and an operator closes it.
            return
        case _:
            raise ValueError(f"{kind} cannot be applied.")
