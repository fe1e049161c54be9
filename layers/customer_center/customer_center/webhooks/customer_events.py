"""Received events in the words of the Customer List."""

from collections.abc import Mapping

from customer_center.customers.apply_customer_event import CustomerEvent
from customer_center.customers.consent import consent_said
from customer_center.customers.fields import FIELDS, Value, normalised
from customer_center.webhooks.delivery import Delivery

_KINDS = ("customer.created", "customer.updated", "customer.renumbered", "customer.deleted")


def customer_event(delivery: Delivery, shop_account_id: str) -> CustomerEvent | None:
    """Return the event about a customer; None for an event about something else.

    An event of the shop's ERP is about a customer of the shop's own account, named by its customer number.
    """
    if delivery.event.type not in _KINDS:
        return None
    data = delivery.event.data
    values: Mapping[str, Value] = {name: normalised(name, data[name]) for name in FIELDS if name in data}
    own_id = data.get("external_id" if delivery.product else "customer_number")
    customer_id, new_own_id = data.get("customer_id"), data.get("new_customer_number")
    return CustomerEvent(
        event_id=delivery.webhook_id,
        source_id=delivery.source,
        account_id=delivery.account or shop_account_id,
        product=delivery.product,
        kind=delivery.event.type,
        at_ns=delivery.event.at_ns,
        received_at=delivery.received_at,
        values=values,
        own_id=str(own_id) if own_id else None,
        customer_id=str(customer_id) if customer_id else None,
        new_own_id=str(new_own_id) if new_own_id else None,
        consent=consent_said(data.get("permission_to_contact"), data.get("consent")),
    )
