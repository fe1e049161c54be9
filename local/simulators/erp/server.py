"""The Web.Connector as an HTTP server on 127.0.0.1, with switches for its failures.

| request | what it does |
|---|---|
| `POST /xml/<message>` | raw XML, HTTP Basic; select_customer, select_contact, invoice_detail, create_contact |
| `POST /soap` | SOAP RPC; user and password in the body |
| `POST /_simulator/mode` | `{mode, seconds?, times?, messages?, customer_number?}`, see `modes.py` |
| `POST /_simulator/shape` | `{select_contact: raw, contact_response or order_response}` |
| `POST /_simulator/customers` | `{number, ...}`: adds or changes a customer, see `Erp.change`, and answers with it |
| | `"push": true` sends webhooks about the change before the answer |
| `POST /_simulator/webhooks` | `{url, secret}`: the address of webhooks, and the secret that signs them |
| `GET /_simulator/customers` | all customers |
| `GET /_simulator/requests` | the requests so far, without passwords; `?customer_number=` for one customer |
| `POST /_simulator/reset` | forgets requests, changes, modes and shape |

A wrong password is answered with 401 over raw XML, and with a SOAP fault over SOAP.
"""

import base64
import contextlib
import hmac
import json
import re
import threading
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import asdict
from datetime import UTC, datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import batched
from urllib.parse import parse_qs, urlsplit
from xml.etree.ElementTree import Element, ParseError, fromstring, tostring

from local.simulators.erp import soap
from local.simulators.erp.erp import PATTERN, SHAPES, Erp, ErpRefusal, customer_number_of, message_of
from local.simulators.erp.modes import Modes, Rule
from local.simulators.erp.population import Customer
from local.simulators.erp.webhooks import events
from local.webhook import send

USER = "webconnector"
PASSWORD = "local-only"  # noqa: S105 # the name says it
HUGE_BYTES = 16 * 1024 * 1024
_ENTITY_BOMB = (
    b'<?xml version="1.0"?><!DOCTYPE r [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">'
    b'<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]><OrderResponse><BuyerCustomerParty>&c;'
    b"</BuyerCustomerParty></OrderResponse>"
)
_CONTROL = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_GARBLED: Mapping[str, Callable[[bytes], bytes]] = {
    "wrong-encoding": lambda answer: answer.decode().encode("cp1252", "replace"),
    "references": lambda answer: _CONTROL.sub(lambda found: b"&#x%X;" % found[0][0], answer),
    "unescaped": lambda answer: answer.replace(b"&amp;", b"&"),
}


class ErpSimulator(ThreadingHTTPServer):
    """The server and its data. `start` runs it in a background thread. `stop` ends it and all delayed answers."""

    daemon_threads = True

    def __init__(self, port: int = 0, user: str = USER, password: str = PASSWORD) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.user = user
        self.password = password
        self.erp = Erp()
        self.modes = Modes()
        self.requests: list[dict[str, str]] = []
        self.receiver = ("", "")
        self.lock = threading.Lock()
        self.stopping = threading.Event()

    @property
    def url(self) -> str:
        """The URL, without a slash at its end."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def start(self) -> None:
        """Serve in the background."""
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def stop(self) -> None:
        """Stop serving and free the port."""
        self.stopping.set()
        self.shutdown()
        self.server_close()

    def admits(self, user: str, password: str) -> bool:
        """Whether user and password are right."""
        return hmac.compare_digest(f"{user}:{password}".encode(), f"{self.user}:{self.password}".encode())

    def reset(self) -> None:
        """Forget all requests, modes and changes."""
        self.requests.clear()
        self.modes.reset()
        self.erp.reset()

    def handle_error(self, request: object, client_address: object) -> None:
        """Log nothing: tests let callers disconnect early on purpose."""


class _Handler(BaseHTTPRequestHandler):
    server: ErpSimulator
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # head and body are two writes; the second must not wait for an acknowledgement

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        with self.server.lock:
            if address.path == "/_simulator/requests":
                wanted = parse_qs(address.query).get("customer_number", [])
                known = self.server.requests
                self._send_json([entry for entry in known if not wanted or entry["customer_number"] in wanted])
            elif address.path == "/_simulator/customers":
                self._send_json({number: asdict(customer) for number, customer in self.server.erp.customers.items()})
            else:
                self._send(HTTPStatus.NOT_FOUND, b"")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        try:
            if self.path.startswith("/_simulator/"):
                self._control(self.path.removeprefix("/_simulator/"), json.loads(body or b"{}"))
            elif self.path.startswith("/xml/"):
                self._answer_xml(self.path.removeprefix("/xml/"), body)
            elif self.path == "/soap":
                self._answer_soap(body)
            else:
                self._send(HTTPStatus.NOT_FOUND, b"")
        except (ParseError, ValueError, TypeError, KeyError) as error:
            self._send(HTTPStatus.BAD_REQUEST, f"{type(error).__name__}: {error}".encode(), "text/plain")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 # the parent's signature
        """Log nothing: `GET /_simulator/requests` returns the requests."""

    def _control(self, what: str, wish: dict[str, object]) -> None:
        with self.server.lock:
            if what == "reset":
                self.server.reset()
            elif what == "mode":
                self.server.modes.set(wish)
            elif what == "shape" and wish.get("select_contact") in SHAPES:
                self.server.erp.contact_shape = str(wish["select_contact"])
            elif what == "webhooks":
                self.server.receiver = (str(wish["url"]), str(wish["secret"]))
            elif what == "customers":
                self._change(wish)
                return
            else:
                raise ValueError(f"no such switch: {what} {wish}")
        self._send_json({})

    def _change(self, wish: dict[str, object]) -> None:
        push = wish.pop("push", False)
        known = self.server.erp.customers.get(str(wish.get("number")))
        before = deepcopy(known) or Customer(number=str(wish.get("number")), name="")
        after = self.server.erp.change(wish)
        if push:
            for kind, data in events(before, after):
                send(*self.server.receiver, kind, data).raise_for_status()
        self._send_json(asdict(after))

    def _answer_xml(self, message: str, body: bytes) -> None:
        if not self._has_credentials():
            self._send(HTTPStatus.UNAUTHORIZED, b"", headers={"WWW-Authenticate": 'Basic realm="webconnector"'})
            return
        document = fromstring(body)  # noqa: S314 # a local tool that only our tests call
        if message_of(document) != message:
            raise ValueError(f"this is no {message}")
        rule = self._note(message, document, "xml")
        try:
            answer = self._ask(message, document)
        except ErpRefusal:
            answer = Element(document.tag)
        self._misbehave(rule, tostring(answer, encoding="utf-8", xml_declaration=True), self._generated(document))

    def _answer_soap(self, body: bytes) -> None:
        call = soap.read_call(body)
        if not self.server.admits(call.user, call.password):
            self._send(HTTPStatus.INTERNAL_SERVER_ERROR, soap.fault("SOAP-ENV:Server", "Access denied"))
            return
        message = message_of(call.document)
        rule = self._note(message, call.document, "soap")
        try:
            answer = soap.answer(call.operation, self._ask(message, call.document))
        except ErpRefusal:
            answer = soap.refusal(call.operation, 11, "The ERP refused the request")
        self._misbehave(rule, answer, self._generated(call.document))

    def _has_credentials(self) -> bool:
        scheme, _, encoded = self.headers.get("Authorization", "").partition(" ")
        if scheme != "Basic":
            return False
        user, _, password = base64.b64decode(encoded).decode().partition(":")
        return self.server.admits(user, password)

    def _ask(self, message: str, document: Element) -> Element:
        with self.server.lock:
            return self.server.erp.answer(message, document)

    def _note(self, message: str, document: Element, transport: str) -> Rule:
        entry = {
            "at": datetime.now(UTC).isoformat(),
            "transport": transport,
            "message": message,
            "customer_number": customer_number_of(document),
            "document": tostring(document, encoding="unicode"),
        }
        with self.server.lock:
            self.server.requests.append(entry)
            return self.server.modes.take(message, entry["customer_number"])

    def _generated(self, document: Element) -> int:
        with self.server.lock:
            return self.server.erp.generated(document)

    def _misbehave(self, rule: Rule, answer: bytes, generated: int = 0) -> None:
        """Send the answer in the way of the rule's mode. `generated` contacts are sent in place of the pattern's."""
        if rule.mode in {"slow", "hang"}:
            self.server.stopping.wait(rule.seconds)
        if rule.mode in {"offline", "hang"}:
            self.close_connection = True
        elif rule.mode == "failing":
            self._send(HTTPStatus.SERVICE_UNAVAILABLE, b"The ERP is down for maintenance", "text/plain")
        elif rule.mode == "fault":
            self._send(HTTPStatus.INTERNAL_SERVER_ERROR, soap.fault("SOAP-ENV:Server", "Procedure failed"))
        elif rule.mode == "malformed":
            self._send(HTTPStatus.OK, b"<html><body>Fatal error<br></body></html>", "text/html")
        elif rule.mode == "entity-bomb":
            self._send(HTTPStatus.OK, _ENTITY_BOMB)
        elif rule.mode in _GARBLED:
            self._send(HTTPStatus.OK, _GARBLED[rule.mode](answer))
        elif rule.mode in {"truncated", "huge", "drip"}:
            self._send_in_pieces(rule, answer)
        elif generated:
            self._send_generated(answer, generated)
        else:
            self._send(HTTPStatus.OK, answer)

    def _send_generated(self, answer: bytes, count: int) -> None:
        """Send an answer with that many contacts, which never is in memory as a whole."""
        first, last = (pattern.encode() for pattern in PATTERN)
        head, _, rest = answer.partition(first)
        one, _, tail = rest.partition(last)
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", "text/xml; charset=utf-8")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        with contextlib.suppress(OSError):  # the caller disconnected
            self._send_chunk(head)
            for some in batched(range(1, count), 500, strict=False):
                numbers = (f"G{serial:07}".encode() for serial in some)
                self._send_chunk(b"".join(number + one.replace(first, number) for number in numbers))
            number = f"G{count:07}".encode()
            self._send_chunk(number + tail.replace(last, number))
            self._send_chunk(b"")

    def _send_chunk(self, piece: bytes) -> None:
        self.wfile.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")

    def _send_in_pieces(self, rule: Rule, answer: bytes) -> None:
        length = HUGE_BYTES if rule.mode == "huge" else len(answer)
        self._send_head(HTTPStatus.OK, length, "text/xml; charset=utf-8")
        self.close_connection = True
        with contextlib.suppress(OSError):  # the caller disconnected, as it should
            if rule.mode == "truncated":
                self.wfile.write(answer[: len(answer) // 2])
            elif rule.mode == "huge":
                self.wfile.write(b"<OrderResponse>")
                for _ in range(HUGE_BYTES // 65536):
                    self.wfile.write(b" " * 65536)
            else:
                self._drip(answer, rule.seconds)

    def _drip(self, answer: bytes, seconds: float) -> None:
        pieces = 50
        size = len(answer) // pieces + 1
        for start in range(0, len(answer), size):
            self.wfile.write(answer[start : start + size])
            self.wfile.flush()
            if self.server.stopping.wait(seconds / pieces):
                return

    def _send_json(self, content: object) -> None:
        self._send(HTTPStatus.OK, json.dumps(content).encode(), "application/json")

    def _send(
        self,
        status: HTTPStatus,
        body: bytes,
        content_type: str = "text/xml; charset=utf-8",
        headers: dict[str, str] | None = None,
    ) -> None:
        with contextlib.suppress(OSError):  # the caller disconnected
            self._send_head(status, len(body), content_type, headers)
            self.wfile.write(body)

    def _send_head(
        self, status: HTTPStatus, length: int, content_type: str, headers: dict[str, str] | None = None
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(length))
        for name, content in (headers or {}).items():
            self.send_header(name, content)
        self.end_headers()
