"""The main job over HTTP against the running stack, as a shop and its people would do it; each step is printed."""

import re
import time
from collections.abc import Mapping
from typing import Any

import requests

from local.stack import Stack

CUSTOMER_NUMBER = "10000"
INVOICE_NUMBER = "103019"
MAIN_CONTACT = "max.mustermann@musterhandel.example"
PASSWORD = "a long demo password"  # noqa: S105 # of the demo company on a local stack
_MAIL_SECONDS = 30
_TIMEOUT = 40


class Shop:
    """A shop's calls: the API, Cognito's login, and a look into the mailbox of everybody."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack

    def call(
        self, method: str, path: str, *, token: str | None = None, body: object = None, **headers: str
    ) -> requests.Response:
        """Send one request to the API."""
        bearer = {"Authorization": f"Bearer {token}"} if token else {}
        sent = {**bearer, **{name.replace("_", "-"): value for name, value in headers.items()}}
        return requests.request(method, self._stack.api_url + path, json=body, headers=sent, timeout=_TIMEOUT)

    def log_in(self, email: str, password: str) -> str | None:
        """Log in at Cognito with an e-mail, as the shop's login page does; None when it is refused."""
        answer = requests.post(
            self._stack.cognito_url,
            json={
                "AuthFlow": "USER_PASSWORD_AUTH",
                "ClientId": self._stack.user_pool_client_id,
                "AuthParameters": {"USERNAME": email, "PASSWORD": password},
            },
            headers={
                "Content-Type": "application/x-amz-json-1.1",
                "X-Amz-Target": "AWSCognitoIdentityProviderService.InitiateAuth",
            },
            timeout=_TIMEOUT,
        )
        return answer.json()["AuthenticationResult"]["AccessToken"] if answer.ok else None

    def mails(self, to: str) -> list[Mapping[str, Any]]:
        """Return the mails sent to an address, oldest first."""
        sent = requests.get(self._stack.mailbox_url, timeout=_TIMEOUT).json()
        return [mail for mail in sent["messages"] if to in str(mail)]

    def wait_for(self, to: str, pattern: str, *, after: int = 0) -> str:
        """Wait for a mail beyond the first `after` ones, and return what the pattern's group finds in it."""
        end = time.monotonic() + _MAIL_SECONDS
        while time.monotonic() < end:
            for mail in reversed(self.mails(to)[after:]):
                if found := re.search(pattern, str(mail)):
                    return found[1]
            time.sleep(0.2)
        raise SystemExit(f"No mail with {pattern} reached {to}")
