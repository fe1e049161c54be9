"""Lists of an account's customers: what a row shows, and where it stands in each order. No I/O, no clock."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from customer_center.customers.fields import FIELDS, Value, digest
from customer_center.customers.model import Customer
from customer_center.platform.clock import iso
from customer_center.platform.frozen import frozen
from customer_center.platform.ids import ULID_PATTERN
from customer_center.platform.search import folded

# Sorts below every character that a value may contain, so that `Muster` stands before `Muster Anna`.
_END = "\t"
LOWEST, HIGHEST = _END, chr(0x10FFFF)
"""Bounds of all positions."""
# An index key of DynamoDB has at most 1024 bytes; a character has at most four.
_COMPARED = 200
POSITION = re.compile(rf"[^\ud800-\udfff]{{0,{_COMPARED}}}{_END}cus_{ULID_PATTERN}", re.DOTALL)
"""What positions look like. Halves of characters cannot be sent to DynamoDB."""


class CustomerSort(StrEnum):
    """The order of customers; `-` reverses it."""

    CREATED = "created"
    CREATED_LAST = "-created"
    UPDATED = "updated"
    UPDATED_LAST = "-updated"
    NAME = "name"
    NAME_LAST = "-name"
    CUSTOMER_CODE = "customer_code"
    CUSTOMER_CODE_LAST = "-customer_code"

    @property
    def descending(self) -> bool:
        """Whether the order is descending."""
        return self.startswith("-")

    @property
    def field(self) -> str:
        """What the order compares."""
        return self.removeprefix("-")


@frozen
class CustomerRow:
    """What lists show of a customer: of its e-mails and telephone numbers the first, of its addresses the city.

    `conflict_id` is that of its open conflict. `marks` are short hashes of what lists are filtered by: the sources of
    the shown values, and the tags.
    """

    customer_id: str
    account_id: str
    version: int
    created_at: datetime
    updated_at: datetime
    customer_code: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    organisation: str | None = None
    email: str | None = None
    phone: str | None = None
    city: str | None = None
    permission_to_contact: bool = False
    conflict_id: str | None = None
    marks: frozenset[str] = frozenset()

    def position(self, field: str) -> str | None:
        """Return where the row stands in the order of this field, None if it is not in that order.

        Customers with equal values are in the order of their ids.
        """
        value = _VALUES[field](self)
        return None if value is None else f"{value[:_COMPARED]}{_END}{self.customer_id}"


_VALUES: Mapping[str, Callable[[CustomerRow], str | None]] = MappingProxyType(
    {
        "created": lambda row: iso(row.created_at),
        "updated": lambda row: iso(row.updated_at),
        "name": lambda row: folded(row.organisation or " ".join(filter(None, (row.last_name, row.first_name)))),
        "customer_code": lambda row: row.customer_code,
    }
)
ORDERED_FIELDS = tuple(_VALUES)
"""The fields that customers can be sorted by. Only customers with a customer code are in its order."""


def row_of(customer: Customer) -> CustomerRow | None:
    """Return the row of a customer, None for a deleted, merged or hidden one: lists do not show it."""
    if customer.is_gone or customer.hidden:
        return None
    values = customer.values
    return CustomerRow(
        customer_id=customer.customer_id,
        account_id=customer.account_id,
        version=customer.version,
        created_at=customer.created_at,
        updated_at=customer.updated_at,
        customer_code=customer.customer_code,
        first_name=_line(values.get("first_name")),
        last_name=_line(values.get("last_name")),
        organisation=_line(values.get("organisation")),
        email=_line(values.get("emails")),
        phone=_line(values.get("phones")),
        city=_city(values),
        permission_to_contact=customer.permission_to_contact,
        conflict_id=customer.conflict_id,
        marks=frozenset([*map(source_mark, customer.said_by.values()), *map(tag_mark, _tags(values))]),
    )


def _line(value: object) -> str | None:
    first = value[0] if isinstance(value, tuple) and value else value
    return first if isinstance(first, str) else None


def _city(values: Mapping[str, Value]) -> str | None:
    addresses = (values.get(name) for name, kind in FIELDS.items() if kind.kind == "address")
    return next((address["city"] for address in addresses if isinstance(address, Mapping) and "city" in address), None)


def _tags(values: Mapping[str, Value]) -> Sequence[str]:
    tags = values.get("tags")
    return tags if isinstance(tags, tuple) else ()


def source_mark(source: str) -> str:
    """Return the mark of customers of whom a value that is shown comes from this source."""
    return _mark("source", source)


def tag_mark(tag: str) -> str:
    """Return the mark of customers with this tag. Case and accents do not matter."""
    return _mark("tag", folded(tag))


def _mark(kind: str, text: str) -> str:
    # Short, so that a row with fifty tags is small. Two of a customer's tags are taken for another once in a billion.
    return digest(f"{kind} {text}")[:8]


def customer_id_at(position: str) -> str:
    """Return the id of the customer that stands at this position."""
    return position.rpartition(_END)[2]


@frozen
class Range:
    """Positions from `low` on and below `high`."""

    low: str = LOWEST
    high: str = HIGHEST

    def __contains__(self, position: str | None) -> bool:
        return position is not None and self.low <= position < self.high


def since_until(since: datetime | None, until: datetime | None) -> Range:
    """Return the positions of times at `since` or later and before `until`. None means any."""
    return Range(_bound(since) if since else LOWEST, _bound(until) if until else HIGHEST)


def _bound(moment: datetime) -> str:
    try:
        return iso(moment)
    except OverflowError:
        # In UTC the moment is before the year 1, or after the year 9999.
        return LOWEST if moment.year == 1 else HIGHEST


def from_to(first: str | None, last: str | None) -> Range:
    """Return the positions of texts from `first` to `last`, both included. None means any."""
    return Range(first or LOWEST, f"{last[:_COMPARED]}{chr(ord(_END) + 1)}" if last else HIGHEST)


@frozen
class Filter:
    """Which customers a list shows: those in every range, given by field, with every mark, and perhaps in conflict."""

    ranges: Mapping[str, Range] = MappingProxyType({})
    marks: frozenset[str] = frozenset()
    in_conflict: bool = False

    def beside(self, field: str) -> "Filter":
        """Return the filter without the range of the sorted field, which costs nothing."""
        return Filter(
            {name: wanted for name, wanted in self.ranges.items() if name != field}, self.marks, self.in_conflict
        )

    @property
    def is_empty(self) -> bool:
        """Whether every customer is wanted."""
        return not self.ranges and not self.marks and not self.in_conflict

    @property
    def query(self) -> object:
        """What cursors are compared by."""
        return sorted(self.ranges.items()), sorted(self.marks), self.in_conflict

    def wants(self, row: CustomerRow) -> bool:
        """Return whether the row is to be shown."""
        in_ranges = (row.position(field) in wanted for field, wanted in self.ranges.items())
        in_conflict = row.conflict_id is not None or not self.in_conflict
        return in_conflict and self.marks <= row.marks and all(in_ranges)
