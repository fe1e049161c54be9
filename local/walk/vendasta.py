"""Vendasta, both ways: what a person does in its Business App reaches our products, and the other way round."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from local.products import SHOP_ACCOUNT, Product, new_product, wait_until
from local.vendasta import Vendasta
from local.walk.story import Story, expect, step, tell


def hear_vendasta(story: Story) -> None:
    """Create, update and delete a customer in Vendasta, with a product that is told of it."""
    step("Vendasta", "POST /webhooks/{source_id} with a signed token")
    booking = new_product(story.stack, "booking")
    vendasta = Vendasta(story.stack, "AG-SHOP", SHOP_ACCOUNT)
    email = "dora@vendasta.example"
    contact_id = vendasta.create(first_name="Dora", last_name="Blum", email=[email], phone=["1234567890"])
    wait_until(lambda: _held(booking, email) is not None, "booking is told of Vendasta's customer")
    tell("Dora Blum is created in Vendasta's Business App: we check the token, and booking is told")
    vendasta.update(contact_id, last_name="Rot", phone=[])
    wait_until(lambda: (_held(booking, email) or {}).get("last_name") == "Rot", "booking is told of Vendasta's update")
    tell("she gets another name there: booking is told")
    vendasta.delete(contact_id)
    wait_until(lambda: _held(booking, email) is None, "booking is told of Vendasta's deletion")
    tell("she is deleted there: booking is told")
    _tell_vendasta(vendasta, booking)
    _compare(story, booking)


def _tell_vendasta(vendasta: Vendasta, booking: Product) -> None:
    """Create and update a customer here."""
    vendasta.connect()
    body = {
        "first_name": "Emil",
        "last_name": "Gold, Dr.",
        "emails": ["emil@gold.example"],
        "phones": ["+1 306 652 5464"],
    }
    customer_id = expect(HTTPStatus.CREATED, booking.call("POST", "/customers", body))["customer_id"]
    wait_until(lambda: _name(vendasta, customer_id) == "Gold Dr.", "Vendasta is told of booking's customer")
    tell("booking creates Emil Gold, Dr.: he is in Vendasta's list, by our id and without the comma")
    path = f"/customers/{customer_id}"
    expect(HTTPStatus.OK, booking.call("PATCH", path, {"last_name": "Silber"}, If_Match="*"))
    wait_until(lambda: _name(vendasta, customer_id) == "Silber", "Vendasta is told of booking's update")
    tell("he gets another name here: Vendasta is told")


def _compare(story: Story, booking: Product) -> None:
    """Compare what Vendasta holds with what it should hold."""
    path, admin = "/products/vendasta/reconciliations", story.stack.manager_key
    answer = booking.call("POST", path, {"repair": True}, token=admin)
    started = expect(HTTPStatus.ACCEPTED, answer)["reconciliation_id"]

    def report() -> Mapping[str, Any]:
        return expect(HTTPStatus.OK, booking.call("GET", f"{path}/{started}", token=admin))

    wait_until(lambda: report()["status"] == "done", "both lists are compared")
    counts = report()["counts"]
    tell(f"both lists are compared: Vendasta holds {counts['held']}, and {counts['repaired']} differed and are told")


def _held(product: Product, email: str) -> Mapping[str, Any] | None:
    held = product.state["customers"].values()
    return next((customer for customer in held if customer["emails"] == [email]), None)


def _name(vendasta: Vendasta, customer_id: str) -> str | None:
    found = vendasta.got(customer_id)
    return str(found["last_name"]) if found else None
