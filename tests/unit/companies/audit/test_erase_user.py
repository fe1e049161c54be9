"""Erasing a person removes account and login, and blanks their personal values in the journal."""

import json
from datetime import timedelta

import pytest

from customer_center.companies.audit.redact_entries import BLANK, redact_entries, redacted
from customer_center.companies.ids import new_user_id
from customer_center.companies.model import Role, UserStatus
from customer_center.platform.errors import Conflict, InProgress, NotFound, PreconditionFailed
from tests.builders.companies import COMPANY_ID, OTHER_COMPANY_ID, a_company, a_main_contact, a_user, an_entry, budgets
from tests.builders.companies_room import PASSWORD, Room
from tests.builders.erp import INVOICE, a_contact, a_customer
from tests.fakes.clock import NOON


@pytest.fixture
def room():
    room = Room()
    room.erp.add(a_customer(), contacts=[a_contact("KT100", email="anna@baecker.example")], invoices=[INVOICE])
    return room


@pytest.fixture
def chief(room):
    chief = a_main_contact(name="Tja", email="tja@baecker.example")
    room.companies.add(a_company(), chief)
    return chief


@pytest.fixture
def anna(room, chief):
    """Somebody with a past: invited from a contact, accepted, deactivated, activated."""
    room.invite(chief, "KT100", name="Anna Mehl", budgets=budgets("10.00"))
    user_id = room.accept(room.mailed_token()).user.user_id
    room.deactivate(user_id, chief)
    room.reactivate(user_id, chief)
    room.follow_up()
    return room.companies.user(user_id)


def _about(room, user):
    return [entry for entry in room.companies.entries if entry.subject == user.user_id]


def test_account_and_login_are_gone_at_once(room, chief, anna):
    room.erase(anna.user_id, chief)
    assert room.companies.user(anna.user_id) is None
    assert room.companies.holders_of_email(anna.email).owner_id is None
    assert room.companies.user_id_of_contact(COMPANY_ID, "KT100") is None
    assert room.identities.sign_in(anna.user_id, PASSWORD) is None


def test_the_journal_holds_nothing_of_the_person_any_more(room, chief, anna):
    room.erase(anna.user_id, chief)
    room.follow_up()
    journal = json.dumps([[*entry.changes.items()] for entry in room.companies.entries])
    for personal in ("Anna", "anna@", "KT100", "mrs", '"de"'):
        assert personal not in journal


def test_what_the_account_could_do_and_when_is_still_told(room, chief, anna):
    before = [(entry.entry_id, entry.at, entry.action, entry.actor, entry.effects) for entry in _about(room, anna)]
    room.erase(anna.user_id, chief)
    room.follow_up()
    invited, *_, erased = _about(room, anna)
    after = [(entry.entry_id, entry.at, entry.action, entry.actor, entry.effects) for entry in _about(room, anna)]
    assert after[:-1] == before
    assert invited.changes["roles"] == [None, ["buyer"]]
    assert invited.changes["budget_per_order"] == [None, "10.00 EUR"]
    assert invited.changes["email"] == [None, BLANK]
    assert (erased.action, erased.actor.actor_id, erased.changes) == ("user.erased", chief.user_id, {})


def test_nobody_elses_entries_are_touched(room, chief, anna):
    other = room.request(chief)
    before = _about(room, other)
    room.erase(anna.user_id, chief)
    room.follow_up()
    assert _about(room, other) == before


def test_the_certificate_tells_what_fades_by_itself_and_later_that_all_is_done(room, chief, anna):
    """Backups keep the data for the 35 days of point-in-time recovery (docs/specification.md, 7.7)."""
    first = room.erase(anna.user_id, chief)
    assert (first.user_id, first.erased_at, first.complete) == (anna.user_id, NOON, False)
    assert first.backups_until == NOON + timedelta(days=35)
    assert first.queues_until == NOON + timedelta(days=14)
    room.clock.advance(minutes=1)
    assert room.erase(anna.user_id, chief) == first
    room.follow_up()
    later = room.erase(anna.user_id, chief)
    assert (later.erased_at, later.complete) == (NOON, True)


def test_a_repeat_changes_nothing(room, chief, anna):
    room.erase(anna.user_id, chief)
    room.follow_up()
    before = list(room.companies.entries)
    room.erase(anna.user_id, chief)
    room.follow_up()
    assert room.companies.entries == before


def test_who_was_deleted_before_can_be_erased(room, chief, anna):
    room.companies.delete_user(anna, an_entry(subject=anna.user_id, action="user.deleted", at=NOON), attempt="x")
    assert room.erase(anna.user_id, chief).complete is False
    room.follow_up()
    assert room.erase(anna.user_id, chief).complete is True
    assert "Anna" not in repr(room.companies.entries)
    assert [entry.action for entry in _about(room, anna)].count("user.erased") == 1


@pytest.mark.parametrize("status", UserStatus)
@pytest.mark.parametrize("role", [Role.BUYER, Role.MAIN_CONTACT])
def test_users_of_every_kind_can_be_erased(room, chief, status, role):
    user = a_user(status=status, roles={role})
    room.companies.add(room.companies.company(COMPANY_ID), user)
    room.erase(user.user_id, chief)
    assert room.companies.everybody == (chief,)
    assert room.companies.company(COMPANY_ID).main_contacts == {chief.user_id}


def test_a_login_that_cannot_be_reached_goes_later(room, chief, anna):
    room.identities.fail_next("delete")
    room.erase(anna.user_id, chief)
    assert anna.user_id in room.identities.logins
    room.follow_up()
    assert anna.user_id not in room.identities.logins


# What is refused


def test_nobody_erases_themself(room, chief):
    with pytest.raises(Conflict, match="own-account"):
        room.erase(chief.user_id, chief)


def test_the_last_main_contact_stays(room, chief):
    other = a_main_contact()
    room.companies.add(room.companies.company(COMPANY_ID), other)
    room.deactivate(chief.user_id, other)
    with pytest.raises(Conflict, match="last-main-contact"):
        room.erase(other.user_id, chief)
    assert room.companies.user(other.user_id) == other


FORGED = [f"usr_{COMPANY_ID.removeprefix('com_')}_{serial}" for serial in ("0" * 26, "7" + "z" * 25, "z" * 26)]


@pytest.mark.parametrize("user_id", ["", "usr_x", COMPANY_ID, *FORGED])
def test_whom_the_company_never_had_is_not_found(room, chief, anna, user_id):
    with pytest.raises(NotFound):
        room.erase(user_id, chief)


def test_another_companys_user_is_not_found(room, chief):
    stranger = a_user(company_id=OTHER_COMPANY_ID)
    room.companies.add(a_company(company_id=OTHER_COMPANY_ID, customer_number="20000"), stranger)
    with pytest.raises(NotFound):
        room.erase(stranger.user_id, chief)
    assert room.companies.user(stranger.user_id) == stranger


def test_the_version_named_is_the_one_erased(room, chief, anna):
    with pytest.raises(PreconditionFailed):
        room.erase(anna.user_id, chief, if_version=anna.version - 1)
    room.erase(anna.user_id, chief, if_version=anna.version)
    assert room.companies.user(anna.user_id) is None


@pytest.mark.parametrize(("named", "error"), [(True, PreconditionFailed), (False, InProgress)])
def test_a_change_in_between_is_told(room, chief, anna, named, error):
    companies = room.companies

    class Crossed:
        def __getattr__(self, name):
            return getattr(companies, name)

        def user(self, user_id):
            found = companies.user(user_id)
            companies.change_user(found, found.changed(NOON, name="Anna Neu"), an_entry(subject=user_id))
            return found

    room.companies = Crossed()
    with pytest.raises(error):
        room.erase(anna.user_id, chief, if_version=anna.version if named else None)
    assert companies.user(anna.user_id).name == "Anna Neu"


# Blanking


def test_an_entry_that_seems_older_than_the_user_is_blanked_too(room):
    """Sandboxes' clocks differ a little."""
    user_id = new_user_id(COMPANY_ID, NOON + timedelta(minutes=1))
    room.companies.entries.append(an_entry(subject=user_id, changes={"name": [None, "Anna"]}))
    redact_entries(user_id, trail=room.trail)
    assert room.companies.entries[0].changes == {"name": [None, BLANK]}


def test_what_a_later_version_writes_is_taken_for_personal():
    entry = an_entry(changes={"shoe_size": ["39", 40], "status": ["invited", "active"], "name": ["x", None]})
    assert redacted(entry) == {
        "shoe_size": [BLANK, BLANK],
        "status": ["invited", "active"],
        "name": [BLANK, None],
    }


def test_a_run_that_was_cut_short_is_gone_on_with(room, chief, anna):
    room.erase(anna.user_id, chief)

    class Dying:
        def __init__(self, trail, steps):
            self._trail, self._steps = trail, steps

        def entries(self, *args, **kwargs):
            return self._trail.entries(*args, **kwargs)

        def redact(self, *args):
            self._steps -= 1
            if self._steps < 0:
                raise ConnectionError
            self._trail.redact(*args)

    with pytest.raises(ConnectionError):
        redact_entries(anna.user_id, trail=Dying(room.trail, 0))
    assert room.erase(anna.user_id, chief).complete is False
    redact_entries(anna.user_id, trail=Dying(room.trail, 99))
    redact_entries(anna.user_id, trail=Dying(room.trail, 0))
    assert room.erase(anna.user_id, chief).complete is True
