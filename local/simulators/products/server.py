"""Products that receive our webhooks: each path `/hooks/<product>` is one, and comes to be when it is first called.

`GET /_simulator/products/<product>` answers what a product was told and how it looks: the events with headers, and the
customers that it holds. `PUT` sets, as JSON, the `secret` that signs its webhooks, and its `mode`:

- `take` (default): check the signature, take the event, answer 204;
- `fail`: 500; `refuse`: 422; `gone`: 410; `redirect`: 307 to itself; `busy`: 429 with `Retry-After: 1`;
- `hang`: answer after a minute; `drip`: a header byte each second; `huge`: 204's place is taken by 200 and 10 MB.

A webhook with a wrong signature is answered 401 and counted in `forged`.
"""

import base64
import hmac
import json
import threading
import time
from dataclasses import asdict, dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, override

_HANG_SECONDS = 60
_STATUSES = {
    "fail": HTTPStatus.INTERNAL_SERVER_ERROR,
    "refuse": HTTPStatus.UNPROCESSABLE_ENTITY,
    "gone": HTTPStatus.GONE,
    "redirect": HTTPStatus.TEMPORARY_REDIRECT,
    "busy": HTTPStatus.TOO_MANY_REQUESTS,
}
_HUGE = 10 * 1024 * 1024
_TOLERANCE_SECONDS = 300


@dataclass
class Product:
    """One product: what it was told, and the customers that it holds by our id."""

    secret: str | None = None
    mode: str = "take"
    events: list[dict[str, Any]] = field(default_factory=list)
    customers: dict[str, dict[str, Any]] = field(default_factory=dict)
    seen: list[str] = field(default_factory=list)
    """The ids of the webhooks that it took. A repeat is taken, and changes nothing."""
    forged: int = 0
    calls: int = 0

    def take(self, webhook_id: str, event: dict[str, Any]) -> None:
        """Take an event, once. An older version than the product holds changes nothing."""
        if webhook_id in self.seen:
            return
        self.seen.append(webhook_id)
        self.events.append(event)
        data = event["data"]
        held = self.customers.get(data["customer_id"])
        if event["type"] == "customer.deleted":
            self.customers.pop(data["customer_id"], None)
        elif held is None or held["version"] < data["version"]:
            self.customers[data["customer_id"]] = data


class ProductsSimulator(ThreadingHTTPServer):
    """Serves on 127.0.0.1. Port 0: a free one."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.lock = threading.Lock()
        self.products: dict[str, Product] = {}
        self.stopping = threading.Event()

    def product(self, name: str) -> Product:
        """Return the product of that name."""
        with self.lock:
            return self.products.setdefault(name, Product())


class _Handler(BaseHTTPRequestHandler):
    server: ProductsSimulator
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:  # the name that http.server calls
        _, place, *rest = self.path.split("/", 3)
        if place != "_simulator":
            return self._answer(HTTPStatus.NOT_FOUND)
        name = rest[1] if len(rest) > 1 else ""
        shown = asdict(self.server.product(name)) if name else sorted(self.server.products)
        return self._answer(HTTPStatus.OK, json.dumps(shown).encode())

    def do_PUT(self) -> None:  # as above
        product = self.server.product(self.path.rsplit("/", 1)[1])
        for name, value in json.loads(self._body()).items():
            setattr(product, name, value)
        self._answer(HTTPStatus.NO_CONTENT)

    def do_POST(self) -> None:  # as above
        body = self._body()
        product = self.server.product(self.path.rsplit("/", 1)[1])
        with self.server.lock:
            product.calls += 1
        match product.mode:
            case "hang":
                self.server.stopping.wait(_HANG_SECONDS)
                self.close_connection = True
            case "drip":
                self._drip()
            case "huge":
                self._take(product, body)
                self._answer(HTTPStatus.OK, b"x" * _HUGE)
            case "take":
                genuine = self._take(product, body)
                self._answer(HTTPStatus.NO_CONTENT if genuine else HTTPStatus.UNAUTHORIZED)
            case mode:
                more = {"redirect": {"Location": self.path}, "busy": {"Retry-After": "1"}}.get(mode, {})
                self._answer(_STATUSES[mode], b"", **more)

    def _take(self, product: Product, body: bytes) -> bool:
        with self.server.lock:
            if not self._is_genuine(product, body):
                product.forged += 1
                return False
            product.take(self.headers["webhook-id"], json.loads(body))
            return True

    def _is_genuine(self, product: Product, body: bytes) -> bool:
        webhook_id, timestamp = self.headers["webhook-id"], self.headers["webhook-timestamp"]
        if product.secret is None or abs(time.time() - int(timestamp)) > _TOLERANCE_SECONDS:
            return False
        key = base64.b64decode(product.secret.removeprefix("whsec_"))
        digest = hmac.digest(key, f"{webhook_id}.{timestamp}.".encode() + body, "sha256")
        expected = f"v1,{base64.b64encode(digest).decode()}"
        return any(hmac.compare_digest(expected, given) for given in self.headers["webhook-signature"].split())

    def _drip(self) -> None:
        self.wfile.write(b"HTTP/1.1 204 No Content\r\nX-Slow: ")
        for _ in range(_HANG_SECONDS):
            if self.server.stopping.wait(1):
                break
            try:
                self.wfile.write(b"x")
                self.wfile.flush()
            except OSError:
                break
        self.close_connection = True

    def _body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length", "0")))

    def _answer(self, status: HTTPStatus, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        try:
            self.wfile.write(body)
        except OSError:
            # Who called has seen the status, and reads no more.
            self.close_connection = True

    @override
    def log_message(self, format: str, *args: object) -> None:
        """Log nothing: what a product was told is at `/_simulator/products`."""
