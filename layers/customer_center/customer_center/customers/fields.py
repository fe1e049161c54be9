"""The field table: every field of a customer, once. Bodies, the tables of events and views are made from it.

Values are normalised here, so that every door (API, webhook, ERP) treats a value alike. What other systems call a field
is in `field_names.py`; docs/customer-fields.md shows both tables.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Literal

from customer_center.platform.email_address import email_address, normalized_email
from customer_center.platform.frozen import frozen
from customer_center.platform.printable import bare, cleaned

type Value = str | tuple[str, ...] | Mapping[str, str] | None
"""One value: a line, a list of lines, an address by its parts or free fields by name, or None for "there is none"."""

ADDRESS_PARTS: Mapping[str, int] = MappingProxyType(
    {
        "street": 200,
        "house_number": 20,
        "line_2": 200,
        "postal_code": 20,
        "city": 100,
        "state": 100,
        "country": 60,
    }
)
"""The parts of an address, each with its maximum length. An address is one value: its parts change together.

A house number may also stand in `street`. `line_2` is what stands below the street, a floor for example.
"""

FREE_FIELD_NAME = "^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$"
"""What names of free fields look like."""

type Normalisation = Literal["text", "number", "email", "language"]


@frozen
class CustomerField:
    """One field.

    `kind`: a `line` of at most `max_length` characters; a `list` of at most `max_items` lines; an `address`; or a
    `map`, at most `max_items` lines by name. With `choices`, a line is one of these words.

    `survivorship` is what a cluster shows unless its merge says otherwise: the newest value, or the members of all.
    `match_key`: two customers with an equal value may be the same. `is_personal`: the value says something about a
    person.
    """

    kind: Literal["line", "list", "address", "map"]
    max_length: int = 0
    max_items: int = 0
    choices: Sequence[str] = ()
    normalisation: Normalisation = "text"
    survivorship: Literal["newest", "union"] = "newest"
    match_key: Literal["email", "phone"] | None = None
    is_personal: bool = True


_PHONE = CustomerField("line", 40, match_key="phone")
_NUMBER = CustomerField("line", 40, normalisation="number")
_ADDRESS = CustomerField("address")

FIELDS: Mapping[str, CustomerField] = MappingProxyType(
    {
        "kind": CustomerField("line", choices=("person", "organisation"), is_personal=False),
        "first_name": CustomerField("line", 100),
        "middle_name": CustomerField("line", 100),
        "last_name": CustomerField("line", 100),
        "organisation": CustomerField("line", 200),
        "contact_person": CustomerField("line", 200),
        "emails": CustomerField(
            "list", 254, max_items=10, normalisation="email", survivorship="union", match_key="email"
        ),
        "phones": CustomerField("list", 40, max_items=10, survivorship="union", match_key="phone"),
        "mobile": _PHONE,
        # Several customers may share a fax machine: it is no match key.
        "fax": CustomerField("line", 40),
        "website": CustomerField("line", 200, normalisation="number"),
        "visit_address": _ADDRESS,
        "delivery_address": _ADDRESS,
        "invoice_address": _ADDRESS,
        "vat_number": _NUMBER,
        "chamber_of_commerce_number": _NUMBER,
        # RFC 5646, 4.4.1: 35 characters are enough for every language tag.
        "language": CustomerField("line", 35, normalisation="language", is_personal=False),
        "tags": CustomerField("list", 60, max_items=50, survivorship="union"),
        "free_fields": CustomerField("map", 500, max_items=50),
    }
)


def normalised(name: str, value: object) -> Value:
    """Return a field's value as it is stored and compared, None if it is empty. `value` has the field's type.

    E-mails that mail can be sent to are in lower case with an ASCII domain. Others stay as they are written. Numbers
    and websites have no invisible characters inside; a language is in lower case with hyphens, a country code of two
    letters in capitals. Of equal members of a list the first stays.
    """
    field = FIELDS[name]
    read = _NORMALISATIONS[field.normalisation]
    match field.kind:
        case "address" | "map" as kind:
            assert isinstance(value, Mapping | None)
            given = value or {}
            names = ADDRESS_PARTS if kind == "address" else given
            members = {member: read(text) for member in names if (text := given.get(member))}
            if len(members.get("country", "")) == 2 and kind == "address":  # noqa: PLR2004 # ISO 3166-1 alpha-2
                members["country"] = members["country"].upper()
            return {member: text for member, text in members.items() if text} or None
        case "list":
            assert isinstance(value, Sequence | None)
            return tuple(dict.fromkeys(text for line in value or () if (text := read(line)))) or None
        case "line":
            assert isinstance(value, str | None)
            return read(value) or None if value else None


def _email(line: str) -> str:
    text = cleaned(line)
    address = email_address(text)
    return normalized_email(address) if address else text


def _number(line: str) -> str:
    return bare(cleaned(line))


def _language(line: str) -> str:
    return bare(cleaned(line)).lower().replace("_", "-")


_NORMALISATIONS: Mapping[Normalisation, Callable[[str], str]] = MappingProxyType(
    {"text": cleaned, "number": _number, "email": _email, "language": _language}
)


def members_of(value: Value) -> Sequence[str]:
    """Return the lines of a list, and a line as the only one; none of an address and of free fields."""
    if isinstance(value, str):
        return (value,)
    return value if isinstance(value, tuple) else ()


def shown_value(name: str, value: Value) -> object:
    """Return a value as our answers and webhooks show it: lists and maps also if empty, addresses with all parts."""
    match FIELDS[name].kind, value:
        case "list", _:
            return list(value or ())
        case "map", _:
            assert isinstance(value, Mapping | None)
            return dict(sorted((value or {}).items()))
        case "address", Mapping():
            return {part: value.get(part) for part in ADDRESS_PARTS}
        case _:
            return value


def digest(value: object) -> str:
    """Return a short hash of a value. A record of what a product knows holds hashes instead of personal data."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=dict).encode()).hexdigest()[:16]
