"""`AuditTrail` as every implementation of it behaves, and what `Companies` adds to it."""

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError

from customer_center.platform.idempotency import AlreadyDone, Idempotency, Remembered
from customer_center.platform.ids import ulid_floor
from customer_center.platform.journal import Journal, new_effect
from tests.builders.companies import COMPANY_ID, OTHER_COMPANY_ID, a_company, a_user, a_user_id, an_entry
from tests.builders.journal import entries_of
from tests.fakes.clock import NOON


def _at(minutes):
    return NOON + timedelta(minutes=minutes)


def _recorded(world, *entries):
    for entry in entries:
        world.companies.record(entry)
    return list(entries)


def _walk(world, limit, **span):
    """Return all entries, read in parts."""
    entries, more = [], True
    while more:
        before = entries[-1].entry_id if entries else None
        part = world.trail.newest(COMPANY_ID, limit=limit, before=before, **span)
        assert len(part.rows) <= limit
        entries += part.rows
        more = part.more
    return entries


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 100])
def test_the_newest_come_first_in_parts(world, limit):
    entries = _recorded(world, *(an_entry(at=_at(minute)) for minute in (2, 0, 3, 1)))
    _recorded(world, an_entry(company_id=OTHER_COMPANY_ID))
    assert _walk(world, limit) == sorted(entries, key=lambda entry: entry.at, reverse=True)


@pytest.mark.parametrize("limit", [1, 100])
def test_they_end_where_the_span_begins(world, limit):
    entries = _recorded(world, *(an_entry(at=_at(minute)) for minute in range(4)))
    assert _walk(world, limit, since=_at(2)) == [entries[3], entries[2]]
    assert _walk(world, limit, since=datetime.min.replace(tzinfo=UTC)) == entries[::-1]
    assert _walk(world, limit, since=_at(9)) == []


def test_they_begin_below_a_place_where_no_entry_need_be(world):
    entries = _recorded(world, *(an_entry(at=_at(minute)) for minute in range(3)))
    below = world.trail.newest(COMPANY_ID, limit=9, before=ulid_floor(_at(2)))
    assert list(below.rows) == [entries[1], entries[0]]
    nothing = world.trail.newest(COMPANY_ID, limit=9, since=_at(1), before=ulid_floor(_at(1)))
    assert (list(nothing.rows), nothing.more) == ([], False)


# Entries about one subject


def _walk_about(world, subject, limit, **span):
    """Return all entries about the subject, read in parts, and the number of entries in each part."""
    entries, sizes, last = [], [], None
    while last or not sizes:
        about, last = world.trail.about(COMPANY_ID, subject, limit=limit, after=last, **span)
        entries += about
        sizes.append(len(about))
    return entries, sizes


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 7, 100])
def test_entries_about_a_subject_come_oldest_first(world, limit):
    minutes = (5, 0, 3, 1, 4, 2)
    entries = _recorded(world, *(an_entry(at=_at(minute), subject=f"usr_{minute % 2}") for minute in minutes))
    _recorded(world, an_entry(company_id=OTHER_COMPANY_ID, subject="usr_0"))
    in_order = sorted(entries, key=lambda entry: entry.at)
    for subject, expected in (("usr_0", in_order[::2]), ("usr_1", in_order[1::2]), ("usr", [])):
        found, sizes = _walk_about(world, subject, limit)
        assert found == expected
        assert len(sizes) in (math.ceil(6 / limit), math.floor(6 / limit) + 1), "the others are read, too"


def test_entries_about_a_subject_begin_at_a_moment_or_behind_an_entry(world):
    entries = _recorded(world, *(an_entry(at=_at(minute), subject="usr_0") for minute in range(3)))
    assert _walk_about(world, "usr_0", 100, since=_at(1))[0] == entries[1:]
    assert _walk_about(world, "usr_0", 1, since=_at(1))[0] == entries[1:]
    assert _walk_about(world, "usr_0", 100, since=_at(9))[0] == []
    assert world.trail.about(COMPANY_ID, "usr_0", limit=100, after=entries[1].entry_id) == ((entries[2],), None)
    about = world.trail.about(COMPANY_ID, "usr_0", limit=100, since=_at(2), after=entries[0].entry_id)
    assert about == ((entries[2],), None)


def test_the_first_entry_of_a_millisecond_is_at_that_moment(world):
    """Its id may be the smallest one of the millisecond."""
    (entry,) = _recorded(world, replace(an_entry(subject="usr_0"), entry_id=ulid_floor(NOON)))
    assert world.trail.about(COMPANY_ID, "usr_0", limit=1, since=NOON)[0] == (entry,)


# Redacting


def test_what_an_entry_holds_is_redacted_and_nothing_else(world):
    effects = (new_effect("mail", NOON, user_id="usr_1"),)
    first, second = _recorded(
        world,
        an_entry(changes={"name": [None, "Anna"], "roles": [["buyer"], []]}, effects=effects),
        an_entry(at=_at(1), changes={"name": [None, "Bill"]}),
    )
    for _ in range(2):
        world.trail.redact(first, {"name": [None, "erased"], "roles": [["buyer"], []]})
        redacted, other = entries_of(world.trail, COMPANY_ID)
        assert redacted.changes == {"name": [None, "erased"], "roles": [["buyer"], []]}
        assert (redacted.entry_id, list(redacted.effects)) == (first.entry_id, list(effects))
        assert other == second
        first = redacted


def test_an_entry_that_is_not_there_is_not_made_by_redacting_it(store_world):
    with pytest.raises(ClientError, match="ConditionalCheckFailed"):
        store_world.trail.redact(an_entry(), {"name": [None, "erased"]})
    assert entries_of(store_world.trail, COMPANY_ID) == []


def test_a_redacted_entry_is_queued_all_the_same(store_world):
    (entry,) = _recorded(store_world, an_entry(effects=(new_effect("mail", NOON),), changes={"name": [None, "Anna"]}))
    assert isinstance(store_world.trail, Journal)
    store_world.trail.redact(entry, {"name": [None, "erased"]})
    assert [each.entry_id for each in store_world.trail.pending(before=_at(1))] == [entry.entry_id]


def test_what_is_recorded_once_by_a_request_is_not_recorded_again(world):
    request = Idempotency("key", "hash")
    entry = an_entry(subject="usr_1")
    with world.journals(entry):
        world.companies.remembering(request).record(entry)
    assert world.companies.remembered(request, NOON) == Remembered("hash", "usr_1")
    with world.refuses(AlreadyDone):
        world.companies.remembering(request).record(an_entry())


# What users are called


def test_colleagues_are_called_by_their_names(world):
    anna, bill = a_user(name="Änna"), a_user(name="Bill")
    stranger = a_user(company_id=OTHER_COMPANY_ID)
    world.founded(anna, bill)
    world.founded(stranger, company=a_company(company_id=OTHER_COMPANY_ID, customer_number="20000"))
    asked = [anna.user_id, anna.user_id, stranger.user_id, a_user_id(), COMPANY_ID, "", "cck_1", bill.user_id]
    assert world.companies.names_of(COMPANY_ID, asked) == {anna.user_id: "Änna", bill.user_id: "Bill"}
    assert world.companies.names_of(COMPANY_ID, []) == {}


def test_many_are_called_at_once(world):
    users = [a_user(name=f"Number {number}") for number in range(3)]
    world.founded(*users)
    asked = [a_user_id() for _ in range(150)] + [user.user_id for user in users]
    assert world.companies.names_of(COMPANY_ID, asked) == {user.user_id: user.name for user in users}
