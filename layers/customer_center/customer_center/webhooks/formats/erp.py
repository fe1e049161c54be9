"""An ERP that signs according to Standard Webhooks. docs/webhooks.md describes its events for integrators."""

from collections.abc import Mapping, Sequence

from customer_center.platform.errors import FieldError
from customer_center.webhooks.events import ANY_LENGTH, Event, EventTable, Field
from customer_center.webhooks.format import Format
from customer_center.webhooks.formats.product import CUSTOMER_FIELDS
from customer_center.webhooks.signatures import STANDARD_WEBHOOKS

_NUMBER = Field(40, required=True, number=True)
# The ERP's own answers have no such limits. What is too long is cut or left out where the event is applied, as there.
_TEXT = Field(ANY_LENGTH, nullable=True)
_CONTACT: Mapping[str, Field] = {
    "customer_number": _NUMBER,
    "contact_number": _NUMBER,
    "name": Field(ANY_LENGTH),
    "telephone": _TEXT,
    "telefax": _TEXT,
    "email": _TEXT,
    "language_code": _TEXT,
}
_EVENTS: EventTable = {
    "customer.updated": {
        "customer_number": _NUMBER,
        "customer_center": Field(),
        "customer_center_main_contact_email": _TEXT,
        "customer_posting_group": _TEXT,
        "blocked": Field(holds=True),
        **CUSTOMER_FIELDS,
    },
    "contact.updated": _CONTACT,
    "contact.deleted": _CONTACT,
    "customer.renumbered": {"customer_number": _NUMBER, "new_customer_number": _NUMBER},
    "customer.created": {"customer_number": _NUMBER, **CUSTOMER_FIELDS},
    "customer.deleted": {"customer_number": _NUMBER},
}


def _errors(event: Event) -> Sequence[FieldError]:
    """Return an error if a customer's new number is its current number."""
    if event.type == "customer.renumbered" and event.data["customer_number"] == event.data["new_customer_number"]:
        return [FieldError("/data/new_customer_number", "invalid")]
    return ()


ERP = Format("erp", "the ERP", STANDARD_WEBHOOKS, _EVENTS, errors=_errors)
