"""Companies on the running stack, each with its own customer number, created through the API."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import requests

from local.stack import STACK_NAME, Stack
from local.walk import CODE, LINK, PASSWORD, Shop

_numbers = count(700_001)


@dataclass
class Customer:
    """A customer of the ERP simulator and, once activated, its company."""

    stack: Stack
    number: str
    email: str
    shop: Shop
    token: str = ""
    user_id: str = ""
    company_id: str = ""
    tokens: dict[str, str] = field(default_factory=dict)

    @property
    def invoice(self) -> str:
        return f"R{self.number}"

    def form(self, **changes: object) -> dict[str, object]:
        """Return the activation form of the main contact, filled in."""
        return {
            "customer_number": self.number,
            "invoice_number": self.invoice,
            "email": self.email,
            "salutation": "mr",
            "name": f"Main {self.number}",
            "password": PASSWORD,
            **changes,
        }

    def change(self, **wish: object) -> None:
        """Change the customer in the ERP."""
        answer = requests.post(
            f"{self.stack.erp_url}/_simulator/customers", json={"number": self.number, **wish}, timeout=10
        )
        assert answer.ok, answer.text

    def activate(self) -> "Customer":
        """Activate with the mailed code; the main contact is logged in."""
        assert self.shop.call("POST", "/activations", body=self.form()).status_code == 202
        code = self.shop.wait_for(self.email, CODE)
        answer = self.shop.call("POST", "/activations", body=self.form(code=code))
        assert answer.status_code == 201, answer.text
        done = answer.json()
        self.token = done["session"]["access_token"]
        self.user_id, self.company_id = done["user"]["user_id"], done["company"]["company_id"]
        return self

    def invite(self, name: str, *roles: str) -> Mapping[str, Any]:
        """Request a new user, and return them."""
        body = {
            "salutation": "mrs",
            "name": name,
            "email": f"{name}@{self.number}.example",
            "roles": roles or ("buyer",),
        }
        answer = self.shop.call("POST", "/users", token=self.token, body=body)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    def link_of(self, email: str, *, after: int = 0) -> str:
        """Return the token of the link that was mailed."""
        return self.shop.wait_for(email, LINK, after=after)

    def join(self, name: str, *roles: str) -> str:
        """Invite somebody who accepts, and return their access token."""
        user = self.invite(name, *roles)
        body = {"token": self.link_of(user["email"]), "password": PASSWORD}
        answer = self.shop.call("POST", "/invitations/acceptance", body=body)
        assert answer.status_code == 200, answer.text
        self.tokens[user["user_id"]] = answer.json()["session"]["access_token"]
        return str(user["user_id"])


def new_customer(stack: Stack, **wish: object) -> Customer:
    """Add a customer to the ERP, with the customer center switched on and some contacts."""
    number = str(next(_numbers))
    customer = Customer(stack, number, f"main@{number}.example", Shop(stack))
    contacts = [
        {"number": f"C{number}", "name": f"Company {number}", "kind": "0"},
        {"number": f"K{number}1", "name": "Ada Anders", "email": f"ada@{number}.example", "language": "ENG"},
        {"number": f"K{number}2", "name": "Bea Busch", "email": f"bea@{number}.example", "language": "DEU"},
        {"number": f"K{number}3", "name": "Cem Can", "email": ""},
    ]
    customer.change(
        **{
            "name": f"Company {number}",
            "customer_center": "1",
            "main_contact_email": customer.email,
            "posting_group": "INLAND",
            "contacts": contacts,
            "invoices": [customer.invoice],
            **wish,
        }
    )
    return customer


def invoke(stack, function, event):
    """Run the function of this logical id with the event, and wait for its end."""
    name = stack.client("cloudformation").describe_stack_resource(StackName=STACK_NAME, LogicalResourceId=function)
    answer = stack.client("lambda").invoke(
        FunctionName=name["StackResourceDetail"]["PhysicalResourceId"], Payload=json.dumps(event).encode()
    )
    assert "FunctionError" not in answer, answer["Payload"].read()


def eventually(check, seconds=60):
    """Call `check` until it returns something true, and return that; fail after `seconds`."""
    end = time.monotonic() + seconds
    while not (found := check()):
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.2)
    return found
