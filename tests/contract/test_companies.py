"""What every `Companies` promises: the fake, and CompanyStore on moto and on the emulator.

moto is not atomic, so concurrent changes are tested on the emulator only.
"""

import base64
import json
from dataclasses import replace
from datetime import timedelta

import pytest

from customer_center.companies.model import (
    Budgets,
    CachedContact,
    ContactsRead,
    EmailHolders,
    HourlyLimits,
    InvitationStatus,
    RefusalLimits,
    Role,
    Usage,
    UserStatus,
)
from customer_center.companies.ports import CompanyExists
from customer_center.platform.email_address import normalized_email
from customer_center.platform.errors import (
    Conflict,
    InProgress,
    InvalidInput,
    MalformedRequest,
    OutsideTimeout,
    PreconditionFailed,
    TooManyRequests,
)
from customer_center.platform.journal import Effect
from tests.builders.companies import (
    COMPANY_ID,
    OTHER_COMPANY_ID,
    a_claim,
    a_company,
    a_main_contact,
    a_user,
    an_attempt,
    an_entry,
    an_invitation,
    an_invited_user,
    budgets,
)
from tests.builders.erp import NUMBER, a_contact
from tests.contract.conftest import at_once
from tests.fakes.clock import NOON

LATER = NOON + timedelta(hours=1)


# Reading


@pytest.mark.parametrize("user_id", [a_user().user_id, "usr_nonsense", "", "\x00"])
def test_nobody_is_none(world, user_id):
    assert world.companies.user(user_id) is None
    assert world.companies.colleague(COMPANY_ID, user_id) is None


def test_no_company_is_none(world):
    assert world.companies.company(COMPANY_ID) is None
    assert world.companies.company_of_number(NUMBER) is None
    assert world.companies.holders_of_email("tja@baecker.example").owner_id is None
    assert world.companies.contacts_read(COMPANY_ID) is None
    assert world.companies.attempt("nothing") is None


USERS = [
    a_user(),
    a_main_contact(contact_number="KT1", budgets=budgets("10.00", "500.50")),
    a_user(budgets=budgets(per_month="0.01"), roles={Role.APPROVER, Role.BUYER}, version=7, updated_at=LATER),
    a_user(status=UserStatus.DEACTIVATED, name="Ünï 株式会社", email="Groß@Bäcker.example"),
]


@pytest.mark.parametrize("user", USERS)
def test_a_user_is_read_as_written(world, user):
    world.founded(user)
    assert world.companies.user(user.user_id) == user
    assert world.companies.colleague(user.company_id, user.user_id) == user
    assert world.companies.holders_of_email(user.email).owner_id == user.user_id


@pytest.mark.parametrize("user", [an_invited_user(), an_invited_user(secret=None), an_invited_user(claim=a_claim())])
def test_an_invited_user_is_read_as_written(world, user):
    world.companies.add_user(user, an_entry())
    assert world.companies.user(user.user_id) == user


@pytest.mark.parametrize(
    "company",
    [
        a_company(),
        a_company(customer_center=False, main_contact_email=None, customer_posting_group=None),
        a_company(blocked=True, name="Bäcker & Söhne", version=4, updated_at=LATER),
    ],
)
def test_a_company_is_read_as_written(world, company):
    world.founded(a_user(), company=company)
    assert world.companies.company(company.company_id) == company
    assert world.companies.company_of_number(company.customer_number) == company


def test_a_user_of_another_company_is_no_colleague(world):
    user = a_user()
    world.founded(user)
    assert world.companies.colleague(OTHER_COMPANY_ID, user.user_id) is None


@pytest.mark.parametrize("written", ["TJA@Baecker.example", "  tja@baecker.example "])
def test_an_email_is_found_however_it_is_written(world, written):
    user = a_user(email="Tja@baecker.example")
    world.founded(user)
    assert world.companies.holders_of_email(written).owner_id == user.user_id
    asked = [written, "nobody@baecker.example"]
    found = {normalized_email(written): user.user_id}
    assert world.companies.colleagues_of_emails(COMPANY_ID, asked) == found
    assert world.companies.colleagues_of_emails(OTHER_COMPANY_ID, asked) == {}
    assert world.companies.holders_of_emails(asked) == {normalized_email(written): EmailHolders(user.user_id)}


def test_many_emails_are_found_at_once(world):
    users = [a_user(email=f"person{number}@baecker.example") for number in range(0, 130, 10)]
    world.founded(*users)
    asked = [f"Person{number}@baecker.example" for number in range(130)]
    assert world.companies.colleagues_of_emails(COMPANY_ID, asked) == {user.email: user.user_id for user in users}
    assert world.companies.colleagues_of_emails(COMPANY_ID, []) == world.companies.holders_of_emails([]) == {}


# Lists


def _walk(read, limit):
    """Return all pages, by following the cursors."""
    pages, cursor = [], None
    while True:
        page = read(limit=limit, cursor=cursor)
        pages.append(page)
        if page.next_cursor is None:
            return pages
        cursor = page.next_cursor


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 5, 100])
def test_users_are_listed_page_by_page_in_the_order_they_came(world, limit):
    """001: "the shop users already registered for the shop"."""
    users = [a_user() for _ in range(4)]
    world.founded(*users)
    assert _all_users(world, limit) == users
    assert _all_users(world, limit, last_first=True) == users[::-1]


def _all_users(world, limit, **order):
    """Return everybody, read in parts."""
    users, more = [], True
    while more:
        after = users[-1].user_id if users else None
        part = world.companies.users(COMPANY_ID, limit=limit, after=after, **order)
        assert len(part.rows) <= limit
        users += part.rows
        more = part.more
    return users


@pytest.mark.parametrize(("last_first", "rest"), [(False, slice(3, 4)), (True, slice(1, None, -1))])
def test_users_come_behind_one_who_is_not_there_any_more(world, last_first, rest):
    users = [a_user() for _ in range(2)]
    gone = a_user()
    users += [gone, a_user()]
    world.founded(*(user for user in users if user is not gone))
    part = world.companies.users(COMPANY_ID, limit=5, after=gone.user_id, last_first=last_first)
    assert list(part.rows) == users[rest]


def test_nobody_else_is_listed(world):
    stranger = a_user(company_id=OTHER_COMPANY_ID)
    world.founded(stranger, company=a_company(company_id=OTHER_COMPANY_ID, customer_number="20000"))
    users = [a_user(), a_user()]
    world.founded(*users)
    world.companies.save_contacts(COMPANY_ID, [CachedContact(a_contact())], NOON)
    assert list(world.companies.users(COMPANY_ID, limit=100).rows) == users


def _numbers(page):
    return [row.contact.contact_number for row in page.contacts]


def _saved(world, *contacts, at=NOON, company_id=COMPANY_ID):
    world.companies.save_contacts(company_id, [CachedContact(contact) for contact in contacts], at)


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 100])
def test_contacts_are_listed_page_by_page_by_name(world, limit):
    """000: "The customer center displays a list of contacts"."""
    named = {"KT1": "Zoe", "KT2": "anna", "KT3": "Berta", "KT4": "Anna"}
    _saved(world, *(a_contact(number, name=name) for number, name in named.items()))
    _saved(world, a_contact("KT9"), company_id=OTHER_COMPANY_ID)
    pages = _walk(lambda **k: world.companies.contacts_without_account(COMPANY_ID, **k), limit)
    assert [number for page in pages for number in _numbers(page)] == ["KT2", "KT4", "KT3", "KT1"]


@pytest.mark.parametrize("limit", [1, 100])
@pytest.mark.parametrize(
    ("q", "numbers"),
    [
        ("an", ["KT4", "KT2", "KT1"]),
        ("ANNA", ["KT4", "KT2"]),
        ("anna b", ["KT4"]),
        ("b anna", ["KT4"]),
        ("Ä", ["KT4", "KT2", "KT1"]),
        ("berta", ["KT3"]),
        ("lukasz", ["KT5"]),
        ("Łuk", ["KT5"]),
        ("sorensen", ["KT6"]),
        ("strasse", ["KT6"]),
        ("\u0131s\u0131k", ["KT7"]),
        ("zoe@", ["KT3"]),
        ("zoe@mü", ["KT3"]),
        ("zoe@xn--m", ["KT3"]),
        ("kt", []),
        ("#", []),
    ],
)
def test_contacts_are_found_by_how_the_words_of_their_name_begin(world, q, numbers, limit):
    """The same words find a user (`test_find_users.py`)."""
    named = {
        "KT1": "Änne",
        "KT2": "anna",
        "KT3": "Zoe Berta",
        "KT4": "Anna Berg",
        "KT5": "Łukasz Żak",
        "KT6": "Sørensen Straße",
        "KT7": "IŞIK",
    }
    emails = {"KT3": "zoe@xn--mller-kva.example"}
    _saved(world, *(a_contact(number, name=name, email=emails.get(number)) for number, name in named.items()))
    pages = _walk(lambda **k: world.companies.contacts_without_account(COMPANY_ID, q=q, **k), limit)
    assert [number for page in pages for number in _numbers(page)] == numbers


def test_contacts_are_sorted_without_case_and_accents(world):
    names = ["zoe", "Łukasz", "Luise", "Ärger", "Abel", "Ozan", "Øystein", "\u200eBert"]
    _saved(world, *(a_contact(f"KT{serial}", name=name) for serial, name in enumerate(names)))
    page = world.companies.contacts_without_account(COMPANY_ID, limit=50, cursor=None)
    assert [row.contact.name for row in page.contacts] == [
        "Abel",
        "Ärger",
        "\u200eBert",
        "Luise",
        "Łukasz",
        "Øystein",
        "Ozan",
        "zoe",
    ]


def test_a_search_goes_on_through_thousands_of_contacts(world, monkeypatch):
    """A page reads a limited number of contacts, so that it may be empty before the end of the list."""
    monkeypatch.setattr("customer_center.companies.store._CONTACTS_PER_READ", 2)
    _saved(world, *(a_contact(f"KT{serial:02}", name=f"Anna {serial:02}") for serial in range(20)))
    pages = _walk(lambda **k: world.companies.contacts_without_account(COMPANY_ID, q="19", **k), 50)
    assert [number for page in pages for number in _numbers(page)] == ["KT19"]


def test_a_cursor_of_another_search_is_refused(world):
    _saved(world, *(a_contact(f"KT{serial}", name=name) for serial, name in enumerate(["Anna", "Berta", "Bernd"])))
    plain = world.companies.contacts_without_account(COMPANY_ID, limit=1, cursor=None).next_cursor
    sought = world.companies.contacts_without_account(COMPANY_ID, limit=1, cursor=None, q="be").next_cursor
    for cursor, q in ((plain, "be"), (sought, ""), (sought, "an")):
        with pytest.raises(MalformedRequest, match="cursor-invalid"):
            world.companies.contacts_without_account(COMPANY_ID, limit=1, cursor=cursor, q=q)


def _cursor(**key):
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode().rstrip("=")


def _contact_cursor(**changes):
    key = {"pk": COMPANY_ID, "sk": "contact#KT1", "listing": f"{COMPANY_ID}#contacts", "listing_key": "a#KT1"}
    return _cursor(**key | changes)


NO_CURSORS = [
    "",
    "nonsense",
    "ä",
    "\x00",
    "=",
    "e30",
    base64.urlsafe_b64encode(b"[" * 1500).decode(),
    base64.urlsafe_b64encode(b"\xff\xfe").decode(),
    base64.urlsafe_b64encode(b"null").decode(),
    base64.urlsafe_b64encode(b'["pk"]').decode(),
]


@pytest.mark.parametrize(
    "cursor",
    [
        *NO_CURSORS,
        _contact_cursor(pk=OTHER_COMPANY_ID),
        _contact_cursor(listing=f"{OTHER_COMPANY_ID}#contacts"),
        _contact_cursor(sk="user#x"),
        _contact_cursor(listing_key=""),
        _contact_cursor(listing_key=1),
        _contact_cursor(more="x"),
        _contact_cursor(sk=7),
        _contact_cursor(sk={"S": "contact#KT1"}),
        _contact_cursor(sk="contact#" + "x" * 1020),
        _contact_cursor(sk="contact#\ud800"),
        _cursor(pk=COMPANY_ID, sk="contact#KT1"),
    ],
)
def test_a_forged_cursor_of_contacts_is_refused(world, cursor):
    _saved(world, a_contact("KT1"), a_contact("KT2"))
    with pytest.raises(MalformedRequest, match="cursor-invalid"):
        world.companies.contacts_without_account(COMPANY_ID, limit=1, cursor=cursor)


def test_the_last_row_of_a_page_may_be_gone_when_the_next_is_read(world):
    contacts = [a_contact(f"KT{serial}", name=f"Name {serial}") for serial in range(4)]
    _saved(world, *contacts)
    first = world.companies.contacts_without_account(COMPANY_ID, limit=2, cursor=None)
    _saved(world, *contacts[2:])
    second = world.companies.contacts_without_account(COMPANY_ID, limit=2, cursor=first.next_cursor)
    assert _numbers(second) == ["KT2", "KT3"]


def test_who_came_from_a_contact_is_found(world):
    """001: "a list of ERP contacts, which are not yet set up as a user in the shop"."""
    world.founded(a_main_contact())
    user = an_invited_user(contact_number="KT1")
    world.companies.add_user(user, an_entry(), a_contact("KT1"))
    _saved(world, a_contact("KT1"), a_contact("KT2"))
    found = [world.companies.user_id_of_contact(COMPANY_ID, number) for number in ("KT1", "KT2", "KT3")]
    assert found == [user.user_id, None, None]
    assert world.companies.user_id_of_contact(OTHER_COMPANY_ID, "KT1") is None


# Contacts of the ERP, as kept


def _listed(world, company_id=COMPANY_ID):
    return list(world.companies.contacts_without_account(company_id, limit=100, cursor=None).contacts)


@pytest.mark.parametrize(
    "contact",
    [
        a_contact("KT1"),
        a_contact("KT2", telephone=None, telefax=None, email=None, language_code=None),
        a_contact("K T#3", name="Ünï #1"),
    ],
)
def test_a_contact_is_read_as_saved(world, contact):
    """000: "ID, Name, Telephone, Telefax, ElectronicMail, LanguageCode"."""
    _saved(world, contact)
    assert _listed(world) == [CachedContact(contact)]


def test_contacts_know_when_they_were_read(world):
    _saved(world, a_contact())
    assert world.companies.contacts_read(COMPANY_ID) == ContactsRead(NOON)
    _saved(world, a_contact(), at=LATER)
    assert world.companies.contacts_read(COMPANY_ID) == ContactsRead(LATER)
    assert world.companies.contacts_read(OTHER_COMPANY_ID) is None


def test_contacts_the_erp_does_not_list_any_more_leave(world):
    _saved(world, a_contact("KT1"), a_contact("KT2"))
    _saved(world, a_contact("KT2"))
    assert [row.contact.contact_number for row in _listed(world)] == ["KT2"]
    _saved(world)
    assert _listed(world) == []


def test_contacts_change_and_move_in_the_list(world):
    _saved(world, a_contact("KT1", name="Anna"), a_contact("KT2", name="Berta"))
    changed = a_contact("KT1", name="Zoe", email=None, telephone="7")
    _saved(world, changed, a_contact("KT2", name="Berta"))
    assert [row.contact.name for row in _listed(world)] == ["Berta", "Zoe"]
    assert _listed(world)[1].contact == changed


def test_who_was_invited_leaves_the_listing_with_the_next_full_list(world):
    """000: "contacts which are not having an shop account right now"; until then the use case leaves them out."""
    user = an_invited_user(contact_number="KT1")
    _saved(world, a_contact("KT1"), a_contact("KT2"))
    world.companies.add_user(user, an_entry(), a_contact("KT1"))
    assert _listed(world) == [CachedContact(a_contact("KT1")), CachedContact(a_contact("KT2"))]
    _saved(world, a_contact("KT1"), a_contact("KT2"))
    assert [row.contact.contact_number for row in _listed(world)] == ["KT2"]


def test_who_was_invited_before_the_contacts_were_read_is_not_listed(world):
    world.companies.add_user(an_invited_user(contact_number="KT1"), an_entry(), a_contact("KT1"))
    assert _listed(world) == []


@pytest.mark.parametrize("listed", [[], [a_contact("KT1", name="Renamed")]])
def test_a_user_stays_linked_whatever_the_erp_lists(world, listed):
    user = an_invited_user(contact_number="KT1")
    world.companies.add_user(user, an_entry(), a_contact("KT1"))
    _saved(world, *listed)
    assert _listed(world) == []
    with world.refuses(Conflict, "contact-in-use"):
        world.companies.add_user(an_invited_user(), an_entry(), a_contact("KT1"))


def test_who_is_matched_by_email_is_linked(world):
    user = a_user()
    world.companies.save_contacts(COMPANY_ID, [CachedContact(a_contact("KT1"), user.user_id)], NOON)
    assert _listed(world) == []
    _saved(world, a_contact("KT1"))
    assert _listed(world) == []


def test_a_listed_contact_leaves_the_list_when_somebody_is_matched(world):
    _saved(world, a_contact("KT1"), a_contact("KT2"))
    rows = [CachedContact(a_contact("KT1"), a_user().user_id), CachedContact(a_contact("KT2"))]
    world.companies.save_contacts(COMPANY_ID, rows, LATER)
    assert [row.contact.contact_number for row in _listed(world)] == ["KT2"]


def test_only_what_differs_is_written(store_world):
    contacts = [a_contact(f"KT{serial}") for serial in range(5)]
    _saved(store_world, *contacts)
    store_world.writes.clear()
    _saved(store_world, *contacts, at=LATER)
    assert store_world.writes == ["UpdateItem"], "the time alone"
    store_world.writes.clear()
    _saved(store_world, *contacts[:3], replace(contacts[3], telephone="7"), at=LATER)
    assert sorted(store_world.writes) == ["DeleteItem", "UpdateItem", "UpdateItem"]


@pytest.mark.parametrize("still_listed", [True, False])
def test_contacts_that_became_users_are_not_written_again(store_world, still_listed):
    store_world.companies.add_user(an_invited_user(contact_number="KT1"), an_entry(), a_contact("KT1"))
    store_world.writes.clear()
    _saved(store_world, *([a_contact("KT1")] if still_listed else []))
    assert store_world.writes == ["UpdateItem"], "the time alone"


def test_the_time_is_written_last(store_world):
    def breaking():
        yield CachedContact(a_contact("KT1"))
        raise OutsideTimeout("erp-timeout")

    with pytest.raises(OutsideTimeout):
        store_world.companies.save_contacts(COMPANY_ID, breaking(), NOON)
    assert store_world.companies.contacts_read(COMPANY_ID) is None


@pytest.mark.parametrize("still_listed", [True, False])
@pytest.mark.parametrize("matched", [True, False])
def test_who_is_linked_while_contacts_are_saved_stays_linked(store_world, monkeypatch, still_listed, matched):
    user = an_invited_user(contact_number="KT1")
    _saved(store_world, a_contact("KT1"))
    store = store_world.companies
    read = store._all_contacts

    def read_then_link(company_id):
        rows = list(read(company_id))
        if store.user(user.user_id) is None:
            store.add_user(user, an_entry(), a_contact("KT1"))
        return rows

    monkeypatch.setattr(store, "_all_contacts", read_then_link)
    changed = CachedContact(a_contact("KT1", name="Renamed"), a_user().user_id if matched else None)
    store.save_contacts(COMPANY_ID, [changed] if still_listed else [], LATER)
    monkeypatch.undo()
    assert _listed(store_world) == []
    with store_world.refuses(Conflict, "contact-in-use"):
        store.add_user(an_invited_user(), an_entry(), a_contact("KT1"))


# Long lists


def _rows(count, **given):
    return (CachedContact(a_contact(f"KT{serial}", email=f"kt{serial}@x.example", **given)) for serial in range(count))


@pytest.fixture
def saved_by_fifty(monkeypatch):
    """So that a short list is saved in several parts too."""
    monkeypatch.setattr("customer_center.companies.store._SAVED_TOGETHER", 50)


@pytest.mark.usefixtures("saved_by_fifty")
def test_a_list_that_breaks_off_removes_nobody_and_keeps_what_arrived(world):
    _saved(world, a_contact("KT1", name="Old"), a_contact("LEFT"))

    def breaking():
        yield from _rows(120)
        raise OutsideTimeout("erp-timeout")

    with pytest.raises(OutsideTimeout):
        world.companies.save_contacts(COMPANY_ID, breaking(), LATER)
    assert world.companies.contacts_read(COMPANY_ID) == ContactsRead(NOON)
    assert world.companies.contact(COMPANY_ID, "LEFT").listed
    assert world.companies.contact(COMPANY_ID, "KT50").listed
    world.companies.save_contacts(COMPANY_ID, _rows(120), LATER)
    assert world.companies.contacts_read(COMPANY_ID) == ContactsRead(LATER)
    assert world.companies.contact(COMPANY_ID, "LEFT") is None, "a list that has ended removes"
    assert world.companies.contact(COMPANY_ID, "KT119").listed


@pytest.mark.usefixtures("saved_by_fifty")
def test_a_run_after_a_crash_writes_only_what_is_missing(store_world):
    def breaking():
        yield from _rows(60)
        raise OutsideTimeout("erp-timeout")

    with pytest.raises(OutsideTimeout):
        store_world.companies.save_contacts(COMPANY_ID, breaking(), NOON)
    stored = len(store_world.writes)
    assert stored >= 50
    store_world.writes.clear()
    store_world.companies.save_contacts(COMPANY_ID, _rows(65), LATER)
    assert store_world.writes == ["UpdateItem"] * (65 - stored + 1)


def test_a_mark_that_is_made_while_the_list_is_read_outlasts_it(world):
    _saved(world, a_contact("KT1"))
    world.companies.add_user(an_invited_user(email="first@x.example"), an_entry())

    def requested_meanwhile():
        yield CachedContact(a_contact("KT1"))
        world.companies.add_user(an_invited_user(email="second@x.example"), an_entry())

    world.companies.save_contacts(COMPANY_ID, requested_meanwhile(), LATER)
    assert world.companies.contacts_read(COMPANY_ID) == ContactsRead(LATER, outdated=True)
    _saved(world, a_contact("KT1"), at=LATER)
    assert world.companies.contacts_read(COMPANY_ID) == ContactsRead(LATER)


# Who asks the ERP


def test_the_erp_is_asked_once_in_30_seconds(world):
    asking = world.companies
    effect = Effect("e1", "contact_list", {"company_id": COMPANY_ID})
    entry = an_entry(action="contacts.asked_for", effects=(effect,))
    with world.journals(entry):
        assert asking.ask_for_contacts(COMPANY_ID, NOON, entry)
    assert not asking.ask_for_contacts(COMPANY_ID, NOON + timedelta(seconds=29), an_entry())
    assert not asking.ask_for_contacts(COMPANY_ID, NOON + timedelta(seconds=29))
    assert asking.ask_for_contacts(OTHER_COMPANY_ID, NOON)
    assert asking.ask_for_contacts(COMPANY_ID, NOON + timedelta(seconds=30))
    assert asking.ask_for_contacts(COMPANY_ID, NOON + timedelta(seconds=31), again=True)


def test_one_reader_at_a_time(world):
    companies = world.companies
    assert companies.begin_contacts(COMPANY_ID, "one", NOON, LATER)
    assert companies.begin_contacts(COMPANY_ID, "one", NOON, LATER), "a message that is delivered again"
    assert not companies.begin_contacts(COMPANY_ID, "two", NOON, LATER)
    assert companies.begin_contacts(COMPANY_ID, "two", LATER, LATER + timedelta(minutes=1)), "the first one died"
    companies.end_contacts(COMPANY_ID, "one", failed_at=LATER)
    assert not companies.begin_contacts(COMPANY_ID, "three", LATER, LATER)
    companies.end_contacts(COMPANY_ID, "two")
    assert companies.begin_contacts(COMPANY_ID, "three", LATER, LATER)


def test_a_failure_is_known_until_the_next_list(world):
    companies = world.companies
    _saved(world, a_contact("KT1"))
    companies.ask_for_contacts(COMPANY_ID, LATER)
    companies.begin_contacts(COMPANY_ID, "one", LATER, LATER)
    assert companies.contacts_read(COMPANY_ID).is_awaited
    companies.end_contacts(COMPANY_ID, "one", failed_at=LATER)
    read = companies.contacts_read(COMPANY_ID)
    assert (read.is_awaited, read.failed_at, companies.contacts_failed(COMPANY_ID)) == (False, LATER, True)
    _saved(world, a_contact("KT1"), at=LATER + timedelta(minutes=1))
    read = companies.contacts_read(COMPANY_ID)
    assert (read.is_awaited, read.failed_at, companies.contacts_failed(COMPANY_ID)) == (False, None, False)


@pytest.mark.parametrize("number", ["", "K" * 3000, "\ud800", "KT\x00", "ä" * 510])
def test_a_number_that_no_key_can_hold_is_nobodys(world, number):
    assert world.companies.contact(COMPANY_ID, number) is None
    assert world.companies.user_id_of_contact(COMPANY_ID, number) is None
    assert world.companies.contacts_of_numbers(COMPANY_ID, [number]) == {}


def test_a_contact_that_cannot_be_stored_does_not_keep_the_others_out(store_world):
    bad = [
        a_contact("K" * 3000),
        a_contact("KT8\ud800"),
        a_contact("KT9", name="\ud800"),
    ]
    _saved(store_world, *bad, a_contact("KT1"))
    assert _numbers(store_world.companies.contacts_without_account(COMPANY_ID, limit=9, cursor=None)) == ["KT1"]


def test_emails_and_contacts_are_found_together(world):
    user, stranger = a_user(email=" Anna@X.example"), a_user(company_id=OTHER_COMPANY_ID)
    world.companies.add_user(user, an_entry())
    world.companies.add_user(stranger, an_entry(company_id=OTHER_COMPANY_ID))
    assert world.companies.emails_of(COMPANY_ID) == {"anna@x.example": user.user_id}
    _saved(world, a_contact("KT1"), a_contact("KT2"))
    found = world.companies.contacts_of_numbers(COMPANY_ID, ["KT1", "KT1", "KT7"])
    assert found == {"KT1": CachedContact(a_contact("KT1"))}


# Adding a user


def test_an_added_user_is_journalled(world):
    user = an_invited_user()
    entry = an_entry(action="user.invited", subject=user.user_id, effects=(Effect("e1", "mail", {"user_id": "u"}),))
    with world.journals(entry):
        world.companies.add_user(user, entry)


@pytest.mark.parametrize("written", ["same@baecker.example", " SAME@Baecker.example "])
@pytest.mark.parametrize(
    ("company_id", "invited"), [(COMPANY_ID, True), (COMPANY_ID, False), (OTHER_COMPANY_ID, False)]
)
def test_an_email_belongs_to_one_user(world, written, company_id, invited):
    """001: "the email is not yet used for another shop user."."""
    if invited:
        world.companies.add_user(an_invited_user(email="same@baecker.example"), an_entry())
    else:
        world.founded(a_user(email="same@baecker.example"))
    second = an_invited_user(company_id=company_id, email=written)
    for contact in (None, a_contact("KT1")):
        with world.refuses(Conflict, "email-in-use"):
            world.companies.add_user(second, an_entry(company_id=company_id), contact)


def test_a_contact_becomes_one_user(world):
    world.companies.add_user(an_invited_user(contact_number="KT1"), an_entry(), a_contact("KT1"))
    with world.refuses(Conflict, "contact-in-use"):
        world.companies.add_user(an_invited_user(contact_number="KT1"), an_entry(), a_contact("KT1"))


def test_a_repeat_is_told_that_the_contact_is_in_use(world):
    user = an_invited_user(contact_number="KT1")
    world.companies.add_user(user, an_entry(), a_contact("KT1"))
    again = replace(an_invited_user(contact_number="KT1"), email=user.email)
    with world.refuses(Conflict, "contact-in-use"):
        world.companies.add_user(again, an_entry(), a_contact("KT1"))


def test_the_same_contact_number_of_another_company_is_another_contact(world):
    world.companies.add_user(an_invited_user(contact_number="KT1"), an_entry(), a_contact("KT1"))
    other = an_invited_user(company_id=OTHER_COMPANY_ID, contact_number="KT1")
    world.companies.add_user(other, an_entry(company_id=OTHER_COMPANY_ID), a_contact("KT1"))
    assert world.companies.user(other.user_id) == other


def test_a_user_without_a_contact_outdates_what_was_read(world):
    world.companies.add_user(an_invited_user(), an_entry())
    assert world.companies.contacts_read(COMPANY_ID) is None
    _saved(world, a_contact("KT1"))
    world.companies.add_user(an_invited_user(contact_number="KT2"), an_entry(), a_contact("KT2"))
    assert world.companies.contacts_read(COMPANY_ID) == ContactsRead(NOON)
    world.companies.add_user(an_invited_user(), an_entry())
    assert world.companies.contacts_read(COMPANY_ID) == ContactsRead(NOON, outdated=True)
    _saved(world, a_contact("KT1"), at=LATER)
    assert world.companies.contacts_read(COMPANY_ID) == ContactsRead(LATER)


# Changing a user


def test_a_change_is_read_as_written_and_journalled(world):
    user = a_user(budgets=budgets("5.00"), invitation=an_invitation(), claim=a_claim())
    world.founded(user)
    after = user.changed(
        LATER,
        salutation="mr",
        name="Berta",
        language="en",
        roles=frozenset({Role.APPROVER}),
        status=UserStatus.DEACTIVATED,
        budgets=budgets(per_month="7.00"),
        invitation=replace(user.invitation, status=InvitationStatus.REVOKED),
        claim=None,
    )
    entry = an_entry(action="user.changed", changes={"name": ("Anna Mehl", "Berta"), "roles": (["a"], [])})
    with world.journals(entry):
        world.companies.change_user(user, after, entry)
    assert world.companies.user(user.user_id) == after


def test_values_can_be_taken_away(world):
    user = a_user(budgets=budgets("5.00"), invitation=an_invitation(), claim=a_claim())
    world.founded(user)
    after = user.changed(LATER, budgets=Budgets(), invitation=None, claim=None)
    world.companies.change_user(user, after, an_entry())
    assert world.companies.user(user.user_id) == after


def test_an_older_version_changes_nothing(world):
    user = a_user()
    world.founded(user)
    world.companies.change_user(user, user.changed(LATER, name="First"), an_entry())
    with world.refuses(PreconditionFailed, "version-changed"):
        world.companies.change_user(user, user.changed(LATER, name="Second"), an_entry())


def test_a_user_who_is_not_there_is_not_made_by_a_change(world):
    world.founded(a_user())
    nobody = a_user()
    with world.refuses(PreconditionFailed):
        world.companies.change_user(nobody, nobody.changed(LATER, name="X"), an_entry())


def test_a_change_keeps_what_it_does_not_change(world):
    user = an_invited_user(secret=None)
    world.companies.add_user(user, an_entry())
    _sent(world, user)
    world.companies.change_user(user, user.changed(LATER, name="Berta"), an_entry())
    after = world.companies.user(user.user_id)
    assert (after.name, after.invitation.token_hash) == ("Berta", "h" * 64)


def _main_contacts(world):
    return world.companies.company(COMPANY_ID).main_contacts


def test_active_main_contacts_are_counted(world):
    chief, colleague = a_main_contact(), a_user()
    world.founded(chief, colleague)
    assert _main_contacts(world) == {chief.user_id}
    promoted = colleague.changed(LATER, roles=frozenset({Role.MAIN_CONTACT}))
    world.companies.change_user(colleague, promoted, an_entry())
    assert _main_contacts(world) == {chief.user_id, colleague.user_id}
    left = promoted.changed(LATER, status=UserStatus.DEACTIVATED)
    world.companies.change_user(promoted, left, an_entry())
    assert _main_contacts(world) == {chief.user_id}
    back = left.changed(LATER, status=UserStatus.ACTIVE)
    world.companies.change_user(left, back, an_entry())
    assert _main_contacts(world) == {chief.user_id, colleague.user_id}


def test_an_invited_main_contact_counts_when_active(world):
    chief, invited = a_main_contact(), an_invited_user(roles={Role.MAIN_CONTACT})
    world.founded(chief)
    world.companies.add_user(invited, an_entry())
    assert _main_contacts(world) == {chief.user_id}
    world.companies.change_user(invited, invited.changed(LATER, status=UserStatus.ACTIVE), an_entry())
    assert _main_contacts(world) == {chief.user_id, invited.user_id}


@pytest.mark.parametrize("changes", [{"status": UserStatus.DEACTIVATED}, {"roles": frozenset({Role.BUYER})}])
def test_the_last_active_main_contact_stays(world, changes):
    chief = a_main_contact()
    world.founded(chief, a_user())
    with world.refuses(Conflict, "last-main-contact"):
        world.companies.change_user(chief, chief.changed(LATER, **changes), an_entry())


def test_an_older_version_is_told_before_the_last_main_contact(world):
    chief = a_main_contact()
    world.founded(chief)
    world.companies.change_user(chief, newer := chief.changed(LATER, name="X"), an_entry())
    with world.refuses(PreconditionFailed):
        world.companies.change_user(chief, chief.changed(LATER, status=UserStatus.DEACTIVATED), an_entry())
    assert world.companies.user(chief.user_id) == newer


# Invitations


def _sent(world, user, **given):
    values = {"mail_id": user.invitation.mail_id, "token_hash": "h" * 64, "sent_at": LATER}
    values["expires_at"] = LATER + timedelta(days=7)
    return world.companies.invitation_sent(user.user_id, **values | given)


def test_a_sent_invitation_is_noted_once(world):
    user = an_invited_user(secret=None)
    world.companies.add_user(user, an_entry())
    assert _sent(world, user) is True
    noted = world.companies.user(user.user_id)
    expected = replace(user.invitation, token_hash="h" * 64, sent_at=LATER, expires_at=LATER + timedelta(days=7))
    assert noted == replace(user, invitation=expected)
    assert _sent(world, user, token_hash="i" * 64) is False
    assert world.companies.user(user.user_id) == noted


@pytest.mark.parametrize(
    "status", [status for status in InvitationStatus if status not in (InvitationStatus.PENDING, "expired")]
)
def test_an_invitation_that_is_not_pending_is_not_noted(world, status):
    user = an_invited_user(invitation=an_invitation(secret=None, status=status))
    world.companies.add_user(user, an_entry())
    before = world.everything()
    assert _sent(world, user) is False
    assert world.everything() == before


def test_an_older_mail_is_not_noted(world):
    user = an_invited_user(secret=None)
    world.companies.add_user(user, an_entry())
    assert _sent(world, user, mail_id="older") is False
    assert world.companies.user(user.user_id) == user


def test_a_mail_to_nobody_is_not_noted(world):
    active = a_user()
    world.founded(active)
    before = world.everything()
    assert _sent(world, an_invited_user()) is False
    assert (
        world.companies.invitation_sent(active.user_id, mail_id="m", token_hash="h", sent_at=NOON, expires_at=LATER)
        is False
    )
    assert world.everything() == before


def _invited(world, **given):
    user = an_invited_user(**given)
    world.companies.add_user(user, an_entry())
    return user


def test_one_request_claims_an_invitation(world):
    user = _invited(world)
    world.companies.claim_invitation(user, a_claim("first"), NOON)
    assert world.companies.user(user.user_id) == replace(user, claim=a_claim("first"))
    with world.refuses(InProgress, "in-progress") as waits:
        world.companies.claim_invitation(user, a_claim("second"), NOON + timedelta(seconds=10))
    assert waits.value.retry_after == 21


def test_the_same_request_claims_again(world):
    user = _invited(world)
    world.companies.claim_invitation(user, a_claim("first"), NOON)
    later = a_claim("first", since=LATER)
    world.companies.claim_invitation(user, later, NOON + timedelta(seconds=10))
    assert world.companies.user(user.user_id).claim == later


def test_a_claim_that_was_not_finished_lapses(world):
    user = _invited(world)
    world.companies.claim_invitation(user, a_claim("first"), NOON)
    lapsed = NOON + timedelta(seconds=30)
    world.companies.claim_invitation(user, a_claim("second", since=lapsed), lapsed)
    assert world.companies.user(user.user_id).claim.claim_id == "second"


@pytest.mark.parametrize("status", [InvitationStatus.ACCEPTED, InvitationStatus.REVOKED, InvitationStatus.BOUNCED])
def test_an_invitation_that_is_over_cannot_be_claimed(world, status):
    user = _invited(world, invitation=an_invitation(status=status))
    with world.refuses(PreconditionFailed):
        world.companies.claim_invitation(user, a_claim(), NOON)


def test_an_invitation_that_was_renewed_cannot_be_claimed_with_the_old_link(world):
    user = _invited(world)
    old = replace(user, invitation=replace(user.invitation, token_hash="o" * 64))
    with world.refuses(PreconditionFailed):
        world.companies.claim_invitation(old, a_claim(), NOON)


def test_nobodys_invitation_cannot_be_claimed(world):
    with world.refuses(PreconditionFailed):
        world.companies.claim_invitation(an_invited_user(), a_claim(), NOON)


# The contact created for a user


def test_a_created_contact_is_linked_with_the_change(world):
    user = _invited(world)
    after = user.changed(NOON, contact_number="KT7")
    world.companies.change_user(user, after, an_entry(), a_contact("KT7"))
    assert world.companies.user(user.user_id).contact_number == "KT7"
    assert _listed(world) == []


def test_somebody_elses_contact_is_not_linked(world):
    _invited(world)
    world.companies.add_user(an_invited_user(contact_number="KT7"), an_entry(), a_contact("KT7"))
    user = _invited(world)
    with world.refuses(Conflict, "contact-in-use"):
        world.companies.change_user(user, user.changed(NOON, contact_number="KT7"), an_entry(), a_contact("KT7"))
    assert world.companies.user(user.user_id) == user


# Refused activations


LIMITS = RefusalLimits(per_network=2, network_window_seconds=900, per_day=3)


def _reserve(world, network="a", *, number=NUMBER, at=NOON, limits=LIMITS):
    world.companies.reserve_refusal(number, network, at, limits)


MAILS = HourlyLimits(mails=3, tries=2, erp=1)


def test_usage_is_counted_up_to_its_limits_in_each_hour(world):
    reserve = world.companies.reserve_usage
    assert reserve(COMPANY_ID, Usage(mails=2, tries=1), NOON, MAILS) == (True, Usage(mails=2, tries=1))
    assert reserve(COMPANY_ID, Usage(mails=1, erp=1), NOON, MAILS) == (True, Usage(mails=3, tries=1, erp=1))
    with world.refuses_quietly():
        assert reserve(COMPANY_ID, Usage(mails=1, tries=1), NOON, MAILS) == (False, Usage(mails=3, tries=1, erp=1))
        assert reserve(COMPANY_ID, Usage(tries=2), NOON, MAILS) == (False, Usage(mails=3, tries=1, erp=1))
    assert reserve(OTHER_COMPANY_ID, Usage(mails=3), NOON, MAILS) == (True, Usage(mails=3))
    assert reserve(COMPANY_ID, Usage(mails=3), LATER, MAILS) == (True, Usage(mails=3))
    assert world.companies.mails_of_day(COMPANY_ID, LATER) == 6
    assert world.companies.mails_of_day(COMPANY_ID, NOON + timedelta(days=1)) == 0


def test_more_than_a_whole_limit_is_never_counted(world):
    with world.refuses_quietly():
        assert world.companies.reserve_usage(COMPANY_ID, Usage(mails=4), NOON, MAILS) == (False, Usage())


def test_usage_that_is_released_was_never_counted(world):
    world.companies.reserve_usage(COMPANY_ID, Usage(mails=3, tries=2), NOON, MAILS)
    world.companies.release_usage(COMPANY_ID, Usage(mails=2, tries=2), NOON)
    assert world.companies.mails_of_day(COMPANY_ID, NOON) == 1
    assert world.companies.reserve_usage(COMPANY_ID, Usage(mails=2), NOON, MAILS) == (True, Usage(mails=3))


def test_releasing_what_was_never_counted_changes_nothing(world):
    with world.refuses_quietly():
        world.companies.release_usage(COMPANY_ID, Usage(mails=2), NOON)


def test_usage_costs_one_write_and_no_transaction(store_world):
    store_world.companies.reserve_usage(COMPANY_ID, Usage(mails=1, erp=1), NOON, MAILS)
    assert store_world.writes == ["UpdateItem"]


def test_mails_that_came_back_are_counted_once_and_by_the_day_of_the_mail(world):
    count = world.companies.count_bounce
    tomorrow = NOON + timedelta(days=1)
    assert count(COMPANY_ID, "a", NOON, NOON) == {"a"}
    assert count(COMPANY_ID, "a", NOON, tomorrow) == {"a"}
    assert count(COMPANY_ID, "b", NOON, tomorrow) == {"a", "b"}
    assert count(COMPANY_ID, "c", tomorrow, tomorrow) == {"c"}
    assert count(OTHER_COMPANY_ID, "d", NOON, NOON) == {"d"}


def test_a_company_whose_mails_are_stopped_is_read_as_written(world):
    company = world.founded(a_main_contact())
    after = replace(company, mails_stopped_until=LATER, version=company.version + 1)
    world.companies.change_company(company, after, an_entry())
    assert world.companies.current_company(COMPANY_ID) == after


def test_a_network_has_a_limit_in_a_window(world):
    _reserve(world)
    _reserve(world)
    with world.refuses(TooManyRequests, "too-many-refusals") as refused:
        _reserve(world, at=NOON + timedelta(seconds=100))
    assert refused.value.retry_after == 800
    _reserve(world, at=NOON + timedelta(seconds=900))


def test_a_day_has_a_limit_over_all_networks(world):
    _reserve(world, "d", number="20000")
    for network in "abc":
        _reserve(world, network)
    with world.refuses(TooManyRequests):
        _reserve(world, "d")
    _reserve(world, "d", at=NOON + timedelta(hours=12))


def test_each_number_has_its_own_count(world):
    _reserve(world)
    _reserve(world)
    _reserve(world, number="20000")


def test_case_does_not_multiply_the_tries(world):
    _reserve(world, number="abc")
    _reserve(world, number="ABC")
    with world.refuses(TooManyRequests):
        _reserve(world, number="Abc")


def test_a_released_refusal_was_never_counted(world):
    _reserve(world, "a")
    for _ in range(5):
        _reserve(world, "a")
        world.companies.release_refusal(NUMBER, "a", NOON, LIMITS)
    _reserve(world, "a")
    with world.refuses(TooManyRequests):
        _reserve(world, "a")
    _reserve(world, "b")


def test_a_refusal_is_released_where_it_was_counted(world):
    _reserve(world)
    _reserve(world)
    world.companies.release_refusal(NUMBER, "a", NOON + timedelta(seconds=0), LIMITS)
    _reserve(world, at=NOON + timedelta(seconds=899))
    with world.refuses(TooManyRequests):
        _reserve(world, at=NOON + timedelta(seconds=899))


# Refused activations of a network, over all customer numbers


HOURLY = RefusalLimits(per_network=9, per_day=9, per_network_and_hour=2)


def _spray(world, network="203.0.113.0/24", *, number, at=NOON):
    _reserve(world, network, number=number, at=at, limits=HOURLY)


def test_a_network_has_a_limit_over_all_numbers(world):
    _spray(world, number="10000")
    _spray(world, number="20000")
    with world.refuses(TooManyRequests, "too-many-refusals") as refused:
        _spray(world, number="30000", at=NOON + timedelta(minutes=10))
    assert refused.value.retry_after == 50 * 60
    assert [(limit.policy, limit.remaining) for limit in refused.value.limits if not limit.remaining] == [
        ("refusals-all-numbers", 0)
    ]


def test_another_network_and_the_next_hour_begin_anew(world):
    for number in ("10000", "20000"):
        _spray(world, number=number)
    _spray(world, "198.51.100.0/24", number="30000")
    _spray(world, number="30000", at=NOON + timedelta(hours=1))


def test_a_network_without_tries_uses_up_none_of_the_numbers(world):
    for number in ("10000", "20000"):
        _spray(world, number=number)
    for _ in range(9):
        with world.refuses(TooManyRequests):
            _spray(world, number="30000")
    _spray(world, "198.51.100.0/24", number="30000")


def test_a_number_without_tries_uses_up_none_of_the_networks(world):
    once = replace(HOURLY, per_network=1)
    _reserve(world, "203.0.113.0/24", limits=once)
    for _ in range(9):
        with world.refuses(TooManyRequests):
            _reserve(world, "203.0.113.0/24", limits=once)
    _spray(world, number="20000")


def test_a_released_refusal_of_a_network_was_never_counted(world):
    for serial in range(5):
        _spray(world, number=f"{serial}")
        world.companies.release_refusal(f"{serial}", "203.0.113.0/24", NOON, HOURLY)
    _spray(world, number="10000")
    _spray(world, number="20000")
    world.companies.release_refusal("10000", "203.0.113.0/24", NOON + timedelta(minutes=1), HOURLY)
    _spray(world, number="30000")
    with world.refuses(TooManyRequests):
        _spray(world, number="40000")


def test_a_refusal_that_is_released_in_the_next_hour_was_counted_in_its_own(world):
    end = NOON + timedelta(minutes=59, seconds=59)
    _spray(world, number="10000", at=end)
    for number in ("20000", "30000"):
        _spray(world, number=number, at=NOON + timedelta(hours=1))
    world.companies.release_refusal("10000", "203.0.113.0/24", end, HOURLY)
    with world.refuses(TooManyRequests):
        _spray(world, number="40000", at=NOON + timedelta(hours=1))


@pytest.mark.parametrize("networks", ["2001:db8:{:x}::/48", "203.0.{}.0/24"])
def test_whoever_owns_many_networks_has_ten_times_as_many_tries_and_no_more(world, networks):
    for serial in range(10):
        for number in ("10000", "20000"):
            _spray(world, networks.format(serial), number=f"{number}{serial}")
    with world.refuses(TooManyRequests) as refused:
        _spray(world, networks.format(10), number="30000")
    assert [limit.policy for limit in refused.value.limits if not limit.remaining] == ["refusals-wide-network"]
    _spray(world, "198.51.100.0/24", number="30000")


def test_an_unlocked_number_leaves_the_networks_as_they_are(world):
    for number in ("10000", "20000"):
        _spray(world, number=number)
    world.companies.forget_refusals("10000", NOON, an_entry())
    with world.refuses(TooManyRequests):
        _spray(world, number="10000")


# Activations under way


@pytest.mark.parametrize(
    "attempt",
    [an_attempt(), an_attempt(code=None), an_attempt(code=None, mail_id=None, claim=a_claim()), an_attempt(tries=3)],
)
def test_an_attempt_is_read_as_saved_and_journalled(world, attempt):
    entry = an_entry(action="activation.requested")
    with world.journals(entry):
        world.companies.save_attempt(attempt, entry, replaces=None)
    assert world.companies.attempt(attempt.key) == attempt


def test_an_attempt_is_begun_once_and_replaced_by_who_saw_it(world):
    first, second, third = (an_attempt(attempt_id=name) for name in ("first", "second", "third"))
    world.companies.save_attempt(first, an_entry(), replaces=None)
    with world.refuses(InProgress, "in-progress"):
        world.companies.save_attempt(second, an_entry(), replaces=None)
    world.companies.save_attempt(second, an_entry(), replaces=first)
    with world.refuses(InProgress, "in-progress"):
        world.companies.save_attempt(third, an_entry(), replaces=first)
    assert world.companies.attempt(first.key) == second


def test_an_attempt_that_is_gone_is_not_replaced(world):
    with world.refuses(InProgress):
        world.companies.save_attempt(an_attempt(), an_entry(), replaces=an_attempt(attempt_id="gone"))


def _began(world, **given):
    attempt = an_attempt(**given)
    world.companies.save_attempt(attempt, an_entry(), replaces=None)
    return attempt


def test_a_sent_code_is_noted_once(world):
    attempt = _began(world, code=None)
    expires = NOON + timedelta(minutes=15)
    sent = {"mail_id": attempt.mail_id, "code_hash": "h" * 64, "expires_at": expires}
    assert world.companies.code_sent(attempt.key, **sent) is True
    noted = replace(attempt, code_hash="h" * 64, code_expires_at=expires)
    assert world.companies.attempt(attempt.key) == noted
    assert world.companies.code_sent(attempt.key, **sent | {"code_hash": "i" * 64}) is False
    assert world.companies.attempt(attempt.key) == noted


@pytest.mark.parametrize("given", [{"mail_id": "other"}, {"key": "unknown"}])
def test_a_code_nobody_waits_for_is_not_noted(world, given):
    attempt = _began(world, code=None)
    values = {"key": attempt.key, "mail_id": attempt.mail_id, "code_hash": "h", "expires_at": LATER} | given
    before = world.everything()
    assert world.companies.code_sent(values.pop("key"), **values) is False
    assert world.everything() == before


def test_a_try_is_counted_and_claims(world):
    attempt = _began(world)
    found = world.companies.try_code(attempt.key, a_claim("first"), NOON, 5)
    assert found == replace(attempt, tries=1, claim=a_claim("first"))
    assert world.companies.attempt(attempt.key) == found


def test_a_code_has_so_many_tries(world):
    attempt = _began(world)
    for _ in range(5):
        world.companies.try_code(attempt.key, a_claim(), NOON, 5)
    with world.refuses(InvalidInput, "code-exhausted"):
        world.companies.try_code(attempt.key, a_claim(), NOON, 5)


def test_a_code_expires(world):
    attempt = _began(world)
    world.companies.try_code(attempt.key, a_claim(), attempt.code_expires_at - timedelta(milliseconds=1), 5)
    with world.refuses(InvalidInput, "code-expired"):
        world.companies.try_code(attempt.key, a_claim(), attempt.code_expires_at, 5)


@pytest.mark.parametrize("key", [None, "unknown"])
def test_without_a_code_there_is_nothing_to_try(world, key):
    attempt = _began(world, code=None)
    with world.refuses(InvalidInput, "code-expired"):
        world.companies.try_code(key or attempt.key, a_claim(), NOON, 5)


def test_while_one_holds_the_claim_others_wait_and_are_not_counted(world):
    attempt = _began(world)
    world.companies.try_code(attempt.key, a_claim("first"), NOON, 5)
    with world.refuses(InProgress, "in-progress") as waits:
        world.companies.try_code(attempt.key, a_claim("second"), NOON + timedelta(seconds=5), 5)
    assert waits.value.retry_after == 26
    assert world.companies.try_code(attempt.key, a_claim("first"), NOON, 5).tries == 2
    lapsed = NOON + timedelta(seconds=30)
    assert world.companies.try_code(attempt.key, a_claim("second", since=lapsed), lapsed, 5).tries == 3


def test_a_claim_is_given_back_by_its_holder_only(world):
    attempt = _began(world)
    world.companies.try_code(attempt.key, a_claim("first"), NOON, 5)
    world.companies.release_attempt(attempt.key, a_claim("second"))
    with world.refuses(InProgress):
        world.companies.try_code(attempt.key, a_claim("second"), NOON, 5)
    for _ in range(2):
        world.companies.release_attempt(attempt.key, a_claim("first"))
    assert world.companies.attempt(attempt.key) == replace(attempt, tries=1)


def test_releasing_nothing_makes_nothing(world):
    before = world.everything()
    world.companies.release_attempt("unknown", a_claim())
    assert world.everything() == before


# Completing an activation


def _complete(world, user, company, *, existing=None, contact=None, entry=None):
    entry = entry or an_entry(company_id=user.company_id)
    world.companies.complete_activation(user, company, entry, existing=existing, contact=contact)


def test_the_first_user_brings_the_company(world):
    """001: "the shop will create a company and a main contact will be assigned to this company"."""
    chief = a_main_contact()
    company = a_company(main_contacts=frozenset({chief.user_id}))
    entry = an_entry(action="user.activated_account")
    with world.journals(entry):
        _complete(world, chief, company, entry=entry)
    assert world.companies.company_of_number(NUMBER) == company
    assert world.companies.user(chief.user_id) == chief


def test_a_later_user_joins_and_refreshes_what_the_erp_said(world):
    older = a_main_contact()
    existing = world.founded(older)
    chief = a_main_contact()
    company = replace(
        existing,
        name="New name",
        customer_center=False,
        main_contact_email=None,
        customer_posting_group="EU",
        blocked=True,
        main_contacts=existing.main_contacts | {chief.user_id},
        updated_at=LATER,
    )
    entry = an_entry(action="user.activated_account")
    with world.journals(entry):
        _complete(world, chief, company, existing=existing, entry=entry)
    assert world.companies.company(COMPANY_ID) == replace(company, version=2)


def test_who_joins_takes_nobody_elses_place_and_undoes_nothing(world):
    first, second, third = (a_main_contact() for _ in range(3))
    seen = world.founded(first)
    now = world.founded(second)
    with world.refuses(CompanyExists):
        _complete(world, third, replace(seen, main_contacts=seen.main_contacts | {third.user_id}), existing=seen)
    _complete(world, third, replace(now, main_contacts=frozenset({third.user_id})), existing=now)
    assert _main_contacts(world) == {first.user_id, second.user_id, third.user_id}


def test_a_company_is_created_once(world):
    world.founded(a_user())
    late = a_user(company_id=OTHER_COMPANY_ID)
    with world.refuses(CompanyExists):
        _complete(world, late, a_company(company_id=OTHER_COMPANY_ID))
    with world.refuses(CompanyExists):
        _complete(world, a_user(), a_company())


def test_a_company_that_is_gone_is_not_joined(world):
    with world.refuses(CompanyExists):
        _complete(world, a_user(), a_company(), existing=a_company())


@pytest.mark.parametrize("joins", [True, False])
def test_an_email_activates_once(world, joins):
    existing = world.founded(a_user(email="Same@baecker.example"))
    company_id = COMPANY_ID if joins else OTHER_COMPANY_ID
    company = existing if joins else a_company(company_id=OTHER_COMPANY_ID, customer_number="20000")
    second = a_user(company_id=company_id, email="same@baecker.example")
    with world.refuses(Conflict, "email-in-use"):
        _complete(world, second, company, existing=existing if joins else None)


def test_an_activated_contact_is_linked(world):
    existing = world.founded(a_user())
    _saved(world, a_contact("KT1"), a_contact("KT2"))
    _complete(world, a_user(contact_number="KT1"), existing, existing=existing, contact=a_contact("KT1"))
    assert [row.contact.contact_number for row in _listed(world)] == ["KT2"]
    assert world.companies.contacts_read(COMPANY_ID) == ContactsRead(NOON)
    existing = world.companies.company(COMPANY_ID)
    with world.refuses(Conflict, "contact-in-use"):
        _complete(world, a_user(), existing, existing=existing, contact=a_contact("KT1"))


def test_who_activates_without_a_contact_outdates_what_was_read(world):
    existing = world.founded(a_user())
    _saved(world, a_contact("KT1"))
    _complete(world, a_user(), existing, existing=existing)
    assert world.companies.contacts_read(COMPANY_ID) == ContactsRead(NOON, outdated=True)


# At once. moto is not atomic, so only here.


def _one_winner(results, *losers):
    assert [result for result in results if not isinstance(result, Exception)] == [None]
    assert all(isinstance(result, (*losers, InProgress)) for result in results if result is not None)


def test_at_once_one_user_gets_an_email(emulator_world):
    world = emulator_world
    users = [an_invited_user(email="same@baecker.example") for _ in range(8)]
    results = at_once(*(lambda user=user: world.companies.add_user(user, an_entry()) for user in users))
    _one_winner(results, Conflict)
    winner = users[results.index(None)]
    assert world.companies.holders_of_email("same@baecker.example").invited == {winner.user_id}
    assert list(world.companies.users(COMPANY_ID, limit=100).rows) == [winner]
    assert len(world.entries()) == 1


def test_at_once_one_user_comes_from_a_contact(emulator_world):
    world = emulator_world
    users = [an_invited_user(contact_number="KT1") for _ in range(8)]
    contact = a_contact("KT1")
    results = at_once(*(lambda user=user: world.companies.add_user(user, an_entry(), contact) for user in users))
    _one_winner(results, Conflict)
    assert len(world.entries()) == 1


def test_at_once_one_company_is_created(emulator_world):
    world = emulator_world
    ids = [f"com_{serial:026}" for serial in range(11, 19)]
    users = [a_user(company_id=company_id) for company_id in ids]

    def activate(user):
        _complete(world, user, a_company(company_id=user.company_id))

    results = at_once(*(lambda user=user: activate(user) for user in users))
    _one_winner(results, CompanyExists)
    winner = users[results.index(None)]
    assert world.companies.company_of_number(NUMBER).company_id == winner.company_id
    assert [user for user in users if world.companies.user(user.user_id)] == [winner]


def test_at_once_one_of_two_main_contacts_stays(emulator_world):
    world = emulator_world
    chiefs = [a_main_contact(), a_main_contact()]
    world.founded(*chiefs)

    def leave(chief):
        world.companies.change_user(chief, chief.changed(LATER, status=UserStatus.DEACTIVATED), an_entry())

    _one_winner(at_once(*(lambda chief=chief: leave(chief) for chief in chiefs)), Conflict)
    assert len(_main_contacts(world)) == 1


def test_at_once_one_change_of_a_version_wins(emulator_world):
    world = emulator_world
    user = a_user()
    world.founded(user)
    changes = [user.changed(LATER, name=f"Name {serial}") for serial in range(8)]
    results = at_once(*(lambda after=after: world.companies.change_user(user, after, an_entry()) for after in changes))
    _one_winner(results, PreconditionFailed)
    assert world.companies.user(user.user_id) == changes[results.index(None)]
    assert len(world.entries()) == 2


def test_at_once_one_request_claims_an_invitation(emulator_world):
    world = emulator_world
    user = _invited(world)
    claims = [a_claim(f"claim-{serial}") for serial in range(8)]
    results = at_once(*(lambda claim=claim: world.companies.claim_invitation(user, claim, NOON) for claim in claims))
    _one_winner(results)
    assert world.companies.user(user.user_id).claim == claims[results.index(None)]


def test_at_once_no_more_guesses_than_tries_are_compared(emulator_world):
    world = emulator_world
    attempt = _began(world)
    guesses = [lambda: world.companies.try_code(attempt.key, a_claim("same key"), NOON, 5) for _ in range(20)]
    results = at_once(*guesses)
    assert sorted(result.tries for result in results if not isinstance(result, Exception)) == [1, 2, 3, 4, 5]
    assert {result.code for result in results if isinstance(result, Exception)} == {"code-exhausted"}


def test_at_once_one_request_tries_a_code(emulator_world):
    world = emulator_world
    attempt = _began(world)
    claims = [a_claim(f"claim-{serial}") for serial in range(8)]
    results = at_once(*(lambda claim=claim: world.companies.try_code(attempt.key, claim, NOON, 5) for claim in claims))
    assert [type(result) for result in results].count(InProgress) == 7
    assert world.companies.attempt(attempt.key).tries == 1


def test_at_once_no_more_refusals_than_allowed_are_looked_at(emulator_world):
    world = emulator_world
    limits = RefusalLimits()
    results = at_once(*(lambda: _reserve(world, limits=limits) for _ in range(20)))
    assert results.count(None) == 5
    assert sum(isinstance(result, TooManyRequests) for result in results) == 15


def test_at_once_a_network_tries_no_more_numbers_than_allowed(emulator_world):
    world = emulator_world
    numbers = [f"{serial}" for serial in range(40)]
    results = at_once(
        *(lambda number=number: _reserve(world, number=number, limits=RefusalLimits()) for number in numbers)
    )
    assert results.count(None) == 20
    assert sum(isinstance(result, TooManyRequests) for result in results) == 20


def test_at_once_one_attempt_is_begun(emulator_world):
    world = emulator_world
    attempts = [an_attempt(attempt_id=f"attempt-{serial}") for serial in range(8)]

    def begin(attempt):
        world.companies.save_attempt(attempt, an_entry(), replaces=None)

    results = at_once(*(lambda attempt=attempt: begin(attempt) for attempt in attempts))
    _one_winner(results)
    assert len(world.entries()) == 1


def test_at_once_a_mail_is_noted_once(emulator_world):
    world = emulator_world
    user = _invited(world, secret=None)
    hashes = [f"{serial}" * 64 for serial in range(8)]
    results = at_once(*(lambda token=token: _sent(world, user, token_hash=token) for token in hashes))
    assert sorted(results) == [False] * 7 + [True]
    assert world.companies.user(user.user_id).invitation.token_hash == hashes[results.index(True)]


def test_at_once_no_more_mails_than_allowed_are_reserved(emulator_world):
    def reserve():
        return emulator_world.companies.reserve_usage(COMPANY_ID, Usage(mails=1), NOON, HourlyLimits(mails=5))[0]

    assert sorted(at_once(*[reserve] * 12)) == [False] * 7 + [True] * 5
