"""POST /activations: a company's main contact opens the company's customer center."""

import json

import pytest

from tests.integration.aws import event_of
from tests.integration.functions.requests_of_samples import with_body, with_header
from tests.integration.functions.stage import assert_problem, soon
from tests.integration.population import COMPANY, EMAIL, OPERATOR_KEY


def test_activation_sends_a_code_first(stage):
    reply = stage.call(event_of("activation/activate"))
    assert reply.status == 202
    assert reply.body == {"status": "code_sent", "email": EMAIL}
    (effect,) = [effect for entry in stage.journal.pending(before=soon()) for effect in entry.effects]
    assert (effect.kind, effect.data["template"]) == ("mail", "activation_code")
    assert stage.aws.logins() == {}


def test_activation_with_the_code_opens_the_customer_center_and_logs_in(stage):
    stage.begin_activation("123456")
    reply = stage.call(event_of("activation/activate_with_code"))
    assert reply.status == 201
    user = reply.body["user"]
    assert (user["roles"], user["contact_number"]) == (["main_contact"], "KT010001")
    assert reply.headers["Location"] == f"/users/{user['user_id']}"
    assert reply.headers["ETag"] == '"1"'
    assert reply.body["session"]["token_type"] == "Bearer"
    assert stage.aws.logins() == {user["user_id"]: (True, "CONFIRMED")}
    assert stage.store.company_of_number("10000").main_contacts == {user["user_id"]}


def test_an_operator_unlocks_an_activation(company):
    wrong = with_body("activation/activate", invoice_number="999999")
    for _ in range(6):
        reply = company.call(wrong, ActivationRefusalsWindowSeconds="86400000")
    assert_problem(reply, wrong, 429, "too-many-refusals")
    unlocked = company.call(event_of("machines/unlock"))
    assert unlocked.body == {"customer_number": "10000", "company_id": COMPANY}
    assert_problem(company.call(wrong), wrong, 422, "activation-refused")
    assert company.changes_in(COMPANY)[-1] == ("activation.unlocked", "client", OPERATOR_KEY)


@pytest.mark.parametrize("number", ["10000%", "../10000", "1 0000", "*", "<10000/>"])
def test_an_odd_customer_number_is_refused_like_a_wrong_one(stage, number):
    event = with_body("activation/activate", customer_number=number)
    assert_problem(stage.call(event), event, 422, "activation-refused")
    assert stage.records() == {}


def test_a_wrong_code_is_refused_until_its_tries_are_used_up(stage):
    attempt = stage.begin_activation("654321")
    event = event_of("activation/activate_with_code")
    for _ in range(4):
        assert_problem(stage.call(event), event, 422, "code-invalid", ("/code", "invalid"))
    assert_problem(
        stage.call(event, ActivationRefusalsPerNetwork="100", ActivationCodeTries="4"), event, 422, "code-exhausted"
    )
    assert stage.store.attempt(attempt.key).tries == 4
    assert stage.store.company_of_number("10000") is None
    assert stage.aws.logins() == {}


def test_a_code_nobody_asked_for_is_refused(stage):
    event = event_of("activation/activate_with_code")
    assert_problem(stage.call(event), event, 422, "code-expired")
    assert stage.records() == {}


@pytest.mark.parametrize(
    ("given", "status", "code"),
    [
        ({"invoice_number": "999999"}, 422, "activation-refused"),
        ({"invoice_number": "103021"}, 422, "activation-refused"),
        ({"customer_number": "99999"}, 422, "activation-refused"),
        ({"email": "eve@musterhandel.example"}, 409, "customer-center-managed"),
        ({"customer_number": "40000", "invoice_number": "403001"}, 409, "main-contact-missing"),
        ({"customer_number": "50000", "invoice_number": "503001"}, 409, "customer-blocked"),
    ],
)
def test_an_activation_the_erp_does_not_support_is_refused(stage, given, status, code):
    event = with_body("activation/activate", **given)
    assert_problem(stage.call(event), event, status, code)
    assert stage.records() == {}


def test_an_activation_with_somebody_elses_contact_number_is_refused(stage):
    event = with_body("activation/activate", contact_number="KT020001")
    assert_problem(stage.call(event), event, 422, "invalid-input", ("/contact_number", "unknown-contact"))
    assert stage.records() == {}


def test_refusals_are_limited_whatever_a_header_says_of_their_origin(stage):
    # A window in which no clock of this machine ends.
    window = {"ActivationRefusalsWindowSeconds": "86400000"}
    event = with_body("activation/activate", invoice_number="999999")
    for host in range(5):
        with_header(event, "x-forwarded-for", f"198.51.{host}.1")
        assert_problem(stage.call(event, **window), event, 422, "activation-refused")
    reply = stage.call(event, **window)
    assert_problem(reply, event, 429, "too-many-refusals")
    assert int(reply.headers["Retry-After"]) >= 1


def _by_proxy(event, client, secret):
    for name, value in (("x-forwarded-for", client), ("x-proxy-secret", secret)):
        with_header(event, name, value)
    return event


def test_behind_a_proxy_that_proves_itself_the_clients_are_told_apart(stage):
    secrets = json.dumps({"secrets": ["p" * 32]})
    stage.aws.client("ssm").put_parameter(Name="/proxies", Type="SecureString", Value=secrets, Overwrite=True)
    given = {
        "TrustedProxies": "1",
        "ProxySecretsParameter": "/proxies",
        "ActivationRefusalsPerNetworkAndHour": "1",
        "ActivationRefusalsPerNetwork": "100",
    }
    event = with_body("activation/activate", invoice_number="999999")
    for client in ("198.51.1.1", "198.51.2.1"):
        assert_problem(stage.call(_by_proxy(event, client, "p" * 32), **given), event, 422, "activation-refused")
    assert_problem(stage.call(_by_proxy(event, "198.51.2.9", "p" * 32), **given), event, 429, "too-many-refusals")
    assert_problem(stage.call(_by_proxy(event, "198.51.3.1", "q" * 32), **given), event, 422, "activation-refused")
    assert_problem(stage.call(_by_proxy(event, "198.51.4.1", "q" * 32), **given), event, 429, "too-many-refusals")


def test_how_many_refusals_are_left_is_told_with_each_answer(stage):
    window = {"ActivationRefusalsWindowSeconds": "86400000"}
    for left in (4, 3):
        reply = stage.call(with_body("activation/activate", invoice_number="999999"), **window)
        assert reply.headers["RateLimit"].startswith(f'"refusals-per-network";r={left};t=')
        assert reply.headers["RateLimit-Policy"] == (
            '"refusals-per-network";q=5;w=86400000, "refusals-per-day";q=50;w=86400, "refusals-all-numbers";q=20;w=3600'
        )
    reply = stage.call(event_of("activation/activate"), **window)
    assert (reply.status, reply.headers["RateLimit"].split(";")[1]) == (202, "r=3")
