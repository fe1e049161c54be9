"""What every `Companies` promises about companies that change and close, and about limits: counted, told, forgotten."""

import base64
from dataclasses import replace
from datetime import timedelta

import pytest

from customer_center.companies import store
from customer_center.companies.model import CachedContact, RefusalLimits, WrongLinkLimits
from customer_center.companies.ports import CompanyExists
from customer_center.platform.errors import InProgress, MalformedRequest, PreconditionFailed, TooManyRequests
from customer_center.platform.paging import written_cursor
from tests.builders.companies import (
    COMPANY_ID,
    OTHER_COMPANY_ID,
    a_company,
    a_main_contact,
    a_user,
    an_entry,
    an_invited_user,
)
from tests.builders.erp import NUMBER, a_contact
from tests.contract.conftest import at_once
from tests.fakes.clock import NOON

LIMITS = RefusalLimits(per_network=2, codes_per_day=1)


def _closed(company):
    return replace(company, closed_at=NOON, version=company.version + 1)


# Companies


def test_a_closed_company_is_seen_by_every_read(world):
    company = world.founded(a_main_contact())
    entry = an_entry()
    with world.journals(entry):
        world.companies.change_company(company, _closed(company), entry)
    for found in (
        world.companies.company(COMPANY_ID),
        world.companies.current_company(COMPANY_ID),
        world.companies.company_of_number(NUMBER),
    ):
        assert found == _closed(company)


def test_an_opened_company_has_no_time_of_closing(world):
    company = _closed(world.founded(a_main_contact()))
    world.companies.change_company(replace(company, closed_at=None, version=1), company, an_entry())
    opened = replace(company, closed_at=None, version=3)
    world.companies.change_company(company, opened, an_entry())
    assert world.companies.current_company(COMPANY_ID) == opened


def test_a_company_that_changed_meanwhile_is_left_as_it_is(world):
    company = world.founded(a_main_contact())
    world.companies.change_company(company, _closed(company), an_entry())
    with world.refuses(PreconditionFailed):
        world.companies.change_company(company, replace(company, name="other", version=2), an_entry())


def test_a_change_of_the_company_leaves_its_main_contacts_to_its_users(world):
    chief = a_main_contact()
    company = world.founded(chief)
    world.founded(a_main_contact(user_id=chief.user_id[:-4] + "9999", email="second@baecker.example"))
    company = world.companies.current_company(COMPANY_ID)
    world.companies.change_company(replace(company, main_contacts=frozenset()), _closed(company), an_entry())
    assert world.companies.current_company(COMPANY_ID).main_contacts == company.main_contacts


def test_nobody_activates_into_a_company_that_was_closed_meanwhile(world):
    company = world.founded(a_main_contact())
    world.companies.change_company(company, _closed(company), an_entry())
    with world.refuses(CompanyExists):
        world.companies.complete_activation(a_user(), company, an_entry(), existing=company, contact=None)


@pytest.mark.parametrize("company_id", ["com_x", "", "company", f"com_{9:026}", "x" * 3000, "\ud800"])
def test_a_company_that_is_not_there_is_none(world, company_id):
    assert world.companies.current_company(company_id) is None
    assert world.companies.company(company_id) is None


def test_of_two_changes_at_once_one_is_made(emulator_world):
    company = emulator_world.founded(a_main_contact())
    calls = [
        lambda name=name: emulator_world.companies.change_company(
            company, replace(company, name=name, version=2), an_entry()
        )
        for name in "ab"
    ]
    results = at_once(*calls)
    assert results.count(None) == 1
    assert all(isinstance(result, PreconditionFailed | InProgress) for result in results if result)


# Limits


def test_how_many_refusals_are_left_is_told(world):
    limits = RefusalLimits(per_network=2, network_window_seconds=900, per_day=3)

    def left(network):
        told = world.companies.reserve_refusal(NUMBER, network, NOON, limits)
        return [(limit.policy, limit.quota, limit.window, limit.remaining, limit.reset) for limit in told]

    assert left("a") == [
        ("refusals-per-network", 2, 900, 1, 900),
        ("refusals-per-day", 3, 86400, 2, 43200),
        ("refusals-all-numbers", 20, 3600, 19, 3600),
    ]
    assert [limit[3] for limit in left("a")] == [0, 1, 18]
    assert [limit[3] for limit in left("b")] == [1, 0, 19]
    with world.refuses(TooManyRequests) as refused:
        left("b")
    assert [limit.remaining for limit in refused.value.limits] == [1, 0]
    assert refused.value.retry_after == 43200


def test_wrong_links_are_counted_by_network_and_window(world):
    limits = WrongLinkLimits(window_seconds=3600)

    def count(network="a", at=NOON):
        return world.companies.wrong_links(network, at, limits)

    assert count() == 0
    for _ in range(3):
        world.companies.count_wrong_link("a", NOON, limits)
    assert count() == 3
    assert count("b") == 0
    assert count(at=NOON + timedelta(minutes=59)) == 3
    assert count(at=NOON + timedelta(hours=1)) == 0


def _use_up(companies, number=NUMBER, at=NOON):
    for _ in range(LIMITS.per_network):
        companies.reserve_refusal(number, "203.0.113.0/24", at, LIMITS)
    companies.reserve_code(number, at, LIMITS)


def _is_locked(companies, number=NUMBER, at=NOON):
    try:
        companies.reserve_refusal(number, "203.0.113.0/24", at, LIMITS)
        companies.reserve_code(number, at, LIMITS)
    except TooManyRequests:
        return True
    return False


def test_forgotten_refusals_and_codes_can_be_counted_anew(world):
    _use_up(world.companies)
    entry = an_entry()
    with world.journals(entry):
        world.companies.forget_refusals(NUMBER, NOON, entry)
    _use_up(world.companies)


@pytest.mark.parametrize("number", ["ab-1", "AB-1"])
def test_a_number_is_unlocked_in_whatever_case_it_is_written(world, number):
    _use_up(world.companies, "Ab-1")
    world.companies.forget_refusals(number, NOON, an_entry())
    assert not _is_locked(world.companies, "Ab-1")


def test_another_number_and_another_day_stay_locked(world):
    _use_up(world.companies, "20000")
    _use_up(world.companies, at=NOON - timedelta(days=1))
    world.companies.forget_refusals(NUMBER, NOON, an_entry())
    assert _is_locked(world.companies, "20000")
    assert _is_locked(world.companies, at=NOON - timedelta(days=1))


def test_nothing_to_forget_is_fine(world):
    world.companies.forget_refusals(NUMBER, NOON, an_entry())
    assert not _is_locked(world.companies)


# The check of all logins


@pytest.fixture
def small_pages(world, monkeypatch):
    monkeypatch.setattr(store, "_ITEMS_PER_SCAN", 3)
    world.companies.users_per_page = 1


def _every_user(companies):
    cursor, found, cursors = None, [], []
    while True:
        page = companies.users_page(cursor)
        found += page.rows
        if (cursor := page.next_cursor) is None:
            return found, cursors
        cursors.append(cursor)


def test_the_users_of_all_companies_are_read_in_pages(world, small_pages):
    ours = [a_main_contact(), *(a_user() for _ in range(4))]
    theirs = [a_main_contact(company_id=OTHER_COMPANY_ID), a_user(company_id=OTHER_COMPANY_ID)]
    world.founded(*ours)
    world.founded(*theirs, company=a_company(company_id=OTHER_COMPANY_ID, customer_number="70000"))
    world.companies.save_contacts(
        COMPANY_ID, [CachedContact(a_contact(contact_number=f"KT{number}")) for number in range(5)], NOON
    )
    found, cursors = _every_user(world.companies)
    assert sorted(found, key=lambda user: user.user_id) == sorted(ours + theirs, key=lambda user: user.user_id)
    assert cursors


def test_where_nobody_is_the_only_page_is_empty(world):
    assert world.companies.users_page(None).rows == []
    assert world.companies.users_page(None).next_cursor is None


def test_a_cursor_holds_no_email(store_world, monkeypatch):
    """It is in a message, and a message that fails is logged."""
    monkeypatch.setattr(store, "_ITEMS_PER_SCAN", 1)
    users = [a_main_contact(), *(a_user() for _ in range(8))]
    store_world.founded(*users)
    found, cursors = _every_user(store_world.companies)
    assert len(found) == len(users)
    for cursor in cursors:
        assert b"@" not in base64.urlsafe_b64decode(cursor + "==")


@pytest.mark.parametrize("cursor", ["nonsense", written_cursor(["com_1"], "another list")])
def test_a_forged_cursor_is_refused(world, cursor):
    with pytest.raises(MalformedRequest):
        world.companies.users_page(cursor)


def test_known_users_are_those_with_a_record(world):
    known = [a_main_contact(), a_user(), an_invited_user()]
    world.founded(*known[:2])
    world.companies.add_user(known[2], an_entry())
    asked = [user.user_id for user in known] + [a_user().user_id, "no user id of ours"]
    assert world.companies.known_users(asked) == {user.user_id for user in known}
    assert world.companies.known_users([]) == frozenset()
