"""Follow changes of many customers, or reconcile a product that holds many, with a table that only counts.

Arguments: `follow_up` or `reconcile`, and the number of customers. Prints numbers as JSON. Table and product make their
customers when they are read. Every tenth customer differs in the product, and is repaired.
"""

import json
import resource
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, override

from customer_center.customers.follow_change import follow_change
from customer_center.customers.index_words import index_words
from customer_center.customers.model import Customer, Product
from customer_center.customers.product_ports import Held, Outcome, Pulled, PullingConnector, Push
from customer_center.customers.product_store import ProductStore
from customer_center.customers.reconcile_product import reconcile_product
from customer_center.customers.reconciliation import Reconciliation
from customer_center.customers.reconciliation_store import ReconciliationStore
from customer_center.customers.store import CustomerStore, customer_item
from customer_center.customers.word_store import WordStore
from customer_center.platform.clock import SystemClock
from customer_center.platform.dynamodb import to_item
from customer_center.platform.journal import Effect, Journal

ACCOUNT, PRODUCTS = "AG-100", 5
_PAGE = 100
_LAST_WEEK = datetime.now(UTC) - timedelta(days=7)
_PRODUCT = Product(ACCOUNT, "product-0", "https://product.example/hook", "1", _LAST_WEEK, _LAST_WEEK)


def _id(serial: int) -> str:
    return f"cus_{serial:026}"


def _customer(customer_id: str) -> Customer:
    values = {"last_name": f"Muster {customer_id}", "emails": (f"{customer_id}@muster.example",), "phones": ("+49351",)}
    return Customer(customer_id, ACCOUNT, _LAST_WEEK, _LAST_WEEK, values)


_ITEM = json.dumps(to_item(customer_item(_customer(_id(0)))))


def _item(customer_id: str) -> Any:
    return json.loads(_ITEM.replace(_id(0), customer_id))


class Table:
    """A table with customers, and with what is written before `is_counting`. Later writes are counted and forgotten."""

    def __init__(self, customers: int) -> None:
        self.calls: Counter[str] = Counter()
        self.is_counting = False
        self._customers = customers
        self._kept: dict[tuple[str, str], Any] = {}
        self._words: Any = {}

    def get_item(self, *, Key: Any, **_: Any) -> Any:  # noqa: N803 # DynamoDB's notation
        self.calls["GetItem"] += 1
        pk, sk = Key["pk"]["S"], Key["sk"]["S"]
        if sk == "customer":
            return {"Item": _item(pk)}
        if sk == "words":
            return {"Item": self._words} if self._words.get("pk") == Key["pk"] else {}
        return {"Item": self._kept[pk, sk]} if (pk, sk) in self._kept else {}

    def query(self, *, IndexName: str = "", ExclusiveStartKey: Any = None, **_: Any) -> Any:  # noqa: N803 # as above
        self.calls["Query"] += 1
        assert IndexName == "by_created"
        start = int(ExclusiveStartKey["pk"]["S"].removeprefix("cus_")) + 1 if ExclusiveStartKey else 1
        end = min(start + _PAGE, self._customers + 1)
        items = [_item(_id(serial)) for serial in range(start, end)]
        return {"Items": items, **({"LastEvaluatedKey": items[-1]} if end <= self._customers else {})}

    def get_paginator(self, _: str) -> "Table":
        return self

    def paginate(self, *, ExpressionAttributeValues: Any, **_: Any) -> Any:  # noqa: N803 # as above
        self.calls["Query"] += 1
        pk = ExpressionAttributeValues[":pk"]["S"]
        return [{"Items": [item for (found, _), item in self._kept.items() if found == pk]}]

    def batch_get_item(self, *, RequestItems: Any) -> Any:  # noqa: N803 # as above
        self.calls["BatchGetItem"] += 1
        return {"Responses": {table: request["Keys"] for table, request in RequestItems.items()}}

    def batch_write_item(self, **_: Any) -> Any:
        self.calls["BatchWriteItem"] += 1
        return {}

    def put_item(self, *, Item: Any, **_: Any) -> Any:  # noqa: N803 # as above
        self.calls["PutItem"] += 1
        if not self.is_counting:
            self._kept[Item["pk"]["S"], Item["sk"]["S"]] = Item
        return {}

    def transact_write_items(self, *, TransactItems: Any, **_: Any) -> Any:  # noqa: N803 # as above
        self.calls["TransactWriteItems"] += 1
        if self.is_counting:
            # The note of a customer's words is read again.
            self._words = TransactItems[0]["Put"]["Item"]
        else:
            for action in TransactItems:
                self.put_item(**action["Put"])
        return {}


class Holding(PullingConnector):
    """A product that holds all customers, and of every tenth one another name."""

    def __init__(self, customers: int) -> None:
        self._customers = customers

    @override
    def push(self, product: Product, push: Push) -> Outcome:
        # A repair is a pointer, and pointers are counted here, not delivered.
        raise NotImplementedError

    @override
    def pull(self, product: Product, cursor: str | None) -> Pulled:
        start = int(cursor or 1)
        end = min(start + _PAGE, self._customers + 1)
        return Pulled(
            [self._held(serial) for serial in range(start, end)], str(end) if end <= self._customers else None
        )

    def _held(self, serial: int) -> Held:
        known = _customer(_id(serial))
        differs = {"last_name": "Other"} if serial % 10 == 0 else {}
        return Held(f"remote-{serial}", known.customer_id, {**known.values, **differs})

    @override
    def expected(self, product: Product, customer: Customer) -> Mapping[str, Any]:
        return customer.values


def main(what: str, count: int) -> None:
    """Work through that many customers once."""
    table: Any = Table(count)
    stored: Any = {"client": table, "table": "customers", "journal": Journal(client=table, table="journal")}
    customers, products, words = CustomerStore(**stored), ProductStore(**stored), WordStore(**stored)
    clock, sent, reconciliations = SystemClock(), Counter[str](), ReconciliationStore(**stored)
    for number in range(PRODUCTS):
        product = replace(_PRODUCT, product=f"product-{number}")
        products.change_product(product, product, None)
    started = Reconciliation(
        reconciliation_id="rec_00000000000000000000000001",
        account_id=ACCOUNT,
        product=_PRODUCT.product,
        repair=True,
        started_at=clock.now(),
    )
    reconciliations.advance(started, started)
    table.is_counting = True

    def send(effects: Sequence[Effect]) -> None:
        sent.update(effect.kind for effect in effects)

    if what == "reconcile":
        holding = Holding(count)
        reconcile_product(
            started.reconciliation_id,
            has_time=lambda: True,
            customers=customers,
            products=products,
            connectors=lambda _: holding,
            reconciliations=reconciliations,
            send=send,
            clock=clock,
        )
    else:
        for serial in range(1, count + 1):
            follow_change(ACCOUNT, _id(serial), send=send, customers=customers, products=products, clock=clock)
            index_words(_id(serial), customers=customers, words=words)
    peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    used = resource.getrusage(resource.RUSAGE_SELF)
    numbers = {"kb": int(peak.split()[1]), "cpu": used.ru_utime + used.ru_stime, "calls": table.calls, "sent": sent}
    print(json.dumps(numbers))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
