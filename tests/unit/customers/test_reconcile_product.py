"""Reconciling: what a product holds is compared with what it should hold, and repaired by the same pushes."""

import pytest

from customer_center.customers.product_ports import TryLater
from customer_center.customers.reconcile_product import (
    METRIC,
    ProductUnavailable,
    read_reconciliation,
    reconcile_product,
    start_reconciliation,
)
from customer_center.platform.errors import Conflict, NotFound
from tests.builders.customers_room import ACCOUNT, ANNA, MACHINE, CustomersRoom
from tests.fakes.products import FakeConnector
from tests.fakes.reconciliations import FakeReconciliations, ReadableProduct


class Room(CustomersRoom):
    """The customers room with one product that can be read."""

    def __init__(self):
        super().__init__("b")
        self.connector = ReadableProduct()
        self.reconciliations = FakeReconciliations()
        self.queued = []

    def customer(self, **values):
        """Create a customer that the product is told."""
        own = {"emails": (f"{next(self.numbers)}@muster.example",)}
        customer_id = self.create(**ANNA | own | values).customer_id
        self.follow_up()
        self.later()
        return customer_id

    def start(self, *, repair=False, product="b", connector=None):
        found = start_reconciliation(
            ACCOUNT,
            product,
            MACHINE,
            "request",
            repair=repair,
            products=self.products,
            connectors=lambda _: connector or self.connector,
            reconciliations=self.reconciliations,
            clock=self.clock,
        )
        return found.reconciliation_id

    def step(self, reconciliation_id, *, has_time=lambda: True, send=None):
        reconcile_product(
            reconciliation_id,
            has_time=has_time,
            customers=self.customers,
            products=self.products,
            connectors=lambda _: self.connector,
            reconciliations=self.reconciliations,
            send=send or self._send,
            clock=self.clock,
        )

    def _send(self, effects):
        self.pointers += [effect for effect in effects if effect.kind == "product_push"]
        self.queued += [effect for effect in effects if effect.kind == "product_reconciliation"]

    def reconcile(self, *, repair=False):
        """Reconcile to the end. Return the differences."""
        reconciliation_id = self.start(repair=repair)
        self.step(reconciliation_id)
        assert self.of(reconciliation_id).finished_at
        return self.found(reconciliation_id)

    def of(self, reconciliation_id):
        return read_reconciliation(ACCOUNT, "b", reconciliation_id, self.reconciliations)

    def found(self, reconciliation_id):
        rows = self.reconciliations.findings(reconciliation_id, limit=100).rows
        return [(row.difference, row.customer_id or row.external_id, *row.fields) for row in rows]


@pytest.fixture
def room():
    return Room()


def test_a_product_that_holds_what_it_should_has_no_difference(room):
    for number in range(5):
        room.customer(last_name=f"Muster {number}")
    assert room.reconcile() == []


def test_differing_missing_and_extra_customers_are_reported_without_values(room, capsys):
    ids = [room.customer(last_name=f"Muster {number}") for number in range(5)]
    room.connector.customers[ids[1]]["last_name"] = "Other"
    del room.connector.customers[ids[3]]
    room.connector.customers["theirs"] = {"last_name": "Stranger"}
    assert room.reconcile() == [("differing", ids[1], "last_name"), ("extra", "R-theirs"), ("missing", ids[3])]
    room.tell()
    assert room.connector.customers[ids[1]]["last_name"] == "Other"
    assert METRIC in capsys.readouterr().out


def test_what_differs_is_repaired_by_a_push(room, capsys):
    ids = [room.customer(last_name=f"Muster {number}") for number in range(3)]
    room.connector.customers[ids[1]]["last_name"] = "Other"
    del room.connector.customers[ids[2]]
    room.connector.told.clear()
    assert [kind for kind, *_ in room.reconcile(repair=True)] == ["differing", "missing"]
    room.tell()
    assert room.connector.told == [("updated", ids[1]), ("created", ids[2])]
    assert METRIC not in capsys.readouterr().out
    room.later()
    assert room.reconcile() == []


@pytest.mark.parametrize("end", ["delete", "leave"])
def test_a_customer_that_is_gone_and_that_the_product_still_holds_is_deleted_there(room, end):
    room.partner()
    customer_id = room.customer()
    kept = dict(room.connector.customers)
    getattr(room, end)(customer_id)
    room.follow_up()
    room.later()
    room.connector.customers = kept
    assert room.reconcile(repair=True) == [("extra", customer_id)]
    room.tell()
    assert room.connector.customers == {}


def test_a_stranger_in_the_product_is_left_alone(room):
    """Its webhook may have been lost: to delete it would lose it for good."""
    room.connector.customers["theirs"] = {"last_name": "Stranger"}
    assert room.reconcile(repair=True) == [("extra", "R-theirs")]
    room.tell()
    assert "theirs" in room.connector.customers
    assert room.connector.told == []


def test_a_customer_of_the_product_is_known_by_the_products_own_id(room):
    room.customer()
    room.connector.names_no_ids = True
    assert room.reconcile() == []


def test_what_changes_meanwhile_is_no_difference(room):
    ids = [room.customer(last_name=f"Muster {number}") for number in range(2)]
    reconciliation_id = room.start()
    room.later()
    room.edit(ids[0], last_name="Newer")
    room.create(last_name="New", emails=("new@muster.example",))
    room.step(reconciliation_id)
    assert room.found(reconciliation_id) == []


def test_what_is_told_meanwhile_is_no_difference(room):
    """The page may have been read before the product was told of an older change."""
    customer_id = room.customer()
    room.edit(customer_id, last_name="Newer")
    room.later()
    reconciliation_id = room.start()
    held = {customer_id: dict(room.connector.customers[customer_id])}
    room.later()
    room.follow_up()
    room.connector.customers = held
    room.step(reconciliation_id)
    assert room.found(reconciliation_id) == []


def test_a_customer_that_the_product_need_not_know_is_not_missing(room):
    room.connect("b", without_consent="skip")
    room.create(**ANNA)
    room.follow_up()
    room.later()
    assert room.reconcile() == []


def test_an_old_update_of_the_product_states_nothing_after_a_repair(room):
    customer_id = room.customer()
    room.connector.customers[customer_id]["last_name"] = "Other"
    room.reconcile(repair=True)
    room.hear("b", ids=(f"R-{customer_id}", customer_id), **room.shown(customer_id))
    assert room.shown(customer_id)["last_name"] == ANNA["last_name"]
    assert room.customers.source_record(customer_id, "product:b").said == {}


# Page by page


def test_it_goes_on_where_it_stopped(room):
    ids = [room.customer(last_name=f"Muster {number}") for number in range(5)]
    room.connector.customers[ids[4]]["last_name"] = "Other"
    reconciliation_id = room.start()
    for _ in range(20):
        room.step(reconciliation_id, has_time=lambda: False)
        if room.of(reconciliation_id).finished_at:
            break
        assert room.queued.pop().data == {"reconciliation_id": reconciliation_id}
    assert room.found(reconciliation_id) == [("differing", ids[4], "last_name")]
    assert room.of(reconciliation_id).counts == {"held": 5, "differing": 1}
    assert room.connector.reads == 3
    room.step(reconciliation_id)
    assert room.connector.reads == 3


def test_a_product_that_is_away_is_read_later(room):
    room.customer()
    reconciliation_id = room.start()
    room.connector.unavailable = [TryLater("http-503", 17)]
    with pytest.raises(ProductUnavailable) as away:
        room.step(reconciliation_id)
    assert away.value.retry_after == 17
    room.step(reconciliation_id)
    assert room.of(reconciliation_id).counts == {"held": 1}


class Crash(Exception):
    """The worker is gone."""


def test_a_crash_while_repairing_loses_nothing(room):
    ids = [room.customer(last_name=f"Muster {number}") for number in range(3)]
    for customer_id in ids:
        room.connector.customers[customer_id]["last_name"] = "Other"
    reconciliation_id = room.start(repair=True)
    calls = []

    def crash(effects):
        calls.append(effects)
        if len(calls) == 2:
            raise Crash
        room._send(effects)

    with pytest.raises(Crash):
        room.step(reconciliation_id, send=crash)
    room.step(reconciliation_id)
    room.tell()
    room.later()
    assert {values["last_name"] for values in room.connector.customers.values()} == {f"Muster {n}" for n in range(3)}
    assert room.of(reconciliation_id).counts["differing"] == 3


def test_two_workers_at_once_find_it_once(room):
    ids = [room.customer(last_name=f"Muster {number}") for number in range(3)]
    room.connector.customers[ids[0]]["last_name"] = "Other"
    reconciliation_id = room.start()
    pull = room.connector.pull

    def overtaken(product, cursor):
        room.connector.pull = pull
        room.step(reconciliation_id)
        return pull(product, cursor)

    room.connector.pull = overtaken
    room.step(reconciliation_id)
    assert room.of(reconciliation_id).counts == {"held": 3, "differing": 1}


def test_a_product_that_is_removed_meanwhile_ends_it(room):
    room.customer()
    reconciliation_id = room.start()
    room.disconnect("b")
    room.step(reconciliation_id)
    assert room.of(reconciliation_id).finished_at


def test_only_a_product_that_can_be_read_is_reconciled(room):
    with pytest.raises(Conflict, match="product-not-readable"):
        room.start(connector=FakeConnector())
    with pytest.raises(NotFound):
        room.start(product="unknown")


def test_a_reconciliation_belongs_to_its_product_and_account(room):
    reconciliation_id = room.start()
    for account_id, product in (("AG-other", "b"), (ACCOUNT, "other")):
        with pytest.raises(NotFound):
            read_reconciliation(account_id, product, reconciliation_id, room.reconciliations)
