"""Whose an e-mail is that is in use: an administrator learns it of colleagues, and of nobody else (4.67)."""

import json

import pytest

from customer_center.companies.model import UserStatus
from tests.integration.aws import event_of
from tests.integration.functions.requests_of_samples import with_body
from tests.integration.functions.stage import assert_problem
from tests.integration.population import DEACTIVATED, INVITED, MAIN, STRANGER

COLLEAGUES = {
    "invited": (INVITED, "email-of-invited-colleague"),
    "active": (MAIN, "email-of-active-colleague"),
    "deactivated": (DEACTIVATED, "email-of-deactivated-colleague"),
}
WAYS = ("users/request_user", "erp_contacts/invite", "users/edit")


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("user_id", "code"), COLLEAGUES.values(), ids=COLLEAGUES)
def test_an_administrator_learns_that_it_is_a_colleague(company, way, user_id, code):
    colleague = company.store.user(user_id)
    event = with_body(way, email=f" {colleague.email.upper()}")
    reply = company.call(event)
    assert_problem(reply, event, 409, "email-in-use", ("/email", code))
    assert reply.body["user_id"] == user_id
    assert colleague.status is UserStatus(code.removeprefix("email-of-").removesuffix("-colleague"))


@pytest.mark.parametrize("way", WAYS)
def test_of_somebody_else_nothing_more_is_told(company, way):
    event = with_body(way, email=company.store.user(STRANGER).email)
    reply = company.call(event)
    assert_problem(reply, event, 409, "email-in-use", ("/email", "email-in-use"))
    assert reply.body.keys() == {"type", "title", "status", "detail", "code", "request_id", "errors"}
    assert STRANGER not in reply.text
    assert "Gross" not in reply.text


def test_a_row_of_an_import_says_it_too(company):
    emails = [company.store.user(user_id).email for user_id in (DEACTIVATED, STRANGER)]
    table = "salutation,name,email,roles\n" + "".join(f"mr,Otto,{email},buyer\n" for email in emails)
    event = event_of("erp_contacts/import_users") | {"body": table, "isBase64Encoded": False}
    ours, theirs = company.call(event).body["rows"]
    assert (ours["status"], ours["code"], ours["user_id"]) == ("refused", "email-in-use", DEACTIVATED)
    assert ours["errors"][0]["code"] == "email-of-deactivated-colleague"
    assert (theirs["status"], theirs["code"], theirs["user_id"]) == ("refused", "email-in-use", None)
    assert [error["code"] for error in theirs["errors"]] == ["email-in-use"]
    assert STRANGER not in json.dumps(theirs)
