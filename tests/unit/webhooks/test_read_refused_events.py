"""Who learns why an event was refused."""

from datetime import timedelta

import pytest

from customer_center.platform.errors import FieldError, MalformedRequest, NotFound
from customer_center.platform.paging import written_cursor
from customer_center.webhooks.model import Source, StoredSource
from customer_center.webhooks.read_refused_events import read_refused_events
from tests.fakes.clock import NOON
from tests.fakes.customers import FakeCustomers
from tests.fakes.webhooks import FakeSources

ACCOUNT, SHOP = "AG-100", "shop"
ERRORS = [FieldError("/data/customer_id", "unknown-value")]


@pytest.fixture
def world():
    sources, customers = FakeSources(), FakeCustomers()
    sources.add(StoredSource(Source("src_1", "product", "keys", ACCOUNT, "a"), ("hint",), NOON, NOON), None)
    for number in range(3):
        for source in ("src_1", "erp"):
            at = NOON + timedelta(seconds=number)
            customers.note_refused(source, f"{source}_{number}", "customer-unknown", ERRORS, at)
    return sources, customers


def read(world, source, account=ACCOUNT, cursor=None):
    sources, customers = world
    at = {"shop_account_id": SHOP, "limit": 2, "cursor": cursor, "sources": sources, "refused": customers}
    return read_refused_events(source, account, **at)


@pytest.mark.parametrize(("source", "account"), [("src_1", ACCOUNT), ("erp", SHOP)])
def test_the_newest_come_first_by_pages(world, source, account):
    first = read(world, source, account)
    second = read(world, source, account, first.next_cursor)
    assert [each.event_id for each in (*first.rows, *second.rows)] == [f"{source}_2", f"{source}_1", f"{source}_0"]
    assert second.next_cursor is None
    assert first.rows[0].errors == ERRORS


@pytest.mark.parametrize(("source", "account"), [("src_1", SHOP), ("erp", ACCOUNT), ("src_2", ACCOUNT)])
def test_a_source_of_another_account_is_not_there(world, source, account):
    with pytest.raises(NotFound):
        read(world, source, account)


@pytest.mark.parametrize("cursor", ["nonsense", written_cursor([""], ("refused", "src_1"))])
def test_a_forged_cursor_is_refused(world, cursor):
    with pytest.raises(MalformedRequest):
        read(world, "src_1", cursor=cursor)


def test_a_cursor_is_of_one_source(world):
    cursor = read(world, "src_1").next_cursor
    with pytest.raises(MalformedRequest):
        read(world, "erp", SHOP, cursor)


def test_an_event_that_is_refused_again_is_there_once(world):
    world[1].note_refused("src_1", "src_1_2", "customer-unknown", ERRORS, NOON + timedelta(seconds=2))
    assert [each.event_id for each in read(world, "src_1").rows] == ["src_1_2", "src_1_1"]
