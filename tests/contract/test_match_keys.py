"""What keeping match keys and conflicts promises, of the fake and of the store in DynamoDB."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from customer_center.customers.accounts import Account
from customer_center.customers.create_customer import NewCustomer, create_customer
from customer_center.customers.edit_customer import edit_customer
from customer_center.customers.entries import customer_entry
from customer_center.customers.follow_keys import follow_keys
from customer_center.customers.identity import Identity, IdentityConflict, KeyRules, key_id
from customer_center.customers.model import Customer, SourceRecord
from customer_center.customers.ports import Change
from customer_center.customers.store import CustomerStore
from customer_center.platform.clock import SystemClock
from customer_center.platform.errors import InProgress
from customer_center.platform.journal import Actor, Journal
from tests.fakes.clock import NOON
from tests.fakes.customers import FakeCustomers

ACCOUNT = "AG-100"
ACTOR = Actor("client", "key")
MAIL, PHONE = "email:anna@muster.example", "phone:+49351123456"
CUSTOMER = Customer(
    "cus_1",
    ACCOUNT,
    NOON,
    NOON,
    values={"last_name": "Muster"},
    keys=(MAIL, PHONE),
    waiting=(MAIL,),
    withheld={"emails": ("anna@muster.example",)},
    conflict_id="cfl_1",
    conflicting=("cus_2",),
    kept_separate=("cus_3",),
)
CONFLICT = IdentityConflict("cfl_1", ACCOUNT, "cus_1", "withheld", {"cus_2": (MAIL,)}, NOON, NOON, version=1)


@pytest.fixture(params=["fake", "moto_client", "emulator_client", "dynamodb_local_client"])
def customers(request, create_table):
    return made(request, create_table)


@pytest.fixture(params=["emulator_client", "dynamodb_local_client"])
def contested(request, create_table):
    """A store that many threads use at once."""
    return made(request, create_table)


def made(request, create_table):
    if request.param == "fake":
        return FakeCustomers()
    dynamodb = request.getfixturevalue(request.param)("dynamodb")
    tables = [create_table(dynamodb, name) for name in ("CustomersTable", "JournalTable")]
    return CustomerStore(client=dynamodb, table=tables[0], journal=Journal(client=dynamodb, table=tables[1]))


def entry(before, after):
    return customer_entry("customer.updated", before, after, ACTOR, NOON, "request")


def added(customers, customer=CUSTOMER, **change):
    customers.save(Change(None, customer, **change), entry(None, customer))
    return customer


def test_a_customer_in_conflict_is_read_as_it_was_written(customers):
    assert customers.customer(added(customers).customer_id) == CUSTOMER
    hidden = replace(CUSTOMER, customer_id="cus_4", hidden=True, withheld={})
    assert customers.customer(added(customers, hidden).customer_id) == hidden
    found = customers.customers_with(["cus_4", "cus_1", "cus_unknown"])
    assert sorted(each.customer_id for each in found) == ["cus_1", "cus_4"]


def test_an_account_has_rules_for_keys(customers):
    assert customers.key_rules(ACCOUNT) == KeyRules()
    if isinstance(customers, FakeCustomers):
        return
    account = Account(ACCOUNT).changed(NOON, country="DE", blocked_values=("info@muster.example",))
    customers.save_account(Account(ACCOUNT), account, entry(None, CUSTOMER))
    assert customers.key_rules(ACCOUNT) == KeyRules("DE", ("info@muster.example",))


def test_who_has_a_key_is_written_with_the_change(customers):
    ids = [key_id(MAIL), key_id(PHONE)]
    nobody = customers.identities(ACCOUNT, ids)
    assert nobody == {each: Identity(ACCOUNT, each) for each in ids}
    owned = replace(nobody[ids[0]].owned_by("cus_2").awaited_by("cus_1", "cfl_1"), version=1)
    added(customers, identities=[(nobody[ids[0]], owned)])
    assert customers.identities(ACCOUNT, ids) == {ids[0]: owned, ids[1]: nobody[ids[1]]}
    assert customers.identities("AG-2", ids[:1])[ids[0]].version == 0
    common = replace(owned, is_common=True, owners=(), version=2)
    customers.save(Change(CUSTOMER, CUSTOMER, identities=[(owned, common)]), None)
    assert customers.identities(ACCOUNT, ids)[ids[0]] == common


def test_who_read_a_key_before_it_changed_writes_nothing(customers):
    id_ = key_id(MAIL)
    nobody = customers.identities(ACCOUNT, [id_])[id_]
    owned = replace(nobody.owned_by("cus_1"), version=1)
    added(customers, identities=[(nobody, owned)])
    other = replace(CUSTOMER, customer_id="cus_2")
    late = replace(nobody.owned_by("cus_2"), version=1)
    for before in (nobody, replace(owned, version=7)):
        with pytest.raises(InProgress):
            added(customers, other, identities=[(before, late)])
    assert customers.customer("cus_2") is None
    assert customers.identities(ACCOUNT, [id_])[id_] == owned


def test_a_conflict_is_listed_while_it_is_open(customers):
    added(customers, conflict=(None, CONFLICT))
    assert customers.conflict(ACCOUNT, "cfl_1") == CONFLICT
    assert customers.conflict("AG-2", "cfl_1") is None
    assert customers.conflict(ACCOUNT, "cfl_2") is None
    assert customers.open_conflicts(ACCOUNT, limit=9).rows == [CONFLICT]
    changed = CONFLICT.with_candidates("withheld", {"cus_2": (MAIL, PHONE)}, NOON)
    customers.save(Change(CUSTOMER, CUSTOMER, conflict=(CONFLICT, changed)), None)
    assert customers.open_conflicts(ACCOUNT, limit=9).rows == [changed]
    with pytest.raises(InProgress):
        customers.save(Change(CUSTOMER, CUSTOMER, conflict=(CONFLICT, CONFLICT.closed("ended", NOON))), None)
    closed = changed.closed("kept_separate", NOON)
    customers.save(Change(CUSTOMER, CUSTOMER, conflict=(changed, closed)), None)
    assert customers.conflict(ACCOUNT, "cfl_1") == closed
    assert customers.open_conflicts(ACCOUNT, limit=9).rows == []


def test_open_conflicts_are_read_in_pages(customers):
    for number in (2, 1, 3):
        conflict = replace(CONFLICT, conflict_id=f"cfl_{number}", customer_id=f"cus_{number}")
        added(customers, replace(CUSTOMER, customer_id=f"cus_{number}"), conflict=(None, conflict))
    page = customers.open_conflicts(ACCOUNT, limit=2)
    assert ([each.conflict_id for each in page.rows], page.more) == (["cfl_1", "cfl_2"], True)
    rest = customers.open_conflicts(ACCOUNT, limit=2, after="cfl_2")
    assert ([each.conflict_id for each in rest.rows], rest.more) == (["cfl_3"], False)
    assert customers.open_conflicts("AG-2", limit=2).rows == []


def test_other_customers_and_source_records_change_together_with_it(customers):
    customer, other = added(customers), added(customers, replace(CUSTOMER, customer_id="cus_2"))
    changed = replace(other, kept_separate=("cus_1",), revision=2)
    source = SourceRecord("cus_1", "erp", said={"emails": ("a@x.example",)}, as_of={"emails": "1"}, version=0)
    dropped = source.without("emails", None)
    customers.save(Change(customer, customer, others=[(other, changed)], sources=[(source, dropped)]), None)
    assert customers.customer("cus_2") == changed
    assert customers.source_record("cus_1", "erp") == dropped
    with pytest.raises(InProgress):
        customers.save(Change(customer, customer, others=[(other, changed)]), None)
    with pytest.raises(InProgress):
        customers.save(Change(customer, customer, sources=[(source, dropped)]), None)


class WaitingClock(SystemClock):
    """The machine's clock, for which only waiting takes time: a slow machine is not out of patience."""

    def __init__(self):
        self._now = super().now()

    def now(self):
        return self._now

    def sleep(self, seconds):
        super().sleep(seconds)
        self._now += timedelta(seconds=seconds)


def create(customers, **values):
    new = NewCustomer({name: tuple(members) for name, members in values.items()})
    return create_customer(new, ACCOUNT, None, ACTOR, "request", customers=customers, clock=WaitingClock())


def test_of_sixteen_creations_at_one_moment_one_is_listed(contested):
    """Sixteen creations with one e-mail: all are there, one is listed, and fifteen are in conflict with it."""
    with ThreadPoolExecutor(16) as threads:
        made = list(threads.map(lambda _: create(contested, emails=["anna@muster.example"]), range(16)))
    (listed,) = [customer for customer in made if not customer.hidden]
    identity = contested.identities(ACCOUNT, [key_id(MAIL)])[key_id(MAIL)]
    assert identity.owners == (listed.customer_id,)
    assert {*identity.waiting} == {customer.customer_id for customer in made} - {listed.customer_id}
    for customer in made:
        stored = contested.customer(customer.customer_id)
        assert stored.conflicting == (() if customer == listed else (listed.customer_id,))
    assert len(contested.open_conflicts(ACCOUNT, limit=99).rows) == 15


def test_two_that_exchange_their_e_mails_at_one_moment_share_none(contested):
    first, second = (create(contested, emails=[f"{name}@x.example"]) for name in "ab")

    def edit(customer, email):
        at = {"if_versions": None, "customers": contested, "clock": WaitingClock()}
        return edit_customer(customer.customer_id, ACCOUNT, None, {"emails": (email,)}, ACTOR, "request", **at)

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(edit, (first, second), ("b@x.example", "a@x.example")))
    for name in "ab":
        follow_keys(ACCOUNT, key_id(f"email:{name}@x.example"), "effect", customers=contested, clock=SystemClock())
    shown = {each.values["emails"] for each in contested.customers_with([first.customer_id, second.customer_id])}
    assert shown == {("a@x.example",), ("b@x.example",)}
