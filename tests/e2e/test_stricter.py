"""The main job under rules that AWS has and the emulator lacks, each alone and all together (`local/stricter.py`)."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest
import requests
from botocore.exceptions import ClientError

from local.stack import Stack
from local.stricter import CONTROL
from local.walk import PASSWORD, Shop
from tests.conftest import STRICT_RULES
from tests.e2e.companies import Customer, eventually, new_customer

REFUSED, ACCEPTED = {"refused": True}, {"refused": False}
# What AWS allows a second by default (docs.aws.amazon.com: the quotas of Cognito, Systems Manager and SES).
NEW_ACCOUNT = {
    "UserAuthentication": 120,
    "UserCreation": 50,
    "UserAccountRecovery": 30,
    "UserUpdate": 25,
    "UserRead": 120,
    "SSM": 40,
    "SES": 14,
}
_PATIENCE = 90


@contextmanager
def rules(stack: Stack, on: Mapping[str, Any]) -> Iterator[Any]:
    """Put these rules in the place of the session's, and yield a function that returns the counts."""
    control = stack.endpoint_url + CONTROL

    def counts() -> Mapping[str, Mapping[str, int]]:
        return requests.get(control, timeout=10).json()

    def put(wanted: Mapping[str, Any]) -> None:
        requests.put(control, json=wanted, timeout=10).raise_for_status()

    put(on)
    try:
        if "SSM" in on.get("quotas", {}):
            # Warm sandboxes have read their secrets already. They end once their calls are done.
            requests.delete(control, timeout=60).raise_for_status()
        yield counts
    finally:
        put(STRICT_RULES)


class PatientShop(Shop):
    """A shop that repeats what the API or its gateway cannot do now, as docs/shop-frontend.md asks for."""

    def call(self, *request: Any, **given: Any) -> requests.Response:
        end = time.monotonic() + _PATIENCE
        while True:
            answer = super().call(*request, **given)
            in_progress = answer.status_code == 409 and answer.json()["code"] == "in-progress"
            if (answer.status_code != 503 and not in_progress) or time.monotonic() > end:
                return answer
            time.sleep(min(2, int(answer.headers.get("Retry-After", 1))))

    def wait_for(self, to: str, pattern: str, *, after: int = 0) -> str:
        """Wait longer: a mail that SES could not take now is sent half a minute later."""
        try:
            return super().wait_for(to, pattern, after=after)
        except SystemExit:
            return super().wait_for(to, pattern, after=after)


def main_job(stack: Stack) -> None:
    """Activate, invite, accept, edit with a new e-mail, deactivate, and delete."""
    customer = new_customer(stack)
    customer.shop = PatientShop(stack)
    customer.activate()
    user_id = customer.join("uwe")
    old, new = f"uwe@{customer.number}.example", f"uwe.new@{customer.number}.example"
    path, mails = f"/users/{user_id}", len(customer.shop.mails(old))
    refresh = _refresh_token(stack, old)

    edited = _call(customer, "PATCH", path, body={"name": "Uwe Unruh", "email": new})
    assert (edited.status_code, edited.json()["email_change"]["email"]) == (200, new)
    for link, status in ((customer.link_of(new), 202), (customer.link_of(old, after=mails), 200)):
        confirmed = _call(customer, "POST", "/email-confirmations", body={"token": link})
        assert confirmed.status_code == status, confirmed.text
    eventually(lambda: customer.shop.log_in(new, PASSWORD), _PATIENCE)
    assert customer.shop.log_in(old, PASSWORD) is None

    off = _call(customer, "POST", f"{path}/deactivate")
    assert (off.status_code, off.json()["status"]) == (200, "deactivated")
    eventually(lambda: customer.shop.log_in(new, PASSWORD) is None, _PATIENCE)
    on = _call(customer, "POST", f"{path}/activate")
    assert (on.status_code, on.json()["status"]) == (200, "active")
    eventually(lambda: customer.shop.log_in(new, PASSWORD), _PATIENCE)
    with pytest.raises(ClientError, match="NotAuthorizedException"):
        _authenticate(stack, "REFRESH_TOKEN_AUTH", REFRESH_TOKEN=refresh)

    deleted = _call(customer, "DELETE", path)
    assert deleted.status_code == 204, deleted.text
    eventually(lambda: customer.shop.log_in(new, PASSWORD) is None, _PATIENCE)


def _refresh_token(stack: Stack, email: str) -> str:
    return _authenticate(stack, "USER_PASSWORD_AUTH", USERNAME=email, PASSWORD=PASSWORD)["RefreshToken"]


def _authenticate(stack: Stack, flow: str, **parameters: str) -> Mapping[str, Any]:
    cognito = stack.client("cognito-idp")
    answer = cognito.initiate_auth(ClientId=stack.user_pool_client_id, AuthFlow=flow, AuthParameters=parameters)
    return answer["AuthenticationResult"]


def _call(customer: Customer, method: str, path: str, **given: Any) -> requests.Response:
    return customer.shop.call(method, path, token=customer.token, If_Match="*", **given)


# Each case: the rules, and the count that shows that they did something.
CASES = {
    "a disabled user's password is refused": ({"password-of-disabled": REFUSED}, ("refused", "password-of-disabled")),
    "a disabled user's password is accepted": ({"password-of-disabled": ACCEPTED}, ("reached", "password-of-disabled")),
    "a disabled user's sign-out is refused": ({"sign-out-of-disabled": REFUSED}, ("refused", "sign-out-of-disabled")),
    "a disabled user's sign-out is accepted": ({"sign-out-of-disabled": ACCEPTED}, ("reached", "sign-out-of-disabled")),
    "an e-mail is the alias of one user": ({"alias-exists": {}}, ("reached", "alias-exists")),
    "an enabled user is seen a second late": ({"enable-late": {"seconds": 1}}, ("refused", "enable-late")),
    "few changes of users": ({"quotas": {"UserUpdate": 2}}, ("refused", "quotas UserUpdate")),
    "few new users": ({"quotas": {"UserCreation": 0.1}}, ("refused", "quotas UserCreation")),
    "few logins": ({"quotas": {"UserAuthentication": 0.1}}, ("refused", "quotas UserAuthentication")),
    "few mails": ({"quotas": {"SES": 1}}, ("refused", "quotas SES")),
    "few reads of secrets": ({"quotas": {"SSM": 0.1}}, ("refused", "quotas SSM")),
    "one execution at a time": ({"concurrency": {"limit": 1}}, ("refused", "concurrency")),
    "1,000 executions at a time": ({"concurrency": {"limit": 1000}}, ("reached", "concurrency")),
    "all of a new account": (
        {
            "password-of-disabled": REFUSED,
            "sign-out-of-disabled": REFUSED,
            "alias-exists": {},
            "enable-late": {"seconds": 1},
            "quotas": NEW_ACCOUNT,
            "concurrency": {"limit": 10},
        },
        ("refused", "enable-late"),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_the_main_job_is_done(stack, case):
    wanted, (kind, name) = CASES[case]
    with rules(stack, wanted) as counts:
        main_job(stack)
        # Logins are also aligned from a queue, a moment after the job is done.
        assert eventually(lambda: counts()[kind].get(name)), counts()


def test_an_email_that_an_outdated_login_still_has_is_freed(stack):
    """Who is invited gets in, although Cognito knows their e-mail as somebody else's."""
    customer = new_customer(stack).activate()
    user = customer.invite("vera")
    cognito = stack.client("cognito-idp")
    verified = [{"Name": "email", "Value": user["email"]}, {"Name": "email_verified", "Value": "true"}]
    outdated = {"UserPoolId": stack.user_pool_id, "Username": f"outdated-{customer.number}"}
    cognito.admin_create_user(**outdated, UserAttributes=verified, MessageAction="SUPPRESS")
    body = {"token": customer.link_of(user["email"]), "password": PASSWORD}

    def accepted() -> requests.Response | None:
        answer = customer.shop.call("POST", "/invitations/acceptance", body=body)
        answers.append((answer.status_code, answer.json().get("code")))
        return answer if answer.ok else None

    answers: list[tuple[int, str | None]] = []
    with rules(stack, {"alias-exists": {}}) as counts:
        session = eventually(accepted).json()["session"]
        assert counts()["refused"]["alias-exists"]
    assert answers[0] == (503, "identity-unavailable")
    assert session["access_token"]
    assert customer.shop.log_in(user["email"], PASSWORD)
    cognito.admin_delete_user(**outdated)
