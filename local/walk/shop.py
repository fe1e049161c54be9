"""A scripted shop: requests to the API, logins, the mailbox, and changes in the ERP simulator."""

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
CODE = r"(?m)^(\d{6})$"
LINK = r"#token=([\w.-]+)"
MAIL_SECONDS = 30
"""The maximum time until a mail arrives or an event is applied."""
# A link becomes valid a moment after its mail was sent. A script opens the mail before that, so it waits.
_NOTED_SECONDS = 0.5
_TIMEOUT = 40


class Shop:
    """A shop that calls the API and logs users in. For the walk, it also reads all mails and changes the ERP."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack

    def call(
        self, method: str, path: str, *, token: str | None = None, body: object = None, **headers: str
    ) -> requests.Response:
        """Send one request to the API: a text body as CSV, any other body as JSON. `If_Match` becomes If-Match."""
        bearer = {"Authorization": f"Bearer {token}"} if token else {}
        sent = {**bearer, **{name.replace("_", "-"): value for name, value in headers.items()}}
        content: dict[str, Any] = {"json": body}
        if isinstance(body, str):
            content, sent = {"data": body.encode()}, {"Content-Type": "text/csv", **sent}
        return requests.request(method, self._stack.api_url + path, headers=sent, timeout=_TIMEOUT, **content)

    def log_in(self, email: str, password: str) -> str | None:
        """Log in at Cognito, as the shop's login page does. Return the access token, None if Cognito refuses."""
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

    def change_in_erp(self, **wish: object) -> None:
        """Change the demo customer in the ERP, which sends a webhook about it."""
        wanted = {"number": CUSTOMER_NUMBER, "push": True, **wish}
        requests.post(f"{self._stack.erp_url}/_simulator/customers", json=wanted, timeout=_TIMEOUT).raise_for_status()

    def erp_contacts(self) -> list[Mapping[str, Any]]:
        """Return the demo customer's contacts as the ERP has them."""
        customers = requests.get(f"{self._stack.erp_url}/_simulator/customers", timeout=_TIMEOUT).json()
        return list(customers[CUSTOMER_NUMBER]["contacts"])

    def mails(self, to: str) -> list[Mapping[str, Any]]:
        """Return the mails sent to an address, oldest first."""
        accounts = requests.get(self._stack.mailbox_url, timeout=_TIMEOUT).json()["messages"]
        return [mail for mails in accounts.values() for mail in mails if to in mail["To"]]

    def wait_for(self, to: str, pattern: str, *, after: int = 0) -> str:
        """Wait for a mail that matches the pattern, and return the text of the pattern's group.

        The first `after` mails are ignored. Raises SystemExit when no such mail arrives in time.
        """
        end = time.monotonic() + MAIL_SECONDS
        while time.monotonic() < end:
            for mail in reversed(self.mails(to)[after:]):
                if found := re.search(pattern, mail["BodyText"]):
                    time.sleep(_NOTED_SECONDS)
                    return found[1]
            time.sleep(0.2)
        raise SystemExit(f"No mail with {pattern} reached {to}")
