"""Users as CSV, in the import's own format (docs/specification.md, 4.66)."""

import csv
import io
import json
from urllib.parse import parse_qsl

import pytest

from customer_center.companies.users.import_bodies import COLUMNS
from tests.integration.aws import event_of
from tests.integration.functions.requests_of_samples import with_query, with_raw

SAMPLE = "users/export_users"


def rows(reply):
    return list(csv.DictReader(io.StringIO(without_mark(reply), newline="")))


def without_mark(reply):
    """Return the table without the byte order mark that it begins with."""
    assert reply.text.startswith("\ufeff"), "Excel reads the table in the wrong encoding"
    return reply.text.removeprefix("\ufeff")


def test_users_are_exported_with_the_columns_of_the_import(company):
    reply = company.call(event_of(SAMPLE))
    assert reply.status == 200
    assert reply.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert reply.headers["Content-Disposition"] == 'attachment; filename="users.csv"'
    assert without_mark(reply).partition("\r\n")[0].split(",") == list(COLUMNS)
    listed = company.call(event_of("users/list_users")).body["items"]
    assert [(row["name"], row["email"], row["language"]) for row in rows(reply)] == [
        (user["name"], user["email"], user["language"]) for user in listed
    ]
    assert [row["roles"].split("|") for row in rows(reply)] == [user["roles"] for user in listed]


def test_budgets_have_the_decimals_of_their_currency(company):
    budgets = {"per_order": None, "per_month": {"amount": "1000", "currency": "JPY"}}
    body = json.loads(event_of("users/request_user")["body"]) | {"budgets": budgets}
    company.call(with_raw("users/request_user", json.dumps(body)), Currencies="JPY")
    row = rows(company.call(event_of(SAMPLE)))[-1]
    assert (row["budget_per_order"], row["budget_per_month"], row["currency"]) == ("", "1000", "JPY")


def test_what_is_exported_can_be_imported(company):
    """By the same company nobody is invited twice."""
    table = company.call(with_query(SAMPLE, status="active")).text
    results = company.call(with_raw("erp_contacts/import_users", table)).body["rows"]
    assert results
    assert {(result["status"], *map(json.dumps, result["errors"])) for result in results} == {("unchanged",)}


def test_a_new_user_comes_back_the_same_after_an_export_and_an_import(company):
    company.call(event_of("users/request_user"))
    listed = company.call(event_of("users/list_users")).body["items"]
    (user,) = [user for user in listed if user["name"] == "Nina Neu"]
    header, *lines = company.call(event_of(SAMPLE)).text.split("\r\n")
    (line,) = [line for line in lines if "Nina Neu" in line]
    table = f"{header}\r\n{line.replace(user['email'], 'nina.zwei@example.com')}\r\n"
    (result,) = company.call(with_raw("erp_contacts/import_users", table)).body["rows"]
    assert result["status"] == "invited"
    again = company.store.user(result["user_id"])
    assert (again.salutation, again.name, again.language) == (user["salutation"], user["name"], user["language"])
    assert sorted(again.roles) == user["roles"]
    assert f"{again.budgets.per_order.amount:.2f}" == user["budgets"]["per_order"]["amount"]


def test_a_long_table_comes_in_parts(company):
    whole = rows(company.call(event_of(SAMPLE)))
    first = company.call(with_query(SAMPLE, limit="4", sort="name"))
    address = first.headers["Link"].removeprefix("<?").removesuffix('>; rel="next"')
    second = company.call(with_query(SAMPLE, **dict(parse_qsl(address))))
    assert "Link" not in second.headers
    assert sorted(row["email"] for row in rows(first) + rows(second)) == sorted(row["email"] for row in whole)


@pytest.mark.parametrize("name", ["=1+1", "+1 Otto", "@SUM(A1)", "-2"])
def test_no_name_is_run_as_a_formula(company, name):
    body = json.loads(event_of("users/request_user")["body"]) | {"name": name}
    company.call(with_raw("users/request_user", json.dumps(body)))
    assert rows(company.call(event_of(SAMPLE)))[-1]["name"] == f"'{name}"
