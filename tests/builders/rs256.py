"""RSA keys, and tokens signed with RS256 as a sender makes them with PyJWT and `cryptography`."""

import base64
import hashlib
import json
from functools import cache

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256


@cache
def private_key(name: str = "theirs", bits: int = 2048) -> rsa.RSAPrivateKey:
    """Return the private key with that name; the same one at every call."""
    return rsa.generate_private_key(65537, bits)


def pem(key: rsa.RSAPrivateKey | None = None) -> str:
    """Return the public half, as senders publish it."""
    return public_pem((key or private_key()).public_key())


def public_pem(key) -> str:
    """Return a public key of any kind as PEM."""
    return key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()


def private_pem(key: rsa.RSAPrivateKey, *, pkcs1: bool = False, password: bytes | None = None) -> str:
    """Return a private key as PEM: PKCS#8, or PKCS#1 as older tools write it; encrypted with a password."""
    form = serialization.PrivateFormat.TraditionalOpenSSL if pkcs1 else serialization.PrivateFormat.PKCS8
    how = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, form, how).decode()


def token(claims: object, key: rsa.RSAPrivateKey | None = None, **headers) -> bytes:
    """Return the claims as a signed token. `headers` are added to `typ` and `alg`."""
    if not isinstance(claims, dict):
        return signed_parts({"alg": "RS256", **headers}, claims, key)
    return jwt.encode(claims, key or private_key(), "RS256", headers).encode()


def base64url(content: bytes) -> bytes:
    """Return Base64url without padding."""
    return base64.urlsafe_b64encode(content).rstrip(b"=")


def signed_parts(header: object, claims: object, key: rsa.RSAPrivateKey | None = None) -> bytes:
    """Return a token with any header and claims: a JSON value, or bytes as they are."""
    parts = [part if isinstance(part, bytes) else json.dumps(part).encode() for part in (header, claims)]
    message = b".".join(map(base64url, parts))
    return message + b"." + base64url((key or private_key()).sign(message, padding.PKCS1v15(), SHA256()))


def signed_raw(message: bytes, encoded: bytes, key: rsa.RSAPrivateKey | None = None) -> bytes:
    """Return the signature that a key makes of any encoded message, also of one that no library would sign."""
    numbers = (key or private_key()).private_numbers()
    n = numbers.public_numbers.n
    return pow(int.from_bytes(encoded), numbers.d, n).to_bytes((n.bit_length() + 7) // 8)


def digest_info(message: bytes) -> bytes:
    """Return the DigestInfo of a message (RFC 8017, 9.2)."""
    return bytes.fromhex("3031300d060960864801650304020105000420") + hashlib.sha256(message).digest()
