"""The process dies around every single call of the Customer List's functions to AWS or to a product: nothing is lost.

Each scenario is run undisturbed once, and then once for every death that leaves something else behind. Afterwards
callers, queues and schedules come again, as they do. The state must be that of the undisturbed run, every customer what
its sources say, and each product holds the last version, told under one id.
"""

from contextlib import contextmanager
from datetime import timedelta

import pytest

from tests.faults.customer_list import RunningList
from tests.faults.shop import Fate, Scenario

SHOP = RunningList
ANNA = {"first_name": "Anna", "last_name": "Muster", "emails": ["anna@muster.example"], "phones": ["+493511234567"]}


# What is there before


def connected(room):
    """Return two connected products, by name: the id of the source and its secret."""
    return room.connect()


def customer(room):
    """Return two connected products, and a customer that both have."""
    known = connected(room)
    create(room, known)
    room.settle()
    return {**known, "customer_id": room.last["customer_id"]}


def of_a_partner(room):
    """Return a customer that both products have, in an account that has a partner."""
    room.unwatched(room.describe_account)
    return customer(room)


def twins(room):
    """Return two connected products, and a customer that waits for the e-mail of another one."""
    known = customer(room)
    create_twin(room, known)
    room.settle()
    return {**known, "twin_id": room.last["customer_id"]}


def merged(room):
    """Return two connected products, and a customer into which another one was merged."""
    known = twins(room)
    merge(room, known)
    room.settle()
    return known


def behind(room):
    """Return two connected products, of which `b` was down during a change and a deletion."""
    known = twins(room)
    room.told["b"].status = 503
    edit("a", last_name="Neumann", emails=None)(room, known)
    room.settle()
    room.told["b"].status = 204
    return known


# What is done


@contextmanager
def or_nobody_there():
    """Let a request be answered with 404, too: who comes again finds nobody there."""
    try:
        yield
    except AssertionError as answer:
        assert "404" in str(answer)  # noqa: PT017 # raised by ask


def create_twin(room, known):
    room.ask(201, "POST /customers", "b", {"external_id": "b-2", "last_name": "Twin", "emails": ANNA["emails"]})


def merge(room, known):
    body = {"customer_id": known["twin_id"]}
    room.ask(200, "POST /customers/{customer_id}/merges", "a", body, customer_id=known["customer_id"])


def unmerge(room, known):
    room.ask(200, "POST /customers/{customer_id}/unmerge", "a", {}, customer_id=known["customer_id"])


def erase(room, known):
    room.ask(202, "POST /customers/{customer_id}/erasure", "a", {"include": []}, customer_id=known["customer_id"])


def catch_up(room, known):
    """Let the schedule come three times: the first one may die, and its walk is left alone for two minutes."""
    for _ in range(3):
        room.ahead += timedelta(minutes=5)
        room.on_schedule("ProductCatchUpFunction", "product_catch_up/every_minute")
        room.settle()


def create(room, known):
    body = ANNA | {"external_id": "a-1", "customer_code": "10000", "permission_to_contact": True}
    room.ask(201, "POST /customers", "a", body)


def edit(product, **values):
    """Return what edits the customer as a product."""

    def act(room, known):
        room.ask(200, "PATCH /customers/{customer_id}", product, values, customer_id=known["customer_id"])

    return act


def delete(room, known):
    with or_nobody_there():
        room.ask(204, "DELETE /customers/{customer_id}", "b", customer_id=known["customer_id"])


def leave(room, known):
    with or_nobody_there():
        room.ask(200, "DELETE /customers/{customer_id}/account", "b", customer_id=known["customer_id"])


def say(product, kind, ids, **values):
    """Return what sends an event as a product; `ids` has its own id of the customer, and whether to name ours."""

    def act(room, known):
        own_id, named = ids
        data = values | {"external_id": own_id} | ({"customer_id": known["customer_id"]} if named else {})
        source_id, secret = known[product]
        answer = room.send(source_id, [secret], kind, data)
        assert answer[0] == 202, answer

    return act


def erp(room, known):
    answer = room.webhook(
        "customer.created", customer_number="20000", organisation="Musterhandel", emails=["x@y.example"]
    )
    assert answer[0] == 202, answer


def put_product(room, known):
    room.ask(
        200, "PUT /products/{product}", "b", {"url": "https://x.example/b", "without_consent": "skip"}, product="b"
    )


def remove_product(room, known):
    with or_nobody_there():
        room.ask(204, "DELETE /products/{product}", "b", product="b")


def add_source(room, known):
    room.ask(201, "POST /webhook-sources", "a", {"product": "a"})


def remove_source(room, known):
    with or_nobody_there():
        room.ask(204, "DELETE /webhook-sources/{source_id}", "a", source_id=known["b"][0])


SCENARIOS = {
    "creation": Scenario(connected, create),
    "edit": Scenario(customer, edit("b", last_name="Neumann", phones=None)),
    # With its own time: a flag that is sent twice is said twice.
    "edit of consent": Scenario(
        customer, edit("b", consent={"sms": {"state": "denied", "at": "2026-11-01T00:00:00Z"}})
    ),
    "deletion": Scenario(customer, delete),
    "leaving the account": Scenario(of_a_partner, leave),
    "event that creates": Scenario(connected, say("a", "customer.created", ("a-9", False), **ANNA)),
    "event that changes": Scenario(customer, say("b", "customer.updated", ("b-1", True), last_name="Neumann")),
    "event with nothing new": Scenario(customer, say("a", "customer.updated", ("a-1", False), last_name="Muster")),
    "event that is refused": Scenario(customer, say("b", "customer.updated", ("a-1", True), consent={})),
    "event that deletes": Scenario(customer, say("a", "customer.deleted", ("a-1", False))),
    "creation in conflict": Scenario(customer, create_twin),
    "un-merge": Scenario(merged, unmerge),
    "erasure": Scenario(customer, erase),
    "walk of a product that was down": Scenario(behind, catch_up),
    "event of the ERP": Scenario(connected, erp),
    "changing a product": Scenario(customer, put_product),
    "removing a product": Scenario(customer, remove_product),
    "adding a source": Scenario(connected, add_source),
    "removing a source": Scenario(connected, remove_source),
}


# A function that dies has no metrics yet.
@pytest.mark.filterwarnings("ignore:No application metrics to publish")
@pytest.mark.parametrize("name", SCENARIOS)
def test_whatever_call_the_process_dies_at_it_ends_as_if_nothing_had_happened(run, name):
    undisturbed = Fate()
    state, _ = run(SCENARIOS[name], undisturbed)
    assert len(undisturbed.steps) >= 3, undisturbed.steps
    for way, fatal in undisturbed.deaths():
        call = undisturbed.steps[fatal - 1]
        fate = Fate(way, fatal)
        where = f"died {way} call {fatal}, {call}"
        state_then, _ = run(SCENARIOS[name], fate)
        assert fate.died_at == call, where
        assert state_then == state, where
