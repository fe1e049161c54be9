"""Vendasta's Customer List as an HTTP server on 127.0.0.1, with switches for its failures.

| request | what it does |
|---|---|
| `POST /api/v1/oauth/token` | exchanges a JWT signed by an app for a token of 24 hours, always the same one |
| `POST /api/v1/customer`, `/api/v1/customer/<call>` | the six calls of the Customer API, see `customer_list.py` |
| `POST /_simulator/apps` | `{app_id, public_key?, accounts?, webhook_url?}`: adds or replaces a marketplace app |
| `POST /_simulator/customers` | `{action, account_id or customer_id, ...}`: what a person does in the Business App |
| `POST /_simulator/mode` | `{mode, seconds?, times?, calls?}`, see `modes.py` |
| `POST /_simulator/webhooks` | `{time_scale?, resign?, vendor_id_name?, issuer?}`, see `webhooks.py` |
| `POST /_simulator/revocation` | makes all tokens invalid |
| `POST /_simulator/reset` | forgets apps, customers, requests, attempts, tokens and switches |
| `GET /_simulator/public-key` | the key that checks webhooks, as PEM |
| `GET /_simulator/customers`, `/requests`, `/webhooks` | all records; what apps asked; the attempts to send events |

An app gets 401 without a valid token, 403 for an account that is not its own. Requests are noted without tokens.
"""

import contextlib
import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from datetime import UTC, datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from local.simulators.vendasta.customer_list import CustomerLists, Record, Refusal
from local.simulators.vendasta.modes import Modes, Rule
from local.simulators.vendasta.tokens import App, Tokens
from local.simulators.vendasta.webhooks import Webhooks

API = "/api/v1"
_RETRY_AFTER = 7


class VendastaSimulator(ThreadingHTTPServer):
    """The server and its data. `start` runs it in a background thread. `stop` ends it and all retries.

    `key` signs webhooks; without one, a new key is made.
    """

    daemon_threads = True

    def __init__(self, port: int = 0, key: rsa.RSAPrivateKey | None = None) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self._key = key or rsa.generate_private_key(65537, 2048)
        self.lock = threading.Lock()
        self.modes = Modes()
        self.webhooks = Webhooks(self._key)
        self.reset()

    @property
    def url(self) -> str:
        """The URL, without a slash at its end."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    @property
    def public_key(self) -> str:
        """The key that checks webhooks, as PEM."""
        kinds = (serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        return self._key.public_key().public_bytes(*kinds).decode()

    def start(self) -> None:
        """Serve in the background."""
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def stop(self) -> None:
        """Stop serving and retrying, and free the port."""
        self.webhooks.stopping.set()
        self.shutdown()
        self.server_close()

    def reset(self) -> None:
        """Forget everything except the key. Events that were not delivered are not tried again."""
        self.webhooks.stopping.set()
        self.webhooks = Webhooks(self._key)
        self.modes.reset()
        self.apps: dict[str, App] = {}
        self.tokens = Tokens()
        self.lists = CustomerLists(self._changed)
        self.requests: list[Mapping[str, Any]] = []

    def _changed(self, action: str, record: Record, author: str) -> None:
        self.webhooks.changed(action, record, author, self.apps)

    def handle_error(self, request: object, client_address: object) -> None:
        """Log nothing: tests let callers disconnect early on purpose."""


class _Handler(BaseHTTPRequestHandler):
    server: VendastaSimulator
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # head and body are two writes; the second must not wait for an acknowledgement

    def do_GET(self) -> None:
        shown: Mapping[str, Callable[[], object]] = {
            "/_simulator/customers": lambda: [asdict(record) for record in self.server.lists.records],
            "/_simulator/requests": lambda: self.server.requests,
            "/_simulator/webhooks": self.server.webhooks.shown,
            "/_simulator/public-key": lambda: {"public_key": self.server.public_key},
        }
        with self.server.lock:
            if self.path in shown:
                self._send(HTTPStatus.OK, shown[self.path]())
            else:
                self._send(HTTPStatus.NOT_FOUND, {})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        try:
            wish = json.loads(body or b"{}")
            if self.path.startswith("/_simulator/"):
                with self.server.lock:
                    self._send(HTTPStatus.OK, self._control(self.path.removeprefix("/_simulator/"), wish))
            else:
                self._answer(self.path.removeprefix(API), wish)
        except Refusal as refusal:
            self._send(HTTPStatus(refusal.status), {"message": str(refusal)})
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            self._send(HTTPStatus.BAD_REQUEST, {"message": f"{type(error).__name__}: {error}"})

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 # the parent's signature
        """Log nothing: `GET /_simulator/requests` returns the requests."""

    def _control(self, what: str, wish: dict[str, Any]) -> object:
        match what:
            case "apps":
                accounts = wish.pop("accounts", None)
                app = App(**wish, accounts=None if accounts is None else tuple(accounts))
                self.server.apps[app.app_id] = app
            case "customers":
                return asdict(self.server.lists.change(str(wish.pop("action")), wish))
            case "mode":
                self.server.modes.set(wish)
            case "webhooks":
                self.server.webhooks.settings = replace(self.server.webhooks.settings, **wish)
            case "revocation":
                self.server.tokens.revoke()
            case "reset":
                self.server.reset()
            case _:
                raise ValueError(f"no such switch: {what}")
        return {}

    def _answer(self, path: str, body: dict[str, Any]) -> None:
        """Answer an app, in the way of the mode."""
        call = path.removeprefix("/").removeprefix("customer/")
        with self.server.lock:
            rule = self.server.modes.take(call)
        if rule.mode == "slow":
            self.server.webhooks.stopping.wait(rule.seconds)
        with self.server.lock:
            status, answer = self._asked(call, body, rule)
            self._note(call, body, status)
        if rule.mode in {"unanswered", "offline"}:
            self.close_connection = True
            return
        headers = {"Retry-After": str(_RETRY_AFTER)} if status == HTTPStatus.TOO_MANY_REQUESTS else {}
        self._send(status, answer, headers)

    def _asked(self, call: str, body: dict[str, Any], rule: Rule) -> tuple[HTTPStatus, object]:
        refused = {
            "failing": HTTPStatus.INTERNAL_SERVER_ERROR,
            "offline": HTTPStatus.INTERNAL_SERVER_ERROR,
            "unauthorized": HTTPStatus.UNAUTHORIZED,
            "rate-limited": HTTPStatus.TOO_MANY_REQUESTS,
        }
        if rule.mode in refused:
            return refused[rule.mode], {"message": rule.mode}
        started = time.monotonic()
        try:
            data = self._done(call, body)
        except Refusal as refusal:
            return HTTPStatus(refusal.status), {"message": str(refusal)}
        took = {"took": int((time.monotonic() - started) * 1000)}
        return HTTPStatus.OK, took if data is None else {**took, "data": data}

    def _done(self, call: str, body: dict[str, Any]) -> Mapping[str, Any] | None:
        now = time.time()
        if call == "oauth/token":
            return self.server.tokens.exchange(body, self.server.apps, now)
        app = self.server.apps.get(self.server.tokens.app_id_of(self.headers.get("Authorization", ""), now) or "")
        if app is None:
            raise Refusal(HTTPStatus.UNAUTHORIZED, "invalid token")
        if app.accounts is not None and body.get("account_id") not in (None, *app.accounts):
            raise Refusal(HTTPStatus.FORBIDDEN, "Not authorized to access account.")
        return self.server.lists.answer(call, body, app.app_id)

    def _note(self, call: str, body: dict[str, Any], status: HTTPStatus) -> None:
        app_id = self.server.tokens.app_id_of(self.headers.get("Authorization", ""), time.time())
        shown = {name: value for name, value in body.items() if name != "assertion"}
        at = datetime.now(UTC).isoformat()
        self.server.requests.append({"at": at, "call": call, "app_id": app_id, "body": shown, "status": int(status)})

    def _send(self, status: HTTPStatus, content: object, headers: Mapping[str, str] | None = None) -> None:
        body = json.dumps(content).encode()
        with contextlib.suppress(OSError):  # the caller disconnected
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)
