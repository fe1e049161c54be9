"""Vendasta's Customer List, which is deprecated there and still supported.

The body of a request is one JSON Web Token as text, signed with RS256 by Vendasta's one key for all apps
(github.com/vendasta/marketplace-documentation, docs/Other/marketplace_webhooks.md and docs/Guides/customer_list.md). An
event has no id, so that its id is made from what it is about and when it happened.
"""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, override

from customer_center.customers.field_names import names_in
from customer_center.customers.fields import FIELDS
from customer_center.platform.config import ConfigurationError
from customer_center.platform.errors import FieldError, InvalidInput
from customer_center.platform.ids import ULID_PATTERN
from customer_center.platform.stamps import from_iso_nanoseconds
from customer_center.webhooks.events import Event, EventTable, Field
from customer_center.webhooks.format import Format, json_payload
from customer_center.webhooks.formats.product import CUSTOMER_FIELDS
from customer_center.webhooks.model import Source
from customer_center.webhooks.rs256 import public_key, signed_claims
from customer_center.webhooks.signatures import SignatureScheme, Signed

LIVE_ISSUER = "Vendasta Marketplace"
"""The issuer of real events. Those of Vendasta's test tool have another."""

_CLAIM = "vendasta.com/marketplace/webhook"
# Go's zero time: Vendasta writes it where there is no time.
_ZERO_YEAR = "0001-"
_KINDS = {
    "create": ("customer.created", "created"),
    "update": ("customer.updated", "updated"),
    "delete": ("customer.deleted", "deleted"),
}
"""The type of each action's event, and the name of the field that says when it happened."""

# Infinity is above it, and numbers with which Python cannot calculate as fractions.
_LATEST = 10**11

_NAMES = names_in("vendasta")
_ADDRESS = {theirs: ours.partition(".")[2] for ours, theirs in _NAMES.items() if ours.startswith("visit_address.")}
_FIELDS = {theirs: ours for ours, theirs in _NAMES.items() if ours in FIELDS}
"""Our fields by Vendasta's names. Vendasta knows one address, which it spreads over fields of its own."""
# Vendasta's guide calls it by one name, its sample by the other.
_OUR_ID = ("vendor_contact_id", "vendor_customer_id")
_OUR_ID_PATTERN = re.compile(f"cus_{ULID_PATTERN}")


class VendastaToken(SignatureScheme):
    """A token signed with RS256 by one of the source's public keys, from one of its `issuers`, that has not expired.

    `leeway_seconds` of the source's settings is how long after its `exp` a token is accepted: `exp` is a minute after
    the first attempt, and Vendasta does not say whether it signs a retry anew.
    """

    name = "Vendasta-Token"
    security_name = "vendasta_token"
    security_scheme: Mapping[str, str] = {}
    parameters: Mapping[str, dict[str, Any]] = {}

    @override
    def keys(self, secret: Any) -> Sequence[bytes]:
        """Return the keys of `{"secrets": [<public key as PEM>, …]}`."""
        try:
            return [public_key(given) for given in secret["secrets"]]
        except ValueError as error:
            raise ConfigurationError(f"A public key of Vendasta: {error}") from error

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
        content = signed_claims(body, keys)
        claims = _claims(content) if content else None
        if content is None or claims is None or claims.get("iss") not in settings["issuers"]:
            return None
        expires, leeway = _seconds(claims.get("exp")), settings["leeway_seconds"]
        if expires is None or (_seconds(claims.get("nbf")) or 0) > now + leeway:
            return None
        return Signed(_event_id(claims.get(_CLAIM), content), content, is_expired=now >= expires + leeway)


def _seconds(value: object) -> float | None:
    """Return a NumericDate (RFC 7519, 2), None for any other value. Some writers of JSON write it as 1.7955144e+09."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if 0 <= value <= _LATEST else None


def _claims(content: bytes) -> Mapping[str, Any] | None:
    try:
        claims = json.loads(content.decode(), strict=False)
    except (ValueError, RecursionError):
        return None
    return claims if isinstance(claims, dict) else None


def _event_id(event: object, content: bytes) -> str:
    """Return the id of an event: the same in every repeat, also in one that was signed anew."""
    if isinstance(event, dict):
        action = event.get("action")
        _, moment = _KINDS.get(action, ("", "")) if isinstance(action, str) else ("", "")
        names = ("account_group_id", "contact_id", "action", moment)
        content = json.dumps([event.get(name) for name in names]).encode()
    return hashlib.sha256(content).hexdigest()


def _payload(content: bytes) -> object:
    """Return the event in the words of our tables. Fields that we do not use are left out."""
    claims = json_payload(content)
    event = claims.get(_CLAIM) if isinstance(claims, dict) else None
    if not isinstance(event, dict):
        raise InvalidInput(errors=[FieldError("", "object")])
    action = event.get("action")
    if not isinstance(action, str) or action not in _KINDS or "contact_id" not in event:
        # Events of other kinds, such as purchases, come to another address of the app.
        raise InvalidInput("event-type-unknown", [FieldError("/type", "unknown-value")])
    kind, moment = _KINDS[action]
    data = {"account_group_id": event.get("account_group_id"), "external_id": event["contact_id"]}
    at = event.get(moment)
    is_zero = isinstance(at, str) and at.startswith(_ZERO_YEAR)
    return {
        "type": kind,
        "timestamp": None if is_zero else at,
        "data": data if action == "delete" else data | _our_id(event) | _values(event),
    }


def _our_id(event: Mapping[str, Any]) -> dict[str, Any]:
    """Return the customer's id of ours. Where an app has associated none, Vendasta may name its own instead."""
    ids = [event[name] for name in _OUR_ID if isinstance(event.get(name), str)]
    ours = next((text for text in ids if _OUR_ID_PATTERN.fullmatch(text)), None)
    return {"customer_id": ours} if ours else {}


def _values(event: Mapping[str, Any]) -> dict[str, Any]:
    values = {ours: _read(ours, event[theirs]) for theirs, ours in _FIELDS.items() if theirs in event}
    address = {part: event[name] for name, part in _ADDRESS.items() if name in event}
    if address:
        values["visit_address"] = address
    return values | (permission(event["permission_to_contact"]) if "permission_to_contact" in event else {})


def _read(name: str, value: object) -> object:
    return _listed(value) if FIELDS[name].kind == "list" else value


def _listed(value: object) -> object:
    """Return a list: Vendasta sends telephone numbers as a list, as one text, or null. Empty texts are left out."""
    if not isinstance(value, list):
        value = [value]
    return [text for text in value if text is not None and not (isinstance(text, str) and not text.strip())]


def permission(value: object) -> dict[str, Any]:
    """Return consent as fields of our tables, from Vendasta's boolean or time. A time in the year 1 means no consent.

    Raises InvalidInput for anything else: consent is never guessed.
    """
    if value is None:
        return {}
    if isinstance(value, bool):
        return {"permission_to_contact": value}
    if not isinstance(value, str) or from_iso_nanoseconds(value) is None:
        raise InvalidInput(errors=[FieldError("/data/permission_to_contact", "boolean")])
    if value.startswith(_ZERO_YEAR):
        return {"permission_to_contact": False}
    return {"permission_to_contact": True, "permission_to_contact_at": value}


def _account(event: Event, source: Source) -> str:
    """Return our account of an account group. Vendasta sends the events of all accounts to one address of the app."""
    account = source.settings["accounts"].get(event.data["account_group_id"])
    if account is None:
        raise InvalidInput(errors=[FieldError("/data/account_group_id", "unknown-value")])
    return str(account)


_ID = Field(200, required=True, number=True)
_NAMED: Mapping[str, Field] = {"account_group_id": _ID, "external_id": _ID}
_SAID: Mapping[str, Field] = {
    **_NAMED,
    "customer_id": Field(200, number=True),
    **{name: CUSTOMER_FIELDS[name] for name in (*_FIELDS.values(), "visit_address")},
    "permission_to_contact": Field(),
    "permission_to_contact_at": Field(40),
}
_EVENTS: EventTable = {"customer.created": _SAID, "customer.updated": _SAID, "customer.deleted": _NAMED}

VENDASTA = Format(
    "vendasta",
    "Vendasta",
    VendastaToken(),
    _EVENTS,
    payload=_payload,
    account=_account,
    media_type="text/plain",
)
