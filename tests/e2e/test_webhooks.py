"""The ERP's webhooks over HTTP, from a signed request to what people of the company see."""

import json
from datetime import UTC, datetime, timedelta

import pytest
import requests

from local.stack import Stack
from local.walk import PASSWORD
from local.webhook import send, signed_headers
from tests.e2e.companies import Customer, eventually, new_customer


@pytest.fixture
def customer(stack: Stack) -> Customer:
    return new_customer(stack).activate()


def tell(customer, kind, *, at=None, **data):
    """Send a signed event of this customer, and expect that it is kept."""
    told = {"customer_number": customer.number, **data}
    answer = send(customer.stack.api_url, customer.stack.webhook_secret, kind, told, at=at)
    assert (answer.status_code, answer.json()["status"]) == (202, "accepted"), answer.text


def company(customer):
    return customer.shop.call("GET", "/me", token=customer.token).json()["company"]


def overview(customer):
    return customer.shop.call("GET", "/users", token=customer.token)


def contacts(customer):
    items = customer.shop.call("GET", "/erp-contacts", token=customer.token).json()["items"]
    return {contact["contact_number"]: contact["name"] for contact in items}


def test_the_erp_switches_the_customer_center_off_and_on(customer):
    """001: "The customer-center will be visible for users only if you have the rights for it"."""
    tell(customer, "customer.updated", customer_center=False)
    eventually(lambda: overview(customer).status_code == 403)
    assert overview(customer).json()["code"] == "customer-center-off"
    assert customer.shop.call("GET", "/me", token=customer.token).ok
    assert customer.shop.log_in(customer.email, PASSWORD)
    tell(customer, "customer.updated", customer_center=True)
    eventually(lambda: overview(customer).ok)


def test_an_older_event_undoes_nothing(customer):
    now = datetime.now(UTC)
    for seconds, told in (
        (60, {"customer_center": False}),
        (30, {"customer_center": True, "customer_posting_group": "EU"}),
    ):
        tell(customer, "customer.updated", at=now + timedelta(seconds=seconds), **told)
    eventually(lambda: company(customer)["customer_posting_group"] == "EU")
    eventually(lambda: overview(customer).status_code == 403)
    assert company(customer)["customer_center"] is False


def test_contacts_change_and_leave(customer):
    first = contacts(customer)
    number = f"K{customer.number}2"
    assert first[number] == "Bea Busch"
    tell(customer, "contact.updated", contact_number=number, name="Bea Blum")
    eventually(lambda: contacts(customer)[number] == "Bea Blum")
    tell(customer, "contact.deleted", contact_number=number)
    eventually(lambda: number not in contacts(customer))


def test_a_contact_of_an_event_that_the_first_list_does_not_have_is_forgotten(customer):
    number = f"K{customer.number}9"
    dynamodb = customer.stack.client("dynamodb")
    key = {"pk": {"S": customer.company_id}, "sk": {"S": f"contact#{number}"}}

    def stored():
        return "Item" in dynamodb.get_item(TableName=customer.stack.companies_table, Key=key, ConsistentRead=True)

    # Values of an event that is newer than the list would be kept. The list counts as older by the ERP's clock skew.
    at = datetime.now(UTC) - timedelta(hours=1)
    tell(customer, "contact.updated", at=at, contact_number=number, name="Only Told")
    eventually(stored)
    assert number not in contacts(customer)
    assert not stored()


def test_the_main_contact_is_told_when_a_users_contact_left(customer):
    number = f"K{customer.number}1"
    body = {"salutation": "mrs", "roles": ["buyer"]}
    invited = customer.shop.call("POST", f"/erp-contacts/{number}/user", token=customer.token, body=body)
    assert invited.status_code == 201
    before = len(customer.shop.mails(customer.email))
    customer.change(remove_contacts=[number], push=True)
    assert customer.shop.wait_for(customer.email, f"({number})", after=before) == number


def test_a_user_whom_the_erp_names_becomes_main_contact(customer):
    """000: "He will become the MainContact Role"."""
    user_id = customer.join("ada")
    tell(customer, "customer.updated", customer_center_main_contact_email=f"ada@{customer.number}.example")
    token = customer.tokens[user_id]
    eventually(lambda: customer.shop.call("GET", "/users", token=token).ok)


def test_a_renumbered_customer_is_administered_as_before(customer):
    new_number = f"9{customer.number}"
    tell(customer, "customer.renumbered", new_customer_number=new_number)
    eventually(lambda: company(customer)["customer_number"] == new_number)
    assert overview(customer).ok


def test_nobody_but_the_erp_is_heard(customer):
    body = json.dumps({"type": "customer.updated", "timestamp": "2026-11-24T10:00:00Z", "data": {}}).encode()
    headers = signed_headers("whsec_" + "A" * 32, body)
    url = f"{customer.stack.api_url}/webhooks/erp"
    answers = [
        requests.post(url, data=body, headers=headers, timeout=30),
        requests.post(url, data=body, timeout=30),
        requests.post(url, timeout=30),
        requests.post(url.replace("/erp", "/shop"), data=body, headers=headers, timeout=30),
    ]
    assert {answer.status_code for answer in answers} == {401}
    assert len({json.dumps({**answer.json(), "request_id": ""}) for answer in answers}) == 1
