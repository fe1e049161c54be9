"""Every route with a query: bad parameters and forged cursors."""

import base64
import json
from datetime import UTC, datetime

import pytest

from customer_center.companies.model import Role
from customer_center.companies.users.find_users import UserFilter, UserSort
from customer_center.platform.dynamodb import cursor_of, to_item
from customer_center.platform.paging import written_cursor
from tests.integration.aws import event_of
from tests.integration.functions.requests_of_samples import with_query
from tests.integration.population import COMPANY, HTTP_SAMPLES, MAIN, OTHER_COMPANY, STRANGER
from tests.template_reader import ROOT

QUERIES = {
    "limit-0": ({"limit": "0"}, "/limit", "out-of-range"),
    "limit-101": ({"limit": "101"}, "/limit", "out-of-range"),
    "limit-below-zero": ({"limit": "-1"}, "/limit", "out-of-range"),
    "limit-abc": ({"limit": "abc"}, "/limit", "number"),
    "limit-twice": ({"limit": "1,2"}, "/limit", "number"),
    "limit-half": ({"limit": "1.5"}, "/limit", "number"),
    "limit-nan": ({"limit": "NaN"}, "/limit", "number"),
    "limit-huge": ({"limit": "9" * 5000}, "/limit", "out-of-range"),
    "unknown": ({"company_id": OTHER_COMPANY}, "/company_id", "unknown-field"),
    "unknown-and-empty": ({"stauts": ""}, "/stauts", "unknown-field"),
    "cursor-too-long": ({"cursor": "x" * 2001}, "/cursor", "too-long"),
    "cursor-lone-surrogate": ({"cursor": "\ud800"}, "/cursor", "invalid"),
    "status": ({"status": "gone"}, "/status", "unknown-value"),
    "invitation": ({"invitation": "lost"}, "/invitation", "unknown-value"),
    "role": ({"role": "buyer,approver"}, "/role", "unknown-value"),
    "sort": ({"sort": "NAME"}, "/sort", "unknown-value"),
    "q-too-long": ({"q": "x" * 101}, "/q", "too-long"),
    "q-nul": ({"q": "a\x00"}, "/q", "unprintable"),
}


_EVERYBODY = (UserFilter(), UserSort.CREATED)


def _forged(**values):
    return cursor_of(to_item(values))


CURSORS = {
    "not-base64": "!!!",
    "not-json": base64.urlsafe_b64encode(b"{").decode(),
    "no-object": base64.urlsafe_b64encode(b"[]").decode(),
    "nested": base64.urlsafe_b64encode(b"[" * 1000).decode(),
    "not-utf-8": base64.urlsafe_b64encode(b"\xff").decode(),
    "surrogate": written_cursor(["\ud800"], (COMPANY, *_EVERYBODY)),
    "of-another-company": written_cursor([STRANGER], (OTHER_COMPANY, *_EVERYBODY)),
    "at-another-company": written_cursor([STRANGER], (COMPANY, *_EVERYBODY)),
    "of-another-query": written_cursor([MAIN], (COMPANY, UserFilter(role=Role.BUYER), UserSort.CREATED)),
    "of-another-order": written_cursor(["max", MAIN], (COMPANY, UserFilter(), UserSort.NAME)),
    "of-the-contacts": _forged(pk=COMPANY, sk="contact#1", listing=f"{COMPANY}#contacts", listing_key="a"),
    "no-user": written_cursor(["company"], (COMPANY, *_EVERYBODY)),
    "beyond-ascii": "ü",
}


CONTACT_CURSORS = {
    "not-base64": "!!!",
    "of-another-company": _forged(
        pk=OTHER_COMPANY, sk="contact#1", listing=f"{OTHER_COMPANY}#contacts", listing_key="a"
    ),
    "of-the-users": _forged(pk=COMPANY, sk=f"user#{MAIN}"),
    "of-another-kind": _forged(pk=COMPANY, sk="company", listing=f"{COMPANY}#contacts", listing_key="a"),
}


@pytest.mark.parametrize(("query", "pointer", "code"), QUERIES.values(), ids=QUERIES)
def test_a_bad_query_is_told_where_it_is(company, query, pointer, code):
    company.refuses(with_query("users/list_users", **query), 422, "invalid-input", (pointer, code))


@pytest.mark.parametrize(
    ("query", "code"), [({"limit": "101"}, "out-of-range"), ({"refresh": "perhaps"}, "boolean")], ids=str
)
def test_a_bad_query_for_contacts_is_told_where_it_is(company, query, code):
    (name,) = query
    company.refuses(with_query("erp_contacts/list_contacts", **query), 422, "invalid-input", (f"/{name}", code))


@pytest.mark.parametrize("query", [{"dry_run": "perhaps"}, {"limit": "1"}], ids=repr)
def test_a_bad_query_for_an_import_is_told_where_it_is(company, query):
    event = event_of("erp_contacts/import_users")
    event["queryStringParameters"] = query
    (name,) = query
    code = "boolean" if name == "dry_run" else "unknown-field"
    company.refuses(event, 422, "invalid-input", (f"/{name}", code))


def with_optional_parameters():
    """Yield the sample event of each GET that has optional query parameters, with the names of these."""
    document = json.loads((ROOT / "docs/openapi.json").read_text())
    # A lookup needs one of its parameters, and the sample of a reconciliation names none that is stored.
    others = {"customers/look_up", "products/get_reconciliation"}
    for name in (name for name in HTTP_SAMPLES if name not in others):
        method, path = event_of(name)["routeKey"].split(" ")
        parameters = document["paths"][path][method.lower()].get("parameters", ())
        optional = [one["name"] for one in parameters if one.get("in") == "query" and not one["required"]]
        if optional and method == "GET":
            yield pytest.param(name, optional, id=name)


@pytest.mark.parametrize("empty", ["", " "], ids=["empty", "blank"])
@pytest.mark.parametrize(("path", "optional"), [*with_optional_parameters()])
def test_an_empty_parameter_is_answered_as_one_that_is_left_out(company, path, optional, empty):
    """A form sends its empty fields too."""
    without = event_of(path)
    given = without.get("queryStringParameters") or {}
    required = {name: value for name, value in given.items() if name not in optional}
    without["queryStringParameters"] = required or None
    expected = company.call(without)
    reply = company.call(with_query(path, **required, **dict.fromkeys(optional, empty)))
    assert (reply.status, shown(reply)) == (200, shown(expected))


def shown(reply):
    """Return what is answered, without a cursor: it may hold the time."""
    return reply.body | {"next_cursor": None} if "json" in reply.headers["Content-Type"] else reply.text


def test_an_empty_dry_run_is_none(company):
    event = event_of("erp_contacts/import_users")
    event["queryStringParameters"] = {"dry_run": ""}
    reply = company.call(event)
    assert (reply.status, reply.body["dry_run"]) == (200, False)


def test_a_required_parameter_that_is_empty_is_missing(company):
    company.refuses(
        with_query("machines/find_companies", customer_number=""),
        422,
        "invalid-input",
        ("/customer_number", "required"),
    )


AUDIT_QUERIES = {
    "limit": ({"limit": "9999"}, "/limit", "out-of-range"),
    "since": ({"since": "yesterday"}, "/since", "moment"),
    "without-a-zone": ({"since": "2026-11-24T10:00:00"}, "/since", "moment"),
    "a-day": ({"until": "2026-11-24"}, "/until", "moment"),
    "seconds-since-1970": ({"until": "1795515330.5"}, "/until", "moment"),
    "before-1970": ({"since": "-1"}, "/since", "moment"),
    "no-day": ({"until": "2026-02-30T00:00:00Z"}, "/until", "moment"),
    "action-unknown": ({"action": "user.praised"}, "/action", "unknown-value"),
    "unknown": ({"actor": MAIN}, "/actor", "unknown-field"),
}


@pytest.mark.parametrize("path", ["users/audit_trail", "users/export_audit_trail"])
@pytest.mark.parametrize(("query", "pointer", "code"), AUDIT_QUERIES.values(), ids=AUDIT_QUERIES)
def test_a_bad_query_for_the_audit_trail_is_told_where_it_is(company, path, query, pointer, code):
    company.refuses(with_query(path, **query), 422, "invalid-input", (pointer, code))


@pytest.mark.parametrize("path", ["users/audit_trail", "users/export_audit_trail"])
@pytest.mark.parametrize("kind", ["not-base64", "of-another-company", "of-the-contacts", "no-user"])
def test_a_forged_cursor_of_the_audit_trail_is_refused(company, path, kind):
    company.refuses(with_query(path, cursor=CURSORS[kind]), 400, "cursor-invalid")


@pytest.mark.parametrize("cursor", CURSORS.values(), ids=CURSORS)
def test_a_forged_cursor_is_refused(company, cursor):
    company.refuses(with_query("users/list_users", cursor=cursor), 400, "cursor-invalid")


@pytest.mark.parametrize("cursor", CONTACT_CURSORS.values(), ids=CONTACT_CURSORS)
def test_a_forged_cursor_of_contacts_is_refused(company, cursor):
    company.store.save_contacts(COMPANY, [], datetime.now(UTC))
    company.refuses(with_query("erp_contacts/list_contacts", cursor=cursor), 400, "cursor-invalid")
