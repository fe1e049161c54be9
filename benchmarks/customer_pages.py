"""DynamoDB units of pages of customers: lists, searches and changes, the same for accounts of any size."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from benchmarks.stage import Stage
from customer_center.customers.listing import CustomerSort
from customer_center.platform.paging import written_cursor
from customer_center.platform.stamps import iso_nanoseconds, nanoseconds

ACCOUNT = "bench"
SIZES = (1_000, 100_000)
LIST, SEARCH, CHANGES = 100, 20, 50

# So long that the row of a list has about 1 KB.
_CUSTOMER = {
    "first_name": "Anna",
    "last_name": "Muster",
    "organisation": "Handelshaus " + "x" * 150,
    "emails": ["anna." + "x" * 59 + "@" + "muster" * 8 + ".example"],
    "phones": ["+49 351 123456"],
    "visit_address": {"street": "Hauptstraße 1", "postal_code": "01067", "city": "y" * 80, "country": "DE"},
    "tags": [f"tag {number}" for number in range(10)],
}


class CustomerPages:
    """An account that grows. Each page is read once; then its name is yielded."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._keys = {scope: stage.client_key(scope) for scope in ("customers:read", "customers:write")}
        self._items: Sequence[Mapping[str, Any]] = ()
        self._customer_id = ""

    def pages(self) -> Iterator[str]:
        """Read the pages of the account with 1,000 and with 100,000 customers."""
        self._create()
        yield "create a customer, words counted"
        written = 1
        for size in SIZES:
            self._stage.put("CustomersTable", self._customers(range(written, size)))
            written = size
            for sort in (CustomerSort.CREATED, CustomerSort.NAME_LAST):
                page = self._read("GET /customers", sort=sort, limit=str(LIST))
                assert len(page["items"]) == LIST
                yield f"list of customers by {sort}, page of {LIST} ({size:,} customers)"
            for q in ("must", "@anna.x"):
                page = self._read("GET /customers", q=q, limit=str(SEARCH))
                assert len(page["items"]) == SEARCH
                yield f"search of customers by {q}, page of {SEARCH} ({size:,} customers)"
            page = self._read("GET /customers", q="anna muster", limit=str(SEARCH))
            assert len(page["items"]) == SEARCH
            yield f"search of customers by two words, page of {SEARCH} ({size:,} customers)"
            yield from self._changes(size)

    def _changes(self, size: int) -> Iterator[str]:
        page = self._read("GET /customers/changes", limit=str(CHANGES))
        assert len(page["items"]) == CHANGES
        yield f"changes of customers, first page of {CHANGES} ({size:,} customers)"
        begun = iso_nanoseconds(nanoseconds(datetime.now(UTC) - timedelta(days=1)))
        since = written_cursor([begun, ""], (ACCOUNT, "changes"))
        page = self._read("GET /customers/changes", since=since, limit=str(CHANGES))
        assert len(page["items"]) == CHANGES
        yield f"changes of customers, page of {CHANGES} ({size:,} customers)"

    def _create(self) -> None:
        created = self._call("POST /customers", "customers:write", body=_CUSTOMER, query={"account_id": ACCOUNT})
        self._stage.settle()
        self._customer_id = created["customer_id"]
        words = ("must", "@anna.x", "anna#")
        items = self._stage.items("CustomersTable", self._customer_id)
        found = [item for item in items if item["sk"]["S"].startswith(words) and item["pk"]["S"].startswith("word#")]
        assert len(found) == len(words)
        hour_ago = iso_nanoseconds(nanoseconds(datetime.now(UTC) - timedelta(hours=1)))
        change = {"pk": {"S": f"changes#{ACCOUNT}"}, "sk": {"S": f"{hour_ago}#{self._customer_id}"}}
        self._items = [*(item for item in items if item["sk"]["S"] == "customer"), *found, change]

    def _customers(self, serials: Sequence[int]) -> Iterator[str]:
        texts = list(map(json.dumps, self._items))
        for serial in serials:
            for text in texts:
                yield text.replace(self._customer_id, f"cus_{serial:026}")

    def _read(self, route: str, **query: str) -> Any:
        return self._call(route, "customers:read", query={"account_id": ACCOUNT, **query})

    def _call(self, route: str, scope: str, **given: Any) -> Any:
        return self._stage.call(route, headers={"authorization": f"Bearer {self._keys[scope]}"}, **given)
