"""The webhooks that the simulated Vendasta sends to apps: a signed JWT is the whole body.

They keep the traps of Vendasta's samples: no id of the event; `phone` is one text in `create`, and a list or null in
`update`; consent is missing in `create` and a boolean in `update`; an app's id is only in the events of customers that
it has associated, and never in `delete`.
"""

import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import jwt
import requests
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from local.simulators.vendasta.customer_list import BUSINESS_APP, TEXTS, Record
from local.simulators.vendasta.tokens import App

CLAIM = "vendasta.com/marketplace/webhook"
_VALID_SECONDS = 60
_TIMEOUT = 10
_FIRST_DELAY, _LONGEST_DELAY = 60, 3600


@dataclass
class Settings:
    """How webhooks are sent. `time_scale` is the real length of one second between retries.

    With `resign`, every attempt is signed anew. Without it, an attempt carries the times of the first one: as if
    the time between the attempts had really passed, whatever the `time_scale`.
    """

    time_scale: float = 1.0
    resign: bool = True
    vendor_id_name: str = "vendor_contact_id"
    issuer: str = "Vendasta Marketplace"


@dataclass
class Attempt:
    """One attempt to send an event: seconds after the first, and the HTTP status, 0 if there was no answer."""

    app_id: str
    action: str
    contact_id: str
    number: int
    after: float
    status: int
    payload: Mapping[str, Any] = field(repr=False)


def delays() -> Iterator[int]:
    """Yield the seconds to wait before each retry: 60, doubling up to an hour, without an end."""
    delay = _FIRST_DELAY
    while True:
        yield delay
        delay = min(delay * 2, _LONGEST_DELAY)


def payload(action: str, record: Record, app: App, settings: Settings, author: str) -> Mapping[str, Any]:
    """Return the event about a record for an app."""
    event: dict[str, Any] = {
        "action": action,
        "contact_id": record.customer_id,
        "account_group_id": record.account_id,
    }
    if action == "delete":
        return event | {"origin": BUSINESS_APP, "deleted": record.deleted}
    event |= {name: record.values[name] for name in TEXTS}
    event |= {"email": record.values["email"], "created": record.created}
    if vendor_id := record.vendor_ids.get(app.app_id):
        event[settings.vendor_id_name] = vendor_id
    phones = record.values["phone"]
    if action == "create":
        return event | {"origin": record.origin, "phone": phones[0] if phones else ""}
    return event | {
        "phone": phones or None,
        "permission_to_contact": not record.permission.startswith("0001"),
        "updated": record.updated,
        "author": author,
        "new_synced_app_ids": [],
        "old_synced_app_ids": sorted(record.vendor_ids),
    }


class Webhooks:
    """Sends events, each in a thread of its own, and tries again after a timeout or a status from 500."""

    def __init__(self, key: RSAPrivateKey) -> None:
        self._key = key
        self._threads: list[threading.Thread] = []
        self.settings = Settings()
        self.attempts: list[Attempt] = []
        self.stopping = threading.Event()

    def changed(self, action: str, record: Record, author: str, apps: Mapping[str, App]) -> None:
        """Send a change to the apps of its account. Only an app's own updates are not sent to it."""
        for app in apps.values():
            is_own = action == "update" and app.app_id == author
            if app.webhook_url and not is_own and (app.accounts is None or record.account_id in app.accounts):
                self.send(app, payload(action, record, app, self.settings, author))

    def send(self, app: App, event: Mapping[str, Any]) -> None:
        """Send an event, in the background."""
        thread = threading.Thread(target=self._deliver, args=(app, event), daemon=True)
        self._threads.append(thread)
        thread.start()

    def settle(self) -> None:
        """Wait until no event has to be sent any more."""
        for thread in self._threads:
            thread.join()

    def signed(self, event: Mapping[str, Any], age: float = 0) -> str:
        """Return the body of a webhook that was signed `age` seconds ago."""
        issued = int(time.time() - age)
        claims = {"iss": self.settings.issuer, "iat": issued, "exp": issued + _VALID_SECONDS, CLAIM: event}
        return jwt.encode(claims, self._key, "RS256")

    def shown(self) -> list[Mapping[str, Any]]:
        """Return all attempts so far."""
        return [asdict(attempt) for attempt in self.attempts]

    def _deliver(self, app: App, event: Mapping[str, Any]) -> None:
        after = 0.0
        for number, delay in enumerate(delays(), 1):
            body = self.signed(event, 0 if self.settings.resign else after)
            status = _post(app.webhook_url, body)
            attempt = Attempt(app.app_id, event["action"], event["contact_id"], number, after, status, event)
            self.attempts.append(attempt)
            if 0 < status < 500:  # noqa: PLR2004 # guess: as for other webhooks, only 5xx is tried again
                return
            if self.stopping.wait(delay * self.settings.time_scale):
                return
            after += delay


def _post(url: str, body: str) -> int:
    headers = {"Content-Type": "text/plain"}
    try:
        answer = requests.post(url, data=body, headers=headers, timeout=_TIMEOUT, allow_redirects=False)
    except requests.RequestException:
        return 0
    return answer.status_code
