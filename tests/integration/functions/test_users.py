"""The users function: who am I, the overview, and what an administrator does with a user."""

import json
import time

import pytest

from customer_center.companies.model import Permission, Role
from tests.integration.aws import event_of
from tests.integration.functions.requests_of_samples import (
    as_user,
    with_body,
    with_header,
    with_path,
    with_query,
    with_raw,
)
from tests.integration.functions.stage import assert_problem
from tests.integration.population import BUYER, COMPANY, DEACTIVATED, FRESH, INVITED, LEAVING, MAIN, NOBODY, STRANGER


def test_me_tells_who_is_logged_in(company):
    reply = company.call(event_of("users/me"))
    assert reply.status == 200
    assert reply.body["user"]["user_id"] == MAIN
    assert reply.body["company"]["customer_number"] == "10000"
    assert reply.headers["ETag"] == '"1"'


@pytest.mark.parametrize(
    ("user_id", "permissions"),
    [
        (MAIN, sorted(Permission)),
        (BUYER, ["orders.buy"]),
        (LEAVING, ["company.view", "orders.approve", "orders.buy"]),
    ],
    ids=["main contact", "buyer", "approver"],
)
def test_me_tells_what_somebody_may_do_so_that_a_page_can_hide_the_rest(company, user_id, permissions):
    """001: "The customer-center will be visible for users only if you have the rights for it."."""
    assert company.call(as_user(user_id, event_of("users/me"))).body["permissions"] == permissions


def test_users_are_listed_page_by_page(company):
    whole = company.call(event_of("users/list_users")).body
    assert [user["user_id"] for user in whole["items"]] == [MAIN, BUYER, INVITED, DEACTIVATED, FRESH, LEAVING]
    first = company.call(with_query("users/list_users", limit="4")).body
    second = company.call(with_query("users/list_users", limit="4", cursor=first["next_cursor"])).body
    assert first["items"] + second["items"] == whole["items"]
    assert second["next_cursor"] is None


def test_users_are_filtered_and_put_in_order(company):
    query = {"status": "active", "sort": "-name", "limit": "2"}
    first = company.call(with_query("users/list_users", **query)).body
    second = company.call(with_query("users/list_users", **query, cursor=first["next_cursor"])).body
    names = [user["name"] for user in first["items"] + second["items"]]
    assert names == ["Max Mustermann", "Anna Mehl", "Anna Mehl"]
    found = company.call(with_query("users/list_users", q="MÁX", invitation="pending")).body
    assert found["items"] == []
    assert [user["user_id"] for user in company.call(with_query("users/list_users", q="MÁX")).body["items"]] == [MAIN]


def test_a_large_company_is_not_put_in_order_by_name(company, monkeypatch):
    monkeypatch.setattr("customer_center.companies.users.find_users.SORTED_AT_MOST", 5)
    company.refuses(with_query("users/list_users", sort="name"), 400, "unsupported-query")


def test_one_user_is_shown(company):
    reply = company.call(event_of("users/get_user"))
    assert reply.status == 200
    assert reply.body["user_id"] == BUYER


def test_a_new_user_is_requested(company):
    reply = company.call(event_of("users/request_user"))
    assert reply.status == 201
    assert (reply.body["name"], reply.body["status"]) == ("Nina Neu", "invited")
    assert reply.body["budgets"] == {"per_order": {"amount": "500.00", "currency": "EUR"}, "per_month": None}
    assert reply.headers["Location"] == f"/users/{reply.body['user_id']}"
    assert company.effects() == ["mail"]


def test_a_new_user_becomes_a_contact_of_the_erp_where_that_is_switched_on(company):
    company.call(event_of("users/request_user"), CreateErpContact="true")
    assert company.effects() == ["erp_contact", "mail"]


def test_a_user_is_deactivated_and_their_login_ends(company):
    company.has_login(LEAVING)
    reply = company.call(event_of("users/deactivate"))
    assert (reply.status, reply.body["status"], reply.headers["ETag"]) == (200, "deactivated", '"2"')
    assert company.aws.logins()[LEAVING][0] is False


def test_a_user_is_activated_again(company):
    company.has_login(DEACTIVATED)
    company.identities.disable(DEACTIVATED)
    reply = company.call(event_of("users/activate"))
    assert (reply.status, reply.body["status"]) == (200, "active")
    assert company.aws.logins()[DEACTIVATED][0] is True


def test_a_user_is_edited(company):
    reply = company.call(event_of("users/edit"))
    assert (reply.status, reply.headers["ETag"]) == (200, '"2"')
    assert (reply.body["name"], reply.body["roles"]) == ("Lea Neu", ["approver", "buyer"])
    assert reply.body["budgets"] == {"per_order": {"amount": "250.00", "currency": "EUR"}, "per_month": None}
    assert reply.body["email"] == company.store.user(LEAVING).email != "lea.neu@musterhandel.example"
    change = reply.body["email_change"]
    assert (change["email"], change["sent_at"], change["bounced"]) == ("lea.neu@musterhandel.example", None, False)
    assert company.effects() == ["mail"]


def test_ones_own_new_email_needs_a_recent_login(company):
    """The token says when its person logged in (`auth_time`; docs/specification.md, 4.33)."""
    body = {"email": "max.new@musterhandel.example"}
    event = with_raw("users/edit", json.dumps(body))
    event["pathParameters"] = {"user_id": MAIN}
    claims = event["requestContext"]["authorizer"]["jwt"]["claims"]
    for auth_time in ("1763978000", None, "soon", "", str(int(time.time()) - 16 * 60)):
        claims["auth_time"] = auth_time
        company.refuses(event, 403, "login-too-old")
    claims["auth_time"] = str(int(time.time()) - 14 * 60)
    company.refuses(event, 403, "login-too-old", parameters={"RecentLoginMinutes": "10"})
    assert company.call(event).body["email_change"]["email"] == body["email"]


def test_null_takes_a_budget_away_and_what_is_left_out_stays(company):
    both = {name: {"amount": "1.00", "currency": "EUR"} for name in ("per_order", "per_month")}
    company.call(with_raw("users/edit", json.dumps({"budgets": both})))
    version = 2
    for given, left in (({}, both), ({"per_order": None}, {**both, "per_order": None}), (None, None)):
        event = with_raw("users/edit", json.dumps({"budgets": given}))
        reply = company.call(with_header(event, "if-match", f'"{version}"'))
        assert reply.body["budgets"] == (left or {"per_order": None, "per_month": None})
        version = reply.body["version"]
    assert version == 4


def test_an_edit_of_nothing_changes_nothing(company):
    before = company.aws.items()
    reply = company.call(with_raw("users/edit", "{}"))
    assert (reply.status, reply.headers["ETag"]) == (200, '"1"')
    assert company.aws.items() == before


def test_a_user_is_deleted_with_their_login(company):
    company.has_login(LEAVING)
    reply = company.call(event_of("users/delete"))
    assert (reply.status, reply.text) == (204, "")
    assert company.store.user(LEAVING) is None
    assert company.aws.logins() == {}
    again = event_of("users/delete")
    assert_problem(company.call(again), again, 404, "not-found")


def test_an_invitation_is_sent_again(company):
    before = company.store.user(INVITED).invitation
    reply = company.call(event_of("users/resend_invitation"))
    assert (reply.status, reply.body["invitation"]["status"]) == (200, "pending")
    assert company.store.user(INVITED).invitation.mail_id != before.mail_id
    again = event_of("users/resend_invitation")
    answer = company.call(again)
    assert_problem(answer, again, 429, "too-many-requests")
    assert 50 <= int(answer.headers["Retry-After"]) <= 60


def test_an_invitation_is_revoked(company):
    reply = company.call(event_of("users/revoke_invitation"))
    assert (reply.status, reply.body["status"], reply.body["invitation"]["status"]) == (200, "invited", "revoked")
    event = event_of("invitations/accept")
    assert_problem(company.call(event), event, 410, "invitation-revoked")


@pytest.mark.parametrize("path", ["users/resend_invitation", "users/revoke_invitation"])
def test_only_an_open_invitation_is_sent_again_or_revoked(company, path):
    event = with_path(path, "user_id", LEAVING)
    company.refuses(event, 409, "invitation-not-open")


def test_the_company_is_shown_to_who_may_see_it(company):
    reply = company.call(as_user(LEAVING, event_of("users/company")))
    assert (reply.status, reply.body["customer_number"]) == (200, "10000")


def test_the_main_contact_hands_over_to_a_colleague(company):
    reply = company.call(event_of("users/hand_over"))
    assert (reply.status, reply.body["user_id"], reply.body["roles"]) == (200, LEAVING, ["approver", "main_contact"])
    assert company.store.user(MAIN).roles == {Role.APPROVER, Role.BUYER}
    assert company.store.company(COMPANY).main_contacts == {LEAVING}
    assert company.effects() == ["mail", "mail"]


@pytest.mark.parametrize("user_id", [INVITED, DEACTIVATED])
def test_only_an_active_user_becomes_main_contact(company, user_id):
    company.refuses(with_body("users/hand_over", user_id=user_id), 409, "user-not-active")


FOREIGN_IDS = {
    "of-another-company": STRANGER,
    "of-nobody": NOBODY,
    "company-id": COMPANY,
    "short": "usr_x",
    "prefix-only": "usr_",
    "capital-letters": BUYER.upper(),
    "up": "..",
    "percent": "%",
    "percent-encoded": "%2e%2e",
    "blank": " ",
    "nul": "\x00",
    "key-of-a-contact": "contact#KT010001",
    "long": "usr_" + "0" * 3000,
}


@pytest.mark.parametrize("user_id", FOREIGN_IDS.values(), ids=FOREIGN_IDS)
def test_a_foreign_id_looks_like_one_that_does_not_exist(company, user_id):
    company.refuses(with_path("users/get_user", "user_id", user_id), 404, "not-found")


@pytest.mark.parametrize("path", ["users/deactivate", "users/delete", "users/edit"])
def test_nobody_takes_access_from_themself(company, path):
    company.refuses(with_path(path, "user_id", MAIN), 409, "own-account")


def test_nobody_hands_over_to_themself(company):
    company.refuses(with_body("users/hand_over", user_id=MAIN), 409, "own-account")


@pytest.mark.parametrize(
    ("user_id", "roles"),
    [(MAIN, ["main_contact", "approver", "buyer"]), (BUYER, []), (LEAVING, [])],
    ids=["main contact", "buyer", "approver"],
)
def test_me_tells_which_roles_somebody_may_give(company, user_id, roles):
    assert company.call(as_user(user_id, event_of("users/me"))).body["assignable_roles"] == roles


@pytest.mark.parametrize("user_id", [MAIN, BUYER])
def test_people_edit_their_own_name_and_language(company, user_id):
    reply = company.call(as_user(user_id, event_of("users/edit_me")))
    assert reply.status == 200
    assert (reply.body["name"], reply.body["language"], reply.body["version"]) == ("Max Mustermann-Meier", "nl", 2)
    assert company.store.user(user_id).name == "Max Mustermann-Meier"
    assert ("user.edited", "person", user_id) in company.changes_in(COMPANY)


@pytest.mark.parametrize("field", ["email", "roles", "budgets", "contact_number", "customer_number", "status"])
def test_nobody_edits_anything_else_of_their_own(company, field):
    event = as_user(BUYER, with_body("users/edit_me", **{field: "anything"}))
    assert_problem(company.call(event), event, 422, "invalid-input", (f"/{field}", "unknown-field"))


def test_ones_own_name_is_held_to_the_same_rules(company):
    event = with_body("users/edit_me", name="x" * 51, salutation="sir", language="")
    wrong = [("/name", "too-long"), ("/salutation", "unknown-value"), ("/language", "too-short")]
    assert_problem(company.call(event), event, 422, "invalid-input", *wrong)


def test_an_older_version_of_oneself_is_not_edited(company):
    company.refuses(with_header(event_of("users/edit_me"), "if-match", '"7"'), 412, "version-changed")
    event = event_of("users/edit_me")
    del event["headers"]["if-match"]
    company.refuses(event, 428, "precondition-required")
