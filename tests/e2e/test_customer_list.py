"""The Customer List over HTTP: products that are in step by API and signed webhooks, through the real template."""

from itertools import count

import pytest
import requests

from local.products import SHOP_ACCOUNT, Product, new_product
from local.stack import Stack
from local.webhook import send
from tests.e2e.companies import eventually, new_customer

_serial = count(1)
ANNA = {"first_name": "Anna", "last_name": "Muster", "emails": ["anna@muster.example"], "phones": ["+49 351 1"]}
ADDRESS = {
    "street": "Markt",
    "house_number": "3",
    "line_2": None,
    "postal_code": "01067",
    "city": "Dresden",
    "state": None,
    "country": "DE",
}


@pytest.fixture
def account():
    return f"AG-{next(_serial)}"


@pytest.fixture
def a(stack: Stack, account: str) -> Product:
    return new_product(stack, f"a{next(_serial)}", account)


@pytest.fixture
def b(stack: Stack, account: str) -> Product:
    return new_product(stack, f"b{next(_serial)}", account)


def created(product, **values):
    answer = product.call("POST", "/customers", ANNA | values)
    assert answer.status_code == 201, answer.text
    return answer.json()["customer_id"]


def edit(product, customer_id, **values):
    answer = product.call("PATCH", f"/customers/{customer_id}", values, If_Match="*")
    assert answer.status_code == 200, answer.text


def held(product, customer_id):
    return product.state["customers"].get(customer_id, {})


def test_a_change_by_one_product_reaches_the_other_and_not_its_author(a, b):
    """003: "If a Customer is updated anywhere, that data syncs, and the record is updated everywhere"."""
    customer_id = created(a, visit_address=ADDRESS, external_id="a-1")
    eventually(lambda: b.heard(customer_id) == ["customer.created"])
    assert {name: held(b, customer_id)[name] for name in (*ANNA, "visit_address")} == ANNA | {"visit_address": ADDRESS}
    told = b.tell("customer.updated", customer_id=customer_id, external_id="b-1", last_name="Neumann")
    assert told.status_code == 202
    eventually(lambda: held(a, customer_id).get("last_name") == "Neumann")
    assert held(a, customer_id)["external_id"] == "a-1"
    edit(b, customer_id, phones=[], visit_address={"city": "Bonn"})
    eventually(lambda: held(a, customer_id).get("phones") == [])
    assert held(a, customer_id)["visit_address"] == ADDRESS | {"city": "Bonn"}
    # What A edits now is the next that B hears: it heard nothing of its own changes.
    edit(a, customer_id, first_name="Annabel")
    eventually(lambda: held(b, customer_id).get("first_name") == "Annabel")
    assert b.heard(customer_id) == ["customer.created", "customer.updated"]
    assert held(b, customer_id)["external_id"] == "b-1"
    versions = [event["data"]["version"] for event in b.state["events"]]
    assert versions == sorted(versions)
    assert (a.state["forged"], b.state["forged"]) == (0, 0)


def test_a_deletion_reaches_the_other_and_stays(a, b):
    customer_id = created(a)
    eventually(lambda: customer_id in b.state["customers"])
    assert b.tell("customer.deleted", customer_id=customer_id).status_code == 202
    eventually(lambda: a.heard(customer_id) == ["customer.deleted"])
    assert a.call("GET", f"/customers/{customer_id}").status_code == 404
    assert b.heard(customer_id) == ["customer.created"]


def test_an_event_of_the_erp_changes_company_and_customer(stack):
    customer = new_customer(stack).activate()
    product = new_product(stack, f"erp{next(_serial)}")
    data = {"customer_number": customer.number, "customer_posting_group": "EU", "organisation": "Musterhandel"}
    assert send(stack.api_url, stack.webhook_secret, "customer.updated", data).status_code == 202

    def by_code():
        return [each for each in product.state["customers"].values() if each["customer_code"] == customer.number]

    eventually(lambda: [each["organisation"] for each in by_code()] == ["Musterhandel"])
    company = customer.shop.call("GET", "/me", token=customer.token).json()["company"]
    assert company["customer_posting_group"] == "EU"
    (told,) = by_code()
    assert told["account_id"] == SHOP_ACCOUNT
    deleted = {"customer_number": customer.number}
    assert send(stack.api_url, stack.webhook_secret, "customer.deleted", deleted).status_code == 202
    eventually(lambda: by_code() == [])
    assert customer.shop.call("GET", "/me", token=customer.token).ok


@pytest.mark.parametrize("mode", ["fail", "busy", "redirect"])
def test_a_product_that_fails_gets_the_last_state_when_it_is_back(a, b, mode):
    b.set(mode=mode)
    customer_id = created(a)
    eventually(lambda: b.state["calls"] > 0)
    edit(a, customer_id, last_name="Last")
    assert b.state["customers"] == {}
    b.set(mode="take")
    eventually(lambda: held(b, customer_id).get("last_name") == "Last")


@pytest.mark.parametrize("mode", ["hang", "drip"])
def test_a_product_that_hangs_holds_nobody_else_up(stack, account, a, b, mode):
    other = new_product(stack, f"c{next(_serial)}", account)
    b.set(mode=mode)
    customer_id = created(a)
    eventually(lambda: b.state["calls"] > 0)
    eventually(lambda: customer_id in other.state["customers"])
    b.set(mode="take")
    eventually(lambda: customer_id in b.state["customers"])


def test_only_the_status_of_an_answer_counts(a, b):
    b.set(mode="huge")
    customer_id = created(a)
    eventually(lambda: customer_id in b.state["customers"])
    edit(a, customer_id, last_name="Neumann")
    eventually(lambda: held(b, customer_id).get("last_name") == "Neumann")
    assert b.state["calls"] == 2


def test_a_product_that_is_gone_is_told_nothing_more(a, b):
    b.set(mode="gone")
    customer_id = created(a)
    path = f"/products/{b.name}"
    eventually(lambda: b.call("GET", path, token=b.stack.manager_key).json()["gone_at"] is not None)
    calls = b.state["calls"]
    edit(a, customer_id, last_name="Neumann")
    b.connect()
    eventually(lambda: held(b, customer_id).get("last_name") == "Neumann")
    assert b.state["calls"] == calls + 1


def test_strangers_can_send_nothing(stack, a, b):
    customer_id = created(a)
    forged = send(stack.api_url, a.source_secret, "customer.updated", {"customer_id": customer_id}, source=b.source_id)
    assert forged.status_code == 401
    foreign = requests.get(
        f"{stack.api_url}/customers/{customer_id}",
        headers={"Authorization": f"Bearer {a.key}"},
        params={"account_id": "AG-other"},
        timeout=30,
    )
    assert foreign.status_code == 404


def test_sources_of_webhooks_are_listed_rotated_and_removed(a):
    admin = a.stack.manager_key
    path = f"/webhook-sources/{a.source_id}"
    rotated = a.call("POST", f"{path}/rotation", token=admin).json()
    assert rotated["secret"].startswith("whsec_")
    (listed,) = a.call("GET", "/webhook-sources", token=admin).json()["items"]
    assert listed == rotated["source"]
    assert listed["secret_hints"] == [rotated["secret"][-4:], a.source_secret[-4:]]
    # The secret before is valid until the next rotation.
    assert a.tell("customer.updated", external_id="a-9", last_name="Neumann").status_code == 202
    assert a.call("DELETE", path, token=admin, If_Match="*").status_code == 204
    assert a.call("GET", path, token=admin).status_code == 404
    assert a.call("GET", "/webhook-sources", token=admin).json()["items"] == []


def test_customers_are_listed_by_pages_and_found_by_their_own_ids(a, b):
    customers = [
        created(a, last_name=name, external_id=f"n-{name}", customer_code=f"C-{name}", emails=[f"{name[0]}@x.example"])
        for name in ("Cohn", "Abel", "Böll")
    ]
    gone = created(a, last_name="Gone")
    assert a.call("DELETE", f"/customers/{gone}", None, If_Match="*").status_code == 204

    def names(query):
        page = b.call("GET", f"/customers?{query}", None).json()
        more = names(f"{query.partition('&cursor=')[0]}&cursor={page['next_cursor']}") if page["next_cursor"] else []
        return [row["last_name"] for row in page["items"]] + more

    eventually(lambda: names("sort=name&limit=2") == ["Abel", "Böll", "Cohn"])
    eventually(lambda: names("sort=-created&limit=1") == ["Böll", "Abel", "Cohn"])
    eventually(lambda: names("sort=customer_code&customer_code_from=C-B&limit=1") == ["Böll", "Cohn"])
    found = a.call("GET", "/customers/lookup?external_id=n-Abel", None)
    assert found.json()["customer_id"] == customers[1]
    edited = b.call("PATCH", "/customers/lookup?customer_code=C-Abel", {"last_name": "Abels"}, If_Match="*")
    assert (edited.status_code, edited.json()["customer_id"]) == (200, customers[1])
    assert b.call("GET", "/customers/lookup?external_id=n-Abel", None).json()["code"] == "external-id-unknown"
    eventually(lambda: names("sort=updated&limit=1") == ["Cohn", "Böll", "Abels"])
    history = b.call("GET", f"/customers/{customers[1]}/history", None).json()["items"]
    assert [entry["changes"].get("last_name") for entry in history] == [["Abel", "Abels"], [None, "Abel"]]
    sources = b.call("GET", f"/customers/{customers[1]}/sources", None).json()["items"]
    assert [source["source"] for source in sources] == [f"product:{a.name}", f"product:{b.name}"]


def test_customers_with_one_e_mail_are_in_conflict_until_one_gives_it_up_or_somebody_decides(a, b):
    """Four ways out: by webhook, by API, by the owner, and by a decision; products are told of who comes forward."""

    def status(product, customer_id):
        return product.call("GET", f"/customers/{customer_id}").json()["status"]

    owner = created(a, external_id="a-1")
    eventually(lambda: b.heard(owner) == ["customer.created"])
    told = b.tell("customer.created", external_id="b-2", emails=ANNA["emails"])
    assert told.status_code == 202
    by_webhook = eventually(lambda: b.call("GET", "/customers/lookup?external_id=b-2", None).json().get("customer_id"))
    hidden = [by_webhook, *(created(a) for _ in range(3))]
    assert {status(a, each) for each in hidden} == {"hidden"}
    b.tell("customer.updated", external_id="b-2", emails=["second@muster.example"])
    eventually(lambda: a.heard(by_webhook) == ["customer.created"])
    edit(a, hidden[1], emails=["third@muster.example"])
    eventually(lambda: b.heard(hidden[1]) == ["customer.created"])
    edit(a, owner, emails=[])
    eventually(lambda: b.heard(hidden[2]) == ["customer.created"])
    assert [status(a, each) for each in hidden] == ["listed", "listed", "listed", "hidden"]
    eventually(lambda: _open_conflicts(a) == [(hidden[3], [hidden[2]])])
    conflict_id = a.call("GET", f"/customers/{hidden[3]}").json()["conflict_id"]
    assert a.call("GET", f"/conflicts/{conflict_id}").json()["kind"] == "hidden"
    kept = a.call("POST", f"/conflicts/{conflict_id}/keep-separate", token=a.stack.manager_key)
    assert (kept.status_code, kept.json()["status"]) == (200, "kept_separate")
    eventually(lambda: b.heard(hidden[3]) == ["customer.created"])
    assert _open_conflicts(a) == []


def _open_conflicts(product):
    items = product.call("GET", "/conflicts").json()["items"]
    return [(item["customer_id"], [each["customer_id"] for each in item["candidates"]]) for item in items]
