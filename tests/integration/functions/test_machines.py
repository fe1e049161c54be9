"""The machines function: what the shop's backend reads, and what operators do."""

import json
from datetime import UTC, datetime

import pytest

from customer_center.clients.entries import OPERATOR
from tests.builders.companies import an_entry, budgets
from tests.integration.aws import event_of
from tests.integration.functions.requests_of_samples import (
    GONE,
    with_body,
    with_header,
    with_key,
    with_path,
    with_query,
    with_raw,
)
from tests.integration.population import (
    BUYER,
    COMPANY,
    DEACTIVATED,
    FRESH,
    INVITED,
    MAIN,
    MANAGER_KEY,
    OPERATOR_KEY,
    OTHER_COMPANY,
    PARTNER_KEY,
    PRODUCT_KEY,
    SECRET,
    SHOP_KEY,
)


def test_a_company_is_found_by_its_customer_number(company):
    (found,) = company.call(event_of("machines/find_companies")).body["items"]
    assert (found["company_id"], found["main_contacts"], found["closed_at"]) == (COMPANY, [MAIN], None)
    nobody = company.call(with_query("machines/find_companies", customer_number="99999"))
    assert nobody.body == {"items": [], "next_cursor": None}


def test_the_shops_backend_reads_a_company(company):
    reply = company.call(event_of("machines/get_company"))
    assert reply.body == company.call(event_of("machines/find_companies")).body["items"][0]


def test_the_shops_backend_checks_an_order_by_status_permissions_and_budgets(company):
    buyer = company.store.user(BUYER)
    limited = buyer.changed(datetime.now(UTC), budgets=budgets(per_order="250.00"))
    company.store.change_user(buyer, limited, an_entry(company_id=COMPANY))
    reply = company.call(event_of("machines/get_company_user"))
    assert (reply.body["user"]["status"], reply.body["permissions"]) == ("active", ["orders.buy"])
    assert reply.body["user"]["budgets"]["per_order"] == {"amount": "250.00", "currency": "EUR"}
    assert reply.headers["ETag"] == '"2"'


@pytest.mark.parametrize("user_id", [DEACTIVATED, INVITED, FRESH], ids=["deactivated", "invited", "not-mailed"])
def test_who_is_not_active_may_order_nothing(company, user_id):
    event = event_of("machines/get_company_user")
    event["pathParameters"]["user_id"] = user_id
    assert company.call(event).body["permissions"] == []


def test_of_a_closed_company_nobody_may_order(company):
    company.call(event_of("machines/close"))
    reply = company.call(event_of("machines/get_company_user"))
    assert (reply.body["user"]["status"], reply.body["permissions"]) == ("active", [])
    assert reply.body["company"]["closed_at"]


def test_an_operator_appoints_a_main_contact(company):
    reply = company.call(event_of("machines/appoint"))
    assert (reply.body["user"]["user_id"], "users.invite" in reply.body["permissions"]) == (BUYER, True)
    assert reply.body["company"]["main_contacts"] == [MAIN, BUYER]
    assert company.changes_in(COMPANY)[-1] == ("user.appointed_main_contact", "client", OPERATOR_KEY)


def test_an_operator_sends_an_invitation_again(company):
    reply = company.call(event_of("machines/resend_as_operator"))
    assert (reply.body["user"]["user_id"], reply.body["user"]["invitation"]["status"]) == (INVITED, "pending")
    assert company.effects() == ["mail"]
    assert company.changes_in(COMPANY)[-1] == ("user.invited", "client", OPERATOR_KEY)
    company.refuses(event_of("machines/resend_as_operator"), 429, "too-many-requests")


def test_an_operator_sends_no_invitation_again_that_was_accepted(company):
    event = event_of("machines/resend_as_operator")
    event["pathParameters"]["user_id"] = BUYER
    company.refuses(event, 409, "invitation-not-open")


def test_an_operator_issues_a_key_which_is_good_at_once(company):
    reply = company.call(event_of("machines/issue"))
    key = reply.body["key"]
    assert (reply.status, key["scopes"], reply.headers["Location"]) == (
        201,
        ["companies:read"],
        f"/client-keys/{key['key_id']}",
    )
    shown = reply.body["secret"]
    assert company.call(with_key(shown, event_of("machines/get_company"))).status == 200
    assert shown not in json.dumps(list(map(str, company.aws.items().values())))
    assert key["issued_by"] == MANAGER_KEY
    assert company.changes_in(OPERATOR)[-1] == ("client_key.issued", "client", MANAGER_KEY)


def test_a_rotated_key_has_two_good_secrets_and_a_third_is_refused(company):
    second = company.call(event_of("machines/rotate")).body["secret"]
    for event in (event_of("machines/get_company"), with_key(second, event_of("machines/get_company"))):
        assert company.call(event).status == 200
    company.refuses(event_of("machines/rotate"), 409, "secrets-limit")


def test_a_revoked_secret_and_a_revoked_key_are_refused_at_once(company):
    second = company.call(event_of("machines/rotate")).body["secret"]
    left = company.call(event_of("machines/revoke")).body["secrets"]
    assert [secret["hint"] for secret in left] == [second[-4:]]
    company.refuses(event_of("machines/get_company"), 401, "unauthorized")
    company.call(with_raw("machines/revoke", "{}"))
    reply = company.refuses(with_key(second, event_of("machines/get_company")), 401, "unauthorized")
    assert reply.headers["WWW-Authenticate"] == "Bearer"
    company.refuses(event_of("machines/rotate"), 409, "client-key-revoked")


def test_a_key_is_revoked_with_the_key_that_issued_it(company):
    issued = company.call(with_body("machines/issue", scopes=["companies:read", "keys:manage"])).body
    below = company.call(with_key(issued["secret"], event_of("machines/issue"))).body
    read = with_key(below["secret"], event_of("machines/get_company"))
    assert company.call(read).status == 200
    shown = company.call(with_path("machines/revoke", "key_id", issued["key"]["key_id"]) | {"body": "{}"})
    assert shown.body["revoked_at"]
    company.refuses(read, 401, "unauthorized")
    listed = {key["key_id"]: key for key in company.call(event_of("machines/list_client_keys")).body["items"]}
    dead = listed[below["key"]["key_id"]]
    assert (dead["revoked_at"], dead["secrets"]) == (shown.body["revoked_at"], [])
    assert dead == company.call(with_path("machines/get_client_key", "key_id", dead["key_id"])).body
    company.refuses(with_path("machines/rotate", "key_id", dead["key_id"]), 409, "client-key-revoked")


def test_a_key_cannot_give_what_it_lacks(company):
    company.refuses(with_body("machines/issue", scopes=["companies:read", "operator"]), 403, "grant-exceeds-key")
    company.refuses(with_path("machines/rotate", "key_id", OPERATOR_KEY), 403, "client-key-not-descended")


def test_an_operator_does_not_manage_keys(company):
    operator = f"cck_{OPERATOR_KEY}_{SECRET}"
    for path in ("issue", "rotate", "revoke", "list_client_keys", "get_client_key"):
        company.refuses(with_key(operator, event_of(f"machines/{path}")), 403, "scope-missing")


def test_keys_are_shown_without_their_secrets(company):
    listed = company.call(event_of("machines/list_client_keys"))
    assert [key["key_id"] for key in listed.body["items"]] == [
        OPERATOR_KEY,
        SHOP_KEY,
        MANAGER_KEY,
        PRODUCT_KEY,
        PARTNER_KEY,
    ]
    assert company.call(event_of("machines/get_client_key")).body == listed.body["items"][1]
    assert SECRET not in listed.text
    assert "hash" not in listed.text


def test_a_repeated_request_for_a_key_does_not_show_it_again(company):
    for path in ("machines/issue", "machines/rotate"):
        event = with_header(event_of(path), "idempotency-key", path)
        first, again = company.call(event), company.call(event)
        assert (first.status, first.body["key"]) == (again.status, again.body["key"])
        assert first.body["secret"]
        assert again.body["secret"] is None
    assert len(company.client_keys.keys()) == 6


@pytest.mark.parametrize("path", ["unlock", "appoint", "resend_as_operator", "close", "reopen", "revoke"])
def test_a_repeated_request_of_an_operator_is_answered_and_changes_nothing_again(company, path):
    event = with_header(event_of(f"machines/{path}"), "idempotency-key", "once")
    first = company.call(event)
    before = company.aws.items()
    assert company.call(event) == first
    assert company.aws.items() == before


NO_COMPANIES = ["com_x", f"com_{'0' * 26}", "..", "x" * 3000, "\x00", "\ud800"]


@pytest.mark.parametrize("company_id", NO_COMPANIES, ids=lambda it: ascii(it[:20]))
@pytest.mark.parametrize(
    "path", ["get_company", "get_company_user", "appoint", "resend_as_operator", "close", "reopen"]
)
def test_a_company_that_is_not_there_is_not_found(company, path, company_id):
    event = event_of(f"machines/{path}")
    event["pathParameters"]["company_id"] = company_id
    company.refuses(event, 404, "not-found")


@pytest.mark.parametrize("path", ["get_company_user", "appoint", "resend_as_operator"])
def test_a_user_is_not_found_in_another_company(company, path):
    event = event_of(f"machines/{path}")
    event["pathParameters"]["company_id"] = OTHER_COMPANY
    company.refuses(event, 404, "not-found")


@pytest.mark.parametrize("key_id", ["x", "0" * 26, "x" * 3000, "..", "\x00", "\ud800"], ids=lambda it: ascii(it[:20]))
@pytest.mark.parametrize("path", ["get_client_key", "rotate", "revoke"])
def test_a_client_key_that_is_not_there_is_not_found(company, path, key_id):
    company.refuses(with_path(f"machines/{path}", "key_id", key_id), 404, "not-found")


@pytest.mark.parametrize(
    ("path", "changed", "pointer", "code"),
    [
        ("unlock", {"customer_number": " "}, "/customer_number", "too-short"),
        ("unlock", {"customer_number": "x" * 41}, "/customer_number", "too-long"),
        ("appoint", {"user_id": GONE}, "/user_id", "required"),
        ("appoint", {"user_id": "x" * 101}, "/user_id", "too-long"),
        ("issue", {"name": ""}, "/name", "too-short"),
        ("issue", {"name": "a\nb"}, "/name", "unprintable"),
        ("issue", {"scopes": []}, "/scopes", "too-short"),
        ("issue", {"scopes": ["everything"]}, "/scopes/0", "unknown-value"),
        ("issue", {"accounts": [str(at) for at in range(101)]}, "/accounts", "too-long"),
        ("issue", {"accounts": [1]}, "/accounts/0", "text"),
        ("issue", {"product": ""}, "/product", "too-short"),
        ("issue", {"expires_at": "soon"}, "/expires_at", "moment"),
        ("issue", {"expires_at": "2030-01-01T00:00:00"}, "/expires_at", "moment"),
        ("issue", {"expires_at": 1893456000}, "/expires_at", "moment"),
        ("issue", {"expires_at": "2020-01-01T00:00:00Z"}, "/expires_at", "expiry-out-of-range"),
        ("issue", {"expires_at": "9999-12-31T23:59:59-12:00"}, "/expires_at", "expiry-out-of-range"),
        ("issue", {"expires_at": "0001-01-01T00:00:00+12:00"}, "/expires_at", "expiry-out-of-range"),
        ("issue", {"issued_by": None}, "/issued_by", "unknown-field"),
        ("issue", {"secret": "mine"}, "/secret", "unknown-field"),
        ("revoke", {"secret_hint": "x"}, "/secret_hint", "invalid"),
        ("revoke", {"secret_hint": "AAA~"}, "/secret_hint", "invalid"),
        ("revoke", {"secret_hint": "none"}, "/secret_hint", "unknown-value"),
    ],
)
def test_a_bad_body_of_an_operator_is_told_where_it_is(company, path, changed, pointer, code):
    company.refuses(with_body(f"machines/{path}", **changed), 422, "invalid-input", (pointer, code))


def test_a_company_is_looked_for_by_its_number(company):
    for query in ({}, {"customer_number": ""}, {"customer_number": "x" * 41}, {"name": "x"}):
        event = with_query("machines/find_companies", **query)
        assert company.call(event).status == 422


def test_a_renumbered_company_is_found_by_its_old_number_too(company):
    assert company.run("CustomerSyncFunction", event_of("customer_sync/customer_renumbered")) == {
        "batchItemFailures": []
    }
    for number in ("10000", "20000"):
        (found,) = company.call(with_query("machines/find_companies", customer_number=number)).body["items"]
        assert (found["company_id"], found["customer_number"]) == (COMPANY, "20000")
