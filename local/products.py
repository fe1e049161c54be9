"""Products of the Customer List for scripts: a key of the API, a signed source, and a place in the simulator."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import requests

from local.stack import Stack
from local.webhook import send

SHOP_ACCOUNT = "shop"
"""The shop's own account: the default of the parameter ShopAccountId."""
_SECONDS = 60
_TIMEOUT = 40
_SCOPES = ("customers:read", "customers:write")


@dataclass
class Product:
    """A product that calls the API, sends webhooks, and is told of changes."""

    stack: Stack
    name: str
    account_id: str
    key: str = field(repr=False)
    source_id: str = ""
    source_secret: str = field(default="", repr=False)

    def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        token: str | None = None,
        partner_id: str | None = None,
        **headers: str,
    ) -> requests.Response:
        """Send a request to the API, as the product. With `partner_id`, it is about a customer without account."""
        given = {"Authorization": f"Bearer {token or self.key}", **{k.replace("_", "-"): v for k, v in headers.items()}}
        url = f"{self.stack.api_url}{path}"
        query = {"partner_id": partner_id} if partner_id else {"account_id": self.account_id}
        return requests.request(method, url, json=body, headers=given, params=query, timeout=_TIMEOUT)

    def tell(self, kind: str, **data: object) -> requests.Response:
        """Send a signed event to us."""
        return send(self.stack.api_url, self.source_secret, kind, data, source=self.source_id)

    @property
    def _simulated(self) -> str:
        return f"{self.stack.products_url}/_simulator/products/{self.name}"

    def set(self, **values: str) -> None:
        """Set the product's secret or mode in the simulator."""
        requests.put(self._simulated, json=values, timeout=_TIMEOUT).raise_for_status()

    @property
    def state(self) -> Mapping[str, Any]:
        """What the simulated product was told, and what it holds."""
        return dict(requests.get(self._simulated, timeout=_TIMEOUT).json())

    def heard(self, customer_id: str) -> list[str]:
        """Return the types of the events about a customer that the product took."""
        return [event["type"] for event in self.state["events"] if event["data"]["customer_id"] == customer_id]

    def connect(self) -> None:
        """Connect the product to its account. One that is connected is removed first, for a new secret."""
        admin = self.stack.manager_key
        path = f"/products/{self.name}"
        self.call("DELETE", path, token=admin, If_Match="*")
        url = f"{self.stack.products_url}/hooks/{self.name}"
        answer = self.call("PUT", path, {"url": url}, token=admin)
        if answer.status_code != HTTPStatus.OK:
            raise SystemExit(f"{path} answered {answer.status_code}: {answer.text}")
        self.set(secret=answer.json()["secret"], mode="take")


def new_product(stack: Stack, name: str, account_id: str = SHOP_ACCOUNT) -> Product:
    """Return a product that is connected, may call the API, and may send webhooks."""
    product = Product(stack, name, account_id, stack.manager_key)
    body = {"name": name, "scopes": _SCOPES, "accounts": [account_id], "product": name}
    issued = requests.post(
        f"{stack.api_url}/client-keys",
        json=body,
        headers={"Authorization": f"Bearer {stack.manager_key}"},
        timeout=_TIMEOUT,
    )
    source = product.call("POST", "/webhook-sources", {"product": name}, token=stack.manager_key)
    for answer in (issued, source):
        if answer.status_code != HTTPStatus.CREATED:
            raise SystemExit(f"{answer.url} answered {answer.status_code}: {answer.text}")
    product.key = issued.json()["secret"]
    product.source_id = source.json()["source"]["source_id"]
    product.source_secret = source.json()["secret"]
    product.connect()
    return product


def wait_until(check: Callable[[], bool], what: str) -> None:
    """Wait for a while until the check holds. Raises SystemExit with `what` if it does not."""
    end = time.monotonic() + _SECONDS
    while not check():
        if time.monotonic() > end:
            raise SystemExit(f"Not in time: {what}")
        time.sleep(0.2)
