"""Tokens signed with RS256, and the keys that check them. PyJWT and `cryptography` are the sender and the judge."""

import base64
import hmac
import json

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa
from hypothesis import given
from hypothesis import strategies as st

from customer_center.webhooks.rs256 import is_signed, public_key, signed_claims
from tests.builders.rs256 import (
    base64url,
    digest_info,
    pem,
    private_key,
    public_pem,
    signed_parts,
    signed_raw,
    token,
)

CLAIMS = {"iss": "Vendasta Marketplace", "exp": 1795514460, "name": "Müller 🪑"}
MESSAGE = b"header.claims"
SIZE = 256


def claims_of(given_token, *keys):
    content = signed_claims(given_token, [public_key(key) for key in keys or [pem()]])
    return None if content is None else json.loads(content)


def jwk(key, **changes):
    numbers = key.public_key().public_numbers()
    encoded = {
        name: base64url(number.to_bytes((number.bit_length() + 7) // 8)).decode()
        for name, number in (("n", numbers.n), ("e", numbers.e))
    }
    return {"kty": "RSA", "alg": "RS256", "use": "sig", "kid": "1", **encoded, **changes}


# What is genuine


@pytest.mark.parametrize("bits", [2048, 2056, 3072, 4096])
def test_what_pyjwt_signs_is_genuine_with_keys_of_every_length(bits):
    key = private_key("long", bits)
    assert claims_of(token(CLAIMS, key), pem(key)) == CLAIMS


def test_any_key_of_the_list_may_have_signed():
    other = private_key("other")
    for signer in (private_key(), other):
        assert claims_of(token(CLAIMS, signer), pem(), pem(other)) == CLAIMS
    assert claims_of(token(CLAIMS), pem(other)) is None
    assert signed_claims(token(CLAIMS), []) is None


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_a_line_end_after_the_token_is_no_part_of_it(end):
    assert claims_of(token(CLAIMS) + end) == CLAIMS


@given(claims=st.dictionaries(st.text(max_size=20), st.text(max_size=50) | st.integers() | st.none(), max_size=5))
def test_whatever_its_sender_signed_is_genuine(claims):
    assert claims_of(token(claims)) == claims


# What is not


@given(at=st.integers(0, 600), cut=st.integers(0, 3), put=st.binary(max_size=3))
def test_a_changed_token_is_refused_unless_pyjwt_reads_the_same_claims(at, cut, put):
    good = token(CLAIMS)
    changed = good[:at] + put + good[at + cut :]
    if claims_of(changed) is not None:
        key = private_key().public_key()
        assert jwt.decode(changed.decode().rstrip("\r\n"), key, ["RS256"], options={"verify_exp": False}) == CLAIMS
        assert changed.rsplit(b".", 1)[0] == good.rsplit(b".", 1)[0]


@given(st.binary(max_size=400) | st.text(alphabet="AZaz09-_.=", max_size=400).map(str.encode))
def test_what_nobody_signed_is_refused_without_an_error(text):
    assert claims_of(text) is None


def forged(alg, sign):
    message = base64url(json.dumps({"alg": alg, "typ": "JWT"}).encode()) + b"." + base64url(json.dumps(CLAIMS).encode())
    return message + b"." + base64url(sign(message))


def test_a_token_without_a_signature_is_refused():
    assert claims_of(jwt.encode(CLAIMS, None, "none").encode()) is None
    assert claims_of(forged("none", lambda _: b"x" * SIZE)) is None
    assert claims_of(token(CLAIMS).rsplit(b".", 1)[0] + b".") is None
    assert claims_of(token(CLAIMS).rsplit(b".", 1)[0]) is None


@pytest.mark.parametrize("secret", [str.encode, lambda text: text.strip().encode()], ids=["as it is", "stripped"])
@pytest.mark.parametrize("alg", ["HS256", "RS256"])
def test_our_public_key_is_no_secret_for_hs256(alg, secret):
    assert claims_of(forged(alg, lambda message: hmac.digest(secret(pem()), message, "sha256"))) is None


@pytest.mark.parametrize("alg", ["RS384", "RS512", "PS256"])
def test_other_algorithms_of_the_same_key_are_refused(alg):
    assert claims_of(jwt.encode(CLAIMS, private_key(), alg).encode()) is None


@pytest.mark.parametrize("alg", ["none", "HS256", "rs256", "RS512", None, 1, ["RS256"]])
def test_a_genuine_signature_below_another_algorithm_is_refused(alg):
    assert claims_of(signed_parts({"alg": alg}, CLAIMS)) is None


@pytest.mark.parametrize(
    "header",
    [[], "RS256", None, {}, b"", b"{", b"\xff", '{"alg": "RS256"}'.encode("utf-16"), b"[" * 20_000],
)
def test_a_header_that_is_no_object_with_an_algorithm_is_refused(header):
    assert claims_of(signed_parts(header, CLAIMS)) is None


def test_extensions_that_must_be_understood_are_refused():
    assert claims_of(token(CLAIMS, b64=False, crit=["b64"])) is None


def test_keys_that_the_token_names_are_not_used():
    stranger = private_key("other")
    assert claims_of(token(CLAIMS, stranger, jwk=jwk(stranger), jku="https://x.example/keys", kid="1")) is None


# Signatures that a wrong reader of the padding accepts


def padded(info, *, kind=b"\x00\x01", fill=b"\xff", end=b"\x00", size=SIZE):
    return kind + fill * (size - len(kind) - len(end) - len(info)) + end + info


def test_the_signature_of_a_rightly_encoded_message_is_good():
    assert is_signed(MESSAGE, signed_raw(MESSAGE, padded(digest_info(MESSAGE))), public_key(pem()))


@pytest.mark.parametrize(
    "encoded",
    [
        padded(digest_info(b"another")),
        padded(digest_info(MESSAGE), kind=b"\x00\x00", fill=b"\x00"),
        padded(digest_info(MESSAGE), kind=b"\x00\x02"),
        padded(digest_info(MESSAGE), fill=b"\x00"),
        padded(digest_info(MESSAGE), end=b"\x01"),
        padded(digest_info(MESSAGE), end=b""),
        padded(digest_info(MESSAGE)[-32:]),  # the digest without its DigestInfo
        padded(
            digest_info(MESSAGE).replace(b"\x30\x31\x30\x0d", b"\x30\x2f\x30\x0b").replace(b"\x05\x00\x04", b"\x04")
        ),
        b"\x00\x01" + b"\xff" * 8 + b"\x00" + digest_info(MESSAGE) + b"x" * (SIZE - 11 - 51),  # CVE-2006-4339
        b"\x00\x01\x00" + digest_info(MESSAGE) + b"\x00" * (SIZE - 3 - 51),
        b"\x00" * (SIZE - 51) + digest_info(MESSAGE),  # no padding at all
    ],
)
def test_every_byte_of_the_encoded_message_counts(encoded):
    assert len(encoded) == SIZE
    assert not is_signed(MESSAGE, signed_raw(MESSAGE, encoded), public_key(pem()))


def test_a_signature_has_the_length_of_the_modulus_and_is_smaller_than_it():
    good, n = signed_raw(MESSAGE, padded(digest_info(MESSAGE))), private_key().public_key().public_numbers().n
    key = public_key(pem())
    for signature in (b"", b"\x00" + good, good + b"\x00", good[:-1], good[1:], b"\xff" * SIZE):
        assert not is_signed(MESSAGE, signature, key)
    for number in (0, 1, 2, n - 1, n):
        assert not is_signed(MESSAGE, number.to_bytes(SIZE), key)
    larger = int.from_bytes(good) + n
    assert not is_signed(MESSAGE, larger.to_bytes((larger.bit_length() + 7) // 8), key)


# Keys


def test_a_key_is_read_from_pem_and_from_a_jwk():
    key = private_key()
    assert public_key(pem()) == public_key(jwk(key)) == public_key("\n" + pem().replace("\n", "\r\n") + " ")
    assert int.from_bytes(public_key(pem())) == key.public_key().public_numbers().n


@pytest.mark.parametrize("exponent", [3, 65539])
def test_keys_with_another_exponent_are_refused(exponent):
    key = rsa.generate_private_key(3, 2048) if exponent == 3 else None
    text = pem(key) if key else jwk(private_key(), e=base64url(exponent.to_bytes(3)).decode())
    with pytest.raises(ValueError, match="exponent 65537"):
        public_key(text)


@pytest.mark.parametrize("exponent", ["", "AA", "AQ"])
def test_the_exponents_zero_and_one_sign_nothing(exponent):
    with pytest.raises(ValueError, match="exponent 65537"):
        public_key(jwk(private_key(), e=exponent))


@pytest.mark.parametrize("bits", [1024, 2040, 4104])
def test_keys_that_are_too_short_or_too_long_are_refused(bits):
    with pytest.raises(ValueError, match="2048 to 4096 bits"):
        public_key(jwk(private_key(), n=base64url(((1 << bits) - 1).to_bytes(bits // 8)).decode()))


def test_an_even_modulus_is_refused():
    with pytest.raises(ValueError, match="2048 to 4096 bits"):
        public_key(jwk(private_key(), n=base64url((1 << 2047).to_bytes(256)).decode()))


def private_text():
    kinds = (serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return private_key().private_bytes(serialization.Encoding.PEM, *kinds).decode()


@pytest.mark.parametrize(
    "other",
    [
        None,
        b"",
        "",
        "AAAA",
        [],
        {},
        {"kty": "oct", "k": "AAAA"},
        {"kty": "RSA", "n": "AAAA"},
        {"kty": "RSA", "n": 1, "e": "AQAB"},
        {"kty": "RSA", "n": "ä", "e": "AQAB"},
        "-----BEGIN PUBLIC KEY-----\nA\n-----END PUBLIC KEY-----",
        "-----BEGIN PUBLIC KEY-----\n====\n-----END PUBLIC KEY-----",
        pytest.param(lambda: pem() + pem(), id="two keys"),
        pytest.param(lambda: pem().replace("PUBLIC KEY", "RSA PUBLIC KEY"), id="another label"),
        pytest.param(private_text, id="a private key"),
        pytest.param(lambda: public_pem(ec.generate_private_key(ec.SECP256R1()).public_key()), id="elliptic curve"),
        pytest.param(lambda: public_pem(ed25519.Ed25519PrivateKey.generate().public_key()), id="ed25519"),
        pytest.param(lambda: public_pem(dsa.generate_private_key(1024).public_key()), id="dsa"),
    ],
)
def test_what_is_no_public_rsa_key_is_refused(other):
    with pytest.raises(ValueError):  # noqa: PT011 # each has its own sentence
        public_key(other() if callable(other) else other)


def wrapped(der):
    return f"-----BEGIN PUBLIC KEY-----\n{base64.b64encode(der).decode()}\n-----END PUBLIC KEY-----\n"


@given(at=st.integers(0, 293), cut=st.integers(0, 400), put=st.binary(max_size=5))
def test_a_changed_key_is_refused_or_read_as_cryptography_reads_it(at, cut, put):
    good = base64.b64decode("".join(pem().splitlines()[1:-1]))
    changed = wrapped(good[:at] + put + good[at + cut :])
    try:
        modulus = int.from_bytes(public_key(changed))
    except ValueError:
        return
    assert serialization.load_pem_public_key(changed.encode()).public_numbers().n == modulus
