"""A request learns of all its wrong fields in one answer, and what they may be (docs/specification.md, 8.62)."""

import json
import re

import pytest

from tests.integration.aws import event_of
from tests.integration.functions.requests_of_samples import with_body, with_query
from tests.integration.functions.stage import assert_problem

ALL_WRONG = {
    "salutation": "sir",
    "name": "x" * 51,
    "email": "nobody",
    "roles": ["business_user"],
    "budgets": {
        "per_order": {"amount": "1.00", "currency": "XAU"},
        "per_month": {"amount": "1.005", "currency": "EUR"},
    },
    "colour": "red",
}
WRONG = [
    ("/salutation", "unknown-value"),
    ("/name", "too-long"),
    ("/email", "email"),
    ("/budgets/per_order/currency", "unknown-value"),
    ("/budgets/per_month/amount", "out-of-range"),
    ("/colour", "unknown-field"),
]
OF_NEW_USERS = [("/roles", "role-not-assignable")]


def sent(sample, body=None):
    """Return the sample event, with another body."""
    event = event_of(sample)
    return event if body is None else event | {"body": json.dumps(body)}


CASES = {
    "users/request_user": WRONG + OF_NEW_USERS,
    "erp_contacts/invite": WRONG + OF_NEW_USERS,
    "users/edit": WRONG,
}


@pytest.mark.parametrize(("sample", "wrong"), CASES.items(), ids=CASES)
def test_all_wrong_fields_are_told_in_one_answer(stage, company, sample, wrong):
    event = sent(sample, body=ALL_WRONG)
    reply = stage.call(event)
    assert_problem(reply, event, 422, "invalid-input", *wrong)
    told = {error["pointer"]: error["message"] for error in reply.body["errors"]}
    assert told["/salutation"] == "Das ist keiner der erlaubten Werte (mr, mrs)."
    assert told["/name"] == "Das ist zu lang (höchstens 50)."
    assert told["/budgets/per_order/currency"] == "Das ist keiner der erlaubten Werte (EUR, CHF, GBP, USD)."
    assert told["/budgets/per_month/amount"] == "Diese Zahl liegt außerhalb des Bereichs (≤ 9999999999.99)."


def test_an_activation_is_told_all_its_wrong_fields(stage, company):
    wrong = {"salutation": "sir", "name": "", "password": "short", "email": "nobody"}
    event = sent("activation/activate", body=wrong)
    assert_problem(
        stage.call(event),
        event,
        422,
        "invalid-input",
        ("/salutation", "unknown-value"),
        ("/name", "too-short"),
        ("/password", "too-short"),
        ("/email", "email"),
        ("/customer_number", "required"),
        ("/invoice_number", "required"),
    )


def test_two_currencies_are_told_with_the_other_wrong_fields(stage, company):
    budgets = {
        "per_order": {"amount": "1.00", "currency": "EUR"},
        "per_month": {"amount": "1.00", "currency": "CHF"},
    }
    event = sent("users/request_user", body={**_sample_body(), "salutation": "sir", "budgets": budgets})
    wrong = [("/salutation", "unknown-value"), ("/budgets/per_month/currency", "currency-differs")]
    assert_problem(stage.call(event), event, 422, "invalid-input", *wrong)


@pytest.mark.parametrize(
    ("currency", "amount", "shown"),
    [("JPY", "500", "500"), ("KWD", "1.005", "1.005"), ("EUR", "5", "5.00"), ("EUR", "0.01", "0.01")],
)
def test_an_amount_has_the_decimals_of_its_currency(stage, company, currency, amount, shown):
    budgets = {"per_order": {"amount": amount, "currency": currency}}
    event = sent("users/request_user", body={**_sample_body(), "budgets": budgets})
    reply = stage.call(event, Currencies="EUR,JPY,KWD")
    assert reply.status == 201
    assert reply.body["budgets"]["per_order"] == {"amount": shown, "currency": currency}


@pytest.mark.parametrize(
    ("currency", "amount"), [("JPY", "500.0"), ("KWD", "1.0005"), ("EUR", "0.001"), ("EUR", "12345678901")]
)
def test_an_amount_with_other_decimals_is_refused(stage, company, currency, amount):
    budgets = {"per_order": {"amount": amount, "currency": currency}}
    event = sent("users/request_user", body={**_sample_body(), "budgets": budgets})
    wrong = [("/budgets/per_order/amount", "out-of-range")]
    assert_problem(stage.call(event, Currencies="EUR,JPY,KWD"), event, 422, "invalid-input", *wrong)


def _sample_body():
    return json.loads(sent("users/request_user")["body"])


OFFERED = {
    "roles": lambda role: {"roles": [role]},
    "salutation": lambda salutation: {"salutation": salutation},
    "currency": lambda currency: {"budgets": {"per_order": {"amount": "1", "currency": currency}}},
}


@pytest.mark.parametrize("make", OFFERED.values(), ids=OFFERED)
@pytest.mark.parametrize("sample", CASES)
def test_a_value_that_an_error_offers_is_accepted(company, sample, make):
    (wrong,) = company.call(with_body(sample, **make("sir"))).body["errors"]
    for value in offered(wrong):
        assert company.call(with_body(sample, **make(value))).status != 422, value


@pytest.mark.parametrize(
    ("sample", "name"),
    [
        *(("users/list_users", name) for name in ("status", "invitation", "role", "sort")),
        ("users/audit_trail", "action"),
    ],
)
def test_a_value_that_an_error_offers_for_a_query_is_accepted(company, sample, name):
    (wrong,) = company.call(with_query(sample, **{name: "sir"})).body["errors"]
    for value in offered(wrong):
        assert company.call(with_query(sample, **{name: value})).status == 200, value


def offered(wrong):
    """Return the values in the sentence of a wrong field."""
    assert wrong["code"] == "unknown-value"
    return re.search(r"\((.+)\)", wrong["message"])[1].split(", ")
