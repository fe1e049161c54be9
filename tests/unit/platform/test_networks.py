"""Which network a request comes from, also behind proxies: X-Forwarded-For, Forwarded (RFC 7239), and the secret."""

import pytest

from customer_center.platform import networks
from customer_center.platform.config import ConfigurationError
from customer_center.platform.http import Request
from customer_center.platform.networks import (
    SECRET_HEADER,
    Proxies,
    network_of,
    proxy_secrets,
    source_network,
)
from tests.fakes.clock import NOON

PROXY = "198.51.100.9"
PROXYS_NETWORK = "198.51.100.0/24"
CLIENT = "203.0.113.7"
CLIENTS_NETWORK = "203.0.113.0/24"
OLD, NEW = "o" * 32, "n" * 40


@pytest.fixture
def asked(monkeypatch):
    """Set the proxies, and return a function that returns the network of a request with these headers."""
    monkeypatch.setattr(networks, "secret", lambda name, now: {"secrets": [OLD, NEW]})

    def network(headers, *, proxies=1, parameter="/proxies", source_ip=PROXY):
        monkeypatch.setattr(networks, "proxies", lambda: Proxies(proxies, parameter))
        request = Request(
            request_id="request-1",
            route="POST /things",
            headers=headers,
            source_ip=source_ip,
            username=None,
            fingerprint=str,
        )
        return source_network(request, NOON)

    return network


def by_proxy(**headers):
    """Return the headers of a request that our proxy sent."""
    return {SECRET_HEADER: NEW, **{name.replace("_", "-"): value for name, value in headers.items()}}


# Who is believed


@pytest.mark.parametrize("secret", [OLD, NEW])
def test_a_proxy_that_proves_itself_is_believed(asked, secret):
    assert asked({SECRET_HEADER: secret, "x-forwarded-for": CLIENT}) == CLIENTS_NETWORK


@pytest.mark.parametrize(
    "proof",
    [
        {},
        {SECRET_HEADER: ""},
        {SECRET_HEADER: "x" * 32},
        {SECRET_HEADER: OLD[:-1]},
        {SECRET_HEADER: f"{OLD}{NEW}"},
        {SECRET_HEADER: f"{OLD} {NEW}"},
        {SECRET_HEADER: "ü" * 32},
        {SECRET_HEADER: ","},
    ],
)
@pytest.mark.parametrize("header", [{"x-forwarded-for": CLIENT}, {"forwarded": f"for={CLIENT}"}])
def test_nobody_else_is(asked, proof, header):
    assert asked({**proof, **header}) == PROXYS_NETWORK


def test_a_secret_is_found_among_the_values_of_a_repeated_header(asked):
    """The caller sent the header too, and the gateway joined both."""
    assert asked({SECRET_HEADER: f"guess, {OLD}", "x-forwarded-for": CLIENT}) == CLIENTS_NETWORK


def test_without_proxies_or_their_secrets_no_header_is_read(asked, monkeypatch):
    monkeypatch.setattr(networks, "secret", lambda name, now: pytest.fail("read"))
    assert asked(by_proxy(x_forwarded_for=CLIENT), proxies=0) == PROXYS_NETWORK
    assert asked(by_proxy(x_forwarded_for=CLIENT), parameter="") == PROXYS_NETWORK
    assert asked({"x-forwarded-for": CLIENT}) == PROXYS_NETWORK


@pytest.mark.parametrize(
    "value",
    [
        None,
        [],
        {},
        {"secrets": []},
        {"secrets": "x" * 32},
        {"secrets": ["x" * 31]},
        {"secrets": ["x" * 32, 7]},
        {"secrets": ["x" * 16 + "," + "x" * 16]},
        {"secrets": ["x" * 16 + " " + "x" * 16]},
    ],
)
def test_unusable_secrets_are_told_without_showing_them(value):
    with pytest.raises(ConfigurationError) as told:
        proxy_secrets(value)
    assert "x" * 8 not in str(told.value)


# Which address


@pytest.mark.parametrize(
    ("proxies", "header", "network"),
    [
        (1, "10.0.0.1, 203.0.113.7", CLIENTS_NETWORK),
        (1, f"10.0.0.1, 203.0.113.7, {PROXY}", CLIENTS_NETWORK),
        (2, "10.0.0.1, 203.0.113.7, 192.0.2.1", CLIENTS_NETWORK),
        (2, f"203.0.113.7,192.0.2.1,{PROXY}", CLIENTS_NETWORK),
        (1, " , 203.0.113.7 ,, ", CLIENTS_NETWORK),
        (1, "203.0.113.7:51234", CLIENTS_NETWORK),
        (1, "[2001:db8:1:2::3]:443", "2001:db8:1::/48"),
        (1, "2001:db8:1:2::3", "2001:db8:1::/48"),
    ],
)
def test_the_address_that_our_first_proxy_saw_counts(asked, proxies, header, network):
    assert asked(by_proxy(x_forwarded_for=header), proxies=proxies) == network


@pytest.mark.parametrize(
    "header",
    [
        "for=203.0.113.7",
        "For=203.0.113.7;proto=https;by=192.0.2.43",
        'for="203.0.113.7:47011"',
        'for=10.0.0.1, for="203.0.113.7"',
        'for="_hidden", for=203.0.113.7;host="a,b;for=1.2.3.4"',
        f"for=203.0.113.7;proto=https, for={PROXY}",
        'for="\\203.0.113.7"',
        " ,for=203.0.113.7 ; proto=https ,",
        "by=192.0.2.43;for=203.0.113.7;host=shop.example;proto=https",
    ],
)
def test_the_standard_header_is_read_too(asked, header):
    assert asked(by_proxy(forwarded=header)) == CLIENTS_NETWORK


@pytest.mark.parametrize(
    "header", ['for="[2001:db8:cafe::17]:4711"', 'for="[2001:db8:cafe::17]"', "for=[2001:db8:cafe::17]:4711"]
)
def test_the_standard_header_quotes_an_address_of_ipv6(asked, header):
    assert asked(by_proxy(forwarded=header)) == "2001:db8:cafe::/48"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"x_forwarded_for": ""},
        {"x_forwarded_for": PROXY},
        {"x_forwarded_for": "unknown"},
        {"x_forwarded_for": "203.0.113.7, unknown"},
        {"x_forwarded_for": "203.0.113.700"},
        {"x_forwarded_for": "203.0.113.7:80:80"},
        {"x_forwarded_for": "203.0.113.7/24"},
        {"forwarded": "for=unknown"},
        {"forwarded": "for=_hidden"},
        {"forwarded": "for=203.0.113.7, for=unknown"},
        {"forwarded": "for=203.0.113.7, proto=https"},
        {"forwarded": 'for="203.0.113.7'},
        {"forwarded": 'for=", for=203.0.113.7'},
        {"forwarded": 'for="x, for="203.0.113.7"'},
        {"forwarded": "for"},
        {"forwarded": "=203.0.113.7"},
        {"forwarded": "for==203.0.113.7"},
        {"x_forwarded_for": CLIENT, "forwarded": "for=192.0.2.1"},
        {"x_forwarded_for": CLIENT, "forwarded": "for=unknown"},
        {"x_forwarded_for": CLIENT, "forwarded": 'for="'},
    ],
)
def test_what_cannot_be_read_or_disagrees_counts_for_the_proxy(asked, headers):
    """A caller may forge the header that the proxy does not extend. It then gains nothing."""
    assert asked(by_proxy(**headers)) == PROXYS_NETWORK


def test_both_headers_may_name_the_same_address(asked):
    assert asked(by_proxy(x_forwarded_for=f"{CLIENT}, {PROXY}", forwarded=f"for={CLIENT}")) == CLIENTS_NETWORK


def test_a_header_that_names_only_the_gateways_own_client_says_nothing(asked):
    assert (
        asked(by_proxy(x_forwarded_for=CLIENT, forwarded=f"by=192.0.2.43;for={PROXY};proto=https")) == CLIENTS_NETWORK
    )
    assert asked(by_proxy(x_forwarded_for=PROXY, forwarded=f"for={CLIENT}, for={PROXY}")) == CLIENTS_NETWORK
    assert asked(by_proxy(x_forwarded_for="", forwarded=f"for={CLIENT}")) == CLIENTS_NETWORK


def test_fewer_addresses_than_proxies_count_for_the_proxy(asked):
    assert asked(by_proxy(x_forwarded_for=CLIENT), proxies=2) == PROXYS_NETWORK


def test_a_long_header_takes_no_long_time(asked):
    for junk in ('for="' + "\\" * 10_000, "," * 10_000, "for=" * 2_500, " " * 10_000 + "x", "for=a;" * 1_600 + "x"):
        assert asked(by_proxy(forwarded=junk)) == PROXYS_NETWORK


# Networks


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.7", "203.0.113.0/24"),
        ("2001:db8:1:2::3", "2001:db8:1::/48"),
        ("::ffff:203.0.113.7", "203.0.113.0/24"),
        ("64:ff9b::cb00:7107", "203.0.113.0/24"),
        ("2002:cb00:7107::1", "203.0.113.0/24"),
        ("2001:0:c000:201::34ff:8ef8", "203.0.113.0/24"),
        ("fe80::1%eth0", "fe80::/48"),
        ("nonsense", "nonsense"),
    ],
)
def test_an_address_belongs_to_one_network(address, network):
    assert network_of(address) == network
