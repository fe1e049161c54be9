"""An operator closes a company: all its users are refused at once, nothing is deleted, and it can be opened again."""

import pytest

from customer_center.companies.callers import person
from customer_center.companies.model import UserStatus
from customer_center.companies.operators import align_company
from customer_center.companies.ports import LoginDisabled
from customer_center.platform.errors import Forbidden, InProgress, NotFound, PreconditionFailed
from customer_center.platform.http import Request
from tests.builders.companies import COMPANY_ID, OTHER_COMPANY_ID, a_company, a_main_contact, a_user, an_invited_user
from tests.builders.companies_room import OPERATOR, PASSWORD, Room
from tests.builders.erp import INVOICE, a_customer


@pytest.fixture
def room():
    return Room()


def _people(room, *users):
    """Add users to the company; active ones get an enabled login."""
    room.companies.add(a_company(), *users)
    for user in users:
        if user.status is not UserStatus.INVITED:
            room.identities.create(user)
            room.identities.set_password(user.user_id, PASSWORD)
            (room.identities.enable if user.status is UserStatus.ACTIVE else lambda _: None)(user)
    return users


def _open_logins(room):
    return {user_id for user_id, login in room.identities.logins.items() if login.enabled}


def _asks(room, user):
    request = Request("request-1", "GET /me", {}, "203.0.113.7", user.user_id, "en", lambda: "")
    return person(lambda: room.companies).admit(request)


def test_the_api_refuses_everybody_of_the_company_at_once(room):
    chief, buyer = _people(room, a_main_contact(), a_user())
    room.close()
    for user in (chief, buyer):
        with pytest.raises(Forbidden, match="company-closed"):
            _asks(room, user)


def test_their_logins_and_sessions_end(room):
    chief, buyer, _ = _people(room, a_main_contact(), a_user(), an_invited_user())
    room.identities.sign_in(buyer.user_id, PASSWORD)
    room.close()
    room.follow_up()
    assert _open_logins(room) == set()
    assert room.identities.logins[buyer.user_id].sessions == set()
    with pytest.raises(LoginDisabled):
        room.identities.sign_in(chief.user_id, PASSWORD)


def test_another_company_goes_on(room):
    (stranger,) = _people(room, a_main_contact())
    room.companies.add(a_company(company_id=OTHER_COMPANY_ID, customer_number="2"))
    room.close(OTHER_COMPANY_ID)
    room.follow_up()
    assert _asks(room, stranger).user == stranger
    assert _open_logins(room) == {stranger.user_id}


def test_opened_again_everybody_who_is_active_gets_in_with_their_old_password(room):
    chief, off = _people(room, a_main_contact(), a_user(status=UserStatus.DEACTIVATED))
    room.close()
    room.follow_up()
    assert room.reopen().closed_at is None
    room.follow_up()
    assert _open_logins(room) == {chief.user_id}
    assert room.identities.sign_in(chief.user_id, PASSWORD)
    assert _asks(room, chief).user == chief
    assert room.companies.user(off.user_id).status is UserStatus.DEACTIVATED


def test_late_and_repeated_effects_follow_what_is_true_now(room):
    chief, _ = _people(room, a_main_contact(), a_user())
    room.close()
    room.reopen()
    for effect in reversed([*room.companies.effects] * 2):
        room.align(effect)
    assert chief.user_id in _open_logins(room)


@pytest.mark.parametrize("number", [1, 2, 3, 4, 5])
def test_a_large_company_is_done_page_by_page(room, monkeypatch, number):
    monkeypatch.setattr(align_company, "PAGE", 2)
    _people(room, *(a_user() for _ in range(number)))
    room.close()
    room.follow_up()
    assert _open_logins(room) == set()


def test_a_page_that_could_not_be_queued_is_queued_by_the_repeat(room, monkeypatch):
    monkeypatch.setattr(align_company, "PAGE", 2)
    _people(room, *(a_user() for _ in range(5)))
    room.close()
    queued = []

    def fails_once(effects):
        if not queued:
            queued.extend(effects[:1])
            raise OSError
        queued.extend(effects)

    (effect,) = room.companies.effects
    for _ in range(2):
        try:
            align_company.align_company(
                effect.data["company_id"], None, companies=room.companies, queue=fails_once, clock=room.clock
            )
        except OSError:
            continue
    for each in queued:
        room.align(each)
    assert _open_logins(room) == set()


def test_nobody_accepts_an_invitation_of_a_closed_company(room):
    _, invited = _people(room, a_main_contact(), an_invited_user())
    token = f"{invited.user_id}.secret"
    room.close()
    with pytest.raises(Forbidden, match="company-closed"):
        room.accept(token)
    assert invited.user_id not in room.identities.logins
    room.reopen()
    assert room.accept(token).user.status is UserStatus.ACTIVE


def test_whose_token_is_wrong_does_not_learn_that_the_company_is_closed(room):
    _, invited = _people(room, a_main_contact(), an_invited_user())
    room.close()
    with pytest.raises(NotFound, match="invitation-invalid"):
        room.accept(f"{invited.user_id}.guess")


def test_nobody_activates_into_a_closed_company(room):
    _people(room, a_main_contact(email="other@baecker.example"))
    room.erp.add(a_customer(), invoices=[INVOICE])
    room.close()
    with pytest.raises(Forbidden, match="company-closed"):
        room.activate()


def test_a_company_that_is_closed_while_somebody_activates_stays_closed_and_keeps_them_out(room):
    _people(room, a_main_contact(email="other@baecker.example"))
    room.erp.add(a_customer(), invoices=[INVOICE])
    room.activation_rules = room.activation_rules.__class__(confirm_email=False)
    complete = room.companies.complete_activation

    def closed_meanwhile(*args, **kwargs):
        room.close()
        return complete(*args, **kwargs)

    room.companies.complete_activation = closed_meanwhile
    with pytest.raises(Forbidden, match="company-closed"):
        room.activate()
    assert room.companies.company(COMPANY_ID).closed_at
    assert len(room.companies.everybody) == 1
    assert len(room.identities.logins) == 1


def test_closing_and_opening_are_in_the_companys_journal_with_who_did_it(room):
    _people(room, a_main_contact())
    room.close()
    room.reopen()
    closed, opened = room.companies.entries
    assert [entry.action for entry in (closed, opened)] == ["company.closed", "company.reopened"]
    assert (closed.partition, closed.subject, closed.actor) == (COMPANY_ID, COMPANY_ID, OPERATOR)
    assert closed.changes == {"closed_at": (None, "2026-11-23T12:00:00.000Z")}


def test_doing_it_twice_changes_nothing(room):
    _people(room, a_main_contact())
    room.reopen()
    assert room.companies.entries == []
    first = room.close()
    room.clock.advance(seconds=60)
    assert room.close() == first
    assert len(room.companies.entries) == 1


def test_a_company_that_is_not_there_is_not_found(room):
    for change in (room.close, room.reopen):
        with pytest.raises(NotFound):
            change()


def test_who_meets_another_change_is_asked_to_come_again(room, monkeypatch):
    _people(room, a_main_contact())

    def changed_meanwhile(before, after, entry):
        raise PreconditionFailed

    monkeypatch.setattr(room.companies, "change_company", changed_meanwhile)
    with pytest.raises(InProgress):
        room.close()
