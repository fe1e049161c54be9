"""Vendasta for scripts: an app of ours, both ways, and what a person does in Vendasta's Business App."""

import time
from collections.abc import Mapping
from functools import cache
from http import HTTPStatus
from typing import Any

import jwt
import requests
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from local.simulators.vendasta.server import API
from local.simulators.vendasta.tokens import GRANT
from local.stack import Stack

_TIMEOUT = 40


@cache
def _key() -> rsa.RSAPrivateKey:
    """Return the private key of our apps."""
    return rsa.generate_private_key(65537, 2048)


class Vendasta:
    """The simulator, with an app of ours. Its account group is the account `account_id` of ours."""

    def __init__(self, stack: Stack, group: str, account_id: str) -> None:
        self._stack = stack
        self.group = group
        key = requests.get(f"{stack.vendasta_url}/_simulator/public-key", timeout=_TIMEOUT).json()
        settings = {"public_keys": [key["public_key"]], "accounts": {group: account_id}}
        answer = requests.post(
            f"{stack.api_url}/webhook-sources",
            json={"product": "vendasta", "format": "vendasta", "vendasta": settings},
            headers={"Authorization": f"Bearer {stack.manager_key}"},
            params={"account_id": account_id},
            timeout=_TIMEOUT,
        )
        if answer.status_code != HTTPStatus.CREATED:
            raise SystemExit(f"{answer.url} answered {answer.status_code}: {answer.text}")
        self.source_id = str(answer.json()["source"]["source_id"])
        self.app_id = f"MP-{group}"
        self._account_id = account_id
        url = f"{stack.api_url}/webhooks/{self.source_id}"
        kinds = (serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        public_key = _key().public_key().public_bytes(*kinds).decode()
        self.control("apps", app_id=self.app_id, public_key=public_key, accounts=[group], webhook_url=url)

    def connect(self) -> None:
        """Connect the account to the product `vendasta`: from then on Vendasta is told of its customers."""
        kinds = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        private_key = _key().private_bytes(*kinds).decode()
        settings = {"app_id": self.app_id, "account_group_id": self.group, "private_key": private_key}
        url = f"{self._stack.vendasta_url}{API}"
        answer = requests.put(
            f"{self._stack.api_url}/products/vendasta",
            json={"kind": "vendasta", "url": url, "settings": settings},
            headers={"Authorization": f"Bearer {self._stack.manager_key}"},
            params={"account_id": self._account_id},
            timeout=_TIMEOUT,
        )
        if answer.status_code != HTTPStatus.OK:
            raise SystemExit(f"{answer.url} answered {answer.status_code}: {answer.text}")

    def ask(self, call: str, **body: object) -> requests.Response:
        """Call Vendasta's Customer API as the app does: `get-customer` or `list-customers`."""
        now = int(time.time())
        signed = jwt.encode({"iss": self.app_id, "iat": now - 5, "exp": now + 600}, _key(), "RS256")
        url = f"{self._stack.vendasta_url}{API}"
        asked = {"grant_type": GRANT, "assertion": signed}
        token = requests.post(f"{url}/oauth/token", json=asked, timeout=_TIMEOUT).json()["data"]["access_token"]
        return requests.post(
            f"{url}/customer/{call}",
            json={"account_id": self.group, **body},
            headers={"Authorization": f"Bearer {token}"},
            timeout=_TIMEOUT,
        )

    def listed(self) -> list[Mapping[str, Any]]:
        """Return the account group's list, as Vendasta shows it to the app."""
        return list(self.ask("list-customers").json()["data"]["customers"])

    def got(self, own_id: str) -> Mapping[str, Any] | None:
        """Return the customer that Vendasta finds by our id, or None."""
        answer = self.ask("get-customer", customer_id=own_id)
        return dict(answer.json()["data"]["customer"]) if answer.ok else None

    def control(self, what: str, **wish: object) -> Mapping[str, Any]:
        """Use a switch of the simulator."""
        answer = requests.post(f"{self._stack.vendasta_url}/_simulator/{what}", json=wish, timeout=_TIMEOUT)
        answer.raise_for_status()
        return dict(answer.json())

    def create(self, **values: object) -> str:
        """Create a customer in the Business App. Return Vendasta's id."""
        return str(self.control("customers", action="create", account_id=self.group, **values)["customer_id"])

    def update(self, contact_id: str, **values: object) -> None:
        """Update a customer in the Business App."""
        self.control("customers", action="update", customer_id=contact_id, **values)

    def delete(self, contact_id: str) -> None:
        """Delete a customer in the Business App."""
        self.control("customers", action="delete", customer_id=contact_id)

    def attempts(self, contact_id: str) -> list[tuple[str, int]]:
        """Return the attempts to send the events about a customer: action, and the status of our answer."""
        sent = requests.get(f"{self._stack.vendasta_url}/_simulator/webhooks", timeout=_TIMEOUT).json()
        return [(each["action"], each["status"]) for each in sent if each["contact_id"] == contact_id]
