"""The audit trail of a company: who did what to whom, newest first."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from customer_center.companies.audit.bodies import AUDIT_COLUMNS, AuditEntryAnswer, audit_rows
from customer_center.companies.audit.read_audit_trail import EntryFilter
from customer_center.companies.model import Role
from customer_center.platform.errors import MalformedRequest
from customer_center.platform.journal import Actor, new_effect
from customer_center.platform.paging import written_cursor
from tests.builders.companies import (
    COMPANY_ID,
    OTHER_COMPANY_ID,
    a_company,
    a_main_contact,
    a_user,
    a_user_id,
    an_entry,
    budgets,
)
from tests.builders.companies_room import Room
from tests.fakes.clock import NOON


@pytest.fixture
def room():
    return Room()


@pytest.fixture
def chief(room):
    chief = a_main_contact(name="Tja", email="tja@baecker.example")
    room.companies.add(a_company(), chief)
    return chief


def _at(minutes):
    return NOON + timedelta(minutes=minutes)


def _journal(room, *entries):
    room.companies.entries += entries
    return entries


def _walk(room, **query):
    page = room.audit_trail(**query)
    entries = list(page.rows)
    while page.next_cursor:
        page = room.audit_trail(cursor=page.next_cursor, **query)
        entries += page.rows
    return entries


def test_what_people_do_is_there_newest_first(room, chief):
    user = room.request(chief, roles=frozenset({Role.BUYER}), budgets=budgets("10.00"))
    room.clock.advance(minutes=1)
    room.deactivate(user.user_id, chief)
    page = room.audit_trail()
    assert [(entry.action, entry.actor.actor_id, entry.subject) for entry in page.rows] == [
        ("user.deactivated", chief.user_id, user.user_id),
        ("user.invited", chief.user_id, user.user_id),
    ]
    assert page.rows[0].changes == {"status": ("invited", "deactivated"), "invitation": ("pending", "revoked")}
    assert page.rows[1].changes["budget_per_order"] == (None, "10.00 EUR")
    assert page.names == {chief.user_id: "Tja", user.user_id: "Nils Neu"}


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 100])
def test_it_comes_page_by_page(room, limit):
    entries = _journal(room, *(an_entry(at=_at(minute)) for minute in range(7)))
    assert _walk(room, limit=limit) == list(entries[::-1])


def test_another_companys_entries_are_not_in_it(room):
    _journal(room, an_entry(company_id=OTHER_COMPANY_ID))
    assert _walk(room) == []


def test_only_colleagues_are_named(room, chief):
    """The operator, the ERP, and users of other companies are no names of this company."""
    stranger = a_user(company_id=OTHER_COMPANY_ID)
    room.companies.add(a_company(company_id=OTHER_COMPANY_ID, customer_number="20000"), stranger)
    _journal(
        room,
        an_entry(actor=Actor("person", chief.user_id), subject=stranger.user_id),
        an_entry(actor=Actor("client", "cck_1"), subject=a_user_id()),
        an_entry(actor=Actor("visitor"), subject=COMPANY_ID),
    )
    assert room.audit_trail().names == {chief.user_id: "Tja"}


# What is asked for


@pytest.mark.parametrize(
    ("since", "until", "minutes"),
    [
        (None, None, [3, 2, 1, 0]),
        (_at(1), None, [3, 2, 1]),
        (None, _at(2), [1, 0]),
        (_at(1), _at(3), [2, 1]),
        (_at(1), _at(1), []),
        (_at(3), _at(1), []),
        (_at(9), None, []),
        (_at(1).astimezone(timezone(timedelta(hours=5))), _at(2).astimezone(timezone(timedelta(hours=-8))), [1]),
        (datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=timezone(timedelta(hours=-12))), [3, 2, 1, 0]),
        (None, datetime.min.replace(tzinfo=timezone(timedelta(hours=12))), []),
    ],
)
@pytest.mark.parametrize("limit", [1, 100])
def test_a_span_is_from_its_beginning_until_before_its_end(room, since, until, minutes, limit):
    entries = _journal(room, *(an_entry(at=_at(minute)) for minute in range(4)))
    assert _walk(room, since=since, until=until, limit=limit) == [entries[minute] for minute in minutes]


@pytest.mark.parametrize("limit", [1, 3, 100])
def test_it_is_filtered_by_subject_and_by_action(room, limit):
    entries = _journal(
        room,
        *(
            an_entry(at=_at(at), subject=f"usr_{at % 2}", action=("user.invited", "user.changed")[at % 3 == 0])
            for at in range(12)
        ),
    )
    assert _walk(room, subject="usr_1", limit=limit) == list(entries[::-2])
    assert _walk(room, action="user.changed", limit=limit) == [entries[at] for at in (9, 6, 3, 0)]
    assert _walk(room, action="user.changed", subject="usr_0", limit=limit) == [entries[6], entries[0]]


def test_a_filtered_page_of_a_long_trail_may_be_short(room):
    first, *_ = _journal(room, *(an_entry(at=_at(at), subject="it" if at == 0 else "other") for at in range(450)))
    page = room.audit_trail(subject="it")
    assert (list(page.rows), page.next_cursor is None) == ([], False)
    assert _walk(room, subject="it") == [first]


# Cursors


@pytest.mark.parametrize("other", [{"subject": "usr_1"}, {"action": "a"}, {"since": NOON}, {"until": _at(99)}])
def test_a_cursor_is_for_its_own_query(room, other):
    _journal(room, *(an_entry(at=_at(at)) for at in range(3)))
    cursor = room.audit_trail(limit=1).next_cursor
    with pytest.raises(MalformedRequest, match="cursor-invalid"):
        room.audit_trail(limit=1, cursor=cursor, **other)


def test_a_cursor_of_another_company_is_refused(room):
    _journal(room, *(an_entry(company_id=OTHER_COMPANY_ID) for _ in range(3)))
    cursor = room.audit_trail(OTHER_COMPANY_ID, limit=1).next_cursor
    with pytest.raises(MalformedRequest, match="cursor-invalid"):
        room.audit_trail(limit=1, cursor=cursor)


@pytest.mark.parametrize("position", ["", "x", "Z" * 26, "\ud800", "0" * 27])
def test_a_place_that_no_entry_can_have_is_refused(room, position):
    with pytest.raises(MalformedRequest, match="cursor-invalid"):
        room.audit_trail(cursor=written_cursor([position], (COMPANY_ID, EntryFilter())))


# As rows of a table


def _rows(entry, names=None):
    return [
        dict(zip(AUDIT_COLUMNS, row, strict=True))
        for row in audit_rows(AuditEntryAnswer.from_entry(entry, names or {}))
    ]


def test_each_changed_field_is_a_row():
    entry = an_entry(
        actor=Actor("person", "usr_1"),
        subject="usr_2",
        action="user.changed",
        changes={"roles": [["buyer"], ["approver", "buyer"]], "name": [None, "Änna"], "customer_center": [False, True]},
        effects=(new_effect("identity", NOON),),
    )
    rows = _rows(entry, {"usr_1": "Tja"})
    assert [(row["field"], row["before"], row["after"]) for row in rows] == [
        ("customer_center", "false", "true"),
        ("name", "", "Änna"),
        ("roles", "buyer", "approver, buyer"),
    ]
    for row in rows:
        assert (row["at"], row["action"]) == ("2026-11-23T12:00:00.000Z", "user.changed")
        assert (row["actor_kind"], row["actor_id"], row["actor_name"]) == ("person", "usr_1", "Tja")
        assert (row["subject"], row["subject_name"]) == ("usr_2", "")
        assert (row["entry_id"], row["request_id"]) == (entry.entry_id, "request-1")


def test_an_entry_without_changes_is_a_row_too():
    (row,) = _rows(an_entry(actor=Actor("visitor")))
    assert (row["actor_kind"], row["actor_id"], row["field"], row["before"], row["after"]) == (
        "visitor",
        "",
        "",
        "",
        "",
    )
