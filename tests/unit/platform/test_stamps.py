"""Stamps: what is newer, to the nanosecond and also against stamps written before there were nanoseconds."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customer_center.platform.stamps import (
    CLOCKS_DIFFER,
    event_stamp,
    from_iso_nanoseconds,
    iso_nanoseconds,
    moment_of,
    nanoseconds,
    newer,
    read_stamp,
    stamped_at,
)
from tests.fakes.clock import NOON

FIRST = nanoseconds(datetime(1, 1, 1, tzinfo=UTC))
LAST = nanoseconds(datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC))
times = st.integers(FIRST, LAST)


@given(times, times)
def test_stamps_sort_by_the_nanosecond(one, other):
    assert (event_stamp(one, "msg_1") < event_stamp(other, "msg_1")) == (one < other)


def test_events_of_one_nanosecond_sort_by_their_ids():
    assert event_stamp(7, "msg_1") < event_stamp(7, "msg_2")


@given(times)
def test_a_time_is_written_and_read(at):
    assert from_iso_nanoseconds(iso_nanoseconds(at)) == at


@pytest.mark.parametrize(
    ("text", "after_noon"),
    [
        ("2026-11-23T12:00:00Z", 0),
        ("2026-11-23T13:00:00+01:00", 0),
        ("2026-11-23T12:00:00.5Z", 500_000_000),
        ("2026-11-23T12:00:00,000001Z", 1_000),
        ("2026-11-23T12:00:00.000000001Z", 1),
        ("2026-11-23T13:00:00.0000000129+01:00", 12),
    ],
)
def test_a_fraction_of_any_length_is_read_to_the_nanosecond(text, after_noon):
    assert from_iso_nanoseconds(text) == nanoseconds(datetime(2026, 11, 23, 12, tzinfo=UTC)) + after_noon


@pytest.mark.parametrize("text", ["", "now", "2026-11-23", "2026-11-23T12:00:00", "0001-01-01T00:00:00+14:00"])
def test_another_text_is_no_time(text):
    assert from_iso_nanoseconds(text) is None


def test_a_stamp_says_its_time():
    assert stamped_at(event_stamp(nanoseconds(NOON) + 1, "msg_1")) == moment_of(nanoseconds(NOON) + 1) == NOON


def test_stamps_from_before_nanoseconds_are_still_compared_and_read():
    written_then = f"{NOON.isoformat(timespec='microseconds')}#msg_1"
    before, after = NOON - timedelta(microseconds=1), NOON + timedelta(microseconds=1)
    assert event_stamp(nanoseconds(before) + 999, "msg_2") < written_then < event_stamp(nanoseconds(after), "msg_0")
    assert stamped_at(written_then) == NOON


def test_what_we_read_is_backdated_by_the_allowed_clock_skew():
    assert stamped_at(read_stamp(NOON)) == NOON - CLOCKS_DIFFER


def test_only_newer_values_are_taken():
    values = {"name": "new", "city": "new", "email": "new"}
    as_of = {"name": event_stamp(1, "a"), "city": event_stamp(3, "a")}
    assert newer(values, event_stamp(2, "a"), as_of) == {"name": "new", "email": "new"}
    assert newer(values, event_stamp(2, "a"), as_of, floor=event_stamp(2, "b")) == {}
    assert newer(values, event_stamp(3, "a"), as_of) == {"name": "new", "email": "new"}, "an equal stamp is not newer"
