"""Accounts and refused events through their function."""

import pytest

from tests.integration.aws import event_of
from tests.integration.functions.requests_of_samples import with_body, with_header, with_query
from tests.integration.population import ACCOUNT, OPERATOR_KEY, PRODUCT_KEY, SOURCE

VALUES = {"partner_id": "VMF", "name": "Musterhandel GmbH", "country": "DE"}


def of_account(path, account_id):
    event = event_of(path)
    event["pathParameters"]["account_id"] = account_id
    return event


def test_an_account_is_described_and_read(company):
    put = company.call(event_of("products/put_account"))
    assert put.status == 200
    assert put.body | VALUES == put.body
    assert (put.body["account_id"], put.body["blocked_values"], put.headers["ETag"]) == (
        ACCOUNT,
        ["info@musterhandel.example"],
        '"2"',
    )
    assert company.call(event_of("products/get_account")).body == put.body


def test_a_repeated_description_changes_nothing(company):
    first = company.call(event_of("products/put_account")).body
    before = company.records()
    assert company.call(event_of("products/put_account")).body == first
    assert company.records() == before


def test_an_account_without_a_description_is_not_there(company):
    company.refuses(of_account("products/get_account", "AG-2"), 404, "not-found")
    assert company.call(of_account("products/put_account", "AG-2")).body["version"] == 1
    assert company.call(of_account("products/get_account", "AG-2")).body["account_id"] == "AG-2"


@pytest.mark.parametrize("path", ["products/get_account", "products/put_account"])
def test_only_operators_describe_accounts(company, path):
    event = event_of(path)
    event["headers"]["authorization"] = event["headers"]["authorization"].replace(OPERATOR_KEY, PRODUCT_KEY)
    company.refuses(event, 403, "scope-missing")


def test_a_description_may_be_meant_for_one_version(company):
    company.refuses(with_header(event_of("products/put_account"), "if-match", '"7"'), 412, "version-changed")
    assert company.call(with_header(event_of("products/put_account"), "if-match", '"1"')).status == 200


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ({"partner_id": "no partner"}, ("/partner_id", "invalid")),
        ({"partner_id": None}, ("/partner_id", "text")),
        ({"name": ""}, ("/name", "too-short")),
        ({"name": "x" * 201}, ("/name", "too-long")),
        ({"country": "de"}, ("/country", "invalid")),
        ({"country": "Germany"}, ("/country", "invalid")),
        ({"blocked_values": "noreply@x.example"}, ("/blocked_values", "list")),
        ({"blocked_values": ["x"] * 101}, ("/blocked_values", "too-long")),
        ({"blocked_values": ["x" * 255]}, ("/blocked_values/0", "too-long")),
        ({"currency": "EUR"}, ("/currency", "unknown-field")),
    ],
)
def test_a_bad_description_is_told_where_it_is(company, body, wrong):
    company.refuses(with_body("products/put_account", **body), 422, "invalid-input", wrong)


def test_an_id_of_an_account_is_part_of_keys(company):
    company.refuses(of_account("products/put_account", "AG#1"), 422, "invalid-input", ("/account_id", "invalid"))


def test_refused_events_are_told_with_code_and_pointers(company):
    (refused,) = company.call(event_of("products/list_refused_events")).body["items"]
    assert refused.pop("received_at")
    assert refused == {
        "source_id": SOURCE,
        "event_id": "msg_refused",
        "code": "customer-unknown",
        "errors": [{"pointer": "/data/customer_id", "code": "unknown-value"}],
    }


@pytest.mark.parametrize("source", ["src_01kajx4m2r8t6v0w5y9b3d7fs2", "erp", "nothing"])
def test_refused_events_of_other_sources_are_not_there(company, source):
    company.refuses(with_query("products/list_refused_events", source_id=source), 404, "not-found")


def test_refused_events_need_a_source(company):
    event = with_query("products/list_refused_events", source_id="")
    company.refuses(event, 422, "invalid-input", ("/source_id", "required"))
    event = with_query("products/list_refused_events", source_id=SOURCE, cursor="bm90aGluZw")
    company.refuses(event, 400, "cursor-invalid")
