"""Addresses that others give us: which may be called, that the checked one is dialled, and that a call ends in time."""

import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from customer_center.platform import outbound_urls
from customer_center.platform.outbound_urls import (
    CallFailedError,
    Target,
    UrlNotAllowedError,
    check_url,
    post,
    resolved,
)


def resolving(monkeypatch, *addresses):
    def getaddrinfo(host, port, **_):
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

    monkeypatch.setattr(outbound_urls.socket, "getaddrinfo", getaddrinfo)


@pytest.mark.parametrize(
    "url",
    [
        "http://product.example/",
        "ftp://product.example/",
        "product.example/hook",
        "https://",
        "https://user@product.example/",
        "https://user:secret@product.example/",
        "https://product.example:99999/",
        "https://product.example/a b",
        "https://product.example/\r\nHost: x",
        "https://pröduct.example/",
        "https://[::1/",
        "https://127.0.0.1/",
        "https://10.1.2.3/",
        "https://169.254.169.254/latest/meta-data",
        "https://100.64.0.1/",
        "https://0.0.0.0/",
        "https://224.0.0.1/",
        "https://[::1]/",
        "https://[fe80::1]/",
        "https://[fd00::1]/",
        "https://[::ffff:10.0.0.1]/",
        "https://[64:ff9b::a00:1]/",
        "https://[2002:a00:1::]/",
        "http://8.8.8.8/",
    ],
)
def test_an_address_that_may_not_be_called(url):
    with pytest.raises(UrlNotAllowedError):
        check_url(url, loopback=False)
    with pytest.raises(UrlNotAllowedError):
        resolved(url, loopback=False)


@pytest.mark.parametrize(
    "url", ["https://product.example/hook?a=1", "https://8.8.8.8/", "https://product.example:8443"]
)
def test_an_address_that_may_be_called(url):
    check_url(url, loopback=False)


def test_the_loopback_is_for_one_machine():
    check_url("http://127.0.0.1:4569/hooks/a", loopback=True)
    with pytest.raises(UrlNotAllowedError):
        check_url("http://10.0.0.1/", loopback=True)
    with pytest.raises(UrlNotAllowedError):
        check_url("http://product.example/", loopback=True)


def test_a_name_is_resolved_once_and_its_address_is_the_one_to_dial(monkeypatch):
    resolving(monkeypatch, "8.8.8.8", "8.8.4.4")
    target = resolved("https://product.example/hook?a=1", loopback=False)
    assert target == Target("https", "product.example", 443, "/hook?a=1", "8.8.8.8")


@pytest.mark.parametrize("addresses", [("10.0.0.1",), ("8.8.8.8", "10.0.0.1"), ("127.0.0.1",), ("::ffff:10.0.0.1",)])
def test_a_name_with_a_private_address_among_its_own_is_not_called(monkeypatch, addresses):
    resolving(monkeypatch, *addresses)
    with pytest.raises(UrlNotAllowedError):
        resolved("https://product.example/", loopback=False)


def test_a_name_that_cannot_be_resolved_may_be_tried_later(monkeypatch):
    def fail(*_, **__):
        raise socket.gaierror("no such name")

    monkeypatch.setattr(outbound_urls.socket, "getaddrinfo", fail)
    with pytest.raises(CallFailedError):
        resolved("https://product.example/", loopback=False)


class Server(ThreadingHTTPServer):
    """Answers as `answer` says, and remembers what came."""

    daemon_threads = True

    def __init__(self, answer):
        super().__init__(("127.0.0.1", 0), Handler)
        self.answer, self.requests, self.stopping = answer, [], threading.Event()


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.requests.append((self.path, dict(self.headers), body))
        self.server.answer(self)

    def log_message(self, *_):
        pass


@pytest.fixture
def serving():
    started = []

    def serve(answer):
        server = Server(answer)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        started.append(server)
        return Target("http", "product.example", server.server_address[1], "/hook", "127.0.0.1"), server

    yield serve
    for server in started:
        server.stopping.set()
        server.shutdown()
        server.server_close()


def status(code, **headers):
    def answer(handler):
        handler.send_response(code)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()

    return answer


def test_the_checked_address_is_dialled_under_its_name(serving):
    target, server = serving(status(204, Retry_After="3"))
    reply = post(target, b"{}", {"webhook-id": "msg_1"}, 5)
    assert (reply.status, reply.headers["retry-after"]) == (204, "3")
    ((path, headers, body),) = server.requests
    assert (path, headers["Host"], body) == ("/hook", f"product.example:{target.port}", b"{}")
    assert headers["webhook-id"] == "msg_1"


def test_a_redirect_is_not_followed(serving):
    target, server = serving(status(307, Location="/elsewhere"))
    assert post(target, b"", {}, 5).status == 307
    assert len(server.requests) == 1


def test_the_body_of_an_answer_is_not_read(serving):
    def endless(handler):
        handler.send_response(200)
        handler.end_headers()
        handler.server.stopping.wait(60)

    target, _ = serving(endless)
    assert post(target, b"", {}, 30).status == 200


def content(body, length=None):
    def answer(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(body) if length is None else length))
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def test_the_body_of_an_answer_is_read_where_it_is_asked_for(serving):
    target, _ = serving(content(b'{"a": 1}'))
    assert post(target, b"", {}, 5, max_answer_bytes=8).body == b'{"a": 1}'


def test_an_answer_that_is_longer_than_asked_for_is_a_failure(serving):
    target, _ = serving(content(b'{"a": 1}'))
    with pytest.raises(CallFailedError, match="answer-too-large"):
        post(target, b"", {}, 5, max_answer_bytes=7)


def test_an_answer_that_ends_early_is_a_failure(serving):
    target, _ = serving(content(b"{}", length=9))
    with pytest.raises(CallFailedError, match="no-connection"):
        post(target, b"", {}, 5, max_answer_bytes=100)


def test_a_body_that_drips_ends_in_time(serving):
    sent = []

    def drip(handler):
        content(b"{", length=1000)(handler)
        while not handler.server.stopping.wait(0.05):
            handler.wfile.write(b" ")
            sent.append(b" ")

    target, _ = serving(drip)
    with pytest.raises(CallFailedError, match="no-answer-in-time"):
        post(target, b"", {}, 0.3, max_answer_bytes=10_000)
    assert len(sent) < 500


@pytest.mark.parametrize("drips", [False, True], ids=["silent", "dripping"])
def test_a_call_ends_in_time_however_slowly_the_answer_comes(serving, drips):
    def slow(handler):
        handler.wfile.write(b"HTTP/1.1 204 No Content\r\nX-Slow: ")
        while not handler.server.stopping.wait(0.05):
            if drips:
                handler.wfile.write(b"x")

    target, _ = serving(slow)
    with pytest.raises(CallFailedError):
        post(target, b"", {}, 0.3)


def test_nobody_at_the_address_is_a_failure():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        free = probe.getsockname()[1]
    with pytest.raises(CallFailedError):
        post(Target("http", "product.example", free, "/", "127.0.0.1"), b"", {}, 1)


def test_a_certificate_must_be_of_the_name(serving):
    """A server without a certificate that we trust gets nothing: the handshake fails before the request is sent."""
    target, server = serving(status(204))
    with pytest.raises(CallFailedError):
        post(Target("https", target.host, target.port, "/", "127.0.0.1"), b"secret", {}, 2)
    assert server.requests == []
