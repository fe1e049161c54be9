"""A customer leaves its account and joins another one of the partner, over HTTP, and all products are told."""

from itertools import count

import pytest

from customer_center.clients.issue_client_key import NewKey
from customer_center.clients.model import Scope, written
from local.products import new_product
from ops.client_key import client_keys, issue
from tests.e2e.companies import eventually

_serial = count(1)
ANNA = {"last_name": "Muster", "emails": ["anna@muster.example"]}
ADMIN = frozenset({Scope.CUSTOMERS_READ, Scope.CUSTOMERS_WRITE, Scope.CUSTOMERS_ADMIN})


@pytest.fixture
def partner(stack):
    """A partner with two accounts: its id, the accounts, and its client key."""
    number = next(_serial)
    partner_id, accounts = f"P-{number}", [f"AG-move-{number}", f"AG-to-{number}"]
    described = new_product(stack, f"move-describes{number}", accounts[0])
    for account_id in accounts:
        body = {"partner_id": partner_id, "name": "Muster"}
        answer = described.call("PUT", f"/accounts/{account_id}", body, token=stack.operator_key)
        assert answer.status_code == 200, answer.text
    keys = client_keys(stack.client("dynamodb"), stack.companies_table, stack.journal_table)
    shown = issue(keys, NewKey(f"partner {number}", ADMIN, frozenset(accounts), partner_id=partner_id))
    return partner_id, accounts, written(shown.key.key_id, str(shown.secret))


def test_a_customer_moves_to_another_account_and_whoever_waited_for_its_e_mail_comes_forward(stack, partner):
    """003: "The Customer Webhook will trigger when a customer is removed or added to an account, or updated"."""
    partner_id, (account, other), key = partner
    a, b = (new_product(stack, f"move-{name}{next(_serial)}", account) for name in "ab")
    c = new_product(stack, f"move-c{next(_serial)}", other)
    anna = a.call("POST", "/customers", ANNA | {"external_id": "a-1"}).json()["customer_id"]
    eventually(lambda: b.heard(anna) == ["customer.created"])
    waiting = a.call("POST", "/customers", ANNA | {"last_name": "Waits"}).json()
    assert waiting["status"] == "hidden"

    left = a.call("DELETE", f"/customers/{anna}/account", token=key, If_Match="*")
    assert (left.status_code, left.json()["account_id"], left.json()["partner_id"]) == (200, None, partner_id)
    eventually(lambda: b.heard(anna) == ["customer.created", "customer.deleted"])
    eventually(lambda: a.heard(anna) == ["customer.deleted"])
    eventually(lambda: b.heard(waiting["customer_id"]) == ["customer.created"])
    assert a.call("GET", f"/customers/{anna}").status_code == 404
    assert a.call("POST", "/customers", {"last_name": "Next", "external_id": "a-1"}).status_code == 201
    of_partner = {"token": key, "partner_id": partner_id}
    shown = a.call("GET", f"/customers/{anna}", **of_partner)
    assert (shown.json()["emails"], shown.json()["version"]) == (ANNA["emails"], left.json()["version"])
    edit = {"last_name": "Moved"}
    edited = a.call("PATCH", f"/customers/{anna}", edit, **of_partner, If_Match="*")
    assert edited.status_code == 200, edited.text

    joined = a.call("PUT", f"/customers/{anna}/account", {"account_id": other}, token=key)
    assert (joined.status_code, joined.json()["account_id"], joined.json()["status"]) == (200, other, "listed")
    eventually(lambda: c.heard(anna) == ["customer.created"])
    assert c.state["customers"][anna]["last_name"] == "Moved"
    assert c.call("GET", f"/customers/{anna}").json()["customer_id"] == anna
    history = c.call("GET", f"/customers/{anna}/history").json()["items"]
    assert [entry["action"] for entry in history] == [
        "customer.joined",
        "customer.updated",
        "customer.left",
        "customer.created",
    ]
    assert (a.heard(anna), b.heard(anna)) == (["customer.deleted"], ["customer.created", "customer.deleted"])
