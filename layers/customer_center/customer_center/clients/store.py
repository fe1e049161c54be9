"""Client keys in the companies table (DynamoDB). Only this file knows the keys of their items.

| item | pk | sk |
|---|---|---|
| client key | `client_key#<key id>` | `client_key` |

The index `listing` has all client keys in its partition `client_keys`, ordered by key id. The table also has the items
of `platform/table_store.py`.
"""

from collections.abc import Mapping, Sequence
from typing import Any, override

from customer_center.clients.model import KEY_ID, ClientKey, KeySecret, Scope
from customer_center.clients.ports import ClientKeys
from customer_center.platform.clock import from_iso, iso
from customer_center.platform.dynamodb import from_item, to_item
from customer_center.platform.errors import PreconditionFailed
from customer_center.platform.journal import Entry
from customer_center.platform.table_store import TableStore

_LISTING_INDEX = "listing"
_LISTING = "client_keys"


def _key(key_id: str) -> Mapping[str, Any]:
    return {"pk": f"client_key#{key_id}", "sk": "client_key"}


class ClientKeyStore(TableStore, ClientKeys):
    """Client keys in DynamoDB."""

    @override
    def key(self, key_id: str) -> ClientKey | None:
        if not KEY_ID.fullmatch(key_id):
            return None
        key = self._own(key_id)
        # After the key itself, so that a revocation that was answered before this request is always seen.
        return key.with_ancestors([self._own(each) for each in key.ancestors]) if key else None

    def _own(self, key_id: str) -> ClientKey | None:
        """Return the key as its own item has it, without what its ancestors say."""
        item = self._get(_key(key_id), consistent=True)
        return _key_from(item) if item else None

    @override
    def keys(self) -> Sequence[ClientKey]:
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            IndexName=_LISTING_INDEX,
            KeyConditionExpression="listing = :listing",
            ExpressionAttributeValues=to_item({":listing": _LISTING}),
        )
        # The index has not all attributes of a key.
        listed = [_key(from_item(item)["listing_key"]) for page in pages for item in page["Items"]]
        found = {key.key_id: key for key in map(_key_from, self._get_all(listed, consistent=True))}
        return [found[key_id].with_ancestors(list(map(found.get, found[key_id].ancestors))) for key_id in sorted(found)]

    @override
    def add(self, key: ClientKey, entry: Entry) -> None:
        self._commit([self._put(_key_item(key), "attribute_not_exists(pk)", PreconditionFailed())], [entry])

    @override
    def change(self, before: ClientKey, after: ClientKey, entry: Entry) -> None:
        self._commit([self._if_version(before.version, "Put", {"Item": to_item(_key_item(after))})], [entry])


def _key_item(key: ClientKey) -> Mapping[str, Any]:
    return {
        **_key(key.key_id),
        "listing": _LISTING,
        "listing_key": key.key_id,
        "name": key.name,
        "scopes": {scope.value for scope in key.scopes},
        "accounts": set(key.accounts) or None,
        "product": key.product,
        "partner_id": key.partner_id,
        "secrets": [
            {"secret_hash": secret.secret_hash, "hint": secret.hint, "created_at": iso(secret.created_at)}
            for secret in key.secrets
        ],
        "revoked_at": iso(key.revoked_at) if key.revoked_at else None,
        "ancestors": list(key.ancestors),
        # Not `expires_at`: DynamoDB deletes items by that attribute, and an expired key stays listed.
        "valid_until": iso(key.expires_at) if key.expires_at else None,
        "version": key.version,
        "created_at": iso(key.created_at),
        "updated_at": iso(key.updated_at),
    }


def _key_from(item: Mapping[str, Any]) -> ClientKey:
    scopes = set(map(Scope, item["scopes"]))
    if "ancestors" not in item and Scope.OPERATOR in scopes:
        # Written before `keys:manage` was a scope of its own: operators managed keys.
        scopes.add(Scope.KEYS_MANAGE)
    return ClientKey(
        key_id=item["listing_key"],
        name=item["name"],
        scopes=frozenset(scopes),
        accounts=frozenset(item.get("accounts", ())),
        product=item.get("product"),
        partner_id=item.get("partner_id"),
        secrets=tuple(
            KeySecret(secret["secret_hash"], secret["hint"], from_iso(secret["created_at"]))
            for secret in item["secrets"]
        ),
        revoked_at=from_iso(item["revoked_at"]) if "revoked_at" in item else None,
        ancestors=tuple(item.get("ancestors", ())),
        expires_at=from_iso(item["valid_until"]) if "valid_until" in item else None,
        version=item["version"],
        created_at=from_iso(item["created_at"]),
        updated_at=from_iso(item["updated_at"]),
    )
