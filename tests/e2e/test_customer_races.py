"""Callers change customers at the same moment, over HTTP on the running stack. Afterwards the whole list is checked."""

import json
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from customer_center.customers.effects import product_push
from customer_center.customers.outage import Since
from local.products import Product, new_product
from local.stack import Stack
from ops.check_list import ListTables, differences
from tests.e2e.companies import eventually
from tests.e2e.test_races import at_once, statuses

# Each needs a sandbox of its own. Sixteen at once: tests/contract/test_customer_races.py.
MANY = 4
_serial = count(1)
EMAIL, OTHER_EMAIL = "anna@muster.example", "other@muster.example"


@pytest.fixture(autouse=True)
def consistent(stack: Stack):
    """After the race, everything that is derived is what sources said."""
    yield
    tables = ListTables(stack.client("dynamodb"), stack.customers_table, stack.journal_table, timedelta())
    found: list[str] = []

    def is_consistent() -> bool:
        found[:] = map(str, differences(tables))
        return not found

    try:
        eventually(is_consistent)
    except AssertionError:
        pytest.fail("\n".join(found))


@pytest.fixture
def products(stack: Stack) -> list[Product]:
    account = f"AG-race-{next(_serial)}"
    return [new_product(stack, f"race-{name}{next(_serial)}", account) for name in "ab"]


def test_of_many_creations_with_one_external_id_at_once_one_is_written(products):
    a, b = products
    body = {"last_name": "Muster", "external_id": "a-1"}
    answers = at_once(*[lambda: a.call("POST", "/customers", body)] * MANY)
    assert statuses(answers) == [201] + [409] * (MANY - 1)
    refused = {answer.json()["code"] for answer in answers if answer.status_code == 409}
    assert refused <= {"external-id-taken", "in-progress"}
    found = a.call("GET", "/customers/lookup?external_id=a-1").json()["customer_id"]
    eventually(lambda: list(b.state["customers"]) == [found])


def test_edits_by_api_and_webhook_at_once_reach_everybody(products):
    a, b = products
    customer_id = a.call("POST", "/customers", {"last_name": "Muster", "external_id": "a-1"}).json()["customer_id"]
    eventually(lambda: customer_id in b.state["customers"])

    def edit(product, **values):
        return product.call("PATCH", f"/customers/{customer_id}", values, If_Match="*")

    answers = at_once(
        lambda: edit(a, first_name="Anna"),
        lambda: edit(b, organisation="Muster"),
        lambda: b.tell("customer.updated", customer_id=customer_id, phones=["+49 351 1"]),
        lambda: a.tell("customer.updated", external_id="a-1", last_name="Neumann"),
    )
    # Neither edit names a version, so that neither is told that the customer has changed.
    assert statuses(answers) == [200, 200, 202, 202]

    def told():
        shown = a.call("GET", f"/customers/{customer_id}").json()
        arrived = (shown["last_name"], shown["phones"]) == ("Neumann", ["+49 351 1"])
        names = ("first_name", "last_name", "organisation", "phones")
        held = b.state["customers"][customer_id]
        return arrived and all(held[name] == shown[name] for name in names if name != "organisation")

    eventually(told)


# Match keys: who comes first owns them


def created(product, **values):
    answer = product.call("POST", "/customers", values)
    assert answer.status_code == 201, answer.text
    return answer.json()["customer_id"]


def edit(product, customer_id, *emails):
    return product.call("PATCH", f"/customers/{customer_id}", {"emails": list(emails)}, If_Match="*")


def shown(product, *ids):
    """Return the e-mails of those that are listed, and of each the customers that it is in conflict with."""
    answers = {each: product.call("GET", f"/customers/{each}").json() for each in ids}
    listed = {each: answer["emails"] for each, answer in answers.items() if answer["status"] != "hidden"}
    return listed, {each: answer["conflicting_customer_ids"] for each, answer in answers.items()}


def test_of_many_creations_with_one_email_at_once_one_is_listed(products):
    a, b = products
    answers = at_once(*[lambda: a.call("POST", "/customers", {"last_name": "Muster", "emails": [EMAIL]})] * MANY)
    assert statuses(answers) == [201] * MANY
    ids = [answer.json()["customer_id"] for answer in answers]
    (owner,) = shown(a, *ids)[0]
    conflicts = {each: [] if each == owner else [owner] for each in ids}
    eventually(lambda: shown(a, *ids) == ({owner: [EMAIL]}, conflicts))
    eventually(lambda: list(b.state["customers"]) == [owner])


def test_two_that_take_each_others_email_at_once_each_have_it_in_the_end(products):
    a, b = products
    one, other = created(a, last_name="One", emails=[EMAIL]), created(a, last_name="Other", emails=[OTHER_EMAIL])
    answers = at_once(lambda: edit(a, one, OTHER_EMAIL), lambda: edit(b, other, EMAIL))
    assert statuses(answers) == [200, 200]
    expected = {one: [OTHER_EMAIL], other: [EMAIL]}
    eventually(lambda: shown(a, one, other) == (expected, {one: [], other: []}))
    eventually(lambda: {key: held["emails"] for key, held in b.state["customers"].items()} == expected)


def test_a_merge_against_claims_of_its_keys_keeps_them(products):
    a, b = products
    pair = created(a, last_name="One", emails=[EMAIL]), created(a, last_name="Other", emails=[OTHER_EMAIL])
    claimers = [created(b, last_name=f"Claims {n}") for n in range(2)]
    merge = {"customer_id": pair[1]}
    answers = at_once(
        lambda: a.call("POST", f"/customers/{pair[0]}/merges", merge, token=a.stack.manager_key),
        lambda: edit(b, claimers[0], OTHER_EMAIL),
        lambda: edit(b, claimers[1], EMAIL, OTHER_EMAIL),
    )
    assert statuses(answers) == [200, 200, 200]
    survivor = answers[0].json()["customer_id"]

    def is_kept():
        listed, conflicts = shown(a, survivor, *claimers)
        kept = {name: sorted(emails) for name, emails in listed.items()}
        claimed = [(listed[each], conflicts[each]) for each in claimers]
        return kept[survivor] == [EMAIL, OTHER_EMAIL] and claimed == [([], [survivor])] * 2

    eventually(is_kept)


def test_an_unmerge_against_a_claim_of_its_key_leaves_it_to_one(products):
    """The survivor does not show the e-mail of the other one, which is free until that one comes out again."""
    a, b = products
    survivor, member = created(a, last_name="One", emails=[EMAIL]), created(a, last_name="Other", emails=[OTHER_EMAIL])
    merge = {"customer_id": member, "policies": {"emails": {"rule": "fill_empty"}}}
    admin = {"token": a.stack.manager_key}
    assert a.call("POST", f"/customers/{survivor}/merges", merge, **admin).json()["emails"] == [EMAIL]
    claimer = created(b, last_name="Claims")
    answers = at_once(
        lambda: a.call("POST", f"/customers/{survivor}/unmerge", {}, **admin), lambda: edit(b, claimer, OTHER_EMAIL)
    )
    assert statuses(answers) == [200, 200]

    def has_one_owner():
        listed, conflicts = shown(a, member, claimer)
        owners = [each for each in (member, claimer) if OTHER_EMAIL in listed[each]]
        return len(owners) == 1 and sorted(conflicts.values()) == [[], owners]

    eventually(has_one_owner)
    assert shown(a, survivor) == ({survivor: [EMAIL]}, {survivor: []})


# Pushes


def test_several_workers_at_one_delivery_tell_each_version_once(stack, products):
    a, b = products
    customer_id = created(a, last_name="Muster")
    eventually(lambda: customer_id in b.state["customers"])
    sqs = stack.client("sqs")
    url = sqs.get_queue_url(QueueName="customer-center-local-product-push")["QueueUrl"]
    pointer = product_push(a.account_id, b.name, customer_id, Since(), datetime.now(UTC))
    again = json.dumps(asdict(pointer))
    at_once(
        lambda: a.call("PATCH", f"/customers/{customer_id}", {"last_name": "Neumann"}, If_Match="*"),
        *[lambda: sqs.send_message(QueueUrl=url, MessageBody=again)] * 3,
    )
    eventually(lambda: b.state["customers"][customer_id]["last_name"] == "Neumann")
    # By the time that this change has come through, the pointers have too: other tests' messages may wait for long.
    a.call("PATCH", f"/customers/{customer_id}", {"last_name": "Last"}, If_Match="*")
    eventually(lambda: b.state["customers"][customer_id]["last_name"] == "Last")
    told = ["customer.created", "customer.updated", "customer.updated"]
    assert (b.heard(customer_id), b.state["calls"]) == (told, len(told))
