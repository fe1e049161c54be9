"""Calls to addresses that others give us: resolved once, checked, and dialled as resolved.

A name that resolves to a public address when it is checked, and to a private one when it is called, would let a
stranger call services inside our network. So the address that was checked is the one that is called; certificate and
Host header are still those of the name. Redirects are not followed. The body of an answer is read only where a caller
asks for it, and only up to the size that it names.
"""

import ipaddress
import socket
import ssl
import threading
from collections.abc import Callable, Mapping
from dataclasses import field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache
from http.client import HTTPConnection, HTTPException
from typing import override
from urllib.parse import urlsplit

from customer_center.platform.frozen import frozen

_PORTS = {"https": 443, "http": 80}
_LONGEST_WAIT = 3600
# Networks of IPv6 that carry an address of IPv4, perhaps a private one: mapped, NAT64, Teredo, 6to4.
_CARRIERS = tuple(map(ipaddress.ip_network, ("::ffff:0:0/96", "64:ff9b::/96", "2001::/32", "2002::/16")))

type _Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class UrlNotAllowedError(Exception):
    """The address may not be called. The message says why, without the address."""


class CallFailedError(Exception):
    """There was no answer in time. The message says why in fixed words."""


@frozen
class Target:
    """A checked address: the parts of its URL, and the internet address to dial."""

    scheme: str
    host: str
    port: int
    path: str
    address: str


def check_url(url: str, *, loopback: bool) -> None:
    """Raise UrlNotAllowedError unless the URL may be called, as far as that can be seen without resolving its name.

    It has https and a host, no user, and no private, loopback or link-local address. With `loopback`, an address of the
    loopback is allowed, with http too.
    """
    host, _, scheme, _ = _parts(url)
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        if scheme != "https":
            raise UrlNotAllowedError("not https") from None
        return
    _check(address, scheme, loopback=loopback)


def resolved(url: str, *, loopback: bool) -> Target:
    """Return the URL's target. Raises UrlNotAllowedError, also if one of several addresses is not allowed.

    Raises CallFailedError if the name cannot be resolved.
    """
    check_url(url, loopback=loopback)
    host, port, scheme, path = _parts(url)
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise CallFailedError("name-not-resolved") from error
    addresses = [str(entry[4][0]) for entry in found]
    for address in addresses:
        _check(ipaddress.ip_address(address), scheme, loopback=loopback)
    return Target(scheme, host, port, path, addresses[0])


def _parts(url: str) -> tuple[str, int, str, str]:
    """Return host, port, scheme and path."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise UrlNotAllowedError("not a URL") from error
    if parts.scheme not in _PORTS or not host or not url.isascii() or not url.isprintable() or " " in url:
        raise UrlNotAllowedError("not a URL")
    if parts.username is not None or parts.password is not None:
        raise UrlNotAllowedError("has a user")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return host, port or _PORTS[parts.scheme], parts.scheme, path


def _check(address: _Address, scheme: str, *, loopback: bool) -> None:
    if loopback and address.is_loopback:
        return
    if scheme != "https":
        raise UrlNotAllowedError("not https")
    carries = address.version == 6 and any(address in network for network in _CARRIERS)  # noqa: PLR2004 # IPv6
    if carries or not address.is_global or address.is_multicast:
        raise UrlNotAllowedError("not a public address")


class _Dialled(HTTPConnection):
    """A connection to the checked address of a target."""

    def __init__(self, target: Target, seconds: float) -> None:
        super().__init__(target.host, target.port, timeout=seconds)
        self._target = target
        # `http.client` forgets `sock` before it reads the body of the last answer.
        self._dialled: socket.socket | None = None
        self.is_aborted = False

    @override
    def connect(self) -> None:
        self._dialled = socket.create_connection((self._target.address, self._target.port), self.timeout)
        if self._target.scheme == "https":
            self._dialled = _context().wrap_socket(self._dialled, server_hostname=self._target.host)
        self.sock = self._dialled

    def abort(self) -> None:
        """End what the connection is waiting for."""
        self.is_aborted = True
        if self._dialled is not None:
            try:
                self._dialled.shutdown(socket.SHUT_RDWR)
            except OSError:
                return


@cache
def _context() -> ssl.SSLContext:
    return ssl.create_default_context()


@frozen
class Reply:
    """The status of an answer, its headers by name in lower case, and its body, if it was asked for."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(default=b"", repr=False)


def post(
    target: Target, body: bytes, headers: Mapping[str, str], seconds: float, *, max_answer_bytes: int = 0
) -> Reply:
    """Post the body and return the answer's status and headers, within about that many seconds in all.

    With `max_answer_bytes`, the answer's body too, if it is not longer. A server that sends one byte now and then gets
    no more time. Raises CallFailedError.
    """
    connection = _Dialled(target, seconds)
    watchdog = threading.Timer(seconds, connection.abort)
    watchdog.daemon = True
    watchdog.start()
    try:
        default = target.port == _PORTS[target.scheme]
        name = f"[{target.host}]" if ":" in target.host else target.host
        host = name if default else f"{name}:{target.port}"
        connection.request("POST", target.path, body, {**headers, "Host": host, "Connection": "close"})
        answer = connection.getresponse()
        content = answer.read(max_answer_bytes + 1) if max_answer_bytes else b""
        if connection.is_aborted:
            # `http.client` takes the end of the connection for the end of the headers, or of the body.
            raise CallFailedError("no-answer-in-time")
        if len(content) > max_answer_bytes:
            raise CallFailedError("answer-too-large")
        if max_answer_bytes and answer.length:
            raise CallFailedError("no-connection")  # it ended before the body did
        return Reply(answer.status, {name.lower(): value for name, value in answer.getheaders()}, content)
    except TimeoutError as error:
        raise CallFailedError("no-answer-in-time") from error
    except ssl.SSLError as error:
        raise CallFailedError("tls") from error
    except (OSError, HTTPException) as error:
        raise CallFailedError("no-answer-in-time" if connection.is_aborted else "no-connection") from error
    finally:
        watchdog.cancel()
        connection.close()


def retry_after(header: str, now: datetime) -> int:
    """Return the seconds of a Retry-After header (RFC 9110, 10.2.3), at most an hour; 0 for anything else."""
    if header.isascii() and header.isdigit():
        return min(int(header[:9]), _LONGEST_WAIT)
    try:
        moment = parsedate_to_datetime(header)
        seconds = ((moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - now).total_seconds()
    except (ValueError, OverflowError):
        return 0
    return max(0, min(int(seconds), _LONGEST_WAIT))


type Post = Callable[[Target, bytes, Mapping[str, str], float], Reply]
