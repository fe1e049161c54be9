"""A customer in the words of Vendasta, and back: what Vendasta holds of it afterwards.

Vendasta knows no organisation, no postal code, and one address. Names must not contain commas and semicolons, and
telephone numbers must be E.164: numbers without a country code are read by the customer's country.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from customer_center.connectors.vendasta.wire import Record
from customer_center.customers.field_names import names_in
from customer_center.customers.fields import Value, members_of
from customer_center.customers.identity import e164
from customer_center.customers.model import Customer

_NAMES = ("first_name", "last_name")
_LISTS = {theirs: ours for ours, theirs in names_in("vendasta").items() if ours in ("emails", "phones")}
_REFUSABLE = {**{name: name for name in _NAMES}, "phones": "phone"}
"""Of what Vendasta refuses a value from us that a person may write there."""
_VISIT = "visit_address."
_ADDRESS = {
    theirs: ours.removeprefix(_VISIT) for ours, theirs in names_in("vendasta").items() if ours.startswith(_VISIT)
}


def attributes(customer: Customer, source: str) -> Mapping[str, Any]:
    """Return what Vendasta is told of a customer. `source` is the source of what Vendasta itself says.

    Everything is named, because Vendasta does not say whether it clears what is left out. Only what Vendasta said
    itself, and would refuse from us, is left out: a person may write any telephone number there, and must not lose it.
    """
    held = held_values(customer, source)
    told: dict[str, Any] = {name: held.get(name) or "" for name in _NAMES}
    told |= {theirs: list(held.get(ours) or ()) for theirs, ours in _LISTS.items()}
    address = held.get("visit_address")
    parts = address if isinstance(address, Mapping) else {}
    told |= {theirs: parts.get(ours, "") for theirs, ours in _ADDRESS.items()}
    cleaned = _cleaned(customer.values)
    for ours, theirs in _REFUSABLE.items():
        if held.get(ours) != cleaned.get(ours):
            del told[theirs]
    return {**told, "permission_to_contact": customer.permission_to_contact}


def held_values(customer: Customer, source: str) -> Mapping[str, Value]:
    """Return the values as Vendasta holds them after it was told: what it cannot hold is changed or left out.

    What Vendasta said itself, it holds as it is.
    """
    own = {name: customer.values.get(name) for name in _REFUSABLE if customer.said_by.get(name) == source}
    return {name: value for name, value in {**_cleaned(customer.values), **own}.items() if value}


def _cleaned(values: Mapping[str, Value]) -> Mapping[str, Value]:
    """Return each value that Vendasta knows, as it takes it from us.

    A customer without a person's name has its organisation as last name: Vendasta would show no name at all.
    """
    names = {name: name_of(values.get(name)) for name in _NAMES}
    if not any(values.get(name) for name in _NAMES):
        names["last_name"] = name_of(values.get("organisation"))
    address = values.get("visit_address")
    parts = address if isinstance(address, Mapping) else {}
    country = parts.get("country", "")
    region = country.upper() if re.fullmatch("[A-Za-z]{2}", country) else None
    numbers = [number for line in _numbers(values) if (number := e164(line, region))]
    cleaned: Mapping[str, Value] = {
        **names,
        "emails": values.get("emails"),
        "phones": tuple(dict.fromkeys(numbers)),
        "visit_address": {ours: text for ours in _ADDRESS.values() if (text := _part(parts, ours))},
    }
    return {name: value for name, value in cleaned.items() if value}


def held_attributes(record: Record) -> Mapping[str, Any]:
    """Return what Vendasta holds of a customer, in the words of `attributes`."""
    return {
        **{name: getattr(record, name) for name in (*_NAMES, *_ADDRESS)},
        **{name: list(getattr(record, name)) for name in _LISTS},
        "permission_to_contact": record.may_be_contacted,
    }


def _numbers(values: Mapping[str, Value]) -> Iterator[str]:
    """Yield all telephone numbers at which the customer can be called. Vendasta has one list."""
    for name in ("phones", "mobile"):
        yield from members_of(values.get(name))


def _part(parts: Mapping[str, str], name: str) -> str | None:
    """Return a part of an address. Vendasta has no house number: it stands behind the street."""
    if name == "street":
        return " ".join(filter(None, (parts.get("street"), parts.get("house_number"))))
    return parts.get(name)


def name_of(value: Value) -> str | None:
    """Return a name without commas and semicolons, which Vendasta refuses."""
    return " ".join(re.sub("[,;]", " ", value).split()) or None if isinstance(value, str) else None
