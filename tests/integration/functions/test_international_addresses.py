"""International addresses: people see and type what they know; we store, compare and send the ASCII form."""

import csv
import io
import json

import pytest

from customer_center.platform.dynamodb import to_item
from tests.integration.aws import event_of
from tests.integration.functions.requests_of_samples import with_body, with_header, with_query, with_raw
from tests.integration.population import COMPANY, LEAVING

SHOWN = "anna@müller-söhne.example"
STORED = "anna@xn--mller-shne-kcb9d.example"


@pytest.fixture
def anna(company):
    """A user of the company with an international address."""
    reply = company.call(with_body("users/request_user", email=SHOWN))
    assert reply.status == 201, reply.text
    return reply.body


def test_it_is_shown_as_it_was_typed_and_stored_in_its_ascii_form(company, anna):
    assert anna["email"] == SHOWN
    assert company.store.user(anna["user_id"]).email == STORED
    assert company.store.holders_of_email(STORED).invited == {anna["user_id"]}


@pytest.mark.parametrize(
    "written", [SHOWN, STORED, SHOWN.upper().replace("ANNA", "anna"), f"\u200e{SHOWN} ", "Anna@MÜLLER-SÖHNE.example"]
)
def test_every_spelling_is_the_same_address(company, anna, written):
    wrong = ("/email", "email-of-invited-colleague")
    company.refuses(with_body("users/request_user", email=written), 409, "email-in-use", wrong)
    (found,) = company.call(with_query("users/list_users", q=written)).body["items"]
    assert found["user_id"] == anna["user_id"]


def test_what_was_shown_can_be_sent_back(company, anna):
    event = with_raw("users/edit", json.dumps({"email": anna["email"]}))
    event["pathParameters"]["user_id"] = anna["user_id"]
    event["headers"]["if-match"] = "*"
    reply = company.call(event)
    assert (reply.status, reply.body["email"], reply.body["version"]) == (200, SHOWN, anna["version"])


def test_a_new_address_of_a_user_is_shown_before_it_is_confirmed(company):
    user = company.call(with_header(with_raw("users/edit", json.dumps({"email": SHOWN})), "if-match", "*")).body
    assert user["email_change"]["email"] == SHOWN
    assert company.store.user(user["user_id"]).email_change.email == STORED


def test_the_code_is_sent_to_the_address_that_was_typed(stage):
    stage_email = with_body("activation/activate", customer_number="20000", invoice_number="203001", email=SHOWN)
    reply = stage.call(stage_email)
    assert (reply.status, reply.body["email"]) == (202, SHOWN)


def test_the_audit_trail_and_its_table_show_it(company, anna):
    entry = company.call(with_query("users/audit_trail", action="user.invited")).body["items"][0]
    assert entry["changes"]["email"] == [None, SHOWN]
    text = company.call(with_query("users/export_audit_trail", action="user.invited")).text
    (row,) = [
        row for row in csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline="")) if row["field"] == "email"
    ]
    assert row["after"] == SHOWN


def test_an_import_shows_it_and_takes_it(company):
    table = f"salutation,name,email,roles\nmrs,Anna,{SHOWN},buyer\nmr,Otto,{STORED},buyer\n"
    rows = company.call(with_raw("erp_contacts/import_users", table)).body["rows"]
    assert [(row["status"], row["email"]) for row in rows] == [("invited", SHOWN), ("refused", SHOWN)]


def test_a_confirmed_address_is_shown(company):
    company.has_login(LEAVING)
    company.aws.client("dynamodb").update_item(
        TableName=company.aws.physical("CompaniesTable"),
        Key=to_item({"pk": COMPANY, "sk": f"user#{LEAVING}"}),
        UpdateExpression="SET email_change.email = :email",
        ExpressionAttributeValues=to_item({":email": STORED}),
    )
    reply = company.call(event_of("invitations/confirm_email"), EmailChangeDelayHours="0")
    assert (reply.status, reply.body["email"]) == (200, SHOWN)
    login = company.aws.client("cognito-idp").admin_get_user(
        UserPoolId=company.aws.physical("UserPool"), Username=LEAVING
    )
    assert {"Name": "email", "Value": STORED} in login["UserAttributes"], "Cognito knows no other form"


def test_a_contact_of_the_erp_shows_it(company, erp):
    contact = {"number": "KT9", "name": "Anna", "email": STORED}
    erp.erp.change({"number": "10000", "add_contacts": [contact]})
    (found,) = company.call(with_query("erp_contacts/list_contacts", q="anna@müller")).body["items"]
    assert (found["contact_number"], found["email"], found["cannot_be_invited"]) == ("KT9", SHOWN, False)
