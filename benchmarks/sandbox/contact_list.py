"""Reads a list of contacts as the function contact_list does, with a table that only counts. Prints numbers as JSON.

Arguments: the ERP's URL, `xml` or `soap`, user and password, and the number of contacts that the table has already.
"""

import json
import resource
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from customer_center.companies.contact_list import read_asked_list
from customer_center.companies.effects import read_contact_list
from customer_center.companies.items import company_values, contact_values
from customer_center.companies.model import CachedContact, Company, ErpContact
from customer_center.companies.store import CompanyStore
from customer_center.connectors.silver.gateway import SilverGateway
from customer_center.connectors.silver.settings import SilverSettings
from customer_center.platform.clock import SystemClock
from customer_center.platform.dynamodb import to_item
from customer_center.platform.journal import Journal

_COMPANY = "com_00000000000000000000000001"
_PAGE = 1_000


class Table:
    """A table with a company and its contacts, which are made when they are read. Writes are counted and forgotten."""

    def __init__(self, contacts: int) -> None:
        self.calls: Counter[str] = Counter()
        self._contacts = contacts

    def get_item(self, *, Key: Any, **_: Any) -> Any:  # noqa: N803 # DynamoDB's notation
        self.calls["GetItem"] += 1
        if Key["sk"] != {"S": "company"}:
            return {}
        now = datetime.now(UTC)
        company = Company(
            _COMPANY,
            "10000",
            "Musterhandel",
            customer_center=True,
            main_contact_email=None,
            customer_posting_group=None,
            blocked=False,
            created_at=now,
            updated_at=now,
        )
        return {"Item": to_item({"pk": _COMPANY, "sk": "company", **company_values(company)})}

    def get_paginator(self, _: str) -> "Table":
        return self

    def paginate(self, *, ExpressionAttributeValues: Any, **_: Any) -> Iterator[Any]:  # noqa: N803 # as above
        is_contacts = ExpressionAttributeValues[":sk"] == {"S": "contact#"}
        for start in range(1, (self._contacts if is_contacts else 0) + 1, _PAGE):
            self.calls["Query"] += 1
            yield {"Items": [_row(serial) for serial in range(start, start + _PAGE)]}

    def update_item(self, **_: Any) -> Any:
        self.calls["UpdateItem"] += 1
        return {}

    def delete_item(self, **_: Any) -> Any:
        self.calls["DeleteItem"] += 1
        return {}

    def transact_write_items(self, **_: Any) -> Any:
        self.calls["TransactWriteItems"] += 1


class Closed:
    """A breaker that never opens."""

    def open_for(self, of: str, seconds: float) -> float:  # the port's signature
        return 0.0

    def trip(self, of: str, seconds: float) -> None:
        """Forget it."""


def _row(serial: int) -> Any:
    number = f"G{serial:07}"
    contact = ErpContact(number, f"Kontakt {number}", email=f"{number}@viele.example", language_code="DEU")
    values = contact_values(_COMPANY, CachedContact(contact))
    return to_item({"pk": _COMPANY, "sk": f"contact#{number}", **values})


def main(url: str, transport: Any, user: str, password: str, contacts: int) -> None:
    """Read the list once."""
    table: Any = Table(contacts)
    path = "/soap" if transport == "soap" else "/xml/{message}"
    settings = SilverSettings(
        url=url + path, transport=transport, user=user, password=password, timeout=60, deadline=900
    )
    clock = SystemClock()
    read_asked_list(
        read_contact_list(_COMPANY, clock.now()),
        read_for=timedelta(minutes=15),
        lapses_after=timedelta(minutes=15),
        erp=SilverGateway(settings=settings, breaker=Closed(), clock=clock),
        companies=CompanyStore(client=table, table="companies", journal=Journal(client=table, table="journal")),
        clock=clock,
    )
    peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(json.dumps({"kb": int(peak.split()[1]), "cpu": used.ru_utime + used.ru_stime, "calls": table.calls}))


if __name__ == "__main__":
    main(*sys.argv[1:5], int(sys.argv[5]))
