"""The users function: the audit trail, by page and as a table."""

import csv
import io
import re
from urllib.parse import parse_qsl

import pytest

from tests.integration.aws import event_of
from tests.integration.functions.requests_of_samples import with_body, with_query
from tests.integration.population import LEAVING, MAIN


def test_the_audit_trail_tells_who_did_what(company):
    company.call(event_of("users/deactivate"))
    reply = company.call(event_of("users/audit_trail"))
    assert reply.status == 200
    newest = reply.body["items"][0]
    assert newest["actor"] == {"kind": "person", "id": MAIN, "name": "Max Mustermann"}
    assert (newest["action"], newest["subject"], newest["subject_name"]) == ("user.deactivated", LEAVING, "Anna Mehl")
    assert newest["changes"] == {"status": ["active", "deactivated"]}
    assert newest["request_id"] == event_of("users/deactivate")["requestContext"]["requestId"]
    assert "effects" not in newest
    assert {entry["action"] for entry in reply.body["items"][1:]} == {"user.edited"}


def test_the_audit_trail_comes_page_by_page(company):
    for path in ("users/deactivate", "users/activate", "users/request_user"):
        company.call(event_of(path))
    whole = company.call(event_of("users/audit_trail")).body["items"]
    first = company.call(with_query("users/audit_trail", limit="2")).body
    second = company.call(with_query("users/audit_trail", limit="100", cursor=first["next_cursor"])).body
    assert first["items"] == whole[:2]
    assert [entry["entry_id"] for entry in second["items"]][: len(whole) - 2] == [it["entry_id"] for it in whole[2:]]
    found = company.call(with_query("users/audit_trail", action="user.invited", subject=whole[0]["subject"])).body
    assert found["items"] == whole[:1]


def test_the_audit_trail_is_a_table_too_which_goes_on_where_its_link_says(company):
    company.call(with_body("users/request_user", name="=1+1"))
    company.call(event_of("users/deactivate"))
    asked = {"since": "2026-01-01T00:00:00+01:00"}
    whole = company.call(with_query("users/export_audit_trail", **asked))
    assert whole.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert whole.headers["Content-Disposition"] == 'attachment; filename="audit-entries.csv"'
    assert "Link" not in whole.headers
    header, *rows = _table(whole)
    assert header[:2] == ["at", "action"]
    assert rows[0][1] == "user.deactivated"
    assert "'=1+1" in {cell for row in rows for cell in row}
    first = company.call(with_query("users/export_audit_trail", **asked, limit="1"))
    link = re.fullmatch(r"<\?(.+)>; rel=\"next\"", first.headers["Link"])[1]
    following = dict(parse_qsl(link))
    assert (following["limit"], following["since"]) == ("1", "2026-01-01T00:00:00+01:00")
    rest = company.call(with_query("users/export_audit_trail", **following | {"limit": "1000"}))
    assert _table(first)[1:] + _table(rest)[1:] == rows


def _table(reply):
    assert reply.text.startswith("\ufeff"), "Excel reads the table in the wrong encoding"
    return list(csv.reader(io.StringIO(reply.text.removeprefix("\ufeff"), newline="")))


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "1970-01-01T00:00:00Z"])
def test_the_audit_trail_can_be_asked_for_any_moment(company, moment):
    for name in ("since", "until"):
        assert company.call(with_query("users/audit_trail", **{name: moment})).status == 200
