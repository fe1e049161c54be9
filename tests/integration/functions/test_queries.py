"""Every route with a query: bad parameters and forged cursors."""

import base64
from datetime import UTC, datetime

import pytest

from customer_center.companies.model import Role
from customer_center.companies.users.find_users import UserFilter, UserSort
from customer_center.platform.dynamodb import cursor_of, to_item
from customer_center.platform.paging import written_cursor
from tests.integration.aws import event_of
from tests.integration.functions.requests_of_samples import with_query
from tests.integration.population import COMPANY, MAIN, OTHER_COMPANY, STRANGER

QUERIES = {
    "limit-0": ({"limit": "0"}, "/limit", "out-of-range"),
    "limit-101": ({"limit": "101"}, "/limit", "out-of-range"),
    "limit-below-zero": ({"limit": "-1"}, "/limit", "out-of-range"),
    "limit-abc": ({"limit": "abc"}, "/limit", "number"),
    "limit-empty": ({"limit": ""}, "/limit", "number"),
    "limit-twice": ({"limit": "1,2"}, "/limit", "number"),
    "limit-half": ({"limit": "1.5"}, "/limit", "number"),
    "limit-nan": ({"limit": "NaN"}, "/limit", "number"),
    "limit-huge": ({"limit": "9" * 5000}, "/limit", "out-of-range"),
    "unknown": ({"company_id": OTHER_COMPANY}, "/company_id", "unknown-field"),
    "cursor-too-long": ({"cursor": "x" * 2001}, "/cursor", "too-long"),
    "cursor-lone-surrogate": ({"cursor": "\ud800"}, "/cursor", "invalid"),
    "status": ({"status": "gone"}, "/status", "unknown-value"),
    "invitation": ({"invitation": "lost"}, "/invitation", "unknown-value"),
    "role": ({"role": "buyer,approver"}, "/role", "unknown-value"),
    "sort": ({"sort": "NAME"}, "/sort", "unknown-value"),
    "sort-empty": ({"sort": ""}, "/sort", "unknown-value"),
    "q-empty": ({"q": ""}, "/q", "too-short"),
    "q-too-long": ({"q": "x" * 101}, "/q", "too-long"),
    "q-nul": ({"q": "a\x00"}, "/q", "unprintable"),
}


_EVERYBODY = (UserFilter(), UserSort.CREATED)


def _forged(**values):
    return cursor_of(to_item(values))


CURSORS = {
    "empty": "",
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


@pytest.mark.parametrize("query", [{"dry_run": "perhaps"}, {"dry_run": ""}, {"limit": "1"}], ids=repr)
def test_a_bad_query_for_an_import_is_told_where_it_is(company, query):
    event = event_of("erp_contacts/import_users")
    event["queryStringParameters"] = query
    (name,) = query
    code = "boolean" if name == "dry_run" else "unknown-field"
    company.refuses(event, 422, "invalid-input", (f"/{name}", code))


AUDIT_QUERIES = {
    "limit": ({"limit": "9999"}, "/limit", "out-of-range"),
    "since": ({"since": "yesterday"}, "/since", "moment"),
    "without-a-zone": ({"since": "2026-11-24T10:00:00"}, "/since", "moment"),
    "a-day": ({"until": "2026-11-24"}, "/until", "moment"),
    "seconds-since-1970": ({"until": "1795515330.5"}, "/until", "moment"),
    "before-1970": ({"since": "-1"}, "/since", "moment"),
    "no-day": ({"until": "2026-02-30T00:00:00Z"}, "/until", "moment"),
    "subject-empty": ({"subject": ""}, "/subject", "too-short"),
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
