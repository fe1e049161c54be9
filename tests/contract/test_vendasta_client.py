"""What the client of Vendasta promises, held against the simulator with its traps."""

from datetime import timedelta

import pytest

from customer_center.connectors.vendasta.client import RejectedError, UnavailableError, VendastaClient
from customer_center.connectors.vendasta.settings import VendastaSettings
from customer_center.platform.clock import SystemClock
from customer_center.platform.log import logger
from customer_center.platform.outbound_urls import Reply
from local.simulators.vendasta.server import API
from tests.builders.rs256 import private_key, private_pem
from tests.fakes.vendasta import MemoryToken
from tests.fakes.vendasta_simulator import APP_ID, add_app, running_simulator

GROUP = "AG-1"
ANNA = {"first_name": "Anna", "last_name": "Blum", "email": ["anna@blum.example"], "phone": ["+13066525464"]}


@pytest.fixture(scope="module")
def running():
    with running_simulator() as simulator:
        yield simulator


@pytest.fixture
def simulator(running):
    running.reset()
    add_app(running, accounts=(GROUP,))
    return running


@pytest.fixture
def kept():
    return MemoryToken()


@pytest.fixture
def client(simulator, kept):
    return new_client(simulator, kept)


def new_client(simulator, kept, *, app_id=APP_ID, group=GROUP, key="app", **changed):
    return VendastaClient(
        VendastaSettings(simulator.url + API, app_id, group),
        private_key=lambda: private_pem(private_key(key)),
        kept=kept,
        clock=SystemClock(),
        loopback=True,
        **changed,
    )


def calls(simulator):
    """Return the calls so far, with the status of each answer."""
    return [(request["call"], request["status"]) for request in simulator.requests]


def test_a_customer_is_created_found_updated_and_deleted_by_our_id(client):
    created = client.create("cus_1", ANNA)
    assert created.customer.customer_id.startswith("CUSTOMER-")
    assert not created.customer.is_conflict
    assert client.get("cus_1").customer == created.customer
    assert client.update("cus_1", {"last_name": "Rot"}).customer.last_name == "Rot"
    assert client.get("cus_1").customer.email == ("anna@blum.example",)
    assert client.delete("cus_1") is True
    assert client.get("cus_1") is None


def test_our_id_and_vendastas_have_other_names_in_other_calls(client, simulator):
    """Trap 1, and the trap of the names: `customer_id` is ours in Get and Delete, Vendasta's in Associate."""
    theirs = simulator.lists.change("create", {"account_id": GROUP, **ANNA}).customer_id
    assert client.update("cus_1", {"last_name": "Rot"}) is None
    assert client.associate(theirs, "cus_1") is True
    assert client.update("cus_1", {"last_name": "Rot"}).customer.customer_id == theirs
    assert client.get("cus_1").customer.vendor_customer_id == "cus_1"
    client.delete("cus_1")
    bodies = {request["call"]: request["body"] for request in simulator.requests}
    assert bodies["associate-id"] == {"account_id": GROUP, "customer_id": theirs, "vendor_customer_id": "cus_1"}
    assert (bodies["update-customer"]["id"], bodies["get-customer"]["customer_id"]) == ("cus_1", "cus_1")
    assert bodies["delete-customer"] == {"account_id": GROUP, "customer_id": "cus_1"}


def test_what_vendasta_does_not_know_is_no_error(client):
    assert (client.get("cus_9"), client.update("cus_9", ANNA)) == (None, None)
    assert (client.delete("cus_9"), client.associate("CUSTOMER-9", "cus_9")) == (False, False)


def test_a_duplicate_is_answered_with_200_and_seen(client):
    """Trap 11: create answered 200 with `CONFLICT-`."""
    first = client.create("cus_1", ANNA)
    second = client.create("cus_2", {"email": ANNA["email"]})
    assert second.customer.is_conflict
    assert second.conflicting_customer_id == first.customer.customer_id
    assert client.get("cus_2").customer.is_conflict


def test_the_list_comes_by_pages(client, monkeypatch):
    monkeypatch.setattr("customer_center.connectors.vendasta.client.PAGE_SIZE", 2)
    for number in range(5):
        client.create(f"cus_{number}", {"email": [f"{number}@blum.example"]})
    client.create("cus_9", {"email": ["0@blum.example"]})
    found, cursor, more = [], None, True
    while more:
        page = client.page(cursor)
        found.append([record.vendor_customer_id for record in page.customers])
        cursor, more = page.next_cursor, page.has_more
    assert found == [["cus_0", "cus_1"], ["cus_2", "cus_3"], ["cus_4"]]


# Tokens


def test_clients_share_a_token(simulator, kept):
    for _ in range(3):
        new_client(simulator, kept).get("cus_1")
    assert [call for call, _ in calls(simulator)] == ["oauth/token", *["get-customer"] * 3]


def test_a_token_that_ends_early_is_exchanged_once_and_the_call_is_repeated(client, simulator):
    """Trap 14: a 401 in the middle is one new token."""
    client.create("cus_1", ANNA)
    simulator.tokens.revoke()
    assert client.get("cus_1") is not None
    assert calls(simulator)[2:] == [("get-customer", 401), ("oauth/token", 200), ("get-customer", 200)]


def test_a_second_401_ends_it(client, simulator):
    simulator.modes.set({"mode": "unauthorized", "calls": ["get-customer"]})
    with pytest.raises(UnavailableError, match="http-401"):
        client.get("cus_1")
    assert [call for call, _ in calls(simulator)] == ["oauth/token", "get-customer", "oauth/token", "get-customer"]


@pytest.mark.parametrize(
    ("changed", "reason"), [({"app_id": "MP-unknown"}, "token-http-404"), ({"key": "other"}, "token-http-400")]
)
def test_an_app_that_gets_no_token_may_be_tried_later(simulator, kept, changed, reason):
    with pytest.raises(UnavailableError, match=reason):
        new_client(simulator, kept, **changed).get("cus_1")
    assert kept.stored is None


def test_neither_token_nor_key_nor_customer_is_logged(client, simulator, kept, monkeypatch):
    lines = []
    monkeypatch.setattr(logger, "info", lambda message, **keys: lines.append(f"{message} {keys}"))
    client.create("cus_1", ANNA)
    simulator.modes.set({"mode": "failing"})
    with pytest.raises(UnavailableError):
        client.update("cus_1", ANNA)
    logged = "\n".join(lines)
    assert "vendasta called {'call': 'customer', 'status': 200}" in logged
    for private in (kept.stored["access_token"], "Blum", "blum.example", "PRIVATE"):
        assert private not in logged


# Failures


@pytest.mark.parametrize(
    ("mode", "reason", "retry_after"),
    [
        ("failing", "http-500", ""),
        ("rate-limited", "http-429", "7"),
        ("offline", "no-connection", ""),
        ("unanswered", "no-connection", ""),
    ],
)
def test_what_vendasta_cannot_do_now_may_be_tried_later(client, simulator, mode, reason, retry_after):
    simulator.modes.set({"mode": mode, "calls": ["customer"]})
    with pytest.raises(UnavailableError, match=reason) as failed:
        client.create("cus_1", ANNA)
    assert failed.value.retry_after == retry_after
    assert len(simulator.lists.records) == (mode == "unanswered")


def test_an_answer_that_does_not_come_is_given_up_in_time(simulator, kept):
    client = new_client(simulator, kept, seconds=0.5)
    client.get("cus_1")
    simulator.modes.set({"mode": "slow"})
    with pytest.raises(UnavailableError, match="no-answer-in-time"):
        client.get("cus_1")


def test_all_calls_of_a_push_share_one_deadline(simulator, kept):
    client = new_client(simulator, kept, deadline=timedelta(0))
    with pytest.raises(UnavailableError, match="no-answer-in-time"):
        client.get("cus_7")
    assert [request for request in simulator.requests if request["body"].get("customer_id") == "cus_7"] == []


def test_another_account_group_is_about_the_app(simulator, kept):
    with pytest.raises(UnavailableError, match="http-403"):
        new_client(simulator, kept, group="AG-other").create("cus_1", ANNA)


@pytest.mark.parametrize("wrong", [{"first_name": "a,b"}, {"phone": ["1234567890"]}, {"permission_to_contact": "yes"}])
def test_a_customer_that_vendasta_refuses_is_refused(client, wrong):
    with pytest.raises(RejectedError, match="http-400"):
        client.create("cus_1", {**ANNA, **wrong})


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b"{}", b'{"data": {"customer": {}}}', b'{"data": []}', b"[" * 99]
)
def test_an_answer_that_cannot_be_read_may_be_tried_later(simulator, kept, body):
    def ask(target, sent, headers, seconds, *, max_answer_bytes):
        return Reply(200, {}, body)

    kept.write({"access_token": "t", "expires": 2**40, "of": f"{APP_ID} {simulator.url}{API}"})
    client = new_client(simulator, kept, ask=ask)
    with pytest.raises(UnavailableError, match="malformed-answer"):
        client.create("cus_1", ANNA)
