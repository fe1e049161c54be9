"""Which network a request comes from. Limits of what strangers may try count per network.

The gateway reports the address that connected to it. Behind a proxy of our own (CloudFront, for example) this is the
proxy's address, and the caller's address is in a header that the proxy extends: X-Forwarded-For or Forwarded
(RFC 7239). Anybody can send these headers, because the API can also be called directly. So they are read only if the
request carries a secret that the proxy adds: header `X-Proxy-Secret`, SSM parameter `ProxySecretsParameter`.
"""

import hmac
import ipaddress
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import cache
from ipaddress import IPv4Address, IPv6Address
from typing import Any

from customer_center.platform.config import ConfigurationError, from_environment
from customer_center.platform.frozen import frozen
from customer_center.platform.http import Request
from customer_center.platform.secrets import secret

SECRET_HEADER = "x-proxy-secret"  # noqa: S105 # the header's name
_SECRET = re.compile(r"[!-+\--~]{32,256}")
"""A secret: printable ASCII without blanks, and without commas, which separate the values of a repeated header."""

# A network is about one customer of a provider: /24 for IPv4, /48 for IPv6.
_PREFIX = {4: 24, 6: 48}
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")

type _Hop = IPv4Address | IPv6Address | None
"""An address in a forwarding header; None for one that cannot be read."""


@frozen
class Proxies:
    """The template's parameters for the proxies in front of the API.

    `trusted_proxies` is their number. `proxy_secrets_parameter` names the SSM parameter with their secrets, empty for
    none: then no proxy is believed.
    """

    trusted_proxies: int
    proxy_secrets_parameter: str


@cache
def proxies() -> Proxies:
    """Return this deployment's proxies."""
    return from_environment(Proxies)


def source_network(request: Request, now: datetime) -> str:
    """Return the caller's network: /24 for IPv4, or /48 for IPv6 (the size of one site).

    The address comes from the forwarding headers if one of our proxies sent the request, else from the connection. It
    also comes from the connection if the headers are malformed, are too short, or name different addresses.
    """
    return network_of(_forwarded_address(request, proxies(), now) or request.source_ip)


def network_of(address: str) -> str:
    """Return the network of an address. An IPv6 address that stands for an IPv4 address counts as that address.

    A text that is no address is returned as it is.
    """
    ip = _ip(address)
    return address if ip is None else str(ipaddress.ip_network((ip, _PREFIX[ip.version]), strict=False))


def _forwarded_address(request: Request, proxies: Proxies, now: datetime) -> str | None:
    if not proxies.trusted_proxies or not proxies.proxy_secrets_parameter or SECRET_HEADER not in request.headers:
        return None
    if not _is_from_proxy(request.headers[SECRET_HEADER], proxy_secrets(secret(proxies.proxy_secrets_parameter, now))):
        return None
    peer = _ip(request.source_ip)
    told = {
        _address_at(hops, proxies.trusted_proxies)
        for name, read in _HEADERS.items()
        if (hops := _without(peer, read(request.headers.get(name, ""))))
    }
    # A proxy extends one of the headers and may pass the other one on as the caller sent it. We cannot know which.
    return told.pop() if len(told) == 1 else None


def proxy_secrets(value: Any) -> Sequence[bytes]:  # noqa: ANN401 # JSON
    """Return the secrets in the JSON value of the SSM parameter, `{"secrets": ["…", …]}`.

    Each of them is valid, so that a proxy can change to a new one. Raises ConfigurationError, which shows no secret.
    """
    secrets = value.get("secrets") if isinstance(value, dict) else None
    if not isinstance(secrets, list) or not secrets:
        raise ConfigurationError('The secrets of proxies are {"secrets": ["…"]}.')
    if not all(isinstance(each, str) and _SECRET.fullmatch(each) for each in secrets):
        raise ConfigurationError("A secret of a proxy is 32 to 256 printable ASCII characters without blank and comma.")
    return [each.encode() for each in secrets]


def _is_from_proxy(header: str, secrets: Sequence[bytes]) -> bool:
    # The gateway joins a repeated header with commas. All comparisons are made, so that the time reveals nothing.
    given = [value.strip().encode() for value in header.split(",")]
    return True in [hmac.compare_digest(value, each) for value in given for each in secrets]


def _without(peer: _Hop, hops: Sequence[_Hop]) -> Sequence[_Hop]:
    """Return the hops without the last one, if it is `peer`: the gateway may append its own client's address, too."""
    return hops[:-1] if hops and hops[-1] is not None and hops[-1] == peer else hops


def _address_at(hops: Sequence[_Hop], proxies: int) -> str | None:
    """Return the address that the first of our proxies saw; None if there is none.

    Each proxy appends its client's address. What stands before the one of our first proxy was sent by the caller.
    """
    found = hops[-proxies] if proxies <= len(hops) else None
    return str(found) if found else None


def _x_forwarded_for(header: str) -> Sequence[_Hop]:
    return [_node(value.strip()) for value in header.split(",") if value.strip()]


# One parameter of a Forwarded header, and what separates it from the next. Unquoted values may be what proxies really
# send, for example an IPv6 address in brackets, which the RFC wants quoted.
_PARAMETER = re.compile(
    r"\s*(?:(?P<name>[^\s\",;=]+)=(?:\"(?P<quoted>(?:[^\"\\]|\\.)*)\"|(?P<plain>[^\s\",;]*)))?\s*(?P<end>[,;]|\Z)"
)


def _forwarded(header: str) -> Sequence[_Hop]:
    """Return the `for` of each element of a Forwarded header (RFC 7239, 4); one unknown hop for a malformed header."""
    try:
        return [_node(element.get("for", "")) for element in _elements(header) if element]
    except ValueError:
        return [None]


def _elements(header: str) -> Iterator[Mapping[str, str]]:
    """Yield the parameters of each element. Raises ValueError for a header that cannot be read to its end."""
    element: dict[str, str] = {}
    at = 0
    while at <= len(header):
        found = _PARAMETER.match(header, at)
        if found is None:
            raise ValueError
        if found["name"]:
            quoted = found["quoted"]
            element[found["name"].lower()] = found["plain"] if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
        if found["end"] != ";":
            yield element
            element = {}
        if not found["end"]:
            return
        at = found.end()


_HEADERS: Mapping[str, Callable[[str], Sequence[_Hop]]] = {
    "x-forwarded-for": _x_forwarded_for,
    "forwarded": _forwarded,
}

# An address with or without a port: 192.0.2.1:80, [2001:db8::1]:80 (RFC 7239, 6).
_NODE = re.compile(r"(?P<v4>[0-9.]+)(?::[0-9]+)?|\[(?P<v6>[0-9A-Fa-f:.]+)\](?::[0-9]+)?|(?P<bare>[0-9A-Fa-f:.]+)")


def _node(text: str) -> _Hop:
    """Return the address of a node; None for `unknown`, an obfuscated name (`_…`), or anything else."""
    found = _NODE.fullmatch(text)
    return _ip(found["v4"] or found["v6"] or found["bare"]) if found else None


def _ip(text: str) -> _Hop:
    """Return the address, None if the text is none. An IPv4 address that is written as IPv6 is returned as IPv4."""
    try:
        ip = ipaddress.ip_address(text)
    except ValueError:
        return None
    if isinstance(ip, IPv4Address):
        return ip
    if ip in _NAT64:
        return IPv4Address(ip.packed[-4:])
    # Without zone (`fe80::1%eth0`), which has no network.
    return ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else IPv6Address(ip.packed))
