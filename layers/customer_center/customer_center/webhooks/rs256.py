"""JSON Web Tokens that are signed with RS256 (RFC 7515; RFC 7518, 3.3; RFC 8017, 8.2.2), checked on integers.

No package is used: importing `cryptography` takes longer than an event's whole receipt, and checking a signature needs
no secret, so that nothing here can leak by its timing. Tests hold this module against PyJWT. Signing is not done here.
"""

import binascii
import hashlib
import hmac
import json
import re
from base64 import b64decode, urlsafe_b64decode
from collections.abc import Mapping, Sequence
from functools import lru_cache

# Three parts of Base64url without padding. The gateway or the sender may append a line end.
_TOKEN = re.compile(rb"([A-Za-z0-9_-]+\.[A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\r?\n?")
_PEM = re.compile(r"\s*-----BEGIN PUBLIC KEY-----([A-Za-z0-9+/=\s]+)-----END PUBLIC KEY-----\s*")
# Shorter moduli can be factored. Longer ones only make forged requests more expensive for us.
_MODULUS_BITS = range(2048, 4097)
# The exponent of every usual generator of keys. With a very low one, signatures have been forged more than once.
_EXPONENT = 65537
# DER: the AlgorithmIdentifier of rsaEncryption (RFC 8017, A.1), and the start of a SHA-256 DigestInfo (9.2, note 1).
_RSA = bytes.fromhex("06092a864886f70d0101010500")
_DIGEST_INFO = bytes.fromhex("3031300d060960864801650304020105000420")
_INTEGER, _BIT_STRING, _SEQUENCE = 0x02, 0x03, 0x30


def public_key(given: object) -> bytes:
    """Return the modulus of the RSA key in a PEM text (`BEGIN PUBLIC KEY`, RFC 7468, 13) or a JWK (RFC 7517).

    The modulus is the whole key, because the exponent of every key here is 65537.

    Raises ValueError for any other value, a modulus that is even or has not 2048 to 4096 bits, or an exponent other
    than 65537.
    """
    match given:
        case str():
            modulus, exponent = _from_pem(given)
        case {"kty": "RSA", "n": str(n), "e": str(e)}:
            modulus, exponent = (int.from_bytes(_base64url(text.encode())) for text in (n, e))
        case _:
            raise ValueError("not a public key in PEM, nor an RSA key as JWK")
    if modulus.bit_length() not in _MODULUS_BITS or not modulus % 2 or exponent != _EXPONENT:
        raise ValueError("an RSA key has 2048 to 4096 bits and the exponent 65537")
    return modulus.to_bytes((modulus.bit_length() + 7) // 8)


def fingerprint(pem: str) -> str:
    """Return the SHA-256 of a public key in hexadecimal, as tools show it: of its DER. Raises ValueError."""
    return hashlib.sha256(_der(pem)).hexdigest()


def signed_claims(token: bytes, keys: Sequence[bytes]) -> bytes | None:
    """Return the JSON of a token's claims, or None unless one of the keys signed the token with RS256.

    The signature is checked before anything in the token is parsed. Keys that the token names are never used. The
    claims are not checked. A malformed token raises no error.
    """
    parts = _TOKEN.fullmatch(token)
    if parts is None:
        return None
    message, signature = parts.groups()
    try:
        number = _base64url(signature)
        if not any(is_signed(message, number, key) for key in keys):
            return None
        header, claims = message.split(b".")
        return _base64url(claims) if _is_plain(header) else None
    except (ValueError, RecursionError):
        return None


@lru_cache(maxsize=16)
def _is_plain(header: bytes) -> bool:
    """Return whether a header asks for RS256 and nothing more. A sender writes the same one in all its tokens.

    Only headers that were signed by a key come here, so that strangers fill no memory. Raises ValueError.
    """
    read = json.loads(_base64url(header).decode())
    # `crit` names extensions that a recipient must understand (RFC 7515, 4.1.11). We know none.
    return isinstance(read, Mapping) and read.get("alg") == "RS256" and "crit" not in read


def is_signed(message: bytes, signature: bytes, key: bytes) -> bool:
    """Return whether the key made this signature of the message (RSASSA-PKCS1-v1_5 with SHA-256).

    The message is encoded once more, and every byte is compared. Reading the signature's padding instead has let
    forgeries through (CVE-2006-4339).
    """
    size, modulus, number = len(key), int.from_bytes(key), int.from_bytes(signature)
    if len(signature) != size or number >= modulus:
        return False
    info = _DIGEST_INFO + hashlib.sha256(message).digest()
    expected = b"\x00\x01" + b"\xff" * (size - len(info) - 3) + b"\x00" + info
    return hmac.compare_digest(pow(number, _EXPONENT, modulus).to_bytes(size), expected)


def _base64url(text: bytes) -> bytes:
    return urlsafe_b64decode(text + b"=" * (-len(text) % 4))


def _der(text: str) -> bytes:
    pem = _PEM.fullmatch(text)
    if pem is None:
        raise ValueError("not a public key in PEM")
    try:
        return b64decode("".join(pem[1].split()), validate=True)
    except binascii.Error:
        raise ValueError("not Base64") from None


@lru_cache(maxsize=64)
def _from_pem(text: str) -> tuple[int, int]:
    """Return modulus and exponent of a SubjectPublicKeyInfo (RFC 5280, 4.1.2.7). Raises ValueError.

    Each event asks for the keys of its source, and they stay the same for years.
    """
    der = _der(text)
    algorithm, key = _parts(_whole(der, _SEQUENCE), _SEQUENCE, _BIT_STRING)
    if algorithm != _RSA or key[:1] != b"\x00":
        raise ValueError("not an RSA key")
    modulus, exponent = _parts(_whole(key[1:], _SEQUENCE), _INTEGER, _INTEGER)
    return int.from_bytes(modulus), int.from_bytes(exponent)


def _whole(der: bytes, tag: int) -> bytes:
    (content,) = _parts(der, tag)
    return content


def _parts(der: bytes, *tags: int) -> Sequence[bytes]:
    """Return the contents of these elements of DER (X.690, 8.1), which are all of `der`. Raises ValueError."""
    contents = []
    for tag in tags:
        if len(der) < 2 or der[0] != tag:  # noqa: PLR2004 # a tag and a length
            raise ValueError("another structure")
        length, start = der[1], 2
        if length > 0x80:  # noqa: PLR2004 # then the lower bits count the bytes of the length
            start += length - 0x80
            length = int.from_bytes(der[2:start])
        if len(der) < start + length:
            raise ValueError("cut off")
        contents.append(der[start : start + length])
        der = der[start + length :]
    if der:
        raise ValueError("more than one key")
    return contents
