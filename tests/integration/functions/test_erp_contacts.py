"""The erp_contacts function: contacts without an account, their invitation, and the import of a table."""

import base64
import re

import pytest

from customer_center.companies.users.import_bodies import COLUMNS
from customer_center.platform.http import MAX_BODY_BYTES
from customer_center.platform.spreadsheet import BYTES_AT_MOST
from tests.integration.aws import event_of
from tests.integration.functions.requests_of_samples import with_header, with_path, with_query, with_raw
from tests.integration.functions.stage import assert_problem, half_a_minute_later
from tests.integration.population import COMPANY, MAIN
from tests.texts import ALL_TEXTS


def test_contacts_without_an_account_are_listed(company):
    reply = company.call(event_of("erp_contacts/list_contacts"))
    assert reply.status == 200
    assert (reply.body["outdated"], reply.body["stale"]) == (False, False)
    names = [contact["name"] for contact in reply.body["items"]]
    assert names == sorted(names, key=str.casefold)
    assert len(names) == 11
    assert "Max Mustermann" not in names
    cannot = [contact["name"] for contact in reply.body["items"] if contact["cannot_be_invited"]]
    assert cannot == ["Tina Tinte"]


def test_contacts_are_found_by_how_their_name_begins(company):
    reply = company.call(with_query("erp_contacts/list_contacts", q="ANNA"))
    assert [contact["name"] for contact in reply.body["items"]] == ["Anna Müller"]


def test_a_contact_is_invited_with_the_erps_own_data(company):
    reply = company.call(event_of("erp_contacts/invite"))
    assert reply.status == 201
    invited = reply.body
    assert (invited["name"], invited["email"], invited["contact_number"]) == (
        "Anna Müller",
        "anna@musterhandel.example",
        "KT010006",
    )
    assert company.effects() == ["mail"]
    repeated = event_of("erp_contacts/invite")
    assert_problem(company.call(repeated), repeated, 409, "contact-in-use")


CONTACT_NUMBERS = {
    "unknown": "KT999999",
    "of-another-customer": "KT020001",
    "the-company-itself": "KT010000",
    "path": "../KT010006",
    "slash": "KT/010006",
    "backslash": "KT\\010006",
    "percent": "KT%010006",
    "percent-encoded-slash": "KT%2F010006",
    "small-letters": "kt010006",
    "nul": "KT010006\x00",
    "hash": "KT#010006",
    "long": "K" * 3000,
    "surrogate": "\ud800",
}


@pytest.mark.parametrize("number", CONTACT_NUMBERS.values(), ids=CONTACT_NUMBERS)
def test_a_contact_number_the_erp_does_not_have_is_not_found(company, erp, number):
    company.call(event_of("erp_contacts/list_contacts"))
    asked = len(erp.requests)
    company.refuses(with_path("erp_contacts/invite", "contact_number", number), 404, "contact-not-found")
    assert len(erp.requests) == asked, "the stored list is new: nobody can use up the ERP"


def test_a_contact_number_is_looked_for_in_the_erp_when_there_is_no_list(company):
    event = with_path("erp_contacts/invite", "contact_number", "KT999999")
    assert_problem(company.call(event), event, 404, "contact-not-found")


@pytest.mark.parametrize("number", ["KT/1 ä", "KT#1?", "a+b", "ÄÖÜ-1"])
def test_a_contact_with_an_odd_number_can_be_invited(company, erp, number):
    erp.erp.change({"number": "10000", "add_contacts": [{"number": number, "name": "Odd", "email": "odd@x.example"}]})
    reply = company.call(with_path("erp_contacts/invite", "contact_number", number))
    assert reply.status == 201
    assert reply.body["contact_number"] == number


def test_a_table_of_users_is_imported_row_by_row(company):
    reply = company.call(event_of("erp_contacts/import_users"))
    assert reply.status == 200
    told = [(row["row"], row["status"], row["email"], row["code"]) for row in reply.body["rows"]]
    assert told == [
        (2, "invited", "nina.neu@musterhandel.example", None),
        (3, "invited", "anna@musterhandel.example", None),
        (4, "refused", "otto", "invalid-input"),
    ]
    (wrong,) = reply.body["rows"][2]["errors"]
    assert wrong == {"pointer": "/email", "code": "email", "message": ALL_TEXTS.fields["email"]["de"]}
    assert (reply.body["dry_run"], reply.body["invited"], reply.body["refused"]) == (False, 2, 1)
    nina, anna = (company.store.user(row["user_id"]) for row in reply.body["rows"][:2])
    assert (nina.language, sorted(nina.roles), nina.invitation.invited_by) == ("de", ["approver", "buyer"], MAIN)
    assert (anna.name, anna.contact_number) == ("Anna Müller", "KT010006")
    assert company.effects() == ["mail", "mail"]


@pytest.mark.parametrize("dry_run", ["true", "false"])
def test_a_table_with_a_header_only_has_no_results(company, dry_run):
    event = event_of("erp_contacts/import_users")
    event["queryStringParameters"] = {"dry_run": dry_run}
    event["body"], event["isBase64Encoded"] = "salutation,name,email,roles\n", False
    reply = company.call(event)
    assert (reply.status, reply.body["rows"]) == (200, [])


def left(reply):
    """Return what the answer says is left of each limit."""
    return {policy: int(number) for policy, number in re.findall(r'"([a-z-]+)";r=(\d+)', reply.headers["RateLimit"])}


def test_an_import_can_be_tried_first(company):
    before = company.records()
    company.call(event_of("erp_contacts/list_contacts"))
    before = company.aws.items()
    event = event_of("erp_contacts/import_users")
    event["queryStringParameters"] = {"dry_run": "true"}
    reply = company.call(event)
    assert left(reply) == {"tries-per-hour": 598, "erp-requests-per-hour": 299}
    assert [row["status"] for row in reply.body["rows"]] == ["would_invite", "would_invite", "refused"]
    assert (reply.body["dry_run"], reply.body["invited"], reply.body["refused"]) == (True, 0, 1)
    (key,) = company.records().keys() - before.keys()
    assert (company.records()[key]["action"], company.effects()) == ({"S": "import.checked"}, [])
    assert company.changes_in(COMPANY)[-1] == ("import.checked", "person", MAIN)


def test_dry_runs_do_not_tell_without_end_who_has_an_account(company):
    limits = {"TriesPerHour": "5"}
    event = event_of("erp_contacts/import_users")
    event["queryStringParameters"] = {"dry_run": "true"}
    for _ in range(2):
        assert company.call(event, **limits).status == 200
    last = company.call(event, **limits).body
    assert [row["status"] for row in last["rows"]] == ["would_invite", "not_tried", "not_tried"]
    company.refuses(event, 429, "too-many-requests", parameters=limits)


def test_an_import_reserves_its_rows_and_gives_back_what_it_did_not_use(company):
    event = event_of("erp_contacts/import_users")
    reply = company.call(event)
    assert left(reply) == {"mails-per-hour": 198, "erp-requests-per-hour": 299}
    assert left(company.call(event)) == {"erp-requests-per-hour": 298}


@pytest.mark.parametrize("number", ["KT999999", "KT010000"])
def test_unknown_contacts_cannot_be_tried_without_end(company, number):
    limits = {"ErpRequestsPerHour": "3"}
    company.call(event_of("erp_contacts/list_contacts"))
    event = with_path("erp_contacts/invite", "contact_number", number)
    for _ in range(3):
        company.refuses(event, 404, "contact-not-found", parameters=limits)
    reply = company.refuses(event, 429, "too-many-requests", parameters=limits)
    assert '"erp-requests-per-hour";r=0' in reply.headers["RateLimit"]
    limits = {"TriesPerHour": "3"}
    company.refuses(event, 429, "too-many-requests", parameters=limits)


def test_the_list_cannot_be_refreshed_without_end_and_is_still_shown(company):
    limits = {"ErpRequestsPerHour": "2"}
    refresh = with_query("erp_contacts/list_contacts", refresh="true")
    assert "RateLimit" not in company.call(refresh, **limits).headers, "the first list is read without a refresh"
    for rest in ("1", "0"):
        half_a_minute_later(company)
        for counted in (True, False, False):
            reply = company.call(refresh, **limits)
            assert (reply.status, "RateLimit" in reply.headers) == (200, counted), "the ERP is asked once in 30 seconds"
            assert not counted or f'"erp-requests-per-hour";r={rest}' in reply.headers["RateLimit"]
    half_a_minute_later(company)
    company.refuses(refresh, 429, "too-many-requests", parameters=limits)
    assert company.call(event_of("erp_contacts/list_contacts"), **limits).status == 200


def test_imported_people_become_contacts_of_the_erp_where_that_is_switched_on(company):
    company.call(event_of("erp_contacts/import_users"), CreateErpContact="true")
    assert company.effects() == ["erp_contact", "mail", "mail"]


def test_a_repeated_import_goes_on_where_the_first_one_stopped(company):
    event = with_header(event_of("erp_contacts/import_users"), "idempotency-key", "import-1")
    first, again = company.call(event).body, company.call(event).body
    assert [row["status"] for row in again["rows"]] == ["unchanged", "unchanged", "refused"]
    assert [row["user_id"] for row in again["rows"]] == [row["user_id"] for row in first["rows"]]
    event["body"] = "salutation,name,email,roles\nmr,Other,other@x.example,buyer\n"
    company.refuses(event, 422, "idempotency-key-reused")


TABLES = {
    "nothing": (None, 400, "csv-invalid"),
    "empty": ("", 400, "csv-invalid"),
    "json": ("{}", 400, "csv-invalid"),
    "no-header": ("mr,Nina,n@x.example,buyer", 400, "csv-invalid"),
    "open-quote": ('salutation,roles\n"mr,buyer', 400, "csv-row-invalid"),
    "201-rows": ("salutation,roles\n" + "mr,buyer\n" * 201, 422, "csv-too-long"),
    "1-mb-and-one": ("x" * (BYTES_AT_MOST + 1), 413, "body-too-large"),
    "4-mb-and-one": ("x" * (MAX_BODY_BYTES + 1), 413, "body-too-large"),
    # The gateway has replaced what it could not read.
    "another-encoding": ("salutation,roles,name\nmr,buyer,M\ufffdller", 400, "csv-encoding"),
}


@pytest.mark.parametrize(("text", "status", "code"), TABLES.values(), ids=TABLES)
def test_a_table_that_cannot_be_read_is_refused(company, text, status, code):
    company.refuses(with_raw("erp_contacts/import_users", text), status, code)


def test_wrong_columns_are_named_with_those_that_are_possible(company):
    event = with_raw("erp_contacts/import_users", "salutation,name,password,Nom\nmr,Nina,x,y")
    wrong = [("/password", "unknown-column"), ("/name", "duplicate-column"), ("/roles", "required")]
    reply = company.refuses(event, 422, "csv-columns", *wrong)
    assert all(column in reply.body["detail"] for column in COLUMNS)


def test_a_wrong_value_is_told_with_the_allowed_ones(company):
    event = with_raw("erp_contacts/import_users", "salutation,name,email,roles\ndr,Nina,n@x.example,buyer")
    (row,) = company.call(event).body["rows"]
    message = "Das ist keiner der erlaubten Werte (mr, mrs)."
    assert row["errors"] == [{"pointer": "/salutation", "code": "unknown-value", "message": message}]


@pytest.mark.parametrize("encoding", ["cp1252", "utf-16", "utf-8-sig"])
@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
def test_a_table_is_read_in_every_encoding_of_excel(company, encoding, delimiter):
    """As bytes: the gateway replaces what is not UTF-8 in bodies of the type `text/csv`."""
    text = "Anrede;Rollen;Name;E-Mail;\r\nFrau;Einkauf;Jörg Müller;j@x.example;\r\n".replace(";", delimiter)
    event = with_raw("erp_contacts/import_users", base64.b64encode(text.encode(encoding)).decode(), encoded=True)
    (row,) = company.call(event).body["rows"]
    user = company.store.user(row["user_id"])
    assert (user.name, user.salutation, sorted(user.roles)) == ("Jörg Müller", "mrs", ["buyer"])


def test_a_table_as_a_spreadsheet_program_writes_it_is_read(company):
    text = "\ufeffSalutation;Name;Email;Roles;Budget_per_order;Currency\r\nmr;Jürgen;j@x.example;buyer;100,50;EUR\r\n"
    event = with_raw("erp_contacts/import_users", base64.b64encode(text.encode()).decode(), encoded=True)
    (row,) = company.call(event).body["rows"]
    assert (row["status"], row["email"]) == ("invited", "j@x.example")
    assert str(company.store.user(row["user_id"]).budgets.per_order.amount) == "100.50"
