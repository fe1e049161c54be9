"""How values of an ERP are read. The rules are the same for every ERP, and for its answers and its webhooks.

A wrong value is cleaned or left out, so that one wrong record affects no other (docs/specification.md, 6.62 to 6.64).
What was wrong is returned as faults, such as `name-cleaned`. Faults contain no value.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence

from customer_center.platform.email_address import address_in
from customer_center.platform.frozen import frozen
from customer_center.platform.log import logger
from customer_center.platform.printable import bare, cleaned

NUMBER_LENGTH = 40
NAME_LENGTH = 50
"""As long as the names of users, so that the name of a contact can become the name of a user."""
_LENGTHS = {"customer_posting_group": 40, "language_code": 35}
_LENGTH = 80
_EMAILS = frozenset({"email", "main_contact_email"})
_LISTED = 50
# Blanks around a value are usual: no fault.
_PADDING = " \t\r\n\xa0"
_AN_ID = r"(?=.*[0-9])[A-Za-z0-9._/-]+"


@frozen
class FaultyRecord:
    """A record of the ERP in which something was wrong. `number` is its number, as far as it has one."""

    number: str
    faults: Sequence[str]

    def __str__(self) -> str:
        """Return the number and the faults. A text that does not look like a number may be a name: it becomes `?`."""
        return f"{self.number if re.fullmatch(_AN_ID, self.number) else '?'}: {', '.join(self.faults)}"


def read_values[Value: (str | None, str | bool | None)](
    values: Mapping[str, Value], *, name_length: int = NAME_LENGTH
) -> tuple[dict[str, Value], Sequence[str]]:
    """Return the values as we keep them, and the faults.

    - An e-mail is the first address that its text contains (`email_address.address_in`); None without one.
    - A name that is too long is cut. Another text that is too long is None, because part of it would be wrong.
    - Text is cleaned (`platform.printable.cleaned`). Empty text is None, except as a name.
    """
    kept: dict[str, Value] = {}
    faults: list[str] = []
    for field, value in values.items():
        kept[field] = value
        if isinstance(value, str):
            kept[field], fault = _read(field, value, name_length)
            if fault:
                faults.append(f"{field}-{fault}")
    return kept, faults


def read_number(text: str) -> str:
    """Return the number of a customer, contact or invoice; empty if it is missing or too long to be one."""
    number = bare(cleaned(text))
    return number if len(number) <= NUMBER_LENGTH else ""


class FaultyRecords:
    """The faulty records of one answer or event, for one warning in the log. Keeps the first ones, counts the others.

    The warning is for who corrects the records in the ERP.
    """

    def __init__(self, origin: str) -> None:
        """`origin` is the message or event with the records."""
        self._origin = origin
        self._faults: Counter[str] = Counter()
        self._listed: list[str] = []

    def add(self, *records: FaultyRecord) -> None:
        """Add records that have faults. Others are ignored."""
        for record in records:
            self._faults.update(record.faults)
            if record.faults and len(self._listed) < _LISTED:
                self._listed.append(str(record))

    def log(self) -> None:
        """Write the warning. Nothing is logged when there are no faults."""
        if self._faults:
            faults = dict(self._faults)
            logger.warning("erp-records-faulty", origin=self._origin, faults=faults, records=self._listed)


def log_faults(origin: str, *records: FaultyRecord) -> None:
    """Log the records that have faults, at once."""
    faulty = FaultyRecords(origin)
    faulty.add(*records)
    faulty.log()


def _read(field: str, text: str, name_length: int) -> tuple[str | None, str | None]:
    line = cleaned(text)
    fault = "cleaned" if line != text.strip(_PADDING) else None
    if field in _EMAILS:
        address = address_in(line)
        if address is None:
            return None, "unreadable" if line else fault
        return address, "cleaned" if address != text.strip(_PADDING) else None
    if field == "name":
        cut = cleaned(line[:name_length])
        return cut, "cut" if cut != line else fault
    if len(line) > _LENGTHS.get(field, _LENGTH):
        return None, "too-long"
    return line or None, fault
