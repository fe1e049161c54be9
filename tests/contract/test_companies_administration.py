"""What every `Companies` promises about changing several users, moving e-mails, deleting, and remembered requests."""

from dataclasses import replace
from datetime import timedelta

from customer_center.companies.model import (
    CachedContact,
    CodedLink,
    EmailChange,
    Erasure,
    InvitationStatus,
    Role,
    UserStatus,
)
from customer_center.platform.errors import Conflict, InProgress, PreconditionFailed
from customer_center.platform.idempotency import AlreadyDone, Idempotency
from tests.builders.companies import (
    a_company,
    a_main_contact,
    a_user,
    a_user_id,
    an_attempt,
    an_email_change,
    an_entry,
    an_invitation,
    an_invited_user,
)
from tests.builders.erp import a_contact
from tests.contract.conftest import at_once
from tests.fakes.clock import NOON

KEY = Idempotency("digest", "hash of the request")
ATTEMPT = "no attempt"


def _handed_over(old, new):
    """Return the two changes by which the main contact's role goes from one user to another."""
    return [
        (old, old.changed(NOON, roles=frozenset({Role.BUYER}))),
        (new, new.changed(NOON, roles=frozenset({Role.MAIN_CONTACT}))),
    ]


# Several users at once


def test_the_only_main_contact_hands_over_in_one_change(world):
    old, new = a_main_contact(), a_user()
    world.founded(old, new)
    entries = [an_entry(subject=old.user_id), an_entry(subject=new.user_id)]
    world.companies.change_users(_handed_over(old, new), entries)
    assert world.companies.company(old.company_id).main_contacts == {new.user_id}
    assert world.companies.user(old.user_id).roles == {Role.BUYER}
    assert world.companies.user(new.user_id).roles == {Role.MAIN_CONTACT}
    assert {entry.entry_id for entry in world.entries()} >= {entry.entry_id for entry in entries}


def test_when_one_of_them_was_changed_meanwhile_neither_is_changed(world):
    old, new = a_main_contact(), a_user()
    world.founded(old, new)
    world.companies.change_user(new, new.changed(NOON, name="Changed"), an_entry())
    with world.refuses(PreconditionFailed):
        world.companies.change_users(_handed_over(old, new), [an_entry(), an_entry()])


def test_handing_over_to_somebody_who_does_not_count_leaves_the_last_one(world):
    old, new = a_main_contact(), an_invited_user()
    world.founded(old)
    world.companies.add_user(new, an_entry())
    with world.refuses(Conflict, match="last-main-contact"):
        world.companies.change_users(_handed_over(old, new), [an_entry(), an_entry()])


# E-mails that change


def test_a_changed_email_is_the_users_and_the_old_one_is_free(world):
    user = a_user(email="old@baecker.example")
    world.founded(a_main_contact(), user)
    world.companies.change_user(user, user.changed(NOON, email="new@baecker.example"), an_entry())
    assert world.companies.holders_of_email("new@baecker.example").owner_id == user.user_id
    assert world.companies.holders_of_email("old@baecker.example").owner_id is None


def test_an_email_that_is_only_written_otherwise_stays_the_users(world):
    user = a_user(email="old@baecker.example")
    world.founded(a_main_contact(), user)
    world.companies.change_user(user, user.changed(NOON, email="Old@baecker.example"), an_entry())
    assert world.companies.holders_of_email("old@baecker.example").owner_id == user.user_id
    assert world.companies.user(user.user_id).email == "Old@baecker.example"


def test_somebody_elses_email_cannot_be_taken(world):
    user, other = a_user(), a_user()
    world.founded(a_main_contact(), user, other)
    with world.refuses(Conflict, match="email-in-use"):
        world.companies.change_user(user, user.changed(NOON, email=other.email.upper()), an_entry())


def test_a_change_of_email_under_way_is_read_as_written(world):
    user = a_user()
    world.founded(a_main_contact(), user)
    change = EmailChange(
        mail_id="mail-1", expires_at=NOON + timedelta(days=1), email="new@baecker.example", requested_by=user.user_id
    )
    after = user.changed(NOON, email_change=change, confirmed_hash="hash of the link before", contact_left_at=NOON)
    world.companies.change_user(user, after, an_entry())
    assert world.companies.user(user.user_id) == after


SENT = {"token_hash": "hash", "sent_at": NOON, "expires_at": NOON + timedelta(days=1)}


def test_the_link_of_a_new_email_is_noted_once_its_mail_went_out(world):
    user = a_user(email_change=an_email_change(secret=None, mail_id="mail-1"))
    world.founded(a_main_contact(), user)
    assert world.companies.email_change_sent(user.user_id, mail_id="mail-1", **SENT)
    expected = replace(user, email_change=replace(user.email_change, **SENT))
    assert world.companies.user(user.user_id) == expected
    again = {**SENT, "token_hash": "hash of a second mail"}
    assert not world.companies.email_change_sent(user.user_id, mail_id="mail-1", **again)
    assert world.companies.user(user.user_id) == expected


def test_the_link_of_a_new_email_nobody_wants_any_more_is_not_noted(world):
    moving, settled = a_user(email_change=an_email_change(secret=None, mail_id="mail-2")), a_user()
    world.founded(a_main_contact(), moving, settled)
    for user_id in (moving.user_id, settled.user_id, a_user().user_id):
        assert not world.companies.email_change_sent(user_id, mail_id="mail-1", **SENT)
    assert [world.companies.user(user.user_id) for user in (moving, settled)] == [moving, settled]


def test_the_notice_to_the_old_address_is_noted_once(world):
    user = a_user(email_change=an_email_change(secret=None, mail_id="mail-1"))
    settled = a_user()
    world.founded(a_main_contact(), user, settled)
    assert world.companies.notice_sent(user.user_id, mail_id="mail-1", token_hash="old hash")
    expected = replace(user, email_change=replace(user.email_change, old_token_hash="old hash"))
    assert world.companies.user(user.user_id) == expected
    for user_id, mail_id in ((user.user_id, "mail-1"), (user.user_id, "mail-2"), (settled.user_id, "mail-1")):
        assert not world.companies.notice_sent(user_id, mail_id=mail_id, token_hash="another")
    assert world.companies.user(user.user_id) == expected


def test_what_old_and_new_address_said_is_read_as_written(world):
    user = a_user()
    world.founded(a_main_contact(), user)
    change = an_email_change(agreed=True, takes_effect_at=NOON + timedelta(days=3), earlier_hashes=("one", "two"))
    after = user.changed(NOON, email_change=change, noticed_hash="notice", cancelled_hash="cancelled")
    world.companies.change_user(user, after, an_entry())
    assert world.companies.user(user.user_id) == after


def test_a_code_stands_for_the_link_it_was_mailed_with(world):
    link = CodedLink(a_user().user_id, "hash of the link")
    world.companies.note_code("hash of the code", link, NOON + timedelta(days=7))
    assert world.companies.link_of_code("hash of the code") == link
    assert world.companies.link_of_code("hash of another code") is None


def test_a_used_invitation_may_be_used_again_so_many_times(world):
    invitation = an_invitation(status=InvitationStatus.ACCEPTED, accepted_at=NOON)
    user, pending = a_user(invitation=invitation), an_invited_user()
    world.founded(a_main_contact(), user)
    world.companies.add_user(pending, an_entry())
    assert [world.companies.reserve_repeat(user, 2) for _ in range(3)] == [True, True, False]
    assert world.companies.user(user.user_id).invitation == replace(invitation, repeats=2)
    renewed = replace(user, invitation=replace(invitation, token_hash="another"))
    for other in (renewed, pending, a_user()):
        assert not world.companies.reserve_repeat(other, 9)


# Deleting


def test_a_deleted_user_is_gone_and_their_email_is_free(world):
    user = a_user()
    world.founded(a_main_contact(), user)
    entry = an_entry(subject=user.user_id)
    with world.journals(entry):
        world.companies.delete_user(user, entry, attempt=ATTEMPT)
    assert world.companies.user(user.user_id) is None
    assert world.companies.holders_of_email(user.email).owner_id is None


def test_the_contact_of_a_deleted_user_is_without_account_again(world):
    chief, contact = a_main_contact(), a_contact()
    world.founded(chief)
    user = an_invited_user(contact_number=contact.contact_number)
    world.companies.add_user(user, an_entry(), contact)
    world.companies.delete_user(user, an_entry(), attempt=ATTEMPT)
    page = world.companies.contacts_without_account(chief.company_id, limit=10, cursor=None)
    assert [row.contact for row in page.contacts] == [contact]


def test_a_contact_that_was_a_deleted_users_by_its_email_is_without_account_again(world):
    chief, user, contact = a_main_contact(), a_user(), a_contact()
    world.founded(chief, user)
    world.companies.save_contacts(chief.company_id, [CachedContact(contact, user.user_id)], NOON)
    world.companies.delete_user(user, an_entry(), attempt=ATTEMPT)
    page = world.companies.contacts_without_account(chief.company_id, limit=10, cursor=None)
    assert [row.contact for row in page.contacts] == [contact]


def test_a_contact_that_was_never_cached_does_not_keep_a_user(world):
    user = a_user(contact_number="KT999")
    world.founded(a_main_contact(), user)
    world.companies.delete_user(user, an_entry(), attempt=ATTEMPT)
    assert world.companies.user(user.user_id) is None


def test_the_activation_under_way_of_a_deleted_user_is_dropped(world):
    """Otherwise a later activation could change an account that went on, or was erased."""
    user, attempt = a_user(), an_attempt()
    world.founded(a_main_contact(), user)
    world.companies.save_attempt(attempt, an_entry(), replaces=None)
    world.companies.delete_user(user, an_entry(), attempt=attempt.key)
    assert world.companies.attempt(attempt.key) is None


def test_the_last_active_main_contact_cannot_be_deleted(world):
    chief = a_main_contact()
    world.founded(chief)
    with world.refuses(Conflict, match="last-main-contact"):
        world.companies.delete_user(chief, an_entry(), attempt=ATTEMPT)


def test_one_of_two_main_contacts_can_be_deleted(world):
    chief, other = a_main_contact(), a_main_contact()
    world.founded(chief, other)
    world.companies.delete_user(other, an_entry(), attempt=ATTEMPT)
    assert world.companies.company(chief.company_id).main_contacts == {chief.user_id}


def test_a_main_contact_who_is_not_active_does_not_count_when_deleted(world):
    chief, other = a_main_contact(), a_main_contact(status=UserStatus.DEACTIVATED)
    world.founded(chief)
    world.companies.add_user(other, an_entry())
    world.companies.delete_user(other, an_entry(), attempt=ATTEMPT)
    assert world.companies.company(chief.company_id).main_contacts == {chief.user_id}


def test_a_user_who_was_changed_meanwhile_is_not_deleted(world):
    user = a_user()
    world.founded(a_main_contact(), user)
    world.companies.change_user(user, user.changed(NOON, name="Changed"), an_entry())
    with world.refuses(PreconditionFailed):
        world.companies.delete_user(user, an_entry(), attempt=ATTEMPT)


# Erasures


def _erased(world, *, at=NOON):
    user = a_user()
    world.founded(a_main_contact(), user)
    erasure = Erasure(user.user_id, at)
    world.companies.delete_user(user, an_entry(subject=user.user_id), attempt=ATTEMPT, erasure=erasure)
    return user, erasure


def test_an_erasure_is_recorded_with_the_deletion(world):
    user, erasure = _erased(world)
    assert world.companies.user(user.user_id) is None
    assert world.companies.erasure(user.user_id) == erasure
    assert world.companies.erasure(a_user_id()) is None


def test_who_is_not_deleted_is_not_erased(world):
    chief = a_main_contact()
    world.founded(chief)
    with world.refuses(Conflict, match="last-main-contact"):
        world.companies.delete_user(chief, an_entry(), attempt=ATTEMPT, erasure=Erasure(chief.user_id, NOON))


def test_who_comes_back_and_is_deleted_is_not_erased_any_more(world):
    user, _ = _erased(world)
    world.companies.add_user(user, an_entry())
    assert world.companies.erasure(user.user_id)
    world.companies.delete_user(user, an_entry(), attempt=ATTEMPT)
    assert world.companies.erasure(user.user_id) is None


def test_who_comes_back_is_erased_anew(world):
    user, first = _erased(world)
    world.companies.complete_erasure(user.user_id, first.erased_at, NOON)
    world.companies.add_user(user, an_entry())
    second = Erasure(user.user_id, NOON + timedelta(hours=1))
    world.companies.delete_user(user, an_entry(), attempt=ATTEMPT, erasure=second)
    assert world.companies.erasure(user.user_id) == second


def test_an_erasure_is_complete_from_its_first_completion_on(world):
    user, erasure = _erased(world)
    for minute in (1, 2):
        world.companies.complete_erasure(user.user_id, erasure.erased_at, NOON + timedelta(minutes=minute))
        done = replace(erasure, completed_at=NOON + timedelta(minutes=1))
        assert world.companies.erasure(user.user_id) == done


def test_no_other_erasure_is_completed(world):
    user, erasure = _erased(world)
    with world.refuses_quietly():
        world.companies.complete_erasure(user.user_id, erasure.erased_at - timedelta(days=2), NOON)
        world.companies.complete_erasure(a_user_id(), erasure.erased_at, NOON)


def test_who_was_deleted_before_is_erased_once(world):
    user_id = a_user_id()
    first, second = Erasure(user_id, NOON), Erasure(user_id, NOON + timedelta(days=1))
    entry = an_entry(subject=user_id)
    with world.journals(entry):
        world.companies.begin_erasure(first, entry, replaces=None)
    assert world.companies.erasure(user_id) == first
    with world.refuses(InProgress):
        world.companies.begin_erasure(second, an_entry(), replaces=None)
    world.companies.begin_erasure(second, an_entry(), replaces=first)
    assert world.companies.erasure(user_id) == second
    with world.refuses(InProgress):
        world.companies.begin_erasure(first, an_entry(), replaces=first)


def test_an_erasure_begun_by_a_request_is_not_begun_again_by_it(world):
    erasure = Erasure(a_user_id(), NOON)
    world.companies.remembering(KEY).begin_erasure(erasure, an_entry(), replaces=None)
    with world.refuses(AlreadyDone):
        world.companies.remembering(KEY).begin_erasure(erasure, an_entry(), replaces=erasure)


# Requests that may be repeated


def test_a_request_is_remembered_with_what_it_changed(world):
    user = a_user()
    world.founded(a_main_contact())
    world.companies.remembering(KEY).add_user(user, an_entry(subject=user.user_id))
    before = world.companies.remembered(KEY, NOON)
    assert (before.request_hash, before.subject) == (KEY.request_hash, user.user_id)


def test_what_was_never_asked_is_not_remembered(world):
    world.founded(a_main_contact())
    assert world.companies.remembered(KEY, NOON) is None


def test_what_a_remembered_request_would_change_again_is_not_changed(world):
    user = a_user()
    world.founded(a_main_contact(), user)
    changed = user.changed(NOON, name="Once")
    world.companies.remembering(KEY).change_user(user, changed, an_entry(subject=user.user_id))
    for again in (
        lambda companies: companies.change_user(changed, changed.changed(NOON, name="Twice"), an_entry()),
        lambda companies: companies.add_user(a_user(), an_entry()),
        lambda companies: companies.delete_user(changed, an_entry(), attempt=ATTEMPT),
        lambda companies: companies.change_users([(changed, changed.changed(NOON, name="Twice"))], [an_entry()]),
    ):
        with world.refuses(AlreadyDone):
            again(world.companies.remembering(KEY))


def test_a_refused_request_is_not_remembered(world):
    chief = a_main_contact()
    world.founded(chief)
    with world.refuses(Conflict):
        world.companies.remembering(KEY).add_user(a_user(email=chief.email), an_entry())
    assert world.companies.remembered(KEY, NOON) is None


def test_a_request_is_forgotten_after_a_day(world):
    user, day = a_user(), timedelta(hours=24)
    world.founded(a_main_contact(), user)
    after = user.changed(NOON, name="Once")
    world.companies.remembering(KEY).change_user(user, after, an_entry(subject=user.user_id, at=NOON))
    assert world.companies.remembered(KEY, NOON + day - timedelta(seconds=1))
    assert world.companies.remembered(KEY, NOON + day) is None
    again = after.changed(NOON + day, name="Next day")
    world.companies.remembering(KEY).change_user(after, again, an_entry(subject=user.user_id, at=NOON + day))
    assert world.companies.user(user.user_id).name == "Next day"


def test_who_does_not_remember_writes_as_ever(world):
    first, second = a_user(), a_user()
    world.founded(a_main_contact(), first)
    world.companies.remembering(KEY).change_user(first, first.changed(NOON, name="Once"), an_entry())
    world.companies.add_user(second, an_entry())
    assert world.companies.user(second.user_id)


# Mails


def test_a_mail_is_noted_once_it_went_out(world):
    assert not world.companies.was_mailed("mail-1")
    world.companies.note_mailed("mail-1", NOON)
    world.companies.note_mailed("mail-1", NOON)
    assert world.companies.was_mailed("mail-1")
    assert not world.companies.was_mailed("mail-2")


# At once, on the emulator


def test_at_once_one_of_several_users_moves_to_an_email(emulator_world):
    world, new = emulator_world, "new@baecker.example"
    users = [a_user() for _ in range(3)]
    world.founded(a_main_contact(), *users)

    def move(user):
        world.companies.change_user(user, user.changed(NOON, email=new), an_entry())

    done = at_once(*(lambda user=user: move(user) for user in users))
    (winner,) = [user for user, result in zip(users, done, strict=True) if result is None]
    assert {type(result) for result in done if result} <= {Conflict, InProgress}, done
    assert world.companies.holders_of_email(new).owner_id == winner.user_id
    for user in users:
        assert world.companies.holders_of_email(user.email).owner_id == (None if user is winner else user.user_id)


def test_one_request_that_comes_many_times_at_once_changes_once(emulator_world):
    world = emulator_world
    world.founded(a_main_contact())
    users = [a_user() for _ in range(4)]
    companies = world.companies.remembering(KEY)
    done = at_once(*(lambda user=user: companies.add_user(user, an_entry(subject=user.user_id)) for user in users))
    assert len([result for result in done if result is None]) == 1
    remembered = world.companies.remembered(KEY, NOON).subject
    assert [user.user_id for user in users if world.companies.user(user.user_id)] == [remembered]


def test_a_company_that_was_closed_is_read_as_written(world):
    company = a_company(closed_at=NOON, as_of={"customer_center": "2026-11-24T10:00:00.000Z#msg_1"})
    world.founded(a_main_contact(), company=company)
    read = world.companies.company(company.company_id)
    assert replace(read, main_contacts=frozenset()) == company
