"""DynamoDB units of the use cases of the Customer List: one account, its customers and one product."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from benchmarks.stage import Invocation, Stage
from customer_center.customers import index_words
from tests.builders.webhooks import signed

ACCOUNT = "story"
APPLIED = "event applied, no key changed"
_ANNA = {"last_name": "Muster", "emails": ["anna@muster.example"], "phones": ["+49 351 4567890"]}
_SCOPES = ("customers:read", "customers:write", "customers:admin")


class CustomerStory:
    """Each use case runs until no work is left; then its name is yielded. The one product is connected near the end."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._keys = {scope: stage.client_key(scope) for scope in _SCOPES}
        self._keys["shop"] = stage.product_key("shop", ACCOUNT)
        self._secret = self._source = self._anna = ""
        self._connected = 0

    def use_cases(self) -> Iterator[str]:
        """Run every use case."""
        self._anna = anna = self._create(_ANNA | {"external_id": "s-1"}, by="shop")
        yield "create a customer, one e-mail, one phone, external id, no conflict"
        self._create({"last_name": "Twin", "emails": _ANNA["emails"]})
        yield "create a customer in conflict with one"
        (conflict,) = self._do("GET /conflicts", "customers:read")["items"]
        yield "list of conflicts, with one"
        self._do("GET /conflicts/{conflict_id}", "customers:read", conflict_id=conflict["conflict_id"])
        yield "GET one conflict"
        self._do("GET /customers/{customer_id}", "customers:read", customer_id=anna)
        yield "GET one customer"
        yield from self._events()
        yield from self._merge(anna)
        yield from self._delivery(anna)

    def _create(self, body: Mapping[str, Any], by: str = "customers:write") -> str:
        return str(self._do("POST /customers", by, body=body)["customer_id"])

    def _events(self) -> Iterator[str]:
        shown = self._do("POST /webhook-sources", "customers:admin", body={"product": "shop"})
        self._source, self._secret = shown["source"]["source_id"], shown["secret"]
        self._event("msg_1", external_id="s-1", first_name="Anna")
        yield APPLIED
        self._event("msg_2", external_id="s-1", first_name="Anna")
        yield "event with nothing new"

    def _event(self, webhook_id: str, **data: Any) -> None:
        """Send an event. Only what its queue's function does with it, and what follows, is counted."""
        now = datetime.now(UTC)
        body = json.dumps({"type": "customer.updated", "timestamp": now.isoformat(), "data": data})
        headers = signed(body, now, self._secret, webhook_id=webhook_id)
        self._stage.call("POST /webhooks/{source}", source=self._source, body=body, headers=headers)
        self._stage.meter.reset()
        self._stage.settle()

    def _merge(self, anna: str) -> Iterator[str]:
        self._stage.meter.reset()
        other = self._create({"last_name": "Own", "emails": ["own@muster.example"]})
        self._do("PATCH /customers/{customer_id}", "customers:write", customer_id=other, body={"emails": [
            "own@muster.example", *_ANNA["emails"],
        ]})  # fmt: skip
        self._stage.meter.reset()
        body = {"customer_id": other}
        self._do("POST /customers/{customer_id}/merges", "customers:admin", customer_id=anna, body=body)
        yield "merge of two customers with one shared and one own key"
        self._do("POST /customers/{customer_id}/unmerge", "customers:admin", customer_id=anna, body={})
        yield "un-merge"

    def _delivery(self, customer_id: str) -> Iterator[str]:
        self._connect("shop")
        self._stage.meter.reset()
        self._stage.schedule("ProductCatchUpFunction")
        yield "check for products that are behind, with one"
        self._stage.settle()
        self._stage.meter.reset()
        self._do("GET /products/{product}", "customers:admin", product="shop")
        yield "GET one product"
        self._change(customer_id, "L")
        self._stage.settle()
        self._change(customer_id, "M")
        self._stage.settle()
        pointer = json.loads(self._stage.invocations["ProductPushFunction"].event["Records"][0]["body"])
        self._stage.meter.reset()
        # The same pointer: what the product knows already costs only the reads.
        self._stage.deliver("ProductPushQueue", pointer)
        yield "a pointer to what the product knows"
        self._change(customer_id, "Bea")
        self._stage.meter.reset()
        self._stage.deliver("ProductPushQueue", pointer)
        yield "one delivery, per product"

    def fan_out(self, products: int) -> Sequence[tuple[str, Invocation]]:
        """Change a customer of whom this number of products is told. Return the functions that ran. Needs the story."""
        while self._connected < products:
            self._connect(f"product-{self._connected}")
        self._stage.settle()
        self._change(self._anna, f"Anna of {products}")
        return self._stage.settle()

    def _connect(self, product: str) -> None:
        """Connect a product of the simulator, without telling it anything yet."""
        body = {"url": f"http://127.0.0.1:{self._stage.products.server_port}/hooks/{product}"}
        shown = self._call("PUT /products/{product}", "customers:admin", product=product, body=body)
        self._stage.products.product(product).secret = shown["secret"]
        self._connected += 1

    def _change(self, customer_id: str, first_name: str) -> None:
        """Change the customer, without telling products."""
        route, body = "PATCH /customers/{customer_id}", {"first_name": first_name}
        self._call(route, "customers:write", customer_id=customer_id, body=body)

    def _do(self, route: str, scope: str, **given: Any) -> Any:
        answer = self._call(route, scope, **given)
        self._stage.settle()
        return answer

    def _call(self, route: str, scope: str, **given: Any) -> Any:
        headers = {"authorization": f"Bearer {self._keys[scope]}", "if-match": "*"}
        return self._stage.call(route, headers=headers, query={"account_id": ACCOUNT}, **given)


@contextmanager
def without_words() -> Iterator[None]:
    """Let the follow-up write no words. They are measured by `customer_pages.py`."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(index_words, "index_words", lambda *_, **__: None)
        yield
