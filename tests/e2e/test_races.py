"""Two people act at the same moment, over HTTP on the running stack: one wins, and nothing is stored twice."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
import requests

from local.walk import CODE, PASSWORD
from tests.e2e.companies import Customer, eventually, new_customer


def at_once(*calls: Callable[[], requests.Response]) -> list[requests.Response]:
    """Return the answers to calls that start together."""
    together = Barrier(len(calls))

    def call(send: Callable[[], requests.Response]) -> requests.Response:
        together.wait()
        return send()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(call, calls))


def statuses(answers: list[requests.Response]) -> list[int]:
    """Return the answers' statuses, sorted."""
    return sorted(answer.status_code for answer in answers)


@pytest.fixture(scope="module")
def company(stack) -> Customer:
    return new_customer(stack).activate()


def test_two_activations_of_one_company_at_once_leave_one_company_with_both(stack):
    """Two people of a customer without a customer center finish their activations in the same moment."""
    customer = new_customer(stack, customer_center="0")
    forms = []
    for name in ("one", "two"):
        email = f"{name}@{customer.number}.example"
        assert customer.shop.call("POST", "/activations", body=customer.form(email=email)).status_code == 202
        forms.append(customer.form(email=email, code=customer.shop.wait_for(email, CODE)))
    answers = at_once(*(lambda form=form: customer.shop.call("POST", "/activations", body=form) for form in forms))
    for first, form in zip(answers, forms, strict=True):
        waits = first.status_code == 409 and first.json()["code"] == "in-progress"
        answer = customer.shop.call("POST", "/activations", body=form) if waits else first
        assert answer.status_code == 201, answer.text
        form["company_id"] = answer.json()["company"]["company_id"]
        form["token"] = customer.shop.log_in(form["email"], PASSWORD)
    assert len({form["company_id"] for form in forms}) == 1
    for form in forms:
        me = customer.shop.call("GET", "/me", token=form["token"]).json()
        assert me["user"]["email"] == form["email"]


def test_of_two_users_with_one_email_at_once_one_is_added(company):
    """001: "the email is not yet used for another shop user."."""
    body = {"salutation": "mr", "name": "Twin", "email": f"twin@{company.number}.example", "roles": ["buyer"]}
    answers = at_once(*2 * [lambda: company.shop.call("POST", "/users", token=company.token, body=body)])
    assert statuses(answers) == [201, 409]
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} <= {"email-in-use", "in-progress"}


def test_of_two_companies_invitations_accepted_at_once_one_is(company):
    """An e-mail belongs to whoever proved it first, and the other company sees that its invitation ended."""
    other = new_customer(company.stack).activate()
    email = f"wanted@{company.number}.example"
    body = {"salutation": "mr", "name": "Wanted", "email": email, "roles": ["buyer"]}
    users, tokens = [], []
    for each in (company, other):
        answer = each.shop.call("POST", "/users", token=each.token, body=body)
        assert answer.status_code == 201, answer.text
        users.append(answer.json()["user_id"])
        tokens.append(each.link_of(email, after=len(tokens)))
    answers = at_once(
        *(
            lambda token=token: company.shop.call(
                "POST", "/invitations/acceptance", body={"token": token, "password": PASSWORD}
            )
            for token in tokens
        )
    )
    assert statuses(answers) == [200, 410], [answer.text for answer in answers]
    lost = next(at for at, answer in enumerate(answers) if answer.status_code == 410)
    assert answers[lost].json()["code"] == "invitation-superseded"
    loser = (company, other)[lost]

    def ended():
        seen = loser.shop.call("GET", f"/users/{users[lost]}", token=loser.token).json()
        return seen["invitation"]["status"] == "superseded"

    eventually(ended)
    me = company.shop.call("GET", "/me", token=company.shop.log_in(email, PASSWORD)).json()
    assert me["user"]["user_id"] == users[1 - lost]


def test_one_invitation_accepted_twice_at_once_is_accepted_once(company):
    invited = company.invite("twice")
    token = company.link_of(invited["email"])
    passwords = ["first come first served", "second come not served"]
    answers = at_once(
        *(
            lambda password=password: company.shop.call(
                "POST", "/invitations/acceptance", body={"token": token, "password": password}
            )
            for password in passwords
        )
    )
    accepted = [answer.status_code == 200 for answer in answers]
    assert sum(accepted) == 1, [answer.text for answer in answers]
    sessions = [company.shop.log_in(invited["email"], password) is not None for password in passwords]
    assert sessions == accepted


def test_of_two_edits_of_one_version_at_once_one_is_written(company):
    user_id = company.join("edited")
    path, names = f"/users/{user_id}", ["Edited One", "Edited Two"]
    seen = company.shop.call("GET", path, token=company.token)
    answers = at_once(
        *(
            lambda name=name: company.shop.call(
                "PATCH", path, token=company.token, body={"name": name}, if_match=seen.headers["ETag"]
            )
            for name in names
        )
    )
    assert statuses(answers) == [200, 412], [answer.text for answer in answers]
    written = next(name for name, answer in zip(names, answers, strict=True) if answer.status_code == 200)
    now = company.shop.call("GET", path, token=company.token).json()
    assert (now["name"], now["version"]) == (written, seen.json()["version"] + 1)


def test_the_last_two_main_contacts_demoting_each_other_at_once_leave_one(company):
    one = company.user_id
    two = company.join("chief", "main_contact")
    pairs = [(company.token, two), (company.tokens[two], one)]
    answers = at_once(
        *(
            lambda token=token, user_id=user_id: company.shop.call(
                "PATCH", f"/users/{user_id}", token=token, body={"roles": ["buyer"]}, if_match="*"
            )
            for token, user_id in pairs
        )
    )
    assert [answer.status_code for answer in answers].count(200) == 1, [answer.text for answer in answers]
    survivor = next(token for (token, _), answer in zip(pairs, answers, strict=True) if answer.status_code == 200)
    users = company.shop.call("GET", "/users", token=survivor).json()["items"]
    chiefs = [user for user in users if "main_contact" in user["roles"] and user["status"] == "active"]
    assert len(chiefs) == 1
