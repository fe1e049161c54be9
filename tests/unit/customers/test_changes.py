"""A copy of the customers by the feed of changes: nobody is missed, whatever happens meanwhile."""

import pytest

from customer_center.customers.read_changes import read_changes
from customer_center.platform.errors import Gone, MalformedRequest
from customer_center.platform.paging import written_cursor
from customer_center.platform.stamps import iso_nanoseconds, nanoseconds
from tests.builders.copy_of_customers import Copy, present
from tests.builders.customers_room import ACCOUNT, ANNA, CustomersRoom


@pytest.fixture
def room():
    return CustomersRoom()


def test_without_a_cursor_all_customers_come_and_then_the_changes(room):
    for number in range(5):
        room.create(last_name=str(number))
    room.follow_up()
    room.later(3600)
    copy = Copy(room)
    copy.catch_up()
    assert copy.kept == present(room)
    assert copy.catch_up() == []
    customer_id = room.create(**ANNA).customer_id
    room.follow_up()
    room.later(60)
    assert [row.customer_id for row in copy.catch_up()] == [customer_id]
    assert copy.kept == present(room)


def test_a_deleted_customer_is_a_tombstone(room):
    customer_id = room.create(**ANNA).customer_id
    copy = Copy(room)
    copy.catch_up()
    room.later(3600)
    room.delete(customer_id)
    room.follow_up()
    room.later(60)
    (row,) = copy.catch_up()
    assert (row.customer_id, row.customer) == (customer_id, None)
    assert row.deleted_at == room.customers.customer(customer_id).deleted_at
    assert copy.kept == {}


def test_several_changes_of_one_customer_in_a_page_are_shown_once_with_the_newest_state(room):
    copy = Copy(room, limit=10)
    copy.catch_up()
    room.later(3600)
    customer_id = room.create(**ANNA).customer_id
    for name in ("Neumann", "Altmann"):
        room.later()
        room.edit(customer_id, last_name=name)
        room.follow_up()
    room.later(60)
    (row,) = copy.catch_up()
    assert row.customer.values["last_name"] == "Altmann"


def test_a_change_is_shown_when_later_rows_can_no_longer_come_before_it(room):
    copy = Copy(room)
    copy.catch_up()
    room.later(3600)
    room.create(**ANNA)
    room.follow_up()
    room.later(9)
    assert copy.catch_up() == []
    room.later(2)
    assert len(copy.catch_up()) == 1


def test_a_row_that_arrives_after_a_later_one_is_not_missed(room):
    """Two workers write at about the same time; the row with the earlier time arrives last."""
    first, second = (room.create(last_name=name).customer_id for name in ("First", "Second"))
    copy = Copy(room, limit=1)
    room.later(3600)
    copy.catch_up()
    now = room.clock.now()
    early, late = (iso_nanoseconds(nanoseconds(now) + number) for number in (1, 2))
    room.products.add_to_feed(ACCOUNT, second, late, now)
    room.later(5)
    copy.catch_up()
    room.products.add_to_feed(ACCOUNT, first, early, now)
    room.later(60)
    assert [row.customer_id for row in copy.catch_up()] == [first, second]


def test_a_customer_that_changes_or_goes_while_the_list_is_read_is_not_missed(room):
    ids = []
    for number in range(6):
        ids.append(room.create(last_name=str(number)).customer_id)
        room.later(60)
    room.follow_up()
    room.later(86400)
    copy = Copy(room)
    copy.read()
    room.edit(ids[0], last_name="edited")
    room.delete(ids[1])
    room.delete(ids[5])
    new = room.create(last_name="new").customer_id
    copy.read()
    room.follow_up()
    room.delete(new)
    copy.catch_up()
    room.later(60)
    room.follow_up()
    room.later(60)
    copy.catch_up()
    assert copy.kept == present(room)


def test_a_follow_up_that_comes_late_is_not_missed(room):
    """The outbox or the follow-up was down for an hour after the change was made."""
    customer_id = room.create(**ANNA).customer_id
    room.follow_up()
    copy = Copy(room)
    copy.catch_up()
    room.later(3600)
    room.edit(customer_id, last_name="Neumann")
    room.later(3600)
    copy.catch_up()
    room.follow_up()
    room.later(60)
    copy.catch_up()
    assert copy.kept == present(room)


def test_a_customer_of_another_account_is_not_shown(room):
    customer_id = room.create(**ANNA).customer_id
    copy = Copy(room)
    copy.catch_up()
    room.later(3600)
    room.products.add_to_feed(
        ACCOUNT, "cus_elsewhere", iso_nanoseconds(nanoseconds(room.clock.now())), room.clock.now()
    )
    at = room.clock.now()
    room.later(60)
    (row,) = copy.catch_up()
    assert (row.customer_id, row.customer, row.deleted_at) == ("cus_elsewhere", None, at)
    assert list(copy.kept) == [customer_id]


def test_a_hidden_customer_is_shown_when_it_comes_forward(room):
    first = room.create(**ANNA).customer_id
    second = room.create(**ANNA).customer_id
    room.follow_up()
    room.later(60)
    copy = Copy(room)
    copy.catch_up()
    assert list(copy.kept) == [first]
    room.later(3600)
    room.edit(first, emails=None)
    room.follow_up()
    room.later(60)
    assert {row.customer_id for row in copy.catch_up()} == {first, second}
    assert copy.kept == present(room)


def test_a_merged_customer_is_a_tombstone_that_names_the_other_one(room):
    first, second = (room.create(last_name=name).customer_id for name in ("First", "Second"))
    room.follow_up()
    room.later(3600)
    copy = Copy(room, limit=10)
    copy.catch_up()
    room.merge(first, second)
    room.follow_up()
    room.later(60)
    tombstones = [row for row in copy.catch_up() if row.customer is None]
    assert [(row.customer_id, row.merged_into, row.deleted_at) for row in tombstones] == [(second, first, None)]
    assert copy.kept == present(room)
    room.unmerge(first)
    room.follow_up()
    room.later(60)
    assert {row.customer_id for row in copy.catch_up()} == {first, second}
    assert copy.kept == present(room)


def test_a_cursor_stays_valid_as_long_as_it_is_used(room):
    copy = Copy(room)
    copy.catch_up()
    for _ in range(4):
        room.later(20 * 86400)
        assert copy.catch_up() == []
    room.create(**ANNA)
    room.follow_up()
    room.later(60)
    copy.catch_up()
    assert copy.kept == present(room)


@pytest.mark.parametrize("pages", [1, 9])
def test_after_thirty_days_a_reader_has_to_begin_anew(room, pages):
    """Also one that has not read the whole list in thirty days: the changes since then are not kept any more."""
    for number in range(5):
        room.create(last_name=str(number))
    copy = Copy(room)
    for _ in range(pages):
        copy.read()
    room.later(31 * 86400)
    with pytest.raises(Gone) as refused:
        copy.read()
    assert refused.value.code == "cursor-expired"


@pytest.mark.parametrize(
    ("begun", "listed"),
    [
        ("", ""),
        ("x", ""),
        ("2026-11-26T09:30:00+00:00", ""),
        ("2026-99-26T09:30:00.000000000+00:00", ""),
        ("2026-11-26T09:30:00.000000000+01:00", ""),
        ("2026-11-26T09:30:00.000000000+00:00#cus_1", ""),
        ("2026-11-26T09:30:00.000000000+00:00#", ""),
        ("2026-11-26T09:30:00.000000000+00:00", "x"),
        ("2026-11-26T09:30:00.000000000+00:00", "\ud800\tcus_" + "0" * 26),
    ],
)
def test_a_forged_cursor_is_refused(room, begun, listed):
    at = {"limit": 2, "customers": room.customers, "feed": room.products, "clock": room.clock}
    with pytest.raises(MalformedRequest):
        read_changes(ACCOUNT, written_cursor([begun, listed], (ACCOUNT, "changes")), **at)


def test_a_cursor_is_valid_for_its_own_account_only(room):
    copy = Copy(room)
    copy.read()
    at = {"limit": 2, "customers": room.customers, "feed": room.products, "clock": room.clock}
    with pytest.raises(MalformedRequest):
        read_changes("AG-2", copy.since, **at)
