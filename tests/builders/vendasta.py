"""Webhooks of Vendasta as its documentation shows them, signed with `private_key("vendasta")`."""

from datetime import datetime

from tests.builders.rs256 import private_key, token

ISSUER = "Vendasta Marketplace"
CLAIM = "vendasta.com/marketplace/webhook"
GROUP = "AG-H3WBTJ7X"
CONTACT = "CUSTOMER-7bbd8d4e-4b4d-4b9f-8a26-1c5ab5d4f6a9"
CREATED = "2026-11-24T10:00:00.123456789Z"
UPDATED = "2026-11-24T10:15:20.123456789Z"
DELETED = "2026-11-24T11:00:00.987654321Z"

CREATE = {
    "action": "create",
    "contact_id": CONTACT,
    "account_group_id": GROUP,
    "origin": "VBC",
    "first_name": "Anna",
    "last_name": "Blum",
    "address": "1 Main Street",
    "city": "Saskatoon",
    "state": "SK",
    "country": "CA",
    "email": ["anna@blum.example"],
    "phone": "1234567890",
    "created": CREATED,
}
UPDATE = {
    "action": "update",
    "contact_id": CONTACT,
    "account_group_id": GROUP,
    "first_name": "Anna",
    "last_name": "Rot",
    "address": "",
    "city": "",
    "state": "",
    "country": "",
    "email": ["anna@blum.example"],
    "phone": None,
    "permission_to_contact": True,
    "created": CREATED,
    "updated": UPDATED,
    "author": "UID-1",
    "new_synced_app_ids": ["MP-1"],
    "old_synced_app_ids": None,
}
DELETE = {
    "action": "delete",
    "contact_id": CONTACT,
    "account_group_id": GROUP,
    "origin": "VBC",
    "deleted": DELETED,
}


def claims(event: object, at: datetime, **changed) -> dict:
    """Return the claims of a webhook that is signed at a time; what is changed to None is left out."""
    issued = int(at.timestamp())
    found = {"iss": ISSUER, "iat": issued, "exp": issued + 60, CLAIM: event, **changed}
    return {name: value for name, value in found.items() if value is not None}


def webhook(event: object, at: datetime, **changed) -> bytes:
    """Return the body of a webhook that is signed at a time."""
    return token(claims(event, at, **changed), private_key("vendasta"))
