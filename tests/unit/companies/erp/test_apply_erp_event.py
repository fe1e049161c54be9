"""What the ERP tells by webhook, applied: customers switched on and off, contacts that come and go, new numbers.

Every event may come any number of times and in any order, and ends in the same state.
"""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customer_center.companies.contact_list import read_asked_list
from customer_center.companies.customer_numbers import find_company
from customer_center.companies.model import CachedContact, Renumbered, Role, UserStatus
from customer_center.companies.onboarding.activation import ActivationRules
from customer_center.platform.errors import InProgress, PreconditionFailed
from customer_center.platform.journal import Actor
from customer_center.platform.stamps import event_stamp, nanoseconds
from tests.builders.companies import (
    COMPANY_ID,
    OTHER_COMPANY_ID,
    a_company,
    a_main_contact,
    a_user,
    an_entry,
    an_invited_user,
)
from tests.builders.companies_room import Room
from tests.builders.erp import INVOICE, NUMBER, a_contact, a_customer
from tests.fakes.clock import NOON, FakeClock
from tests.fakes.companies import FakeCompanies

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
SYNC = Actor("system", "customer_sync")


@pytest.fixture
def room():
    room = Room()
    room.clock.advance(days=1)
    return room


@pytest.fixture
def main_contact(room):
    """The company's main contact."""
    user = a_main_contact(email="tja@baecker.example")
    room.companies.add(a_company(), user)
    return user


def company(room, company_id=COMPANY_ID):
    return room.companies.company(company_id)


def listed(room, company_id=COMPANY_ID):
    page = room.companies.contacts_without_account(company_id, limit=100, cursor=None)
    return {row.contact.contact_number: row.contact for row in page.contacts}


def with_contacts(room, *contacts, read_at=NOON, user_id=None):
    room.companies.save_contacts(COMPANY_ID, [CachedContact(contact, user_id) for contact in contacts], read_at)


def read_asked(room):
    """Read the lists of contacts that the events asked for."""
    effects = room.companies.effects
    assert effects
    for effect in effects:
        read_asked_list(
            effect, read_for=MINUTE, lapses_after=MINUTE, erp=room.erp, companies=room.companies, clock=room.clock
        )


# A customer changed


def test_the_erp_switches_the_customer_center_off_and_on(room, main_contact):
    """Administration is refused and users keep their login, until it is switched on (docs/specification.md, 4.15)."""
    room.tell("customer.updated", customer_center=False)
    assert company(room).customer_center is False
    assert room.companies.user(main_contact.user_id) == main_contact
    assert room.companies.effects == []
    room.clock.advance(minutes=1)
    room.tell("customer.updated", customer_center=True)
    assert company(room).customer_center is True


def test_only_what_an_event_tells_changes(room, main_contact):
    room.tell("customer.updated", blocked=True)
    room.tell("customer.updated", customer_posting_group="EU")
    now = company(room)
    assert (now.blocked, now.customer_posting_group) == (True, "EU")
    assert (now.customer_center, now.main_contact_email, now.name) == (True, "tja@baecker.example", "Bäcker Mehl")


def test_null_says_that_there_is_none(room, main_contact):
    room.tell("customer.updated", customer_center_main_contact_email=None, customer_posting_group=None)
    assert (company(room).main_contact_email, company(room).customer_posting_group) == (None, None)


def test_a_change_is_in_the_companys_journal(room, main_contact):
    room.tell("customer.updated", webhook_id="msg_off", customer_center=False, blocked=False)
    (entry,) = room.companies.entries
    assert (entry.action, entry.subject, entry.actor) == ("company.updated", COMPANY_ID, SYNC)
    assert entry.request_id == "msg_off"
    assert entry.changes == {"customer_center": (True, False)}


def test_a_companys_journal_names_nobody(room, main_contact):
    """Erasing a person blanks only their own entries in the journal; this one is the company's."""
    room.tell("customer.updated", customer_center_main_contact_email="anna@baecker.example")
    (entry,) = room.companies.entries
    assert entry.changes == {"main_contact_email": ("t***@baecker.example", "a***@baecker.example")}


def test_what_was_known_already_is_no_entry_and_yet_newer(room, main_contact):
    room.tell("customer.updated", at=NOON + MINUTE, customer_center=True)
    room.tell("customer.updated", at=NOON, customer_center=False)
    assert company(room).customer_center is True
    assert room.companies.entries == []


def test_an_older_event_undoes_no_newer_one_field_by_field(room, main_contact):
    room.tell("customer.updated", at=NOON + MINUTE, customer_center=False)
    room.tell("customer.updated", at=NOON, customer_center=True, blocked=True)
    assert (company(room).customer_center, company(room).blocked) == (False, True)


@pytest.mark.parametrize(("first", "second"), [("msg_a", "msg_b"), ("msg_b", "msg_a")])
def test_of_two_events_of_one_moment_the_one_with_the_later_id_counts(room, main_contact, first, second):
    for webhook_id in (first, second):
        room.tell("customer.updated", at=NOON, webhook_id=webhook_id, customer_center=webhook_id == "msg_a")
    assert company(room).customer_center is False


def test_a_clock_that_runs_ahead_counts_as_five_minutes_ahead_and_silences_nobody_for_good(room, main_contact):
    """The time of an event is at most five minutes after its receipt (docs/specification.md, 6.8)."""
    room.tell("customer.updated", at=NOON + timedelta(days=365), customer_center=False)
    room.clock.advance(minutes=4)
    room.tell("customer.updated", customer_center=True)
    assert company(room).customer_center is False
    room.clock.advance(minutes=2)
    room.tell("customer.updated", customer_center=True)
    assert company(room).customer_center is True


def test_a_customer_that_was_never_activated_is_nobodys(room):
    room.tell("customer.updated", customer_center=False)
    room.tell("contact.updated", contact_number="KT1", name="Anna")
    room.tell("contact.deleted", contact_number="KT1")
    assert room.companies.all_companies == ()
    assert room.companies.entries == []


def test_a_closed_company_still_learns_what_the_erp_tells(room):
    room.companies.add(a_company(closed_at=NOON), a_main_contact())
    room.tell("customer.updated", customer_center=False)
    assert company(room).customer_center is False


def test_what_activation_read_counts_as_told_when_it_was_read_and_clocks_may_differ(room):
    room.erp.add(a_customer(), invoices=[INVOICE])
    room.activate_confirmed()
    (activated,) = room.companies.all_companies
    room.tell("customer.updated", at=room.clock.now() - 6 * MINUTE, customer_center=False)
    assert company(room, activated.company_id).customer_center is True
    room.tell("customer.updated", at=room.clock.now() - 4 * MINUTE, customer_center=False)
    assert company(room, activated.company_id).customer_center is False


def test_an_activation_undoes_nothing_that_was_told_since_it_asked_the_erp(room):
    room.erp.add(a_customer(), invoices=[INVOICE])
    room.activate_confirmed()
    (first,) = room.companies.all_companies
    room.tell("customer.updated", at=room.clock.now() + MINUTE, blocked=True, customer_posting_group="EU")
    room.erp.add(a_customer(main_contact_email="neu@baecker.example"), invoices=[INVOICE])
    room.activate_confirmed(email="neu@baecker.example")
    now = company(room, first.company_id)
    assert (now.blocked, now.customer_posting_group, now.main_contact_email) == (True, "EU", "neu@baecker.example")


# A new main contact


def test_who_is_a_user_already_becomes_main_contact_at_once(room, main_contact):
    standard = a_user(email="anna@baecker.example", roles={Role.BUSINESS_USER})
    room.companies.add(company(room), main_contact, standard)
    room.tell("customer.updated", customer_center_main_contact_email=" Anna@Baecker.example ")
    now = room.companies.user(standard.user_id)
    assert now.roles == {Role.MAIN_CONTACT}
    assert company(room).main_contacts == {main_contact.user_id, standard.user_id}
    assert room.companies.user(main_contact.user_id).is_main_contact, "the older one stays until demoted"
    entry = room.companies.entries[-1]
    assert (entry.action, entry.subject, entry.actor) == ("user.made_main_contact", standard.user_id, SYNC)
    assert entry.changes == {"roles": (["business_user"], ["main_contact"])}


@pytest.mark.parametrize("text", ["anna@baecker.example;b@baecker.example", "Anna <Anna@baecker.example>"])
def test_a_main_email_of_an_event_is_read_where_it_can_be(room, main_contact, text):
    standard = a_user(email="anna@baecker.example", roles={Role.BUSINESS_USER})
    room.companies.add(company(room), main_contact, standard)
    room.tell("customer.updated", customer_center_main_contact_email=text)
    assert room.companies.user(standard.user_id).is_main_contact
    room.tell("customer.updated", customer_center_main_contact_email="see Anna")
    assert company(room).main_contact_email is None
    assert room.companies.user(standard.user_id).is_main_contact


def test_a_main_email_that_was_stored_as_it_came_still_names_its_person(room):
    """Companies were stored with the ERP's text, before such texts were read."""
    stored = a_company(customer_center=False, main_contact_email="mailto:anna@baecker.example;b@baecker.example")
    standard = a_user(email="anna@baecker.example", roles={Role.BUSINESS_USER})
    room.companies.add(stored, standard)
    room.tell("customer.updated", customer_center=True)
    assert room.companies.user(standard.user_id).is_main_contact


def test_one_wrong_value_of_an_event_costs_that_value_only(room, main_contact):
    told = {"name": "B" * 60, "telephone": "1" * 81, "telefax": "\u202d030/2", "email": "none", "language_code": "DEU"}
    room.tell("contact.updated", contact_number="KT9", **told)
    contact = room.companies.contact(COMPANY_ID, "KT9").contact
    assert (contact.name, contact.telephone, contact.telefax) == ("B" * 50, None, "030/2")
    assert (contact.email, contact.language_code) == (None, "DEU")


def test_other_roles_stay(room, main_contact):
    approver = a_user(email="anna@baecker.example", roles={Role.APPROVER})
    room.companies.add(company(room), main_contact, approver)
    room.tell("customer.updated", customer_center_main_contact_email="anna@baecker.example")
    assert room.companies.user(approver.user_id).roles == {Role.APPROVER, Role.MAIN_CONTACT}


@pytest.mark.parametrize("order", [1, -1])
def test_a_standard_user_becomes_main_contact_when_the_customer_center_is_switched_on_for_them(room, order):
    standard = a_user(email="tja@baecker.example", roles={Role.BUSINESS_USER})
    room.companies.add(a_company(customer_center=False, main_contact_email=None), standard)
    told = [{"customer_center": True}, {"customer_center_main_contact_email": "tja@baecker.example"}][::order]
    room.tell("customer.updated", **told[0])
    assert not room.companies.user(standard.user_id).is_main_contact
    room.tell("customer.updated", **told[1])
    assert room.companies.user(standard.user_id).is_main_contact
    assert company(room).main_contacts == {standard.user_id}


@pytest.mark.parametrize("make", [an_invited_user, lambda **given: a_user(status=UserStatus.DEACTIVATED, **given)])
def test_who_has_no_access_gets_the_role_and_no_access(room, main_contact, make):
    user = make(email="anna@baecker.example")
    room.companies.add(company(room), main_contact, user)
    room.tell("customer.updated", customer_center_main_contact_email="anna@baecker.example")
    now = room.companies.user(user.user_id)
    assert (now.is_main_contact, now.status) == (True, user.status)
    assert company(room).main_contacts == {main_contact.user_id}


def test_a_user_of_another_company_becomes_nothing_here(room, main_contact):
    stranger = a_user(company_id=OTHER_COMPANY_ID, email="anna@baecker.example")
    room.companies.add(a_company(company_id=OTHER_COMPANY_ID, customer_number="20000"), stranger)
    room.tell("customer.updated", customer_center_main_contact_email="anna@baecker.example")
    assert room.companies.user(stranger.user_id) == stranger


def test_who_was_demoted_stays_demoted_however_often_the_erp_repeats_itself(room, main_contact):
    demoted = a_user(email="anna@baecker.example")
    named = a_company(main_contact_email="anna@baecker.example")
    room.companies.add(named, main_contact, demoted)
    room.tell("customer.updated", customer_center=True, customer_center_main_contact_email="anna@baecker.example")
    assert not room.companies.user(demoted.user_id).is_main_contact


def test_who_is_no_user_yet_activates_and_becomes_main_contact_of_the_company_there_is(room):
    room.erp.add(a_customer(), invoices=[INVOICE])
    first = room.activate_confirmed()
    room.clock.advance(minutes=1)
    room.tell("customer.updated", customer_center_main_contact_email="neu@baecker.example")
    room.erp.add(a_customer(main_contact_email="neu@baecker.example"), invoices=[INVOICE])
    second = room.activate_confirmed(email="neu@baecker.example")
    assert second.company.company_id == first.company.company_id
    assert company(room, first.company.company_id).main_contacts == {first.user.user_id, second.user.user_id}


# Contacts


def test_a_changed_contact_is_shown_as_it_is_now(room, main_contact):
    with_contacts(room, a_contact("KT1"), a_contact("KT2"))
    room.tell("contact.updated", contact_number="KT1", name="Anna Neu", telephone=None)
    assert listed(room)["KT1"] == a_contact("KT1", name="Anna Neu", telephone=None)
    assert listed(room)["KT2"] == a_contact("KT2")


def test_a_new_contact_is_in_the_list(room, main_contact):
    with_contacts(room, a_contact("KT1"))
    room.tell("contact.updated", contact_number="KT2", name="Neu", email="neu@baecker.example")
    assert listed(room)["KT2"].email == "neu@baecker.example"


def test_a_new_contact_without_a_name_is_asked_for_at_the_next_look(room, main_contact):
    with_contacts(room, a_contact("KT1"))
    room.tell("contact.updated", contact_number="KT2", email="neu@baecker.example")
    assert "KT2" not in listed(room)
    assert room.companies.contacts_read(COMPANY_ID).outdated
    room.tell("contact.updated", contact_number="KT2", name="Neu")
    assert listed(room)["KT2"].email == "neu@baecker.example"


@pytest.mark.parametrize("email", ["anna@bäcker.example", " Anna@XN--BCKER-GRA.example "])
@pytest.mark.parametrize("make", [a_user, an_invited_user])
def test_a_new_contact_with_a_colleagues_email_is_linked_by_the_list_which_is_read_at_once(
    room, main_contact, make, email
):
    """The rule that decides is the list's, so that an event and a list end in the same state."""
    colleague = make(email="anna@xn--bcker-gra.example")
    room.companies.add(company(room), main_contact, colleague)
    with_contacts(room, a_contact("KT1"))
    room.erp.add(a_customer(), contacts=[a_contact("KT1"), a_contact("KT2", email=email)])
    room.tell("contact.updated", contact_number="KT2", name="Anna", email=email)
    assert room.companies.contacts_read(COMPANY_ID).outdated, "also if the process dies before it asks"
    read_asked(room)
    assert listed(room).keys() == {"KT1"}
    assert room.companies.contact(COMPANY_ID, "KT2").user_id == colleague.user_id


def test_a_known_contact_that_gets_a_colleagues_email_is_linked_likewise(room, main_contact):
    with_contacts(room, a_contact("KT1"))
    room.erp.add(a_customer(), contacts=[a_contact("KT1", email=main_contact.email)])
    room.tell("contact.updated", contact_number="KT1", email=main_contact.email)
    read_asked(room)
    assert listed(room) == {}


def test_two_contacts_with_a_colleagues_email_both_stay_in_the_list(room, main_contact):
    both = [a_contact(number, email=main_contact.email) for number in ("KT1", "KT2")]
    with_contacts(room)
    room.erp.add(a_customer(), contacts=both)
    for contact in both:
        room.tell("contact.updated", contact_number=contact.contact_number, name="Tja", email=main_contact.email)
    read_asked(room)
    assert listed(room).keys() == {"KT1", "KT2"}


def test_a_list_is_asked_for_although_the_process_dies_when_the_contact_is_written(room, main_contact, monkeypatch):
    """The repeat finds nothing newer, so it cannot be what asks."""
    with_contacts(room)
    change = room.companies.change_contact

    def written_and_dead(*given, **named):
        change(*given, **named)
        raise ConnectionError

    told = {"contact_number": "KT1", "name": "Tja", "email": main_contact.email, "webhook_id": "msg_1"}
    monkeypatch.setattr(room.companies, "change_contact", written_and_dead)
    with pytest.raises(ConnectionError):
        room.tell("contact.updated", at=room.clock.now(), **told)
    monkeypatch.setattr(room.companies, "change_contact", change)
    room.tell("contact.updated", at=room.clock.now(), **told)
    assert len(room.companies.effects) == 1


def test_many_contacts_with_emails_of_colleagues_ask_the_erp_once(room, main_contact):
    with_contacts(room)
    for number in ("KT1", "KT2", "KT3"):
        room.tell("contact.updated", contact_number=number, name="Tja", email=main_contact.email)
    assert len(room.companies.effects) == 1


def test_an_event_without_news_of_who_a_contact_is_does_not_ask_the_erp(room, main_contact):
    stranger = a_user(company_id=OTHER_COMPANY_ID, email="fremd@baecker.example")
    room.companies.add(a_company(company_id=OTHER_COMPANY_ID, customer_number="20000"), stranger)
    with_contacts(room, a_contact("KT1", email=main_contact.email))
    room.tell("contact.updated", contact_number="KT1", telephone="1")
    room.tell("contact.updated", contact_number="KT2", name="Neu", email=stranger.email)
    room.tell("contact.updated", contact_number="KT3", name="Neu", email=None)
    assert room.companies.effects == []
    assert not room.companies.contacts_read(COMPANY_ID).outdated


def test_a_contact_that_is_gone_leaves_the_list(room, main_contact):
    with_contacts(room, a_contact("KT1"), a_contact("KT2"))
    room.tell("contact.deleted", contact_number="KT1")
    assert listed(room).keys() == {"KT2"}
    assert room.companies.entries == []


def test_an_older_event_brings_back_nobody_and_a_newer_one_does(room, main_contact):
    with_contacts(room, a_contact("KT1"))
    room.tell("contact.deleted", at=NOON + MINUTE, contact_number="KT1")
    room.tell("contact.updated", at=NOON + SECOND, contact_number="KT1", name="Old news")
    assert listed(room) == {}
    room.tell("contact.updated", at=NOON + 2 * MINUTE, contact_number="KT1", telephone="1")
    assert listed(room)["KT1"].telephone == "1"


def test_an_event_from_before_the_last_list_tells_nothing(room, main_contact):
    with_contacts(room, a_contact("KT1"))
    before = NOON - 6 * MINUTE
    room.tell("contact.updated", at=before, contact_number="KT1", name="Old news")
    room.tell("contact.updated", at=before, contact_number="KT0", name="Gone before")
    room.tell("contact.deleted", at=before, contact_number="KT1")
    assert listed(room) == {"KT1": a_contact("KT1")}


def test_an_event_by_a_clock_that_is_slow_is_not_lost_to_a_list(room, main_contact):
    with_contacts(room, a_contact("KT1"), a_contact("KT2"))
    room.tell("contact.deleted", at=NOON - 4 * MINUTE, contact_number="KT1")
    assert listed(room).keys() == {"KT2"}


def test_a_list_that_was_read_before_an_event_undoes_nothing_of_it(room, main_contact):
    with_contacts(room, a_contact("KT1"), a_contact("KT2"), a_contact("KT3"))
    for number in ("KT1", "KT4"):
        room.tell("contact.updated", at=NOON + MINUTE, contact_number=number, name="News")
    room.tell("contact.deleted", at=NOON + MINUTE, contact_number="KT2")
    with_contacts(room, a_contact("KT1", telephone="1"), a_contact("KT2"), a_contact("KT3"), read_at=NOON + SECOND)
    assert {number: contact.name for number, contact in listed(room).items()} == {
        "KT1": "News",
        "KT3": "Contact KT3",
        "KT4": "News",
    }
    assert listed(room)["KT1"].telephone == "1"


def test_a_list_that_was_read_after_an_event_is_newer_in_everything(room, main_contact):
    with_contacts(room, a_contact("KT1"))
    room.tell("contact.updated", at=NOON + SECOND, contact_number="KT1", name="News")
    room.tell("contact.updated", at=NOON + SECOND, contact_number="KT4", name="News")
    room.tell("contact.deleted", at=NOON + SECOND, contact_number="KT2")
    with_contacts(room, a_contact("KT1"), a_contact("KT2"), read_at=NOON + 6 * MINUTE)
    assert listed(room) == {"KT1": a_contact("KT1"), "KT2": a_contact("KT2")}


@pytest.fixture
def colleague(room, main_contact):
    """A user who came from a contact of the ERP."""
    user = a_user(contact_number="KT1", name="Anna Mehl")
    with_contacts(room, a_contact("KT1"), a_contact("KT2"))
    room.companies.add_user(user, an_entry(), a_contact("KT1"))
    room.companies.entries.clear()
    return user


def test_a_user_whose_contact_is_gone_is_marked_and_the_main_contact_is_told_once(room, main_contact, colleague):
    for _ in range(2):
        room.tell("contact.deleted", at=room.clock.now(), webhook_id="msg_gone", contact_number="KT1")
    now = room.companies.user(colleague.user_id)
    assert (now.contact_left_at, now.status) == (room.clock.now(), UserStatus.ACTIVE)
    (entry,) = room.companies.entries
    assert (entry.action, entry.subject, entry.actor) == ("user.contact_left", colleague.user_id, SYNC)
    room.follow_up()
    room.follow_up()
    (mail,) = room.mailer.sent
    assert mail.to == main_contact.email
    for word in ("Anna Mehl", "KT1", "Bäcker Mehl"):
        assert word in mail.text


def test_every_active_main_contact_is_told_except_who_left(room, main_contact):
    leaving = a_main_contact(contact_number="KT1")
    other = a_main_contact()
    room.companies.add(company(room), main_contact, leaving, other)
    with_contacts(room, a_contact("KT1"), user_id=leaving.user_id)
    room.tell("contact.deleted", contact_number="KT1")
    room.follow_up()
    assert sorted(mail.to for mail in room.mailer.sent) == sorted([main_contact.email, other.email])


def test_nobody_is_told_of_who_has_no_access_or_is_there_again(room, main_contact, colleague):
    room.tell("contact.deleted", contact_number="KT1")
    room.clock.advance(seconds=1)
    room.tell("contact.updated", contact_number="KT1")
    room.follow_up()
    gone = a_user(contact_number="KT9", status=UserStatus.DEACTIVATED)
    room.companies.add(company(room), main_contact, gone)
    with_contacts(room, a_contact("KT9"), user_id=gone.user_id)
    room.tell("contact.deleted", contact_number="KT9")
    room.follow_up()
    assert room.companies.user(gone.user_id).contact_left_at
    assert room.mailer.sent == []


def test_a_contact_that_is_there_again_takes_the_mark_away(room, main_contact, colleague):
    room.tell("contact.deleted", contact_number="KT1")
    room.tell("contact.updated", at=room.clock.now() - SECOND, contact_number="KT1", name="Old news")
    assert room.companies.user(colleague.user_id).contact_left_at
    room.clock.advance(seconds=1)
    room.tell("contact.updated", contact_number="KT1", name="Anna Mehl")
    assert room.companies.user(colleague.user_id).contact_left_at is None
    assert room.companies.entries[-1].action == "user.contact_returned"
    assert "KT1" not in listed(room)


def test_an_event_from_before_somebody_was_invited_does_not_say_that_they_left(room, main_contact):
    user = a_user(contact_number="KT1", updated_at=room.clock.now())
    room.companies.add_user(user, an_entry(), a_contact("KT1"))
    room.tell("contact.deleted", at=room.clock.now() - 6 * MINUTE, contact_number="KT1")
    assert room.companies.user(user.user_id).contact_left_at is None


# New numbers


def test_a_renumbered_customer_keeps_its_company(room, main_contact):
    """A customer number maps to its company in one item, because the ERP may change it (docs/specification.md, 2.6)."""
    room.tell("customer.renumbered", webhook_id="msg_new", new_customer_number="20000")
    assert room.companies.company_of_number("20000").company_id == COMPANY_ID
    assert room.companies.company_of_number(NUMBER) is None
    assert room.companies.customer_number(NUMBER) == Renumbered(
        "20000", event_stamp(nanoseconds(room.clock.now()), "msg_new")
    )
    (entry,) = room.companies.entries
    assert (entry.action, entry.actor) == ("company.renumbered", SYNC)
    assert entry.changes == {"customer_number": (NUMBER, "20000")}


def test_renumbering_twice_in_the_wrong_order_ends_at_the_last_number(room, main_contact):
    room.tell("customer.renumbered", at=NOON + MINUTE, customer_number="20000", new_customer_number="30000")
    room.tell("customer.renumbered", at=NOON, new_customer_number="20000")
    assert company(room).customer_number == "30000"
    assert room.companies.customer_number("20000").to == "30000"


def test_a_number_that_comes_back_is_the_companys_again(room, main_contact):
    there = {"at": NOON, "new_customer_number": "20000"}
    back = {"at": NOON + MINUTE, "customer_number": "20000", "new_customer_number": NUMBER}
    for order in ((there, back), (back, there)):
        for told in order:
            room.tell("customer.renumbered", **told)
        assert company(room).customer_number == NUMBER
        assert room.companies.customer_number("20000").to == NUMBER


def test_an_event_for_an_old_number_reaches_the_company_if_it_is_from_before(room, main_contact):
    room.tell("customer.renumbered", at=NOON + MINUTE, new_customer_number="20000")
    room.tell("customer.renumbered", at=NOON + 2 * MINUTE, customer_number="20000", new_customer_number="30000")
    room.tell("customer.updated", at=NOON, blocked=True)
    assert company(room).blocked is True


def test_a_company_is_found_by_every_number_it_had(room, main_contact):
    room.tell("customer.renumbered", at=NOON, new_customer_number="20000")
    room.tell("customer.renumbered", at=NOON + MINUTE, customer_number="20000", new_customer_number="30000")
    for number in (NUMBER, "20000", "30000"):
        assert find_company(number, room.companies).customer_number == "30000"
    assert find_company("40000", room.companies) is None


def test_an_event_for_an_old_number_from_afterwards_is_about_another_customer(room, main_contact):
    room.tell("customer.renumbered", at=NOON, new_customer_number="20000")
    room.tell("customer.updated", at=NOON + MINUTE, customer_center=False)
    assert company(room).customer_center is True


def test_a_number_that_was_given_up_can_be_activated_by_another_customer(room, main_contact):
    room.tell("customer.renumbered", new_customer_number="20000")
    room.erp.add(a_customer(main_contact_email="neu@andere.example"), invoices=[INVOICE])
    # Until then, what the ERP says of the number may be from before it was given up.
    room.clock.advance(minutes=6)
    activated = room.activate_confirmed(email="neu@andere.example")
    assert activated.company.company_id != COMPANY_ID
    assert room.companies.company_of_number(NUMBER).company_id == activated.company.company_id
    assert room.companies.company_of_number("20000").company_id == COMPANY_ID


def test_a_customer_who_is_renumbered_while_activating_has_one_company(room, main_contact):
    """The ERP was read before, and what it said of the old number makes no second company of it."""
    room.erp.add(a_customer(customer_center=False), invoices=[INVOICE])
    room.activation_rules = ActivationRules(confirm_email=False)
    select = room.erp.select_customer

    def select_before(customer_number):
        customer = select(customer_number)
        room.tell("customer.renumbered", new_customer_number="20000")
        return customer

    room.erp.select_customer = select_before
    with pytest.raises(InProgress):
        room.activate(email="neu@baecker.example")
    assert room.companies.company_of_number(NUMBER) is None
    assert room.companies.company_of_number("20000").company_id == COMPANY_ID


def test_a_number_that_was_given_up_is_free_for_the_next_renumbering(room, main_contact):
    room.companies.add(
        a_company(company_id=OTHER_COMPANY_ID, customer_number="90000"), a_user(company_id=OTHER_COMPANY_ID)
    )
    room.tell("customer.renumbered", at=NOON, new_customer_number="20000")
    room.tell("customer.renumbered", at=NOON + MINUTE, customer_number="90000", new_customer_number=NUMBER)
    assert room.companies.company_of_number(NUMBER).company_id == OTHER_COMPANY_ID


def test_two_companies_are_never_made_one(room, main_contact):
    room.companies.add(
        a_company(company_id=OTHER_COMPANY_ID, customer_number="20000"), a_user(company_id=OTHER_COMPANY_ID)
    )
    for _ in range(2):
        room.tell("customer.renumbered", webhook_id="msg_collides", new_customer_number="20000")
    assert room.refused == [("msg_collides", "customer-number-in-use", ["/data/new_customer_number"])] * 2
    assert company(room).customer_number == NUMBER
    assert not room.companies.was_applied("erp", "msg_collides")


def test_a_refused_renumbering_is_applied_when_it_is_sent_again_after_the_number_became_free(room, main_contact):
    room.companies.add(
        a_company(company_id=OTHER_COMPANY_ID, customer_number="20000"), a_user(company_id=OTHER_COMPANY_ID)
    )
    room.tell("customer.renumbered", at=NOON + MINUTE, webhook_id="msg_later", new_customer_number="20000")
    assert company(room).customer_number == NUMBER
    room.tell("customer.renumbered", at=NOON, customer_number="20000", new_customer_number="30000")
    room.tell("customer.renumbered", at=NOON + MINUTE, webhook_id="msg_later", new_customer_number="20000")
    assert company(room).customer_number == "20000"
    assert company(room, OTHER_COMPANY_ID).customer_number == "30000"


def test_a_renumbering_from_before_the_activation_was_of_another_customer(room):
    room.erp.add(a_customer(), invoices=[INVOICE])
    room.activate_confirmed()
    room.tell("customer.renumbered", at=room.clock.now() - 6 * MINUTE, new_customer_number="20000")
    assert room.companies.company_of_number(NUMBER)


# Once


def test_an_event_is_applied_once(room, main_contact):
    room.tell("customer.updated", webhook_id="msg_1", customer_center=False)
    written = list(room.companies.entries)
    room.companies.add(company(room), main_contact)
    room.tell("customer.updated", webhook_id="msg_1", at=room.clock.now() + MINUTE, customer_center=True)
    assert company(room).customer_center is False
    assert room.companies.entries == written


def crossed(times):
    """Return what is refused that often because somebody else was quicker."""
    tried = []
    write = FakeCompanies.change_company

    def change(self, *given, **named):
        tried.append(given)
        if len(tried) <= times:
            raise PreconditionFailed
        write(self, *given, **named)

    return change


def test_an_event_that_others_crossed_is_applied_to_what_they_made(room, main_contact, monkeypatch):
    monkeypatch.setattr(FakeCompanies, "change_company", crossed(2))
    room.tell("customer.updated", customer_center=False)
    assert company(room).customer_center is False


def test_an_event_that_cannot_be_applied_now_is_applied_when_it_comes_again(room, main_contact, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(FakeCompanies, "change_company", crossed(99))
        with pytest.raises(PreconditionFailed):
            room.tell("customer.updated", webhook_id="msg_1", customer_center=False)
    assert not room.companies.was_applied("erp", "msg_1")
    room.tell("customer.updated", webhook_id="msg_1", customer_center=False)
    assert company(room).customer_center is False


def test_an_event_whose_note_was_lost_changes_nothing_when_it_comes_again(room, main_contact, colleague, monkeypatch):
    monkeypatch.setattr(room.companies, "was_applied", lambda *_: False)
    events = [
        ("customer.updated", {"customer_center": False}),
        ("contact.deleted", {"contact_number": "KT1"}),
        ("contact.updated", {"contact_number": "KT2", "name": "News"}),
        ("customer.renumbered", {"new_customer_number": "20000"}),
    ]
    for number, (kind, data) in enumerate(events):
        room.tell(kind, webhook_id=f"msg_{number}", at=NOON + timedelta(seconds=number + 1), **data)
    before = state(room)
    written = list(room.companies.entries)
    for number, (kind, data) in enumerate(events):
        room.tell(kind, webhook_id=f"msg_{number}", at=NOON + timedelta(seconds=number + 1), **data)
    assert state(room) == before
    assert room.companies.entries == written


# Any order


def state(room):
    """Everything that events tell of: without versions and times, which count the steps."""
    companies = {
        it.company_id: (it.customer_number, it.customer_center, it.main_contact_email, it.blocked, dict(it.as_of))
        for it in room.companies.all_companies
    }
    contacts = {f"KT{number}": room.companies.contact(COMPANY_ID, f"KT{number}") for number in range(1, 5)}
    marks = {user.user_id: user.contact_left_at for user in room.companies.everybody}
    numbers = {}
    for number in NUMBERS:
        found = room.companies.customer_number(number)
        numbers[number] = found if isinstance(found, Renumbered) or found is None else found.company_id
    return companies, contacts, marks, numbers


moments = st.integers(0, 5)
customer_events = st.tuples(
    st.just("customer.updated"),
    st.fixed_dictionaries(
        {},
        optional={
            "customer_center": st.booleans(),
            "blocked": st.booleans(),
            "customer_center_main_contact_email": st.sampled_from(["a@x.example", "b@x.example", None]),
        },
    ),
)
contact_events = st.tuples(
    st.sampled_from(["contact.updated", "contact.deleted"]),
    st.fixed_dictionaries(
        {"contact_number": st.sampled_from(["KT1", "KT2", "KT3", "KT4"])},
        optional={"name": st.sampled_from(["Anna", "Berta"]), "telephone": st.sampled_from(["1", "2", None])},
    ),
)


NUMBERS = ("10000", "20000", "30000", "40000")


@st.composite
def histories(draw):
    """What happened in an ERP, and in which order we learn of it; each event at least once.

    The customer moves along some numbers, and every event says the number it had at the time. We learn of a number
    before we learn of anything that is said by it; everything else may come in any order.
    """
    moves = sorted(draw(st.sets(moments, max_size=3)))
    told = [
        ("customer.renumbered", 2 * moment, {"customer_number": NUMBERS[at], "new_customer_number": NUMBERS[at + 1]})
        for at, moment in enumerate(moves)
    ]
    for kind, data in draw(st.lists(customer_events | contact_events, max_size=6)):
        moment = draw(moments)
        number = NUMBERS[sum(move < moment for move in moves)]
        told.append((kind, 2 * moment - 1, {"customer_number": number, **data}))
    events = [
        {"kind": kind, "webhook_id": f"msg_{position}", "at": NOON + timedelta(seconds=moment), **data}
        for position, (kind, moment, data) in enumerate(told)
    ]
    repeated = draw(st.lists(st.sampled_from(events), max_size=4)) if events else []
    return events, list(_numbers_first(draw(st.permutations(events + repeated))))


def _numbers_first(events):
    """Yield the events in their order, but none by a number before it is known where the number comes from."""
    known, waiting = {NUMBERS[0]}, list(events)
    told = {}
    while waiting:
        for event in waiting:
            if event["kind"] == "customer.renumbered" or event["customer_number"] in known:
                break
        waiting.remove(event)
        yield event
        if event["kind"] == "customer.renumbered":
            told[event["customer_number"]] = event["new_customer_number"]
        known |= {told[number] for number in NUMBERS if number in known and number in told}


def learn(events):
    """Return a room that was told these events."""
    room = Room()
    room.clock.advance(days=1)
    user = a_user(user_id=f"usr_{1:026}_{7:026}", contact_number="KT1")
    room.companies.add(a_company(main_contact_email=None), user)
    room.companies.save_contacts(
        COMPANY_ID, [CachedContact(a_contact("KT1"), user.user_id), CachedContact(a_contact("KT2"))], NOON - MINUTE
    )
    for event in events:
        given_event = dict(event)
        room.tell(given_event.pop("kind"), **given_event)
    return room


@given(history=histories())
def test_any_order_and_any_repetition_of_events_ends_in_the_same_state(history):
    happened, learned = history
    in_order = learn(sorted(happened, key=lambda event: (event["at"], event["webhook_id"])))
    assert state(learn(learned)) == state(in_order)


# Lists read in between


@st.composite
def contact_histories(draw):
    """What happened to contacts of an ERP, when each change was told, and when full lists were read and saved.

    Times are minutes. A change is told, and a list is saved, at its time or later.
    """
    steps, contacts = [], {}
    for minute in sorted(draw(st.sets(st.integers(0, 30), max_size=6))):
        number = draw(st.sampled_from(["KT1", "KT2"]))
        known = contacts.get(number)
        if known and draw(st.booleans()):
            kind, told = "contact.deleted", {}
            contacts = {other: fields for other, fields in contacts.items() if other != number}
        else:
            kind = "contact.updated"
            told = draw(st.fixed_dictionaries({}, optional={"name": NAMES, "email": EMAILS}))
            contacts = {**contacts, number: {**(known or {"name": "Neu", "email": None}), **told}}
            # A contact that is new, or new again, is told as a whole.
            told = told if known else contacts[number]
        steps.append((minute, {"kind": kind, "contact_number": number, **told}, contacts))
    actions = []
    for minute, event, _ in steps:
        delays = draw(st.lists(st.integers(0, 30), min_size=1, max_size=2))
        actions += [(minute + delay, minute, event) for delay in delays]
    for minute in draw(st.lists(st.integers(0, 40), max_size=3)):
        listed_then = ([found for at, _, found in steps if at <= minute] or [{}])[-1]
        actions.append((minute + draw(st.integers(0, 2)), minute, listed_then))
    return contacts, sorted(actions, key=lambda action: action[0])


NAMES = st.sampled_from(["Anna", "Berta"])
EMAILS = st.sampled_from(["a@x.example", None])


@given(history=contact_histories())
def test_whatever_is_told_and_listed_in_between_it_ends_with_what_the_erp_has(history):
    contacts, actions = history
    room = Room()
    room.companies.add(a_company(), a_main_contact())
    for minute, happened, what in actions:
        room.clock = FakeClock(NOON + minute * MINUTE)
        at = NOON + happened * MINUTE
        if "kind" in what:
            event = dict(what)
            # The moment and the change name the event: a repeat is the same one.
            room.tell(event.pop("kind"), at=at, webhook_id=f"msg_{happened}", **event)
        else:
            with_contacts(room, *(a_contact(number, **BARE | found) for number, found in what.items()), read_at=at)
    shown = {number: {"name": it.name, "email": it.email} for number, it in listed(room).items()}
    assert shown == contacts


BARE = {"telephone": None, "telefax": None, "language_code": None}
