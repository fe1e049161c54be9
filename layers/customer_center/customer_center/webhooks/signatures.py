"""Signatures of Standard Webhooks 1.0.0 (github.com/standard-webhooks/standard-webhooks, spec/standard-webhooks.md).

Our own lines and not the package of that name: it raises four kinds of errors on malformed input, takes one secret and
has a fixed tolerance (docs/decisions.md). Tests sign with the package.
"""

import binascii
import hmac
import re
from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping, Sequence

from customer_center.platform.config import ConfigurationError

_PREFIX = "whsec_"
# The specification wants 24 to 64 random bytes. A shorter one, an empty one above all, could be guessed.
_SECRET_BYTES = range(24, 65)
# Whoever rotates signs with two secrets; a longer list only costs us comparisons.
_MAX_SIGNATURES = 10
# Printable ASCII without the full stop, which separates what is signed.
_ID = re.compile(r"[!-\-/-~]{1,128}")
_TIMESTAMP = re.compile(r"[0-9]{1,11}")


def signing_keys(secrets: Iterable[str]) -> Sequence[bytes]:
    """Return the keys of `whsec_…` secrets; ConfigurationError, which names none of them, when one is unusable."""
    keys = tuple(map(_key, secrets))
    if not keys:
        raise ConfigurationError("There is no webhook secret.")
    return keys


def _key(secret: str) -> bytes:
    try:
        key = b64decode(secret.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not secret.startswith(_PREFIX) or len(key) not in _SECRET_BYTES:
        # Not chained and without the text: it is a secret.
        raise ConfigurationError("A webhook secret is whsec_ and 24 to 64 bytes in Base64.") from None
    return key


def signed_id(
    headers: Mapping[str, str], body: bytes, *, keys: Sequence[bytes], now: float, tolerance: int
) -> str | None:
    """Return the webhook-id of a request that one of the keys signed within `tolerance` seconds of `now`, else None.

    `headers` have names in lower case; `body` is the body as it came. Whatever is wrong or missing, nothing is raised.
    """
    webhook_id = headers.get("webhook-id", "")
    timestamp = headers.get("webhook-timestamp", "")
    signatures = headers.get("webhook-signature", "")
    if not (_ID.fullmatch(webhook_id) and _TIMESTAMP.fullmatch(timestamp) and signatures.isascii()):
        return None
    if abs(now - int(timestamp)) > tolerance:
        return None
    given = [signature.encode() for signature in signatures.split(" ", _MAX_SIGNATURES)[:_MAX_SIGNATURES]]
    signed = f"{webhook_id}.{timestamp}.".encode() + body
    for key in keys:
        expected = b"v1," + b64encode(hmac.digest(key, signed, "sha256"))
        if any(hmac.compare_digest(expected, signature) for signature in given):
            return webhook_id
    return None
