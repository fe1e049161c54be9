"""Pages: filters within a budget of reads, and cursors that belong to their query."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customer_center.platform.errors import MalformedRequest
from customer_center.platform.paging import Part, filled, read_cursor, written_cursor


class Numbers:
    """A list of numbers that is read in parts, as from a store."""

    def __init__(self, total):
        self.rows = list(range(total))
        self.reads = []

    def read(self, after, size):
        self.reads.append(size)
        start = int(after) + 1 if after is not None else 0
        rows = self.rows[start : start + size]
        # DynamoDB says that there may be more when it stopped at the limit, also where that was the last row.
        return Part(rows, more=len(rows) == size)

    def page(self, *, limit, after=None, wanted=None):
        return filled(self.read, key=str, wanted=wanted, after=after, limit=limit)

    def walk(self, *, limit, wanted=None):
        rows, after = self.page(limit=limit, wanted=wanted)
        pages = [rows]
        while after is not None:
            rows, after = self.page(limit=limit, after=after, wanted=wanted)
            pages.append(rows)
        return pages


@given(st.integers(0, 30), st.integers(1, 10))
def test_pages_are_the_list_in_parts(total, limit):
    pages = Numbers(total).walk(limit=limit)
    assert [row for page in pages for row in page] == list(range(total))
    assert all(len(page) == limit for page in pages[:-1])


@given(st.integers(0, 1500), st.integers(1, 60), st.integers(1, 700))
def test_filtered_pages_hold_each_wanted_row_once(total, limit, every):
    pages = Numbers(total).walk(limit=limit, wanted=lambda number: number % every == 0)
    assert [row for page in pages for row in page] == list(range(0, total, every))
    assert all(len(page) <= limit for page in pages)


def test_a_page_without_a_filter_is_one_read_of_its_size():
    numbers = Numbers(1000)
    numbers.page(limit=50)
    assert numbers.reads == [50]


def test_a_page_that_finds_nothing_ends_after_four_reads_and_goes_on_from_there():
    numbers = Numbers(1000)
    rows, after = numbers.page(limit=50, wanted=lambda number: number >= 450)
    assert (rows, after, numbers.reads) == ([], "399", [100] * 4)
    rows, after = numbers.page(limit=50, after=after, wanted=lambda number: number >= 450)
    assert (rows, after) == (list(range(450, 500)), "499")


def test_a_full_page_at_the_very_end_is_the_last():
    numbers = Numbers(150)
    assert numbers.page(limit=50, wanted=lambda number: number >= 100) == (list(range(100, 150)), None)


# Cursors


@given(st.lists(st.text(), max_size=3), st.text())
def test_a_cursor_is_read_as_written(position, query):
    assert read_cursor(written_cursor(position, query), query, parts=len(position)) == position


def test_a_cursor_is_for_its_own_query():
    cursor = written_cursor(["x"], ("com_1", "active"))
    with pytest.raises(MalformedRequest, match="cursor-invalid"):
        read_cursor(cursor, ("com_1", "invited"), parts=1)


def _with_position(position):
    values = json.loads(base64.urlsafe_b64decode(written_cursor(["x"], "q") + "=="))
    return base64.urlsafe_b64encode(json.dumps(values | {"position": position}).encode()).decode()


@pytest.mark.parametrize("position", [None, "x", [], ["x", "y"], [1], [None], [["x"]], {"0": "x"}], ids=repr)
def test_a_position_of_another_form_is_none(position):
    with pytest.raises(MalformedRequest, match="cursor-invalid"):
        read_cursor(_with_position(position), "q", parts=1)


@pytest.mark.parametrize("text", ["", "nonsense", "ä", "\x00", "=", "e30", "bnVsbA", "\ud800"], ids=repr)
def test_what_is_no_cursor_is_refused(text):
    with pytest.raises(MalformedRequest, match="cursor-invalid"):
        read_cursor(text, "q", parts=1)


@given(st.binary(max_size=60))
def test_nothing_else_breaks_it(noise):
    with pytest.raises(MalformedRequest, match="cursor-invalid"):
        read_cursor(base64.urlsafe_b64encode(noise).decode(), "q", parts=1)


def test_a_deeply_nested_one_is_refused():
    with pytest.raises(MalformedRequest, match="cursor-invalid"):
        read_cursor(base64.urlsafe_b64encode(b"[" * 100_000).decode(), "q", parts=1)
