"""Deleting a user removes account and login; the audit trail keeps what the user did."""

import pytest

from customer_center.companies.model import Role, UserStatus
from customer_center.platform.errors import Conflict, InProgress, InvalidInput, NotFound, PreconditionFailed
from tests.builders.companies import OTHER_COMPANY_ID, a_main_contact, a_user, an_invited_user
from tests.builders.companies_room import PASSWORD, Room
from tests.builders.erp import INVOICE, a_contact, a_customer


@pytest.fixture
def room():
    return Room()


@pytest.fixture
def chief(room):
    return room.founded(email="tja@baecker.example")


def test_the_account_and_the_login_are_gone_at_once(room, chief):
    user = room.present(a_user())
    room.delete(user.user_id, chief)
    assert room.companies.user(user.user_id) is None
    assert room.companies.holders_of_email(user.email).owner_id is None
    assert user.user_id not in room.identities.logins


def test_a_login_that_cannot_be_reached_goes_later(room, chief):
    user = room.present(a_user())
    room.identities.unavailable = True
    room.delete(user.user_id, chief)
    room.identities.unavailable = False
    room.follow_up()
    assert user.user_id not in room.identities.logins


def test_the_journal_tells_who_was_deleted_and_by_whom(room, chief):
    user = room.present(a_user())
    room.delete(user.user_id, chief)
    (entry,) = room.companies.entries
    assert (entry.action, entry.subject, entry.actor.actor_id) == ("user.deleted", user.user_id, chief.user_id)
    assert entry.changes["email"] == (user.email, None)
    assert entry.changes["roles"] == (["buyer"], None)


def test_a_contact_of_the_erp_is_without_account_again_and_can_be_invited_anew(room, chief):
    room.erp.add(a_customer(), contacts=[a_contact("KT100")])
    user = room.invite(chief)
    room.delete(user.user_id, chief)
    assert [row.contact.contact_number for row in room.contacts(chief).page.contacts] == ["KT100"]
    assert room.invite(chief).user_id != user.user_id


def test_the_link_of_a_deleted_invitation_is_no_good(room, chief):
    user = room.present(an_invited_user())
    room.delete(user.user_id, chief)
    with pytest.raises(NotFound, match="invitation-invalid"):
        room.accept(f"{user.user_id}.secret")


def test_mails_that_wait_are_not_sent(room, chief):
    user = room.request(chief)
    room.delete(user.user_id, chief)
    room.follow_up()
    assert room.mailer.sent == []


def test_an_activation_under_way_ends_with_the_user_it_made(room):
    room.erp.add(a_customer(), invoices=[INVOICE], contacts=[])
    first = room.activate_confirmed()
    other = room.present(a_main_contact(company_id=first.user.company_id))
    room.delete(first.user.user_id, other)
    with pytest.raises(InvalidInput, match="code-expired"):
        room.activate(code=room.mailed_code())
    assert room.activate_confirmed().user.user_id != first.user.user_id


@pytest.mark.parametrize("status", [UserStatus.ACTIVE, UserStatus.DEACTIVATED])
def test_one_of_two_main_contacts_can_be_deleted(room, chief, status):
    other = room.present(a_main_contact(status=status))
    room.delete(other.user_id, chief)
    assert room.companies.company(chief.company_id).main_contacts == {chief.user_id}


def test_nobody_deletes_themself(room, chief):
    room.present(a_main_contact())
    with pytest.raises(Conflict, match="own-account"):
        room.delete(chief.user_id, chief)
    assert room.companies.user(chief.user_id) == chief


def test_the_last_active_main_contact_stays(room, chief):
    other = room.present(a_main_contact())
    room.edit(other.user_id, chief, roles=frozenset({Role.BUYER}))
    with pytest.raises(Conflict, match="last-main-contact"):
        room.delete(chief.user_id, other)
    assert room.companies.user(chief.user_id) == chief


def test_a_user_of_another_company_does_not_exist(room, chief):
    stranger = room.present(a_user(company_id=OTHER_COMPANY_ID))
    for user_id in (stranger.user_id, a_user().user_id, "nonsense"):
        with pytest.raises(NotFound):
            room.delete(user_id, chief)
    assert room.identities.sign_in(stranger.email, PASSWORD)


def test_only_the_version_that_was_seen_is_deleted(room, chief):
    user = room.present(a_user(version=3))
    with pytest.raises(PreconditionFailed):
        room.delete(user.user_id, chief, if_versions={2})
    room.delete(user.user_id, chief, if_versions={3})
    with pytest.raises(NotFound):
        room.delete(user.user_id, chief, if_versions={3})


def test_who_was_changed_in_between_is_not_deleted(room, chief):
    user = room.present(a_user())
    delete_user = room.companies.delete_user

    def delete_late(*args, **kwargs):
        room.edit(user.user_id, chief, name="Meanwhile")
        delete_user(*args, **kwargs)

    room.companies.delete_user = delete_late
    with pytest.raises(InProgress):
        room.delete(user.user_id, chief)
    assert room.companies.user(user.user_id).name == "Meanwhile"
