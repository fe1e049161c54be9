"""An ERP that signs according to Standard Webhooks. docs/webhooks.md describes its events for integrators."""

from collections.abc import Mapping, Sequence

from customer_center.platform.errors import FieldError
from customer_center.webhooks.events import Event, EventTable, Field
from customer_center.webhooks.format import Format
from customer_center.webhooks.signatures import STANDARD_WEBHOOKS

_NUMBER = Field(40, required=True)
_CONTACT: Mapping[str, Field] = {
    "customer_number": _NUMBER,
    "contact_number": _NUMBER,
    "name": Field(200),
    "telephone": Field(80, nullable=True),
    "telefax": Field(80, nullable=True),
    "email": Field(254, nullable=True),
    "language_code": Field(35, nullable=True),
}
_EVENTS: EventTable = {
    "customer.updated": {
        "customer_number": _NUMBER,
        "customer_center": Field(),
        "customer_center_main_contact_email": Field(254, nullable=True),
        "customer_posting_group": Field(40, nullable=True),
        "blocked": Field(),
    },
    "contact.updated": _CONTACT,
    "contact.deleted": _CONTACT,
    "customer.renumbered": {"customer_number": _NUMBER, "new_customer_number": _NUMBER},
}


def _errors(event: Event) -> Sequence[FieldError]:
    """Return an error if a customer's new number is its current number."""
    if event.type == "customer.renumbered" and event.data["customer_number"] == event.data["new_customer_number"]:
        return [FieldError("/data/new_customer_number", "invalid")]
    return ()


ERP = Format("the ERP", STANDARD_WEBHOOKS, _EVENTS, errors=_errors)
