"""Client keys in the companies table: the one file that knows their key scheme (DynamoDB).

| item | pk | sk |
|---|---|---|
| client key | `client_key#<key id>` | `client_key` |

All of them stand under `client_keys` in the index `listing`, by key id. Requests with an Idempotency-Key:
`platform/idempotency_items.py`.
"""

import copy
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self, override

from customer_center.clients.model import KEY_ID, ClientKey, KeySecret, Scope
from customer_center.clients.ports import ClientKeys
from customer_center.platform import idempotency_items
from customer_center.platform.clock import from_iso, iso
from customer_center.platform.dynamodb import Action, from_item, to_item, transact
from customer_center.platform.errors import PreconditionFailed
from customer_center.platform.idempotency import Idempotency, Remembered
from customer_center.platform.journal import Entry, Journal

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_LISTING_INDEX = "listing"
_LISTING = "client_keys"


def _key(key_id: str) -> dict[str, Any]:
    return {"pk": f"client_key#{key_id}", "sk": "client_key"}


class ClientKeyStore(ClientKeys):
    """Client keys in DynamoDB."""

    def __init__(self, *, client: "DynamoDBClient", table: str, journal: Journal) -> None:
        self._client = client
        self._table = table
        self._journal = journal
        self._request: Idempotency | None = None

    @override
    def remembering(self, request: Idempotency) -> Self:
        store = copy.copy(self)
        store._request = request  # noqa: SLF001 # a copy of ourselves
        return store

    @override
    def remembered(self, request: Idempotency, now: datetime) -> Remembered | None:
        return idempotency_items.remembered(self._client, self._table, request, now)

    @override
    def key(self, key_id: str) -> ClientKey | None:
        if not KEY_ID.fullmatch(key_id):
            return None
        answer = self._client.get_item(TableName=self._table, Key=to_item(_key(key_id)), ConsistentRead=True)
        return _key_of(from_item(answer["Item"])) if "Item" in answer else None

    @override
    def keys(self) -> Sequence[ClientKey]:
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            IndexName=_LISTING_INDEX,
            KeyConditionExpression="listing = :listing",
            ExpressionAttributeValues=to_item({":listing": _LISTING}),
        )
        return [_key_of(from_item(item)) for page in pages for item in page["Items"]]

    @override
    def add(self, key: ClientKey, entry: Entry) -> None:
        self._put(key, entry, {"ConditionExpression": "attribute_not_exists(pk)"})

    @override
    def change(self, before: ClientKey, after: ClientKey, entry: Entry) -> None:
        unchanged = {
            "ConditionExpression": "#version = :before",
            "ExpressionAttributeNames": {"#version": "version"},
            "ExpressionAttributeValues": to_item({":before": before.version}),
        }
        self._put(after, entry, unchanged)

    def _put(self, key: ClientKey, entry: Entry, condition: Mapping[str, Any]) -> None:
        put = Action(
            {"Put": {"TableName": self._table, "Item": to_item(_values(key)), **condition}}, PreconditionFailed()
        )
        # First, because its refusal is the one a repeat is told.
        remembered = [idempotency_items.remember(self._table, self._request, entry)] if self._request else []
        transact(self._client, [*remembered, put, self._journal.write(entry)])


def _values(key: ClientKey) -> dict[str, Any]:
    return {
        **_key(key.key_id),
        "listing": _LISTING,
        "listing_key": key.key_id,
        "name": key.name,
        "scopes": {scope.value for scope in key.scopes},
        "accounts": set(key.accounts) or None,
        "product": key.product,
        "secrets": [
            {"secret_hash": secret.secret_hash, "hint": secret.hint, "created_at": iso(secret.created_at)}
            for secret in key.secrets
        ],
        "revoked_at": iso(key.revoked_at) if key.revoked_at else None,
        "version": key.version,
        "created_at": iso(key.created_at),
        "updated_at": iso(key.updated_at),
    }


def _key_of(item: Mapping[str, Any]) -> ClientKey:
    return ClientKey(
        key_id=item["listing_key"],
        name=item["name"],
        scopes=frozenset(map(Scope, item["scopes"])),
        accounts=frozenset(item.get("accounts", ())),
        product=item.get("product"),
        secrets=tuple(
            KeySecret(secret["secret_hash"], secret["hint"], from_iso(secret["created_at"]))
            for secret in item["secrets"]
        ),
        revoked_at=from_iso(item["revoked_at"]) if "revoked_at" in item else None,
        version=item["version"],
        created_at=from_iso(item["created_at"]),
        updated_at=from_iso(item["updated_at"]),
    )
