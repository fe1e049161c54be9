"""What forgetting an erased customer promises, of the fakes and of the stores in DynamoDB."""

from dataclasses import replace

import pytest

from customer_center.customers.consent import ConsentStatement
from customer_center.customers.entries import customer_entry
from customer_center.customers.erased_id_store import ErasedIdStore
from customer_center.customers.model import Customer, SourceRecord
from customer_center.customers.own_ids import OwnId
from customer_center.customers.ports import Change
from customer_center.customers.store import CustomerStore
from customer_center.platform.journal import Actor, Journal
from customer_center.platform.stamps import event_stamp, nanoseconds
from tests.fakes.clock import NOON
from tests.fakes.customers import FakeCustomers, FakeErasedIds

ACCOUNT = "AG-100"
STAMP = event_stamp(nanoseconds(NOON), "id_1")
ACTOR = Actor("client", "key")
AT = "2026-11-24T12:00:00.000000000+00:00"


def stored(client, create_table):
    dynamodb = client("dynamodb")
    tables = [create_table(dynamodb, name) for name in ("CustomersTable", "JournalTable")]
    at = {"client": dynamodb, "table": tables[0], "journal": Journal(client=dynamodb, table=tables[1])}
    keys = []

    def new_key(now):
        keys[:] = keys or ["key"]
        return keys[0]

    return CustomerStore(**at), ErasedIdStore(**at, key=lambda now: keys[0] if keys else None, new_key=new_key)


@pytest.fixture
def fake():
    return FakeCustomers(), FakeErasedIds()


@pytest.fixture
def moto(moto_client, create_table):
    return stored(moto_client, create_table)


@pytest.fixture
def dynamodb_local(dynamodb_local_client, create_table):
    return stored(dynamodb_local_client, create_table)


@pytest.fixture(params=["fake", "moto", "dynamodb_local"])
def stores(request):
    return request.getfixturevalue(request.param)


@pytest.fixture
def customers(stores):
    return stores[0]


def added(customers, number=1, *, claims=(), sources=0, channels=()):
    customer = Customer(f"cus_{number}", ACCOUNT, NOON, NOON).told({"last_name": "Muster"}, "api", STAMP, NOON)
    said = [ConsentStatement(channel, "granted", AT, STAMP, "api") for channel in channels]
    first = customer_entry("customer.created", None, customer, ACTOR, NOON, "request")
    customers.save(Change(None, customer, claims=claims, consent=said), first)
    for each in range(sources):
        source = SourceRecord(customer.customer_id, f"product:{each}")
        after, _ = source.sent({"last_name": "Muster"}, STAMP, None)
        customers.save(Change(customer, customer, source=(source, after)), None)
    return customer


def test_an_erased_customer_is_read_as_it_was_written(customers):
    customer = added(customers)
    erased = customer.erased(NOON, STAMP)
    customers.save(Change(customer, erased), None)
    cleared = replace(erased, cleared_at=NOON, revision=erased.revision + 1)
    assert customers.customer("cus_1") == erased
    customers.save(Change(erased, cleared), None)
    assert customers.customer("cus_1") == cleared


def test_statements_are_cleared_by_pages_and_those_of_others_stay(customers):
    added(customers, sources=5, channels=("email", "sms"))
    added(customers, 2, sources=1, channels=("email",))
    pages = 1
    while customers.clear_statements("cus_1", limit=2):
        pages += 1
    assert pages >= 2
    assert (customers.source_records("cus_1"), customers.consent_ledger("cus_1")) == ([], [])
    assert not customers.clear_statements("cus_1", limit=2)
    assert len(customers.source_records("cus_2")) == len(customers.consent_ledger("cus_2")) == 1
    assert customers.customer("cus_1")


@pytest.mark.parametrize("product", ["a", None])
def test_an_id_of_the_customer_is_forgotten_and_that_of_another_is_not(customers, product):
    added(customers, claims=[(product, "1")])
    for _ in range(2):
        customers.forget_own_id(ACCOUNT, product, "1", "cus_2")
        assert customers.own_id(ACCOUNT, product, "1") == OwnId("cus_1")
    for _ in range(2):
        customers.forget_own_id(ACCOUNT, product, "1", "cus_1")
        assert customers.own_id(ACCOUNT, product, "1") == OwnId()


def test_an_entry_is_redacted(customers):
    added(customers)
    (entry,) = customers.history("cus_1", limit=10).rows
    customers.redact(entry, {"last_name": [None, "erased"]})
    (after,) = customers.history("cus_1", limit=10).rows
    assert {name: list(pair) for name, pair in after.changes.items()} == {"last_name": [None, "erased"]}
    assert after.entry_id == entry.entry_id


def test_an_erased_id_is_of_one_account_and_product(stores):
    _, erased_ids = stores
    assert not erased_ids.has(ACCOUNT, "a", "1", NOON)
    for _ in range(2):
        erased_ids.note(ACCOUNT, "a", "1", NOON)
    assert erased_ids.has(ACCOUNT, "a", "1", NOON)
    others = (("AG-2", "a", "1"), (ACCOUNT, "b", "1"), (ACCOUNT, None, "1"), (ACCOUNT, "a", "2"))
    assert not any(erased_ids.has(*other, NOON) for other in others)
    erased_ids.note(ACCOUNT, None, "1", NOON)
    assert erased_ids.has(ACCOUNT, None, "1", NOON)
