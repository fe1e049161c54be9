"""A person is erased over HTTP: products delete it, the journal is blanked, and its product cannot bring it back."""

from itertools import count

from local.products import new_product
from tests.e2e.companies import eventually

_serial = count(1)


def test_an_erased_person_is_gone_everywhere(stack):
    account = f"AG-erase-{next(_serial)}"
    a, b = (new_product(stack, f"erase-{name}{next(_serial)}", account) for name in "ab")
    created = a.call("POST", "/customers", {"last_name": "Xylander", "external_id": "a-1"})
    assert created.status_code == 201, created.text
    customer_id = created.json()["customer_id"]
    eventually(lambda: customer_id in b.state["customers"])
    admin = {"token": stack.manager_key}
    export = a.call("GET", f"/customers/{customer_id}/export", **admin).json()
    assert export["records"][0]["products"][0]["external_ids"] == ["a-1"]
    erasure = a.call("POST", f"/customers/{customer_id}/erasure", {"include": []}, **admin)
    assert erasure.status_code == 202, erasure.text
    certificate = f"/erasures/{erasure.json()['erasure_id']}"
    eventually(lambda: b.heard(customer_id)[-1:] == ["customer.deleted"])
    # The last run of the follow-up is a minute later, when nothing that began before can write any more.
    eventually(lambda: a.call("GET", certificate, **admin).json()["status"] == "done", seconds=180)
    assert a.tell("customer.updated", external_id="a-1", last_name="Xylander").status_code == 202
    history = a.call("GET", f"/customers/{customer_id}/history").text
    assert "Xylander" not in history
    assert "customer.erased" in history
    assert a.call("GET", "/customers/lookup?external_id=a-1").status_code == 404
