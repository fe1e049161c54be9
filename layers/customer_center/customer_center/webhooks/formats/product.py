"""A product of the Customer List that signs according to Standard Webhooks. Its tables come from the field table."""

from collections.abc import Mapping, Sequence

from customer_center.customers.consent import CHANNELS
from customer_center.customers.fields import ADDRESS_PARTS, FIELDS, FREE_FIELD_NAME, CustomerField
from customer_center.platform.errors import FieldError
from customer_center.webhooks.events import Event, EventTable, Field
from customer_center.webhooks.format import Format
from customer_center.webhooks.signatures import STANDARD_WEBHOOKS

_ID = Field(200, number=True)


def _field(field: CustomerField) -> Field:
    match field.kind:
        case "address":
            return Field(parts={part: Field(length, nullable=True) for part, length in ADDRESS_PARTS.items()})
        case "map":
            return Field(field.max_length, items=field.max_items, names=FREE_FIELD_NAME)
        case "list":
            return Field(field.max_length, items=field.max_items)
        case "line":
            return Field(field.max_length, nullable=True, choices=field.choices)


_CHANNEL = Field(
    parts={
        "state": Field(choices=("granted", "denied"), required=True),
        "at": Field(moment=True, required=True),
    }
)
CUSTOMER_FIELDS: Mapping[str, Field] = {
    **{name: _field(field) for name, field in FIELDS.items()},
    "permission_to_contact": Field(moment=True, or_flag=True),
    "consent": Field(parts=dict.fromkeys(CHANNELS, _CHANNEL)),
}
"""The customer's fields in events, of products and of the ERP."""

_IDS = {"external_id": _ID, "customer_id": _ID}
_EVENTS: EventTable = {
    "customer.created": {**_IDS, **CUSTOMER_FIELDS},
    "customer.updated": {**_IDS, **CUSTOMER_FIELDS},
    "customer.deleted": _IDS,
}


def _errors(event: Event) -> Sequence[FieldError]:
    """Return an error if the event names no customer."""
    return () if event.data.keys() & _IDS else [FieldError("/data/external_id", "required")]


PRODUCT = Format("product", "the product", STANDARD_WEBHOOKS, _EVENTS, errors=_errors)
