"""The Customer List: a change by one product, or by the ERP, reaches everybody else."""

import secrets
from collections.abc import Mapping
from http import HTTPStatus

from local.products import Product, new_product, wait_until
from local.walk.shop import CUSTOMER_NUMBER
from local.walk.story import Story, expect, step, tell
from local.webhook import send


def keep_in_step(story: Story) -> None:
    """Connect two products, and change a customer by API, by signed webhook and in the ERP."""
    step("Customer List", "/customers, POST /webhooks/{source_id}, and signed webhooks to the products")
    newsletter, crm = (new_product(story.stack, name) for name in ("newsletter", "crm"))
    tell("two products are in step with the shop's account: newsletter and crm")
    # The customers of earlier runs are still there, and two with one e-mail or telephone number are in conflict.
    number = f"{100_000 + secrets.randbelow(900_000)}"
    body = {"first_name": "Anna", "last_name": "Muster", "emails": [f"anna{number}@muster.example"]}
    customer = expect(HTTPStatus.CREATED, newsletter.call("POST", "/customers", body))
    customer_id = customer["customer_id"]
    wait_until(lambda: crm.heard(customer_id) == ["customer.created"], "crm is told of the new customer")
    tell("newsletter creates Anna Muster by the API: crm gets a signed webhook, newsletter none")
    _edit_by_webhook(newsletter, crm, customer_id)
    _edit_by_api(newsletter, crm, customer_id, f"+49 351 {number}")
    _see_a_conflict(newsletter, crm, customer_id, body)
    _change_in_erp(story, newsletter, crm)


def _edit_by_webhook(newsletter: Product, crm: Product, customer_id: str) -> None:
    changed = {"customer_id": customer_id, "external_id": f"C-{customer_id[-6:]}", "last_name": "Neu"}
    expect(HTTPStatus.ACCEPTED, crm.tell("customer.updated", **changed))
    wait_until(lambda: _holds(newsletter, customer_id, last_name="Neu"), "newsletter is told of the webhook's change")
    tell(f"crm tells a new last name by a signed webhook: newsletter is told, crm is not ({_count(crm, customer_id)})")


def _edit_by_api(newsletter: Product, crm: Product, customer_id: str, phone: str) -> None:
    path = f"/customers/{customer_id}"
    edit = {"phones": [phone], "visit_address": {"street": "Markt 3", "city": "Dresden"}}
    expect(HTTPStatus.OK, crm.call("PATCH", path, edit, If_Match="*"))
    wait_until(lambda: _holds(newsletter, customer_id, phones=edit["phones"]), "newsletter is told of the edit")
    tell(f"crm edits phone and address by the API: newsletter is told, crm is not ({_count(crm, customer_id)})")


def _see_a_conflict(newsletter: Product, crm: Product, customer_id: str, body: Mapping[str, object]) -> None:
    again = expect(HTTPStatus.CREATED, crm.call("POST", "/customers", {**body, "last_name": "Muster-Neu"}))
    if (again["status"], again["conflicting_customer_ids"]) != ("hidden", [customer_id]):
        raise SystemExit(f"a second customer with her e-mail is not in conflict with her: {again}")
    tell("crm creates another customer with her e-mail: it is hidden, in conflict with her, and nobody is told")
    path = f"/conflicts/{again['conflict_id']}/keep-separate"
    expect(HTTPStatus.OK, crm.call("POST", path, token=crm.stack.manager_key))
    created = ["customer.created"]
    wait_until(lambda: newsletter.heard(again["customer_id"]) == created, "newsletter is told of the second one")
    tell("somebody says that they are two: both are listed, and newsletter is told")


def _change_in_erp(story: Story, newsletter: Product, crm: Product) -> None:
    data = {
        "customer_number": CUSTOMER_NUMBER,
        "organisation": "Musterhandel GmbH",
        "customer_posting_group": "INLAND",
    }
    stack = story.stack
    expect(HTTPStatus.ACCEPTED, send(stack.api_url, stack.webhook_secret, "customer.updated", data))

    def told(product: Product) -> bool:
        held = product.state["customers"].values()
        return any(each["customer_code"] == CUSTOMER_NUMBER for each in held)

    wait_until(lambda: told(newsletter) and told(crm), "the products are told of the ERP's change")
    tell(f"the ERP tells about customer {CUSTOMER_NUMBER}: company and customer change, and both products are told")


def _holds(product: Product, customer_id: str, **values: object) -> bool:
    held = product.state["customers"].get(customer_id, {})
    return all(held.get(name) == value for name, value in values.items())


def _count(product: Product, customer_id: str) -> str:
    return f"{len(product.heard(customer_id))} event so far"
