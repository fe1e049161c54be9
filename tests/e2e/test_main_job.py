"""The main job over HTTP, with real JWTs, on our template deployed onto the local stack."""

import base64
import json
import time

import pytest
import requests
from boto3.dynamodb.types import TypeDeserializer

from local.stack import Stack
from local.walk import CODE, PASSWORD, walk
from tests.e2e.companies import Customer, eventually, new_customer


@pytest.fixture(scope="module")
def company(stack: Stack) -> Customer:
    return new_customer(stack).activate()


def test_the_walk_of_make_run_goes_through(stack, capsys):
    walk(stack)

    told = capsys.readouterr().out
    for step in (
        "Activation",
        "Overview",
        "Invitation",
        "Mail",
        "Acceptance",
        "Deactivation",
        "Editing",
        "Main contact",
        "Deletion",
    ):
        assert f"\n{step}: " in told


def test_activation_creates_the_company_and_its_main_contact_and_logs_in(stack):
    """001: "the shop will create a company and a main contact will be assigned to this company"; "The customer will be
    logged in." """
    customer = new_customer(stack).activate()

    me = customer.shop.call("GET", "/me", token=customer.token).json()

    assert me["user"]["roles"] == ["main_contact"]
    assert me["user"]["status"] == "active"
    assert me["company"]["customer_number"] == customer.number
    assert me["company"]["customer_posting_group"] == "INLAND"
    assert "users.invite" in me["permissions"]
    claims = json.loads(base64.urlsafe_b64decode(customer.token.split(".")[1] + "=="))
    assert claims["username"] == customer.user_id
    assert claims["token_use"] == "access"


def test_a_customer_without_customer_center_gets_a_standard_user(stack):
    """001: "If no customer-center is defined for this customer, a standard user will be created in the section
    "business users"" """
    customer = new_customer(stack, customer_center="0").activate()

    me = customer.shop.call("GET", "/me", token=customer.token).json()
    refused = customer.shop.call("GET", "/users", token=customer.token)

    assert me["user"]["roles"] == ["business_user"]
    assert me["permissions"] == ["orders.buy"]
    assert refused.status_code == 403


def test_somebody_else_is_sent_to_the_main_contact(stack, company):
    """001: "Your company is using a customer-center. Please contact your shop administrator %email% for activating an
    account." """
    answer = company.shop.call("POST", "/activations", body=company.form(email=f"other@{company.number}.example"))

    assert answer.status_code == 409
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert problem["code"] == "customer-center-managed"
    assert problem["detail"] == (
        "Your company is using a customer-center. "
        f"Please contact your shop administrator {company.email} for activating an account."
    )


def test_the_login_at_cognito_is_the_e_mail(company):
    # In any case on AWS (UsernameConfiguration, pinned by a template test); the emulator compares letters.
    assert company.shop.log_in(company.email, PASSWORD)
    assert company.shop.log_in(company.email, "not the password") is None


def test_the_overview_lists_users_and_contacts_without_account(company):
    """001: "the shop users already registered for the shop. You will see the User name, the status and the roles
    assigned"; "a list of ERP contacts, which are not yet set up as a user in the shop" """
    users = company.shop.call("GET", "/users", token=company.token).json()
    contacts = company.shop.call("GET", "/erp-contacts", token=company.token).json()

    assert {"name", "status", "roles"} <= users["items"][0].keys()
    assert company.user_id in [user["user_id"] for user in users["items"]]
    names = [contact["name"] for contact in contacts["items"]]
    assert names == sorted(names)
    assert f"Company {company.number}" not in names
    by_name = {contact["name"]: contact for contact in contacts["items"]}
    assert by_name["Cem Can"]["cannot_be_invited"] is True
    assert (contacts["outdated"], contacts["stale"]) == (False, False)


def test_an_erp_contact_is_invited_in_the_language_of_the_erp(stack):
    """001: "After storing the form the user will get a shop account"; "the user will get an email that contains all
    information about how to access the shop and his account data" """
    company = new_customer(stack).activate()
    contact = f"K{company.number}2"
    body = {"salutation": "mrs", "roles": ["buyer", "approver"]}

    answer = company.shop.call("POST", f"/erp-contacts/{contact}/user", token=company.token, body=body)

    assert answer.status_code == 201
    user = answer.json()
    assert (user["contact_number"], user["customer_number"]) == (contact, company.number)
    assert (user["name"], user["status"], user["language"]) == ("Bea Busch", "invited", "de")
    assert answer.headers["Location"] == f"/users/{user['user_id']}"
    company.link_of(user["email"])
    mail = company.shop.mails(user["email"])[0]
    for fact in ("Demo Shop", "http://localhost:8000", user["email"], "Bea Busch", company.number, contact, "Einkauf"):
        assert fact in mail["BodyText"], fact
    listed = company.shop.call("GET", "/erp-contacts", token=company.token).json()["items"]
    assert contact not in [row["contact_number"] for row in listed]
    sent = eventually(
        lambda: company.shop.call("GET", f"/users/{user['user_id']}", token=company.token).json()["invitation"][
            "sent_at"
        ]
    )
    assert sent
    again = company.shop.call("POST", f"/erp-contacts/{contact}/user", token=company.token, body=body)
    assert (again.status_code, again.json()["code"]) == (409, "contact-in-use")


def test_a_requested_user_gets_a_mail_and_a_contact_in_the_erp(stack):
    """001: "The function "Request new user" sets up a new user for the shop." """
    company = new_customer(stack).activate()

    user = company.invite("nina")

    company.link_of(user["email"])
    number = eventually(
        lambda: company.shop.call("GET", f"/users/{user['user_id']}", token=company.token).json()["contact_number"]
    )
    customers = requests.get(f"{stack.erp_url}/_simulator/customers", timeout=10).json()
    created = [contact for contact in customers[company.number]["contacts"] if contact["number"] == number]
    assert [contact["email"] for contact in created] == [user["email"]]


def test_the_e_mail_of_another_user_is_refused(company):
    """001: "the email is not yet used for another shop user." """
    body = {"salutation": "mr", "name": "Twin", "email": company.email.upper(), "roles": ["buyer"]}

    answer = company.shop.call("POST", "/users", token=company.token, body=body)

    assert (answer.status_code, answer.json()["code"]) == (409, "email-in-use")


def test_who_has_an_account_is_told_by_mail_and_nobody_learns_it_by_asking(company):
    stranger = new_customer(company.stack, customer_center="0")
    before = len(company.shop.mails(company.email))

    answer = stranger.shop.call("POST", "/activations", body=stranger.form(email=company.email))

    assert (answer.status_code, answer.json()) == (202, {"status": "code_sent", "email": company.email})
    assert stranger.shop.wait_for(company.email, r"(account with this address already)", after=before)
    guessed = stranger.shop.call("POST", "/activations", body=stranger.form(email=company.email, code="123456"))
    assert (guessed.status_code, guessed.json()["code"]) == (422, "code-invalid")


def test_a_colleague_whom_the_erp_names_main_contact_takes_their_invitation_over(stack):
    company = new_customer(stack).activate()
    user = company.invite("petra", "buyer")
    company.link_of(user["email"])
    company.change(main_contact_email=user["email"])
    before = len(company.shop.mails(user["email"]))
    form = company.form(email=user["email"])
    assert company.shop.call("POST", "/activations", body=form).status_code == 202

    code = company.shop.wait_for(user["email"], CODE, after=before)
    answer = company.shop.call("POST", "/activations", body={**form, "code": code})

    assert answer.status_code == 201, answer.text
    done = answer.json()["user"]
    assert (done["user_id"], done["roles"]) == (user["user_id"], ["buyer", "main_contact"])
    assert company.shop.log_in(user["email"], PASSWORD)


def test_the_invitation_of_an_administrator_who_was_removed_brings_nobody_in(stack):
    company = new_customer(stack).activate()
    inviter = company.join("ina", "main_contact")
    body = {"salutation": "mrs", "name": "Olga", "email": f"olga@{company.number}.example", "roles": ["main_contact"]}
    user = company.shop.call("POST", "/users", token=company.tokens[inviter], body=body).json()
    token = company.link_of(user["email"])
    removed = company.shop.call("DELETE", f"/users/{inviter}", token=company.token, if_match="*")
    assert removed.status_code == 204, removed.text
    before = len(company.shop.mails(company.email))

    refused = company.shop.call("POST", "/invitations/acceptance", body={"token": token, "password": PASSWORD})

    assert (refused.status_code, refused.json()["code"]) == (410, "invitation-revoked")
    assert company.shop.wait_for(company.email, r"#invite=(\S+)", after=before) == user["user_id"]
    seen = company.shop.call("GET", f"/users/{user['user_id']}", token=company.token).json()
    assert (seen["status"], seen["invitation"]["status"]) == ("invited", "revoked")


def test_an_invitation_is_accepted_once_and_logs_in(stack):
    company = new_customer(stack).activate()
    user = company.invite("otto")
    body = {"token": company.link_of(user["email"]), "password": PASSWORD}

    accepted = company.shop.call("POST", "/invitations/acceptance", body=body)
    other_password = company.shop.call(
        "POST", "/invitations/acceptance", body={**body, "password": "somebody else's password"}
    )

    assert accepted.status_code == 200
    assert accepted.json()["user"]["status"] == "active"
    assert accepted.json()["user"]["invitation"]["status"] == "accepted"
    assert (other_password.status_code, other_password.json()["code"]) == (410, "invitation-used")
    assert company.shop.log_in(user["email"], PASSWORD)


def test_a_deactivated_user_can_do_nothing_and_comes_back_with_the_old_password(stack):
    """001: "An user, which has been deactivated, cannot login to the shop anymore." """
    company = new_customer(stack).activate()
    user_id = company.join("paula")
    token, email = company.tokens[user_id], f"paula@{company.number}.example"
    cognito = company.stack.client("cognito-idp")
    login = cognito.initiate_auth(
        AuthFlow="USER_PASSWORD_AUTH",
        ClientId=stack.user_pool_client_id,
        AuthParameters={"USERNAME": email, "PASSWORD": PASSWORD},
    )["AuthenticationResult"]
    # The emulator compares the times of issue and of sign-out in whole seconds.
    time.sleep(1.1)

    off = company.shop.call("POST", f"/users/{user_id}/deactivate", token=company.token)

    assert (off.status_code, off.json()["status"]) == (200, "deactivated")
    refused = company.shop.call("GET", "/me", token=token)
    assert (refused.status_code, refused.json()["code"]) == (403, "user-deactivated")
    assert company.shop.log_in(email, PASSWORD) is None
    with pytest.raises(cognito.exceptions.NotAuthorizedException):
        cognito.initiate_auth(
            AuthFlow="REFRESH_TOKEN_AUTH",
            ClientId=stack.user_pool_client_id,
            AuthParameters={"REFRESH_TOKEN": login["RefreshToken"]},
        )
    on = company.shop.call("POST", f"/users/{user_id}/activate", token=company.token)
    assert (on.status_code, on.json()["status"]) == (200, "active")
    assert company.shop.log_in(email, PASSWORD)


def test_while_the_erp_is_offline_the_last_contacts_are_shown_as_stale(stack):
    company = new_customer(stack).activate()
    fresh = company.shop.call("GET", "/erp-contacts", token=company.token).json()
    _mode(stack, "failing", company.number)

    def stale():
        answer = company.shop.call("GET", "/erp-contacts?refresh=true", token=company.token)
        assert answer.status_code == 200
        return answer.json() if answer.json()["stale"] else None

    # The ERP is asked at most once in 30 seconds.
    seen = eventually(stale, seconds=60)
    assert (seen["as_of"], seen["items"]) == (fresh["as_of"], fresh["items"])
    _erp_is_back(stack, company)


def test_a_refreshed_list_is_read_behind_the_request(stack):
    company = new_customer(stack).activate()
    new, gone = f"K{company.number}9", f"K{company.number}2"
    company.shop.call("GET", "/erp-contacts", token=company.token)
    added = {"number": new, "name": "Zora Neu", "email": "zora@x.example"}
    company.change(add_contacts=[added], remove_contacts=[gone])

    def listed():
        answer = company.shop.call("GET", "/erp-contacts?refresh=true", token=company.token).json()
        numbers = [contact["contact_number"] for contact in answer["items"]]
        return new in numbers and gone not in numbers

    assert eventually(listed, seconds=60)


@pytest.mark.parametrize(
    ("mode", "status", "code"),
    [
        ("malformed", 502, "erp-malformed"),
        ("entity-bomb", 502, "erp-malformed"),
        ("failing", 503, "erp-unavailable"),
        ("hang", 504, "erp-timeout"),
    ],
)
def test_an_erp_that_fails_makes_no_half_company(stack, mode, status, code):
    customer = new_customer(stack)
    _mode(stack, mode, customer.number)

    answer = customer.shop.call("POST", "/activations", body=customer.form())

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    if status == 503:
        assert int(answer.headers["Retry-After"]) > 0
    _erp_is_back(stack, customer)
    assert customer.activate().user_id


def test_refusals_are_limited_and_tell_when_to_come_again(stack):
    customer = new_customer(stack)
    wrong = customer.form(invoice_number="999")

    answers = [customer.shop.call("POST", "/activations", body=wrong) for _ in range(6)]

    assert [answer.status_code for answer in answers] == [422] * 5 + [429]
    assert 0 < int(answers[-1].headers["Retry-After"]) <= 900
    assert len({json.dumps({**answer.json(), "request_id": ""}) for answer in answers[:5]}) == 1


def test_the_shop_page_may_call_the_api_from_its_origin(company):
    preflight = requests.options(
        company.stack.api_url + "/users",
        headers={"Origin": "http://localhost:8000", "Access-Control-Request-Method": "POST"},
        timeout=10,
    )
    stranger = requests.options(
        company.stack.api_url + "/users",
        headers={"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"},
        timeout=10,
    )

    assert preflight.headers["Access-Control-Allow-Origin"] == "http://localhost:8000"
    assert "Idempotency-Key" in preflight.headers["Access-Control-Allow-Headers"]
    assert "Access-Control-Allow-Origin" not in stranger.headers


def test_the_journal_tells_who_did_what(company):
    user = company.invite("quentin")
    rows = TypeDeserializer()
    found = company.stack.client("dynamodb").query(
        TableName=company.stack.journal_table,
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": {"S": company.company_id}},
    )["Items"]

    entries = [{name: rows.deserialize(value) for name, value in item.items()} for item in found]
    invited = next(entry for entry in entries if entry["subject"] == user["user_id"])
    assert invited["action"] == "user.invited"
    assert invited["actor"] == {"kind": "person", "actor_id": company.user_id}
    assert invited["changes"]["email"] == [None, user["email"]]
    eventually(lambda: "pending" not in _entry(company, invited["sk"]))


def _entry(company: Customer, entry_id: str) -> dict[str, object]:
    return company.stack.client("dynamodb").get_item(
        TableName=company.stack.journal_table, Key={"pk": {"S": company.company_id}, "sk": {"S": entry_id}}
    )["Item"]


def _mode(stack: Stack, mode: str, customer_number: str) -> None:
    wish = {"mode": mode, "customer_number": customer_number}
    assert requests.post(f"{stack.erp_url}/_simulator/mode", json=wish, timeout=10).ok


def _erp_is_back(stack: Stack, customer: Customer) -> None:
    """Switch the simulator to normal and close the breaker."""
    _mode(stack, "ok", customer.number)
    stack.client("dynamodb").delete_item(
        TableName=stack.companies_table, Key={"pk": {"S": "breaker#erp"}, "sk": {"S": "breaker"}}
    )
