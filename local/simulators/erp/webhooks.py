"""The webhooks that the simulated ERP sends about a changed customer (docs/webhooks.md)."""

from collections.abc import Iterator

from local.simulators.erp.population import COMPANY, Contact, Customer

type Event = tuple[str, dict[str, object]]


def events(before: Customer, after: Customer) -> Iterator[Event]:
    """Yield one event (type and data) for what has changed of the customer, and one for each changed contact."""
    number = after.number
    old_values = _values(before)
    changed = {name: value for name, value in _values(after).items() if value != old_values[name]}
    if changed:
        yield "customer.updated", {"customer_number": number, **changed}
    old, new = _people(before), _people(after)
    for gone in sorted(old.keys() - new.keys()):
        yield "contact.deleted", {"customer_number": number, "contact_number": gone}
    for contact_number, contact in sorted(new.items()):
        if old.get(contact_number) != contact:
            yield "contact.updated", {"customer_number": number, **_fields(contact)}


def _flags(customer: Customer) -> dict[str, object]:
    return {
        "customer_center": _flag(customer.customer_center),
        "customer_center_main_contact_email": customer.main_contact_email or None,
        "customer_posting_group": customer.posting_group or None,
        "blocked": _flag(customer.blocked),
    }


def _values(customer: Customer) -> dict[str, object]:
    """Return the flags, and the customer's values for the Customer List: those of the contact that is the company."""
    company = next((contact for contact in customer.contacts if contact.kind == COMPANY), None)
    return {
        **_flags(customer),
        "kind": "organisation" if customer.name else None,
        "organisation": customer.name or None,
        "emails": [company.email] if company and company.email else None,
        "phones": [company.telephone] if company and company.telephone else None,
        "fax": company.telefax or None if company else None,
    }


def _flag(text: str | None) -> object:
    """Return 1 and 0 as a JSON flag. Any other text is sent as the ERP spells it."""
    return {"1": True, "0": False}.get(text or "", text)


def _people(customer: Customer) -> dict[str, Contact]:
    return {contact.number: contact for contact in customer.contacts if contact.kind != COMPANY}


def _fields(contact: Contact) -> dict[str, object]:
    return {
        "contact_number": contact.number,
        "name": contact.name,
        "telephone": contact.telephone or None,
        "telefax": contact.telefax or None,
        "email": contact.email or None,
        "language_code": contact.language or None,
    }
