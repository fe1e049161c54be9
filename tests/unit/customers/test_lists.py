"""Lists of customers by pages, and customers by their own ids."""

import json
from dataclasses import asdict
from datetime import datetime

import pytest

from customer_center.customers.list_customers import list_customers
from customer_center.customers.listing import CustomerSort, Filter, from_to, row_of, since_until, source_mark, tag_mark
from customer_center.customers.look_up_customer import look_up_customer
from customer_center.platform.errors import InvalidInput, MalformedRequest, NotFound
from customer_center.platform.paging import written_cursor
from tests.builders.customers_room import ACCOUNT, CustomersRoom


@pytest.fixture
def room():
    return CustomersRoom("a", "b")


def pages(room, sort="created", limit=2, **ranges):
    """Return the last names of all pages."""
    found, cursor = [], None
    while True:
        page = page_of(room, cursor, sort, limit, **ranges)
        found.append([row.last_name for row in page.rows])
        cursor = page.next_cursor
        if cursor is None:
            return found


def names_of(pages):
    return [name for page in pages for name in page]


def page_of(room, cursor, sort="created", limit=2, **ranges):
    given = {"sort": CustomerSort(sort), "limit": limit, "cursor": cursor, "customers": room.customers}
    return list_customers(ACCOUNT, Filter(ranges), **given)


def names(room, count):
    """Create customers with the names 0, 1, 2, …; one each minute."""
    for number in range(count):
        room.create(last_name=str(number), customer_code=f"C{number}")
        room.later(60)


def test_a_list_has_as_many_pages_as_it_needs(room):
    names(room, 5)
    assert pages(room) == [["0", "1"], ["2", "3"], ["4"]]
    assert pages(room, "-name") == [["4", "3"], ["2", "1"], ["0"]]


def test_a_range_of_another_field_filters(room):
    start = room.clock.now()
    names(room, 4)
    room.edit(room.customers.everyone()[0].customer_id, last_name="edited")
    created = since_until(start, room.clock.now())
    assert names_of(pages(room, "name", created=created)) == ["1", "2", "3", "edited"]
    assert names_of(pages(room, "name", customer_code=from_to("C2", "C3"))) == ["2", "3"]
    assert names_of(pages(room, "-updated", customer_code=from_to("C0", "C1"))) == ["edited", "1"]


def filtered(room, sort="created", **wanted):
    """Return the last names of all pages with a filter."""
    given = {"sort": CustomerSort(sort), "limit": 50, "cursor": None, "customers": room.customers}
    page = list_customers(ACCOUNT, Filter(**wanted), **given)
    assert page.next_cursor is None
    return [row.last_name for row in page.rows]


def test_a_list_is_filtered_by_source_in_every_order(room):
    first = room.create("a", last_name="first", customer_code="1").customer_id
    room.create("b", last_name="second", customer_code="2")
    room.edit(first, organisation="Muster GmbH")
    for sort in CustomerSort:
        assert filtered(room, sort, marks={source_mark("product:a")}) == ["first"]
        assert filtered(room, sort, marks={source_mark("api")}) == ["first"]
        assert filtered(room, sort, marks={source_mark("product:a"), source_mark("product:b")}) == []


def test_a_list_is_filtered_by_tag_without_case_and_accents(room):
    room.create(last_name="first", tags=("Große Kunden", "vip"))
    room.create(last_name="second", tags=("VIP",))
    assert filtered(room, marks={tag_mark("Vip")}) == ["first", "second"]
    assert filtered(room, marks={tag_mark("grosse kunden")}) == ["first"]
    assert filtered(room, marks={tag_mark("grosse")}) == []
    assert filtered(room, marks={tag_mark("vip"), source_mark("erp")}) == []


def test_a_list_is_filtered_by_conflict(room):
    """003: The Business App doesn't display conflict records, and they aren't returned by the List API"""
    room.create(last_name="owner", emails=("a@x.example",))
    room.create(last_name="hidden", emails=("a@x.example",))
    listed = room.create(last_name="listed").customer_id
    room.edit(listed, emails=("a@x.example",))
    assert filtered(room) == ["owner", "listed"]
    assert filtered(room, in_conflict=True) == ["listed"]


def test_fifty_tags_take_little_of_a_row(room):
    """A row has at most about 1 KB, so that a page of 100 rows costs 16 read units."""
    plain, tagged = room.create(last_name="x"), room.create(last_name="x", tags=[f"{n} {'x' * 57}" for n in range(50)])
    sizes = [
        len(json.dumps(asdict(row_of(each)) | {"marks": sorted(row_of(each).marks)}, default=str))
        for each in (plain, tagged)
    ]
    assert sizes[1] - sizes[0] < 620


def test_moments_at_the_ends_of_the_calendar_are_bounds_too(room):
    names(room, 1)
    first = datetime.fromisoformat("0001-01-01T00:00:00+00:01")
    last = datetime.fromisoformat("9999-12-31T23:59:59-00:01")
    assert pages(room, created=since_until(first, last)) == [["0"]]
    assert pages(room, created=since_until(last, None)) == [[]]
    assert pages(room, created=since_until(None, first)) == [[]]


def test_a_page_with_a_filter_reads_at_most_four_hundred_rows(room):
    names(room, 401)
    page = page_of(room, None, "created", customer_code=from_to("C400", "C400"))
    assert page.rows == []
    assert [row.last_name for row in page_of(room, page.next_cursor, customer_code=from_to("C400", "C400")).rows] == [
        "400"
    ]


def test_a_cursor_is_valid_for_its_own_query_only(room):
    names(room, 3)
    cursor = page_of(room, None).next_cursor
    for sort, ranges in (("-created", {}), ("name", {}), ("created", {"customer_code": from_to("C0", None)})):
        with pytest.raises(MalformedRequest):
            page_of(room, cursor, sort, **ranges)


@pytest.mark.parametrize("position", ["", "x", "x\tcus_1", "\ud800\tcus_" + "0" * 26, "x" * 201 + "\tcus_" + "0" * 26])
def test_a_forged_position_is_refused(room, position):
    with pytest.raises(MalformedRequest):
        page_of(room, written_cursor([position], (ACCOUNT, CustomerSort.CREATED, Filter().query)))


def test_a_position_outside_the_range_is_refused(room):
    wanted = from_to("C1", "C2")
    query = (ACCOUNT, CustomerSort.CUSTOMER_CODE, Filter({"customer_code": wanted}).query)
    with pytest.raises(MalformedRequest):
        page_of(room, written_cursor(["C3\tcus_" + "0" * 26], query), "customer_code", customer_code=wanted)


def look_up(room, product, *, account=ACCOUNT, external_id=None, customer_code=None):
    ids = {"external_id": external_id, "customer_code": customer_code}
    return look_up_customer(account, product, **ids, customers=room.customers).customer_id


def test_a_product_finds_a_customer_by_its_own_id(room):
    created = room.create("a", external_id="a-1", customer_code="10000", last_name="Muster").customer_id
    assert look_up(room, "a", external_id="a-1") == created
    assert look_up(room, None, customer_code="10000") == created
    assert look_up(room, "b", external_id=created) == created, "a product without an own id may use ours"


@pytest.mark.parametrize(
    ("product", "ids", "code"),
    [
        ("b", {"external_id": "a-1"}, "external-id-unknown"),
        ("a", {"external_id": "a-1", "account": "AG-2"}, "external-id-unknown"),
        ("a", {"customer_code": "10001"}, "not-found"),
        ("a", {"customer_code": "10000", "account": "AG-2"}, "not-found"),
    ],
)
def test_an_unknown_id_finds_nothing(room, product, ids, code):
    room.create("a", external_id="a-1", customer_code="10000")
    with pytest.raises(NotFound) as refused:
        look_up(room, product, **ids)
    assert refused.value.code == code


def test_a_deleted_customer_is_not_found(room):
    created = room.create("a", external_id="a-1").customer_id
    room.delete(created)
    for product, own_id, code in (("a", "a-1", "not-found"), ("b", created, "external-id-unknown")):
        with pytest.raises(NotFound) as refused:
            look_up(room, product, external_id=own_id)
        assert refused.value.code == code


@pytest.mark.parametrize(
    ("product", "ids", "wrong"),
    [
        ("a", {}, "one-of-two"),
        ("a", {"external_id": "1", "customer_code": "1"}, "one-of-two"),
        (None, {"external_id": "1"}, "key-without-product"),
    ],
)
def test_a_lookup_needs_one_id_that_the_caller_can_have(room, product, ids, wrong):
    with pytest.raises(InvalidInput) as refused:
        look_up(room, product, **ids)
    assert [error.code for error in refused.value.errors] == [wrong]
