"""The export of a person's data: their record, and the journal's entries about them and by them."""

import pytest

from customer_center.companies.audit.export_user import export_entries, exported_user
from customer_center.companies.model import Member, Role
from customer_center.platform.errors import Forbidden, MalformedRequest, NotFound
from tests.builders.companies import COMPANY_ID, OTHER_COMPANY_ID, a_company, a_main_contact, a_user, a_user_id
from tests.builders.companies_room import Room


@pytest.fixture
def room():
    return Room()


@pytest.fixture
def chief(room):
    chief = a_main_contact(name="Tja", email="tja@baecker.example")
    room.companies.add(a_company(), chief)
    return chief


def _walk(room, user, limit=50):
    page = export_entries(user, limit=limit, cursor=None, trail=room.trail)
    entries = list(page.rows)
    while page.next_cursor:
        page = export_entries(user, limit=limit, cursor=page.next_cursor, trail=room.trail)
        entries += page.rows
    return entries


@pytest.mark.parametrize("limit", [1, 2, 50])
def test_what_was_done_to_a_person_is_told_with_its_values(room, chief, limit):
    user = room.request(chief)
    room.clock.advance(seconds=1)
    room.deactivate(user.user_id, chief)
    room.request(chief, email="other@baecker.example")
    deactivated, invited = _walk(room, user, limit)
    assert (invited.action, invited.changes["name"]) == ("user.invited", (None, "Nils Neu"))
    assert (deactivated.action, deactivated.changes["status"]) == ("user.deactivated", ("invited", "deactivated"))


def test_what_a_person_did_to_others_is_told_without_the_others_data(room, chief):
    user = room.request(chief)
    (entry,) = _walk(room, chief)
    assert (entry.action, entry.subject, entry.actor.actor_id) == ("user.invited", user.user_id, chief.user_id)
    assert entry.changes == {}


def test_a_cursor_is_for_its_own_person(room, chief):
    first, second = room.request(chief), room.request(chief, email="other@baecker.example")
    for user in (first, second):
        room.deactivate(user.user_id, chief)
    cursor = export_entries(first, limit=1, cursor=None, trail=room.trail).next_cursor
    with pytest.raises(MalformedRequest, match="cursor-invalid"):
        export_entries(second, limit=1, cursor=cursor, trail=room.trail)


# Whose data may be asked for


def _asked(room, actor, user_id):
    return exported_user(user_id, Member(actor, room.companies.company(COMPANY_ID)), companies=room.companies)


def test_a_colleagues_data_may_be(room, chief):
    user = room.request(chief)
    assert _asked(room, chief, user.user_id) == user


def test_a_strangers_data_is_not_found(room, chief):
    stranger = a_user(company_id=OTHER_COMPANY_ID)
    room.companies.add(a_company(company_id=OTHER_COMPANY_ID, customer_number="20000"), stranger)
    for user_id in (stranger.user_id, a_user_id(), "", COMPANY_ID):
        with pytest.raises(NotFound):
            _asked(room, chief, user_id)


@pytest.mark.parametrize("role", [Role.BUYER, Role.APPROVER, Role.BUSINESS_USER])
def test_who_may_not_see_users_exports_none(room, chief, role):
    with pytest.raises(Forbidden, match="permission-missing"):
        _asked(room, a_user(roles={role}), chief.user_id)
