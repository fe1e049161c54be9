"""What a main contact does with users, over HTTP with real JWTs: edit, new e-mail, invite again, hand over, delete."""

import threading

import pytest

from local.stack import Stack
from local.walk import LINK, PASSWORD
from tests.e2e.companies import Customer, eventually, new_customer


@pytest.fixture(scope="module")
def company(stack: Stack) -> Customer:
    return new_customer(stack).activate()


def _call(company, method, path, *, token=None, body=None, version="*"):
    return company.shop.call(method, path, token=token or company.token, body=body, If_Match=version)


def _user(company, user_id):
    return company.shop.call("GET", f"/users/{user_id}", token=company.token)


def _edit(company, user_id, *, version="*", **changes):
    return _call(company, "PATCH", f"/users/{user_id}", body=changes, version=version)


def test_a_user_is_edited_and_only_the_version_that_was_seen(company):
    """001: "In addition, you can assign roles to the user and define budgets."."""
    user_id = company.join("edith")
    version = _user(company, user_id).headers["ETag"]
    budget = {"amount": "9.99", "currency": "EUR"}
    changes = {"name": "Edith Edel", "roles": ["approver"], "budgets": {"per_order": budget}}

    edited = _edit(company, user_id, version=version, **changes)
    late = _edit(company, user_id, version=version, name="Late")

    assert edited.status_code == 200
    assert {**edited.json(), **changes, "budgets": {"per_order": budget, "per_month": None}} == edited.json()
    assert edited.headers["ETag"] != version
    assert (late.status_code, late.json()["code"]) == (412, "version-changed")
    me = company.shop.call("GET", "/me", token=company.tokens[user_id]).json()
    assert me["permissions"] == ["company.view", "orders.approve", "orders.buy"], "what changed holds at once"


def test_of_edits_at_once_of_one_version_one_is_written(company):
    user_id = company.join("eve")
    version = _user(company, user_id).headers["ETag"]
    answers = []

    def edit(name):
        answers.append(_edit(company, user_id, version=version, name=name).status_code)

    threads = [threading.Thread(target=edit, args=[name]) for name in ("One", "Two", "Three")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(answers) == [200, 412, 412]


def test_a_new_email_is_the_login_once_its_owner_confirmed_it(company):
    """Else editing a colleague's address would take over their account (docs/specification.md, 4.8)."""
    user_id = company.join("frida")
    old, new = f"frida@{company.number}.example", f"frida.new@{company.number}.example"
    session, mails = company.tokens[user_id], len(company.shop.mails(old))

    asked = _edit(company, user_id, email=new).json()
    token = company.link_of(new)

    assert (asked["email"], asked["email_change"]["email"]) == (old, new)
    assert company.shop.log_in(old, PASSWORD)
    assert company.shop.log_in(new, PASSWORD) is None
    notice = company.shop.mails(old)[mails]["BodyText"]
    assert f"f***@{company.number}.example" in notice
    assert token not in notice
    waiting = company.shop.call("POST", "/email-confirmations", body={"token": token})
    assert (waiting.status_code, waiting.json()["status"]) == (202, "waiting")
    assert company.shop.log_in(new, PASSWORD) is None
    agreed = company.shop.call("POST", "/email-confirmations", body={"token": company.link_of(old, after=mails)})
    assert (agreed.status_code, agreed.json()["email"]) == (200, f"f***@{company.number}.example")
    for _ in range(2):
        confirmed = company.shop.call("POST", "/email-confirmations", body={"token": token})
        expected = {"status": "confirmed", "email": new, "takes_effect_at": None}
        assert (confirmed.status_code, confirmed.json()) == (200, expected)
    assert company.shop.log_in(new, PASSWORD)
    assert company.shop.log_in(old, PASSWORD) is None
    me = company.shop.call("GET", "/me", token=session)
    assert (me.status_code, me.json()["user"]["email"]) == (200, new), "sessions go on"
    taken = _edit(company, company.user_id, email=new)
    assert (taken.status_code, taken.json()["code"]) == (409, "email-in-use")


def test_whose_email_was_changed_behind_their_back_cancels_it(company):
    """An administrator cannot take a colleague over with a mailbox of their own (docs/specification.md, 4.31)."""
    user_id = company.join("greta")
    old, new = f"greta@{company.number}.example", f"attacker@{company.number}.example"
    mails = len(company.shop.mails(old))
    _edit(company, user_id, email=new)
    confirmed = company.shop.call("POST", "/email-confirmations", body={"token": company.link_of(new)})
    assert confirmed.status_code == 202

    body = {"token": company.link_of(old, after=mails)}
    for _ in range(2):
        cancelled = company.shop.call("POST", "/email-cancellations", body=body)
        assert (cancelled.status_code, cancelled.json()) == (200, {"status": "cancelled", "email": old})

    assert company.shop.log_in(old, PASSWORD)
    assert company.shop.log_in(new, PASSWORD) is None
    assert _call(company, "GET", f"/users/{user_id}").json()["email_change"] is None


def test_an_invitation_whose_link_is_broken_is_looked_up_and_accepted_with_its_code(company):
    """Mail scanners break links behind a # (docs/specification.md, 5.21)."""
    user = company.invite("ida")
    code = company.shop.wait_for(user["email"], r"(?m)^([0-9A-Z]{4}(?:-[0-9A-Z]{4}){2})$")

    seen = company.shop.call("POST", "/invitations/lookup", body={"token": code})
    body = {"token": code.lower().replace("-", " "), "password": PASSWORD}
    accepted = company.shop.call("POST", "/invitations/acceptance", body=body)

    assert (seen.status_code, seen.json()["company_name"]) == (200, f"Company {company.number}")
    assert (accepted.status_code, accepted.json()["user"]["status"]) == (200, "active")


def test_ones_own_new_email_is_asked_for_with_a_recent_login(company):
    new = f"main.new@{company.number}.example"
    asked = _edit(company, company.user_id, email=new)
    assert (asked.status_code, asked.json()["email_change"]["email"]) == (200, new), "they have just logged in"
    withdrawn = _edit(company, company.user_id, email=company.email)
    assert withdrawn.json()["email_change"] is None


def test_the_invitation_of_who_never_accepted_moves_along(company):
    user = company.invite("gustav")
    dead = {"token": company.link_of(user["email"]), "password": PASSWORD}
    new = f"gustav.new@{company.number}.example"

    moved = _edit(company, user["user_id"], email=new).json()
    good = {"token": company.link_of(new), "password": PASSWORD}

    assert (moved["email"], moved["email_change"], moved["status"]) == (new, None, "invited")
    refused = company.shop.call("POST", "/invitations/acceptance", body=dead)
    assert (refused.status_code, refused.json()["code"]) == (404, "invitation-invalid")
    assert company.shop.call("POST", "/invitations/acceptance", body=good).status_code == 200
    assert company.shop.log_in(new, PASSWORD)


def test_an_invitation_is_revoked_and_asked_for_again_too_early(company):
    user = company.invite("hanna")
    body = {"token": company.link_of(user["email"]), "password": PASSWORD}

    revoked = _call(company, "DELETE", f"/users/{user['user_id']}/invitation")
    early = _call(company, "POST", f"/users/{user['user_id']}/invitation")

    assert (revoked.json()["status"], revoked.json()["invitation"]["status"]) == ("invited", "revoked")
    refused = company.shop.call("POST", "/invitations/acceptance", body=body)
    assert (refused.status_code, refused.json()["code"]) == (410, "invitation-revoked")
    assert (early.status_code, early.json()["code"]) == (429, "too-many-requests")
    assert 1 <= int(early.headers["Retry-After"]) <= 60


def test_a_contact_who_is_deleted_is_listed_again_and_cannot_log_in(company):
    route = f"/erp-contacts/K{company.number}1/user"
    body = {"salutation": "mrs", "roles": ["buyer"]}
    user = company.shop.call("POST", route, token=company.token, body=body).json()
    accepted = {"token": company.link_of(user["email"]), "password": PASSWORD}
    session = company.shop.call("POST", "/invitations/acceptance", body=accepted).json()["session"]["access_token"]

    deleted = _call(company, "DELETE", f"/users/{user['user_id']}")

    assert (deleted.status_code, deleted.text) == (204, "")
    assert company.shop.call("GET", "/me", token=session).status_code in (401, 403)
    assert company.shop.log_in(user["email"], PASSWORD) is None
    contacts = company.shop.call("GET", "/erp-contacts", token=company.token).json()["items"]
    assert user["contact_number"] in [contact["contact_number"] for contact in contacts]
    assert company.shop.call("POST", route, token=company.token, body=body).status_code == 201


def test_the_main_contact_hands_over_and_both_are_told(stack):
    company = new_customer(stack).activate()
    user_id = company.join("ida")
    mails = len(company.shop.mails(company.email))

    def hand_over():
        return company.shop.call(
            "POST", "/company/main-contact", token=company.token, body={"user_id": user_id}, Idempotency_Key="mine"
        )

    first, again = hand_over(), hand_over()

    assert (first.status_code, first.json()["roles"]) == (200, ["buyer", "main_contact"])
    assert (again.status_code, again.json()) == (200, first.json())
    me = company.shop.call("GET", "/me", token=company.token).json()
    assert me["user"]["roles"] == ["approver", "buyer"]
    refused = company.shop.call("GET", "/users", token=company.token)
    assert (refused.status_code, refused.json()["code"]) == (403, "permission-missing")
    assert company.shop.call("GET", "/users", token=company.tokens[user_id]).status_code == 200
    eventually(lambda: len(company.shop.mails(company.email)) == mails + 1)
    eventually(lambda: len(company.shop.mails(f"ida@{company.number}.example")) == 2)


def test_two_last_main_contacts_who_demote_each_other_at_once_leave_one(stack):
    company = new_customer(stack).activate()
    other = company.join("jana", "main_contact")
    tokens = {company.user_id: company.tokens[other], other: company.token}
    answers = []

    def demote(user_id):
        answer = _call(company, "PATCH", f"/users/{user_id}", token=tokens[user_id], body={"roles": ["buyer"]})
        answers.append(answer.status_code)

    threads = [threading.Thread(target=demote, args=[user_id]) for user_id in tokens]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert answers.count(200) == 1
    roles = [company.shop.call("GET", "/me", token=token).json()["user"]["roles"] for token in tokens.values()]
    assert sorted(roles) == [["buyer"], ["main_contact"]]


def test_a_confirmation_that_was_never_mailed_looks_like_any_other(company):
    user_id = company.join("karl")
    _edit(company, user_id, email=f"karl.new@{company.number}.example")
    link = company.shop.wait_for(f"karl.new@{company.number}.example", LINK)

    for token in ("x", f"{user_id}.guess", link + "x", company.user_id):
        answer = company.shop.call("POST", "/email-confirmations", body={"token": token})
        assert (answer.status_code, answer.json()["code"]) == (404, "confirmation-invalid")
