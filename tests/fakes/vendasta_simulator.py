"""The Vendasta simulator, started in a thread on a free port; an app that calls it; a receiver of its webhooks."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import jwt
from requests import Session

from local.simulators.vendasta.server import API, VendastaSimulator
from local.simulators.vendasta.tokens import GRANT, App
from tests.builders.rs256 import pem, private_key

APP_ID = "MP-ours"


@contextmanager
def running_simulator() -> Iterator[VendastaSimulator]:
    """Yield a simulator that serves; switch it through its attributes or over HTTP."""
    simulator = VendastaSimulator(key=private_key("vendasta"))
    simulator.start()
    try:
        yield simulator
    finally:
        simulator.stop()


def add_app(simulator: VendastaSimulator, app_id: str = APP_ID, **settings) -> None:
    """Register an app of ours, whose assertions are signed by `private_key("app")`."""
    simulator.apps[app_id] = App(app_id, pem(private_key("app")), **settings)


def assertion(app_id: str = APP_ID, key=None, **claims) -> str:
    """Return what an app exchanges for a token."""
    now = int(time.time())
    return jwt.encode({"iss": app_id, "iat": now - 5, "exp": now + 600, **claims}, key or private_key("app"), "RS256")


@dataclass
class Client:
    """An app that calls the simulator, without any cleverness."""

    simulator: VendastaSimulator
    session: Session
    app_id: str = APP_ID

    def token(self, **claims):
        return self.post("oauth/token", {"grant_type": GRANT, "assertion": assertion(self.app_id, **claims)})

    def post(self, path, body, token=None):
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return self.session.post(f"{self.simulator.url}{API}/{path}", json=body, headers=headers, timeout=10)

    def call(self, name, **body):
        """Call with a fresh token; return the answer."""
        path = "customer" if name == "customer" else f"customer/{name}"
        return self.post(path, body, self.token().json()["data"]["access_token"])

    def control(self, what, **wish):
        answer = self.session.post(f"{self.simulator.url}/_simulator/{what}", json=wish, timeout=10)
        answer.raise_for_status()
        return answer.json()

    def shown(self, what):
        return self.session.get(f"{self.simulator.url}/_simulator/{what}", timeout=10).json()


@dataclass
class Receiver:
    """A server that receives webhooks: the bodies so far. It answers with `statuses` in turn, then with 202."""

    url: str = ""
    bodies: list[bytes] = field(default_factory=list)
    content_types: list[str] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)


@contextmanager
def running_receiver() -> Iterator[Receiver]:
    """Yield a receiver that serves."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            receiver.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
            receiver.content_types.append(self.headers["Content-Type"])
            self.send_response(receiver.statuses.pop(0) if receiver.statuses else 202)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(json.dumps({}).encode())

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver.url = f"http://127.0.0.1:{server.server_address[1]}/hook"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
