"""Signature schemes. A signature proves that a request came from its source.

This module implements Standard Webhooks 1.0.0 (github.com/standard-webhooks/standard-webhooks,
spec/standard-webhooks.md). The package of that name is not used: it raises four kinds of errors for malformed input,
accepts only one secret and has a fixed tolerance (docs/decisions.md). Tests sign with the package. A scheme of only one
kind of sender belongs in that sender's file in `formats/`.
"""

import binascii
import hmac
import re
from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol, override

from customer_center.platform.config import ConfigurationError
from customer_center.platform.frozen import frozen


@frozen
class Signed:
    """A verified request: the id of its event, which is the same in every repeat, and the signed content.

    `is_expired`: one of the keys signed it, too long ago to be accepted.
    """

    webhook_id: str
    content: bytes
    is_expired: bool = False


class SignatureScheme(Protocol):
    """A way to sign requests, and its description for the OpenAPI document."""

    name: str
    """The scheme's name in a WWW-Authenticate header (RFC 9110, 11.6.1)."""
    security_name: str
    security_scheme: Mapping[str, str]
    """The scheme's Security Scheme Object in the OpenAPI document. `security_name` is its component name.

    Empty if OpenAPI has no words for the scheme.
    """
    parameters: Mapping[str, dict[str, Any]]
    """The other headers of a request: Parameter Objects of the OpenAPI document, by component name."""

    def keys(self, secret: Any) -> Sequence[bytes]:  # noqa: ANN401 # JSON
        """Return the keys in the JSON value of a source's SSM parameter. Raises ConfigurationError, without any key."""

    def signed(
        self,
        headers: Mapping[str, str],
        body: bytes,
        *,
        keys: Sequence[bytes],
        settings: Mapping[str, Any],
        now: float,
        tolerance: int,
    ) -> Signed | None:
        """Return the verified request. Return None unless one key signed it within `tolerance` seconds of `now`.

        `headers` have names in lower case. `body` has the received bytes. `settings` are those of the source. A
        malformed request raises no error.
        """


_PREFIX = "whsec_"
# The specification requires 24 to 64 random bytes. Shorter secrets could be guessed.
_SECRET_BYTES = range(24, 65)
# A sender that rotates its secret signs with both secrets. The limit bounds the work for a forged request.
_MAX_SIGNATURES = 10
# Printable ASCII without the full stop, which separates the signed parts.
_ID = re.compile(r"[!-\-/-~]{1,128}")
_TIMESTAMP = re.compile(r"[0-9]{1,11}")


class StandardWebhooks(SignatureScheme):
    """HMAC-SHA256 of id, timestamp and body, in the header `webhook-signature`."""

    name = "Standard-Webhooks"
    security_name = "signature"
    security_scheme: Mapping[str, str] = {
        "type": "apiKey",
        "in": "header",
        "name": "webhook-signature",
        "description": "The request is signed as Standard Webhooks 1.0.0 has it (docs/webhooks.md).",
    }
    parameters: Mapping[str, dict[str, Any]] = {
        "WebhookId": {
            "name": "webhook-id",
            "in": "header",
            "required": True,
            "description": "Names the event; the same in every repeat.",
            "schema": {
                "type": "string",
                "pattern": "^[!-\\-/-~]{1,128}$",
                "examples": ["msg_2KWPBgLlAfxdpx2AI54pPJ85f4W"],
            },
        },
        "WebhookTimestamp": {
            "name": "webhook-timestamp",
            "in": "header",
            "required": True,
            "description": "When this request was sent, in seconds since 1970.",
            "schema": {"type": "string", "pattern": "^[0-9]{1,11}$", "examples": ["1795514400"]},
        },
    }

    @override
    def keys(self, secret: Any) -> Sequence[bytes]:
        """Return the keys of `{"secrets": ["whsec_…", …]}`."""
        return signing_keys(secret["secrets"])

    @override
    def signed(
        self,
        headers: Mapping[str, str],
        body: bytes,
        *,
        keys: Sequence[bytes],
        settings: Mapping[str, Any],
        now: float,
        tolerance: int,
    ) -> Signed | None:
        webhook_id = headers.get("webhook-id", "")
        timestamp = headers.get("webhook-timestamp", "")
        signatures = headers.get("webhook-signature", "")
        if not (_ID.fullmatch(webhook_id) and _TIMESTAMP.fullmatch(timestamp) and signatures.isascii()):
            return None
        if abs(now - int(timestamp)) > tolerance:
            return None
        given = [signature.encode() for signature in signatures.split(" ", _MAX_SIGNATURES)[:_MAX_SIGNATURES]]
        content = f"{webhook_id}.{timestamp}.".encode() + body
        for key in keys:
            expected = b"v1," + b64encode(hmac.digest(key, content, "sha256"))
            if any(hmac.compare_digest(expected, signature) for signature in given):
                return Signed(webhook_id, body)
        return None


def signing_keys(secrets: Iterable[str]) -> Sequence[bytes]:
    """Return the keys of `whsec_…` secrets.

    Raises ConfigurationError if there is no secret or one is not valid. The message shows no secret.
    """
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
        # The error is not chained and does not show the text, because the text is a secret.
        raise ConfigurationError("A webhook secret is whsec_ and 24 to 64 bytes in Base64.") from None
    return key


STANDARD_WEBHOOKS = StandardWebhooks()
