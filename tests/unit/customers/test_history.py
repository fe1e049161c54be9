"""Where a customer's values come from."""

import pytest

from customer_center.customers.consent import consent_said
from customer_center.customers.read_consent import read_consent
from customer_center.customers.read_history import read_history, read_sources
from customer_center.platform.errors import MalformedRequest, NotFound
from customer_center.platform.paging import written_cursor
from tests.builders.customers_room import ACCOUNT, CustomersRoom


@pytest.fixture
def room():
    return CustomersRoom("a", "b")


def history(room, customer_id, cursor=None, account=ACCOUNT):
    return read_history(customer_id, account, limit=2, cursor=cursor, customers=room.customers)


def sources(room, customer_id, account=ACCOUNT):
    return read_sources(customer_id, account, customers=room.customers)


def test_every_source_keeps_what_it_said_and_the_newest_is_shown(room):
    anna = room.create("a", external_id="a-1", first_name="Anna", last_name="Muster").customer_id
    said_first = room.clock.now()
    room.later()
    room.edit(anna, "b", last_name="Neumann")
    a, b = sources(room, anna)
    assert (a.source, b.source) == ("product:a", "product:b")
    assert [(one.field, one.value, one.said_at, one.is_shown) for one in a.statements] == [
        ("first_name", "Anna", said_first, True),
        ("last_name", "Muster", said_first, False),
    ]
    assert [(one.value, one.said_at, one.is_shown) for one in b.statements] == [("Neumann", room.clock.now(), True)]


def test_the_pages_of_a_history_end(room):
    anna = room.create(last_name="0").customer_id
    for number in (1, 2):
        room.later()
        room.edit(anna, last_name=str(number))
    room.later()
    room.delete(anna)
    first = history(room, anna)
    second = history(room, anna, first.next_cursor)
    assert [entry.action for entry in first.rows] == ["customer.deleted", "customer.updated"]
    assert [entry.action for entry in second.rows] == ["customer.updated", "customer.created"]
    assert second.next_cursor is None


def test_another_account_learns_nothing(room):
    anna = room.create(last_name="Muster").customer_id
    for read in (history, sources):
        with pytest.raises(NotFound):
            read(room, anna, account="AG-2")
        with pytest.raises(NotFound):
            read(room, "cus_x")


def test_a_cursor_is_valid_for_its_own_customer_only(room):
    anna, other = (room.create(last_name=name).customer_id for name in ("Anna", "Other"))
    for cursor in (written_cursor(["0" * 26], other), written_cursor(["x"], anna)):
        with pytest.raises(MalformedRequest):
            history(room, anna, cursor)


def test_the_ledger_of_consent_has_every_statement_by_pages(room):
    granted, withdrawn = True, False
    anna = room.create("a", consent=consent_said(granted, None), last_name="Muster").customer_id
    room.later()
    room.edit(anna, consent=consent_said(withdrawn, None))
    rows, cursor = [], None
    while True:
        page = read_consent(anna, ACCOUNT, limit=3, cursor=cursor, customers=room.customers)
        rows, cursor = [*rows, *page.rows], page.next_cursor
        if cursor is None:
            break
    assert rows == room.customers.consent_ledger(anna)
    assert [(each.channel, each.state, each.source) for each in rows[:2]] == [
        ("email", "granted", "product:a"),
        ("email", "withdrawn", "api"),
    ]
    with pytest.raises(NotFound):
        read_consent(anna, "AG-2", limit=3, cursor=None, customers=room.customers)
    forged = written_cursor(["x" * 1100], ("consent", anna))
    with pytest.raises(MalformedRequest):
        read_consent(anna, ACCOUNT, limit=3, cursor=forged, customers=room.customers)
