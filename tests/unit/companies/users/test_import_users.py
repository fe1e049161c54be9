"""Importing users from a table: each row is an invitation of its own."""

import pytest

from customer_center.companies.entries import person
from customer_center.companies.model import InvitationRules, Role, Usage, UserStatus
from customer_center.companies.users.import_users import RowStatus, used_by
from customer_center.platform.errors import (
    FieldError,
    Forbidden,
    InProgress,
    InvalidInput,
    OutsideTimeout,
    Overloaded,
)
from customer_center.platform.idempotency import Idempotency
from tests.builders.companies import (
    COMPANY_ID,
    OTHER_COMPANY_ID,
    a_company,
    a_main_contact,
    a_user,
    an_entry,
    an_invited_user,
    budgets,
)
from tests.builders.companies_room import Room
from tests.builders.erp import INVOICE, NUMBER, a_contact, a_customer

INVITED, WOULD_INVITE, UNCHANGED, REFUSED, NOT_TRIED = RowStatus


@pytest.fixture
def room():
    room = Room()
    contacts = [
        a_contact("KT100", name="Anna Mehl", email="anna@baecker.example", language_code="DEU"),
        a_contact("KT200", name="Bill Bun", email=None, language_code="ENU"),
    ]
    room.erp.add(a_customer(), contacts=contacts, invoices=[INVOICE])
    return room


@pytest.fixture
def chief(room):
    chief = a_main_contact(name="Tja", email="tja@baecker.example")
    room.companies.add(a_company(), chief)
    return chief


def _statuses(results):
    return [result.status for result in results]


def _user(room, email):
    return room.companies.user(room.companies.holders_of_email(email).colleague(COMPANY_ID))


NINA = "mrs,Nina Neu,nina@baecker.example,buyer,de,,,,\n"
OTTO = "mr,Otto Ost,otto@baecker.example,approver;buyer,fr,,100.00,500.00,EUR\n"
ANNA = "mrs,,,buyer,,KT100,,,\n"


def test_each_row_invites_a_person(room, chief):
    results = room.import_users(chief, NINA + OTTO)
    assert [(result.number, result.email, result.status) for result in results] == [
        (2, "nina@baecker.example", INVITED),
        (3, "otto@baecker.example", INVITED),
    ]
    otto = room.companies.user(results[1].user_id)
    assert (otto.name, otto.salutation, otto.language, otto.status) == ("Otto Ost", "mr", "fr", UserStatus.INVITED)
    assert otto.roles == {Role.APPROVER, Role.BUYER}
    assert otto.budgets == budgets("100.00", "500.00")
    assert otto.invitation.invited_by == chief.user_id


def test_each_is_a_change_of_its_own_with_its_mail(room, chief):
    results = room.import_users(chief, NINA + OTTO)
    assert [(entry.action, entry.subject) for entry in room.companies.entries] == [
        ("user.invited", result.user_id) for result in results
    ]
    room.follow_up()
    assert [mail.to for mail in room.mailer.sent] == ["nina@baecker.example", "otto@baecker.example"]


def test_a_contact_number_brings_what_the_row_leaves_out(room, chief):
    """001: "This feature adds an user, who is displayed in the list "ERP users", to the shop."."""
    (result,) = room.import_users(chief, ANNA)
    assert (result.status, result.email) == (INVITED, "anna@baecker.example")
    anna = room.companies.user(result.user_id)
    assert (anna.name, anna.language, anna.contact_number) == ("Anna Mehl", "de", "KT100")
    assert room.companies.user_id_of_contact(chief.company_id, "KT100") == anna.user_id


def test_the_erp_is_asked_once_and_only_for_contacts(room, chief):
    room.import_users(chief, NINA + OTTO)
    assert room.erp.calls == []
    room.import_users(chief, ANNA + "mr,,bill@baecker.example,buyer,,KT200,,,\n")
    assert room.erp.calls == [("select_contacts", NUMBER)]


def test_dry_runs_do_not_use_up_the_erp(room, chief):
    for _ in range(5):
        room.import_users(chief, ANNA, dry_run=True)
    assert room.erp.calls == [("select_contacts", NUMBER)]


def test_while_the_list_is_being_read_rows_with_contacts_wait_and_the_others_do_not(room, chief):
    room.companies.ask_for_contacts(chief.company_id, room.clock.now())
    results = room.import_users(chief, NINA + ANNA)
    assert [result.status for result in results] == [RowStatus.INVITED, RowStatus.NOT_TRIED]
    assert room.erp.calls == []
    room.clock.advance(seconds=30)
    results = room.import_users(chief, NINA + ANNA)
    assert [result.status for result in results] == [RowStatus.UNCHANGED, RowStatus.INVITED]


def test_without_the_erp_a_table_with_contacts_changes_nothing(room, chief):
    room.erp.error = OutsideTimeout("erp-timeout")
    with pytest.raises(OutsideTimeout):
        room.import_users(chief, NINA + ANNA)
    assert [entry.action for entry in room.companies.entries] == ["contacts.asked_for"]


def test_who_is_no_contact_becomes_one_where_that_is_on(room, chief):
    room.invitation_rules = InvitationRules(create_erp_contact=True)
    room.import_users(chief, NINA + ANNA)
    assert [[effect.kind for effect in entry.effects] for entry in room.companies.entries] == [
        ["mail", "erp_contact"],
        ["mail"],
    ]


# What is refused


@pytest.mark.parametrize(
    ("row", "code", "errors"),
    [
        (",Nina,n@x.example,buyer,,,,,", "invalid-input", [("/salutation", "required")]),
        ("dr,Nina,n@x.example,buyer,,,,,", "invalid-input", [("/salutation", "unknown-value")]),
        ("mr,,,buyer,,,,,", "invalid-input", [("/name", "required"), ("/email", "required")]),
        ("mr,Nina,nina,buyer,,,,,", "invalid-input", [("/email", "email")]),
        ("mr,Nina,n@x.example,,,,,,", "invalid-input", [("/roles", "required")]),
        ("mr,Nina,n@x.example,boss,,,,,", "invalid-input", [("/roles", "unknown-value")]),
        ("mr,Nina,n@x.example,boss|king,,,,,", "invalid-input", [("/roles", "unknown-value")]),
        ("mr,Nina,n@x.example,business_user,,,,,", "invalid-input", [("/roles", "role-not-assignable")]),
        (f"mr,{'N' * 51},n@x.example,buyer,,,,,", "invalid-input", [("/name", "too-long")]),
        ("mr,Nina,n@x.example,buyer,,,ten,,EUR", "invalid-input", [("/budget_per_order", "number")]),
        ("mr,Nina,n@x.example,buyer,,,,0,EUR", "invalid-input", [("/budget_per_month", "out-of-range")]),
        ("mr,Nina,n@x.example,buyer,,,1,2,", "invalid-input", [("/currency", "required")]),
        ("mr,Nina,n@x.example,buyer,,,1,,gulden", "invalid-input", [("/currency", "unknown-value")]),
        ("mr,Nina,n@x.example,buyer,,,,,,more", "invalid-input", [("/J", "unknown-column")]),
        ("mr,,,buyer,,KT200,,,", "invalid-input", [("/email", "required")]),
        ("mr,Nina,n@x.example,buyer,,KT404,,,", "contact-not-found", [("/contact_number", "contact-not-found")]),
        ("mr,Nina,tja@baecker.example,buyer,,KT100,,,", None, []),
        ("mr,Nina,STRANGER@x.example,buyer,,,,,", "email-in-use", [("/email", "email-in-use")]),
        ("mr,Nina,off@baecker.example,buyer,,,,,", "email-in-use", [("/email", "email-of-deactivated-colleague")]),
    ],
)
@pytest.mark.parametrize("dry_run", [False, True])
def test_a_bad_row_is_told_where_it_is_and_keeps_no_other(room, chief, row, code, errors, dry_run):
    """001: "the required fields "Salutation", "Name" and "E-Mail" are set", "at least one role is selected", "the email
    is not yet used for another shop user"."""
    stranger = a_user(company_id=OTHER_COMPANY_ID, email="stranger@x.example")
    room.companies.add(a_company(company_id=OTHER_COMPANY_ID, customer_number="20000"), stranger)
    company = room.companies.company(chief.company_id)
    room.companies.add(company, a_user(email="off@baecker.example", status=UserStatus.DEACTIVATED))
    before, bad, after = room.import_users(chief, NINA + row + "\n" + OTTO, dry_run=dry_run)
    assert (bad.status, bad.code) == (REFUSED if code else UNCHANGED, code)
    assert [(error.pointer, error.code) for error in bad.errors] == list(errors)
    assert _statuses([before, after]) == [WOULD_INVITE if dry_run else INVITED] * 2


def test_what_people_write_in_their_language_is_understood(room, chief):
    table = (
        "\ufeffsep=;\r\n"
        "Anrede;Vollständiger Name;E-Mail-Adresse;Rolle;Sprache;Kontakt-Nr.;Budget pro Bestellung;Währung;\r\n"
        ";;;;;;;;\r\n"
        "Frau;Nina\u00a0Neu;\u200enina@bäcker.example ;Freigabe, Einkauf;Französisch;;1.000,50;€;\r\n"
        "Herr;;;EINKÄUFER;;\u200eKT100;;;\r\n"
    )
    nina, anna = room.import_users(chief, table, header=False)
    assert [(nina.number, nina.status), (anna.number, anna.status)] == [(3, INVITED), (4, INVITED)]
    user = room.companies.user(nina.user_id)
    assert (user.salutation, user.name, user.email) == ("mrs", "Nina Neu", "nina@xn--bcker-gra.example")
    assert (user.roles, user.language, user.budgets) == ({Role.APPROVER, Role.BUYER}, "fr", budgets("1000.50"))
    anna = room.companies.user(anna.user_id)
    assert (anna.salutation, anna.name, anna.roles, anna.contact_number) == ("mr", "Anna Mehl", {Role.BUYER}, "KT100")


def test_an_error_names_row_column_and_the_allowed_values(room, chief):
    (dr, boss) = room.import_users(chief, "dr,Nina,n@x.example,buyer,,,,,\nmr,Nina,m@x.example,boss,,,,,\n")
    assert (dr.number, *dr.errors) == (2, FieldError("/salutation", "unknown-value", "mr, mrs"))
    assert (boss.number, *boss.errors) == (3, FieldError("/roles", "unknown-value", "main_contact, approver, buyer"))


@pytest.mark.parametrize(
    ("row", "error"),
    [
        ("mr,shop-login.example/x,n@x.example,buyer,,,,,", ("/name", "address-in-name")),
        ("mr,\u3164,n@x.example,buyer,,,,,", ("/name", "required")),
        ("mr,\U000e0041,n@x.example,buyer,,,,,", ("/name", "required")),
        (f"mr,,,buyer,,{'K' * 41},,,", ("/contact_number", "too-long")),
    ],
)
def test_names_and_numbers_are_held_to_the_same_rules_as_in_a_form(room, chief, row, error):
    (result,) = room.import_users(chief, row + "\n")
    assert [(wrong.pointer, wrong.code) for wrong in result.errors] == [error]


def test_a_contact_whose_name_is_an_address_needs_a_name(room, chief):
    room.erp.add(a_customer(), contacts=[a_contact("KT100", name="www.x", email="anna@baecker.example")], invoices=[])
    (result,) = room.import_users(chief, ANNA)
    assert (result.status, result.errors) == (REFUSED, (FieldError("/name", "address-in-name"),))


@pytest.mark.parametrize("dry_run", [False, True])
def test_a_contact_who_has_an_account_is_refused_under_another_email(room, chief, dry_run):
    """001: "a list of ERP contacts, which are not yet set up as a user in the shop"."""
    room.invite(chief, "KT100")
    (result,) = room.import_users(chief, "mrs,Anna,other@baecker.example,buyer,,KT100,,,\n", dry_run=dry_run)
    assert (result.status, result.code) == (REFUSED, "contact-in-use")
    assert result.errors == (FieldError("/contact_number", "contact-in-use"),)


@pytest.mark.parametrize("dry_run", [False, True])
def test_of_two_rows_for_one_person_the_first_counts(room, chief, dry_run):
    twice = "mrs,Other,NINA@baecker.example,buyer,,,,,\n"
    again = "mrs,Anna,other@baecker.example,buyer,,KT100,,,\n"
    results = room.import_users(chief, NINA + twice + ANNA + again + ANNA, dry_run=dry_run)
    done = WOULD_INVITE if dry_run else INVITED
    assert _statuses(results) == [done, REFUSED, done, REFUSED, REFUSED]
    assert results[1].errors == (FieldError("/email", "duplicate-row"),)
    assert results[3].errors == (FieldError("/contact_number", "contact-in-use"),)
    assert results[4].errors == (FieldError("/email", "duplicate-row"),)


@pytest.mark.parametrize("role", [Role.BUYER, Role.APPROVER, Role.BUSINESS_USER])
def test_who_cannot_assign_roles_imports_nobody(room, chief, role):
    with pytest.raises(Forbidden, match="permission-missing"):
        room.import_users(a_user(roles={role}), NINA)
    assert room.companies.entries == []


def test_more_than_200_rows_are_refused(room, chief):
    def rows(number):
        return "".join(f"mr,N{at},n{at}@baecker.example,buyer,,,,,\n" for at in range(number))

    assert set(_statuses(room.import_users(chief, rows(200)))) == {INVITED}
    with pytest.raises(InvalidInput, match="csv-too-long"):
        room.import_users(chief, rows(201))


# A dry run


def test_a_dry_run_checks_everything_and_invites_nobody(room, chief):
    results = room.import_users(chief, NINA + ANNA + "mr,,,boss,,,,,\n" + NINA, dry_run=True)
    assert _statuses(results) == [WOULD_INVITE, WOULD_INVITE, REFUSED, REFUSED]
    assert [result.user_id for result in results] == [None] * 4
    assert room.companies.effects == []
    assert room.companies.everybody == (chief,)


def test_a_dry_run_stands_in_the_audit_trail_and_names_nobody(room, chief):
    """Its results tell who has an account, so that nobody may ask unseen."""
    elsewhere = a_user(company_id=OTHER_COMPANY_ID, email="nina@baecker.example")
    room.companies.add(a_company(company_id=OTHER_COMPANY_ID), elsewhere)
    results = room.import_users(chief, NINA + ANNA, dry_run=True)
    assert [result.code for result in results] == ["email-in-use", None]
    (entry,) = room.companies.entries
    assert (entry.action, entry.actor, entry.subject) == ("import.checked", person(chief), chief.company_id)
    assert entry.changes == {"rows": (None, 2)}
    assert list(room.audit_trail().rows) == [entry]


def test_a_dry_run_that_is_repeated_with_its_key_stands_in_the_audit_trail_each_time(room, chief):
    request = Idempotency("key", "hash")
    first = room.import_users(chief, NINA, dry_run=True, request=request)
    assert room.import_users(chief, NINA, dry_run=True, request=request) == first
    assert [entry.action for entry in room.companies.entries] == ["import.checked"] * 2


def test_what_a_row_uses_is_a_mail_or_a_try_or_nothing(room, chief):
    """Rows that tell nothing new are free: those of colleagues, and those with a mistake in their cells."""
    elsewhere = a_user(company_id=OTHER_COMPANY_ID, email="nina@baecker.example")
    room.companies.add(a_company(company_id=OTHER_COMPANY_ID), elsewhere)
    room.companies.add(room.companies.company(chief.company_id), a_user(email="otto@baecker.example"))
    table = NINA + ANNA + OTTO + "mr,,,boss,,,,,\n"
    dry, real = (used_by(room.import_users(chief, table, dry_run=dry)) for dry in (True, False))
    assert dry == Usage(tries=2)
    assert real == Usage(mails=1, tries=1)


def test_rows_beyond_the_limit_are_not_tried_and_rows_that_use_nothing_do_not_count(room, chief):
    room.companies.add(room.companies.company(chief.company_id), a_user(email="otto@baecker.example"))
    results = room.import_users(chief, OTTO + NINA + ANNA, invitations=1)
    assert _statuses(results) == [UNCHANGED, INVITED, NOT_TRIED]


def test_a_row_whose_write_is_throttled_is_not_tried_and_the_others_are_reported(room, chief, monkeypatch):
    add_user, calls = room.companies.add_user, []

    def throttled(*arguments):
        calls.append(arguments)
        if len(calls) == 1:
            raise Overloaded
        add_user(*arguments)

    monkeypatch.setattr(room.companies, "add_user", throttled)
    assert _statuses(room.import_users(chief, NINA + ANNA)) == [NOT_TRIED, INVITED]


# Again


def test_a_repeat_after_a_lost_answer_changes_nothing(room, chief):
    first = room.import_users(chief, NINA + ANNA)
    entries = list(room.companies.entries)
    again = room.import_users(chief, NINA + ANNA)
    assert [(result.status, result.user_id) for result in again] == [(UNCHANGED, it.user_id) for it in first]
    assert room.companies.entries == entries


@pytest.mark.parametrize("dry_run", [False, True])
def test_who_is_here_already_is_unchanged_whatever_the_row_says(room, chief, dry_run):
    present = a_user(email="nina@baecker.example"), an_invited_user(email="otto@baecker.example")
    room.companies.add(room.companies.company(chief.company_id), *present)
    results = room.import_users(chief, NINA + OTTO, dry_run=dry_run)
    assert [(result.status, result.user_id) for result in results] == [(UNCHANGED, it.user_id) for it in present]


class Crossing:
    """Companies to which a concurrent request adds the same person first."""

    def __init__(self, companies, add):
        self._companies = companies
        self._add = add

    def __getattr__(self, name):
        return getattr(self._companies, name)

    def add_user(self, *args):
        add, self._add = self._add, None
        if add:
            add()
        return self._companies.add_user(*args)


@pytest.mark.parametrize("row", [NINA, ANNA])
def test_two_imports_of_one_table_at_once_invite_each_person_once(room, chief, row):
    companies = room.companies
    other = []

    def the_other_import():
        room.companies = companies
        other.extend(room.import_users(chief, row))

    room.companies = Crossing(companies, the_other_import)
    (result,) = room.import_users(chief, row)
    assert (result.status, result.user_id) == (UNCHANGED, other[0].user_id)
    assert len(companies.entries) == 1


def test_a_row_that_another_change_keeps_crossing_is_for_the_next_time(room, chief):
    companies = room.companies

    def crossed():
        raise InProgress("in-progress", retry_after=1)

    room.companies = Crossing(companies, crossed)
    results = room.import_users(chief, NINA + OTTO)
    assert _statuses(results) == [NOT_TRIED, INVITED]


def test_rows_are_not_tried_once_the_time_is_up(room, chief):
    companies = room.companies
    room.companies = Crossing(companies, lambda: room.clock.advance(seconds=20))
    results = room.import_users(chief, NINA + OTTO + ANNA, seconds=20)
    assert _statuses(results) == [INVITED, NOT_TRIED, NOT_TRIED]
    room.companies = companies
    assert _statuses(room.import_users(chief, NINA + OTTO + ANNA)) == [UNCHANGED, INVITED, INVITED]


def test_rows_are_not_tried_once_the_mails_of_the_hour_are_used_up(room, chief):
    assert _statuses(room.import_users(chief, NINA + OTTO + ANNA, invitations=1)) == [INVITED, NOT_TRIED, NOT_TRIED]
    assert _statuses(room.import_users(chief, NINA + OTTO + ANNA, invitations=1)) == [UNCHANGED, INVITED, NOT_TRIED]


def test_a_request_with_a_key_is_for_one_table(room, chief):
    request = Idempotency("key", "hash of a table")
    room.import_users(chief, NINA + OTTO, request=request)
    assert _statuses(room.import_users(chief, NINA + OTTO, request=request)) == [UNCHANGED, UNCHANGED]
    with pytest.raises(InvalidInput, match="idempotency-key-reused"):
        room.import_users(chief, ANNA, request=Idempotency("key", "hash of another"))
    assert len(room.companies.entries) == 2


def test_a_table_none_of_whose_rows_was_written_leaves_its_key_free(room, chief):
    request = Idempotency("key", "hash")
    room.import_users(chief, "mr,,,boss,,,,,\n", request=request)
    assert room.companies.remembered(request, room.clock.now()) is None


def test_a_conflict_that_is_no_repeat_is_told(room, chief):
    """A concurrent request gave the contact to another user."""
    companies = room.companies
    other = an_invited_user(email="other@baecker.example", contact_number="KT100")
    room.companies = Crossing(companies, lambda: companies.add_user(other, an_entry(), room.erp.contacts[NUMBER][0]))
    (result,) = room.import_users(chief, ANNA)
    assert (result.status, result.code) == (REFUSED, "contact-in-use")
