"""Pasted text: invisible characters and blanks around what people and programs send fall away at every door."""

import json

import pytest

from tests.integration.aws import event_of
from tests.integration.functions.requests_of_samples import with_body, with_path, with_query, with_raw
from tests.integration.population import COMPANY, INVITED, LEAVING, OPERATOR_KEY, SECRET

AROUND = {
    "left-to-right-mark": "\u200e",
    "embedding": "\u202a",
    "no-break-blank": "\u00a0",
    "zero-width-space": "\u200b",
    "byte-order-mark": "\ufeff",
    "soft-hyphen": "\u00ad",
    "tab": "\t",
    "line-end": "\r\n",
}
around = pytest.mark.parametrize("mark", AROUND.values(), ids=AROUND)


@around
@pytest.mark.parametrize("field", ["customer_number", "invoice_number", "email", "name", "salutation"])
def test_an_activation_is_not_refused_for_what_nobody_sees(stage, field, mark):
    """Nor counted: a refusal would use up one of the tries that the customer number has."""
    body = json.loads(event_of("activation/activate")["body"])
    reply = stage.call(with_body("activation/activate", **{field: f"{mark}{body[field]}{mark}{mark}"}))
    assert reply.status == 202
    assert '"refusals-per-network";r=5' in reply.headers["RateLimit"]


@pytest.mark.parametrize("number", ["10\u200b000", "10\u00ad000", "１００００", "\u202a10000\u202c"])  # noqa: RUF001 # full width
def test_a_customer_number_is_what_it_looks_like(stage, number):
    assert stage.call(with_body("activation/activate", customer_number=number)).status == 202


@pytest.mark.parametrize(
    "email", ["max.mustermann\uff20musterhandel.example", "max.mustermann@muster\u200dhandel.example"]
)
def test_an_email_is_what_it_looks_like(stage, email):
    reply = stage.call(with_body("activation/activate", email=email))
    assert (reply.status, reply.body["email"]) == (202, "max.mustermann@musterhandel.example")


@pytest.mark.parametrize("code", ["123 456", "\u200e123456\u200e", "123\u00a0456", "１２３４５６", "123\u200b456\n"])  # noqa: RUF001 # full width
def test_a_code_is_taken_as_it_was_copied(stage, code):
    stage.begin_activation("123456")
    assert stage.call(with_body("activation/activate_with_code", code=code)).status == 201


@around
def test_a_contact_number_of_an_activation_is_taken_as_it_was_copied(stage, mark):
    stage.begin_activation("123456")
    event = with_body("activation/activate_with_code", contact_number=f"{mark}KT010001{mark}")
    assert stage.call(event).status == 201


@pytest.mark.parametrize("path", ["invitations/accept", "invitations/confirm_email"])
@pytest.mark.parametrize("written", ["{mark}{token}{mark}", "{half}{mark}{rest}"])
@around
def test_a_token_is_taken_as_it_was_copied(company, path, written, mark):
    token = json.loads(event_of(path)["body"])["token"]
    company.has_login(LEAVING)
    written = written.format(mark=mark, token=token, half=token[:40], rest=token[40:])
    assert company.call(with_body(path, token=written)).status in (200, 202)


@pytest.mark.parametrize("path", ["invitations/accept", "invitations/look_up", "invitations/confirm_email"])
@pytest.mark.parametrize(
    "written",
    [
        "https://shop.example/invitation#token={token}",
        "https://shop.example/invitation%23token={token}",
        "https://scan.example/?url=https%3A%2F%2Fshop.example%2Finvitation%23token%3D{token}",
        "<https://shop.example/invitation#token={token}>",
        "#token={token}",
        "{token}.",
        "({token})",
    ],
)
def test_a_token_is_found_in_the_link_that_was_copied_with_it(company, path, written):
    token = json.loads(event_of(path)["body"])["token"]
    company.has_login(LEAVING)
    assert company.call(with_body(path, token=written.format(token=token))).status in (200, 202)


@around
def test_a_password_keeps_what_a_person_cannot_see_to_type(company, mark):
    event = with_body("invitations/accept", password=f"a long enough password{mark}")
    company.refuses(event, 422, "invalid-input", ("/password", "password-policy"))


@around
@pytest.mark.parametrize(
    ("path", "name", "value"),
    [
        ("users/get_user", "user_id", INVITED),
        ("erp_contacts/invite", "contact_number", "KT010006"),
        ("machines/get_company", "company_id", COMPANY),
        ("machines/get_client_key", "key_id", OPERATOR_KEY),
    ],
)
def test_a_path_is_read_without_it(company, path, name, value, mark):
    event = event_of(path)
    event["pathParameters"][name] = f"{mark}{value}{mark}"
    assert company.call(event).status in (200, 201)


@around
@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("machines/find_companies", {"customer_number": "10000"}),
        ("users/list_users", {"q": "max"}),
        ("users/list_users", {"role": "main_contact", "limit": "5", "sort": "name"}),
        ("users/audit_trail", {"action": "user.edited", "since": "2020-01-01T00:00:00Z"}),
    ],
)
def test_a_query_is_read_without_it(company, path, query, mark):
    plain = company.call(with_query(path, **query))
    pasted = company.call(with_query(path, **{name: f"{mark}{value}{mark}" for name, value in query.items()}))
    assert (plain.status, pasted.status) == (200, 200)
    assert pasted.body["items"] == plain.body["items"] != []


@around
def test_a_cursor_is_taken_as_it_was_copied(company, mark):
    cursor = company.call(with_query("users/list_users", limit="1")).body["next_cursor"]
    reply = company.call(with_query("users/list_users", limit="1", cursor=f"{mark}{cursor}{mark}"))
    assert reply.status == 200


@around
def test_ids_and_numbers_in_other_bodies_too(company, mark):
    appointed = json.loads(event_of("machines/appoint")["body"])["user_id"]
    assert company.call(with_body("machines/appoint", user_id=f"{mark}{appointed}{mark}")).status == 200
    unlocked = company.call(with_body("machines/unlock", customer_number=f"{mark}10000{mark}"))
    assert unlocked.body == {"customer_number": "10000", "company_id": COMPANY}
    handed = json.loads(event_of("users/hand_over")["body"])["user_id"]
    assert company.call(with_body("users/hand_over", user_id=f"{mark}{handed}{mark}")).status == 200
    revoked = with_raw("machines/revoke", json.dumps({"secret_hint": f"{mark}{SECRET[-4:]}{mark}"}))
    assert company.call(revoked).status == 200


@around
def test_budgets_too(company, mark):
    amount = {"amount": f"{mark}100.50{mark}", "currency": f"{mark}EUR{mark}"}
    reply = company.call(with_body("users/request_user", budgets={"per_order": amount}))
    assert reply.body["budgets"]["per_order"] == {"amount": "100.50", "currency": "EUR"}


@around
def test_a_contact_number_in_the_path_invites_that_contact(company, mark):
    reply = company.call(with_path("erp_contacts/invite", "contact_number", f"{mark}KT010006"))
    assert (reply.status, reply.body["contact_number"]) == (201, "KT010006")
