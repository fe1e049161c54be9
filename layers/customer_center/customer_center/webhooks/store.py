"""Sources of webhooks in the customers table (DynamoDB). Only this file knows the keys of their items.

| item | pk | sk |
|---|---|---|
| source | `webhook_source#<source id>` | `webhook_source` |
| its place in the account's list | `account#<account>` | `webhook_source#<source id>` |
"""

from collections.abc import Mapping, Sequence
from typing import Any, override

from customer_center.platform.clock import from_iso, iso
from customer_center.platform.dynamodb import Action, from_item, to_item
from customer_center.platform.errors import PreconditionFailed
from customer_center.platform.journal import Entry
from customer_center.platform.table_store import TableStore
from customer_center.webhooks.model import Source, StoredSource
from customer_center.webhooks.ports import WebhookSources

_PLACE = "webhook_source#"


def _key(source_id: str) -> Mapping[str, Any]:
    return {"pk": f"webhook_source#{source_id}", "sk": "webhook_source"}


def _place(stored: StoredSource) -> Mapping[str, Any]:
    return {"pk": f"account#{stored.source.account}", "sk": f"{_PLACE}{stored.source.source_id}"}


class SourceStore(TableStore, WebhookSources):
    """Sources of webhooks in DynamoDB."""

    @override
    def source(self, source_id: str, *, current: bool = True) -> StoredSource | None:
        item = self._get(_key(source_id), consistent=current)
        return _source_from(item) if item else None

    @override
    def sources(self, account_id: str) -> Sequence[StoredSource]:
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="pk = :pk AND begins_with(sk, :sk)",
            ExpressionAttributeValues=to_item({":pk": f"account#{account_id}", ":sk": _PLACE}),
            ConsistentRead=True,
        )
        places = (from_item(item)["sk"] for page in pages for item in page["Items"])
        keys = [_key(place.removeprefix(_PLACE)) for place in places]
        found = map(_source_from, self._get_all(keys, consistent=True))
        return sorted(found, key=lambda stored: stored.source.source_id)

    @override
    def add(self, source: StoredSource, entry: Entry) -> None:
        new = "attribute_not_exists(pk)"
        place = self._put(_place(source), new, PreconditionFailed())
        self._commit([self._put(_item(source), new, PreconditionFailed()), place], [entry])

    @override
    def change(self, before: StoredSource, after: StoredSource, entry: Entry) -> None:
        self._commit([self._if_version(before.version, "Put", {"Item": to_item(_item(after))})], [entry])

    @override
    def remove(self, source: StoredSource, entry: Entry) -> None:
        key = to_item(_key(source.source.source_id))
        place = Action({"Delete": {"TableName": self._table, "Key": to_item(_place(source))}})
        self._commit([self._if_version(source.version, "Delete", {"Key": key}), place], [entry])


def _item(stored: StoredSource) -> Mapping[str, Any]:
    source = stored.source
    return {
        **_key(source.source_id),
        "source_id": source.source_id,
        "format": source.format,
        "keys_parameter": source.keys_parameter,
        "account": source.account,
        "product": source.product,
        "settings": dict(source.settings),
        "hints": list(stored.hints),
        "created_at": iso(stored.created_at),
        "updated_at": iso(stored.updated_at),
        "version": stored.version,
    }


def _source_from(item: Mapping[str, Any]) -> StoredSource:
    source = Source(
        item["source_id"],
        item["format"],
        item["keys_parameter"],
        item.get("account"),
        item.get("product"),
        item["settings"],
    )
    moments = (from_iso(item["created_at"]), from_iso(item["updated_at"]))
    return StoredSource(source, tuple(item["hints"]), *moments, item["version"])
