"""Joining and leaving an account, and customers without account, through the real handlers."""

import json

import pytest

from customer_center.clients.model import Scope
from customer_center.customers.partners import without_account
from tests.integration.aws import event_of
from tests.integration.functions.requests_of_samples import with_body, with_header, with_key, with_path, with_query
from tests.integration.population import (
    ACCOUNT,
    CUSTOMER,
    HIDDEN,
    PARTNER,
    PARTNER_KEY,
    PRODUCT_KEY,
    SECRET,
    WITHOUT_ACCOUNT,
    add_key,
)

# Of one customer, each for a customer that exists.
OF_ONE = ["get", "edit", "delete", "history", "sources", "consent", "export", "erase"]
ADMIN = (Scope.CUSTOMERS_READ, Scope.CUSTOMERS_WRITE, Scope.CUSTOMERS_ADMIN)
OTHER_KEY = "01kajx4m2r8t6v0w5y9b3d7f9u"


def as_partner(event, key_id=PARTNER_KEY, **query):
    """Return the request with the key of the partner, about a customer without account."""
    event["queryStringParameters"] = event.get("queryStringParameters", {}) | {"partner_id": PARTNER} | query
    return with_key(f"cck_{key_id}_{SECRET}", event)


def of_lone(name, **query):
    """Return the sample request, for the customer without account."""
    event = with_path(f"customers/{name}", "customer_id", WITHOUT_ACCOUNT)
    return as_partner(event, **query)


def test_a_customer_joins_and_leaves_and_the_answers_say_where_it_is(company):
    joined = company.call(event_of("customers/join_account"))
    assert (joined.status, joined.body["account_id"], joined.body["partner_id"]) == (200, ACCOUNT, None)
    assert (joined.body["status"], joined.headers["ETag"]) == ("listed", '"2"')
    event = with_path("customers/leave_account", "customer_id", WITHOUT_ACCOUNT)
    left = company.call(with_header(event, "if-match", '"2"'))
    assert (left.status, left.body["account_id"], left.body["partner_id"]) == (200, None, PARTNER)
    assert (left.body["status"], left.body["conflict_id"], left.body["version"]) == ("hidden", None, 3)
    assert company.call(of_lone("get")).body == left.body


def test_a_customer_that_joins_with_the_e_mail_of_another_one_is_in_conflict(company):
    edit = with_body("customers/edit", emails=["anna@muster.example"])
    edit["pathParameters"]["customer_id"] = WITHOUT_ACCOUNT
    assert company.call(as_partner(edit)).status == 200
    joined = company.call(event_of("customers/join_account")).body
    assert (joined["status"], joined["conflicting_customer_ids"]) == ("hidden", [CUSTOMER])


def test_joining_twice_changes_nothing(company):
    first, again = (company.call(event_of("customers/join_account")) for _ in range(2))
    assert (again.status, again.body) == (200, first.body)


def test_joining_is_meant_for_one_version_if_it_says_so(company):
    event = with_header(event_of("customers/join_account"), "if-match", '"7"')
    company.refuses(event, 412, "version-changed")


@pytest.mark.parametrize("account_id", ["AG-2", "AG-unknown", "partner"])
def test_an_account_that_the_key_does_not_have_cannot_be_joined(company, account_id):
    company.refuses(with_body("customers/join_account", account_id=account_id), 404, "not-found")


@pytest.mark.parametrize(
    ("body", "code"),
    [({}, "required"), ({"account_id": without_account(PARTNER)}, "invalid"), ({"account_id": 7}, "text")],
)
def test_what_is_wrong_with_the_account_to_join_is_said(company, body, code):
    event = event_of("customers/join_account")
    event["body"] = json.dumps(body)
    company.refuses(event, 422, "invalid-input", ("/account_id", code))


def test_a_customer_that_others_were_merged_into_does_not_leave(company):
    event = with_path("customers/leave_account", "customer_id", CUSTOMER)
    company.refuses(event, 409, "customer-merged")


def test_a_customer_of_an_account_without_partner_does_not_leave(company):
    add_key(company.aws, OTHER_KEY, *ADMIN, accounts=frozenset({"AG-3"}))
    created = company.call(with_key(f"cck_{OTHER_KEY}_{SECRET}", with_body("customers/create", external_id=None)))
    assert created.status == 201, created.body
    event = with_path("customers/leave_account", "customer_id", created.body["customer_id"])
    company.refuses(with_key(f"cck_{OTHER_KEY}_{SECRET}", event), 409, "account-without-partner")


def test_a_partner_creates_a_customer_without_account(company):
    """003: "Though `account_id` isn't a required field it is suggested that a `Customer` always be associated with an
    Account."
    """
    event = as_partner(with_body("customers/create", external_id=None, customer_code=None))
    created = company.call(event)
    assert (created.status, created.body["account_id"], created.body["partner_id"]) == (201, None, PARTNER)
    assert created.body["conflict_id"] is None
    repeated = with_header(event, "idempotency-key", "once")
    assert len({company.call(repeated).body["customer_id"] for _ in range(2)}) == 1
    ours = as_partner(with_body("customers/create", external_id="n-8"))
    company.refuses(ours, 422, "invalid-input", ("/external_id", "key-without-product"))
    code = as_partner(with_body("customers/create", external_id=None, customer_code="10009"))
    company.refuses(code, 422, "invalid-input", ("/customer_code", "needs-account"))


@pytest.mark.parametrize("name", OF_ONE)
def test_the_partner_sees_and_changes_a_customer_without_account(company, name):
    reply = company.call(of_lone(name))
    assert reply.status == {"delete": 204, "erase": 202}.get(name, 200), reply.body


def test_an_erasure_of_a_customer_without_account_has_a_certificate(company):
    erased = company.call(of_lone("erase")).body
    event = as_partner(with_path("customers/get_erasure", "erasure_id", erased["erasure_id"]))
    assert company.call(event).body == erased


CALLERS = {
    "a product's key": (ADMIN, {"accounts": frozenset({ACCOUNT}), "product": "newsletter", "partner_id": PARTNER}),
    "no admin": (ADMIN[:2], {"accounts": frozenset({ACCOUNT}), "partner_id": PARTNER}),
    "another partner": (ADMIN, {"accounts": frozenset({ACCOUNT}), "partner_id": "XYZ"}),
    "no partner": (ADMIN, {"accounts": frozenset({ACCOUNT})}),
    "every account": (ADMIN, {}),
    "an account with its name": (ADMIN, {"accounts": frozenset({without_account(PARTNER)})}),
}


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("name", OF_ONE)
def test_nobody_else_sees_a_customer_without_account(company, caller, name):
    scopes, given = CALLERS[caller]
    add_key(company.aws, OTHER_KEY, *scopes, **given)
    event = as_partner(with_path(f"customers/{name}", "customer_id", WITHOUT_ACCOUNT), OTHER_KEY)
    if caller == "no admin" and name in ("export", "erase"):
        company.refuses(event, 403, "scope-missing")
        return
    company.refuses(event, 404, "not-found")
    del event["queryStringParameters"]["partner_id"]
    if not given.get("accounts"):
        event["queryStringParameters"]["account_id"] = ACCOUNT
    company.refuses(event, 404, "not-found")


@pytest.mark.parametrize("caller", [caller for caller in CALLERS if caller != "no admin"])
def test_nobody_else_has_a_customer_join(company, caller):
    scopes, given = CALLERS[caller]
    add_key(company.aws, OTHER_KEY, *scopes, **given)
    event = with_key(f"cck_{OTHER_KEY}_{SECRET}", event_of("customers/join_account"))
    company.refuses(event, 404, "not-found")


def test_a_request_names_an_account_or_a_partner(company):
    event = of_lone("get", account_id=ACCOUNT)
    company.refuses(event, 422, "invalid-input", ("/account_id", "account-or-partner"))


@pytest.mark.parametrize("name", ["list", "search", "changes", "look_up", "put_external_id", "leave_account"])
def test_routes_of_an_account_know_no_partner(company, name):
    event = with_query(f"customers/{name}", partner_id=PARTNER)
    company.refuses(event, 422, "invalid-input", ("/partner_id", "unknown-field"))


def test_the_account_that_stands_for_no_account_cannot_be_named(company):
    add_key(company.aws, OTHER_KEY, *ADMIN)
    event = with_path("customers/get", "customer_id", WITHOUT_ACCOUNT)
    event["queryStringParameters"] = {"account_id": without_account(PARTNER)}
    company.refuses(with_key(f"cck_{OTHER_KEY}_{SECRET}", event), 404, "not-found")


def test_a_key_passes_on_its_partner_and_no_other(company):
    managing = (Scope.KEYS_MANAGE, *ADMIN)
    add_key(company.aws, OTHER_KEY, *managing, partner_id=PARTNER)
    issued = {}
    for partner_id in (PARTNER, "XYZ", None):
        event = with_body("machines/issue", scopes=["customers:admin"], partner_id=partner_id)
        issued[partner_id] = company.call(with_key(f"cck_{OTHER_KEY}_{SECRET}", event))
    assert issued[PARTNER].body["key"]["partner_id"] == PARTNER
    assert issued[None].body["key"]["partner_id"] is None
    assert (issued["XYZ"].status, issued["XYZ"].body["code"]) == (403, "grant-exceeds-key")


def test_a_product_key_may_take_a_customer_out(company):
    event = event_of("customers/leave_account")
    assert PRODUCT_KEY in event["headers"]["authorization"]
    assert company.call(event).body["customer_id"] == HIDDEN
