"""What an operator does for one company: unlock its activation, appoint a main contact."""

import pytest

from customer_center.companies.model import RefusalLimits, Role, UserStatus
from customer_center.platform.errors import (
    Conflict,
    InProgress,
    InvalidInput,
    NotFound,
    PreconditionFailed,
    TooManyRequests,
)
from tests.builders import (
    COMPANY_ID,
    NUMBER,
    OPERATOR,
    OTHER_COMPANY_ID,
    Room,
    a_company,
    a_customer,
    a_main_contact,
    a_user,
    an_invited_user,
)


@pytest.fixture
def room():
    return Room()


def _locked(room):
    """Use up the refusals of the customer number."""
    room.activation_rules = room.activation_rules.__class__(limits=RefusalLimits(per_network=2))
    room.erp.add(a_customer(), invoices=["103019"])
    for _ in range(2):
        with pytest.raises(InvalidInput):
            room.activate(invoice_number="wrong")
    with pytest.raises(TooManyRequests):
        room.activate()


# Unlocking an activation


def test_an_unlocked_number_can_be_activated_again(room):
    _locked(room)
    room.unlock()
    assert room.activate_confirmed().company.customer_number == NUMBER


def test_of_a_number_without_a_company_the_operators_journal_tells(room):
    assert room.unlock() is None
    (entry,) = room.companies.entries
    assert (entry.partition, entry.action, entry.subject) == ("operator", "activation.unlocked", NUMBER)
    assert entry.actor == OPERATOR


def test_of_a_number_with_a_company_its_own_journal_tells(room):
    room.companies.add(a_company())
    assert room.unlock().company_id == COMPANY_ID
    assert room.companies.entries[0].partition == COMPANY_ID


# Appointing a main contact


def test_a_company_whose_last_main_contact_is_gone_gets_a_new_one(room):
    user = a_user()
    room.companies.add(a_company(), user)
    after = room.appoint(user.user_id)
    assert after.roles == {Role.BUYER, Role.MAIN_CONTACT}
    assert room.companies.company(COMPANY_ID).main_contacts == {user.user_id}
    (entry,) = room.companies.entries
    assert (entry.action, entry.subject, entry.actor) == ("user.appointed_main_contact", user.user_id, OPERATOR)
    assert entry.changes == {"roles": (["buyer"], ["buyer", "main_contact"])}


def test_those_there_are_stay_main_contacts(room):
    chief, user = a_main_contact(), a_user()
    room.companies.add(a_company(), chief, user)
    room.appoint(user.user_id)
    assert room.companies.company(COMPANY_ID).main_contacts == {chief.user_id, user.user_id}


def test_appointing_a_main_contact_changes_nothing(room):
    chief = a_main_contact()
    room.companies.add(a_company(), chief)
    assert room.appoint(chief.user_id) == chief
    assert room.companies.entries == []


@pytest.mark.parametrize("user", [an_invited_user(), a_user(status=UserStatus.DEACTIVATED)], ids=["invited", "off"])
def test_only_somebody_who_can_log_in_is_appointed(room, user):
    room.companies.add(a_company(), user)
    with pytest.raises(Conflict, match="user-not-active"):
        room.appoint(user.user_id)


def test_nobody_and_somebody_elses_user_look_alike(room):
    stranger = a_user(company_id=OTHER_COMPANY_ID)
    room.companies.add(a_company())
    room.companies.add(a_company(company_id=OTHER_COMPANY_ID, customer_number="2"), stranger)
    for user_id in (stranger.user_id, "usr_x", a_user().user_id):
        with pytest.raises(NotFound):
            room.appoint(user_id)


def test_who_meets_another_change_is_asked_to_come_again(room, monkeypatch):
    user = a_user()
    room.companies.add(a_company(), user)

    def changed_meanwhile(before, after, entry):
        raise PreconditionFailed

    monkeypatch.setattr(room.companies, "change_user", changed_meanwhile)
    with pytest.raises(InProgress):
        room.appoint(user.user_id)
