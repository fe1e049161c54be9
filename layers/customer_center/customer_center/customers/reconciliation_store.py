"""Reconciliations in the customers table (DynamoDB).

| item | pk | sk | kept for |
|---|---|---|---|
| reconciliation | `reconciliation#<id>` | `reconciliation` | 30 days |
| difference | `reconciliation#<id>` | `finding#<difference>#<customer id or external id>` | 30 days |
| customer that the product holds | `reconciliation#<id>` | `seen#<customer id>` | 2 days |
| product that is reconciled regularly | `reconciled` | `product#<account>#<product>` | |

A customer that the product holds is one key without values. 100,000 of them are 100,000 write units.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import batched
from typing import Any, override

from customer_center.customers.reconciliation import Finding, Reconciliation, Reconciliations
from customer_center.platform.clock import epoch, from_iso, iso
from customer_center.platform.dynamodb import Item, from_item, to_item
from customer_center.platform.errors import PreconditionFailed
from customer_center.platform.journal import Entry
from customer_center.platform.paging import Part
from customer_center.platform.table_store import TableStore

_KEPT = timedelta(days=30)
_SEEN_KEPT = timedelta(days=2)
_FINDING, _SEEN = "finding#", "seen#"
_SCHEDULED = "reconciled"
# The maximum number of items in one BatchWriteItem.
_BATCH_WRITE = 25


def _key(reconciliation_id: str, sk: str = "reconciliation") -> Item:
    return {"pk": f"reconciliation#{reconciliation_id}", "sk": sk}


class ReconciliationStore(TableStore, Reconciliations):
    """Reconciliations in DynamoDB."""

    @override
    def add(self, reconciliation: Reconciliation, entry: Entry) -> None:
        item = _reconciliation_item(reconciliation)
        self._commit([self._put(item, "attribute_not_exists(pk)", PreconditionFailed())], [entry])

    @override
    def reconciliation(self, reconciliation_id: str) -> Reconciliation | None:
        item = self._get(_key(reconciliation_id), consistent=True)
        return _reconciliation_from(item) if item else None

    @override
    def advance(self, before: Reconciliation, after: Reconciliation) -> bool:
        return self._holds(
            self._client.put_item,
            TableName=self._table,
            Item=to_item(_reconciliation_item(after)),
            ConditionExpression="#version = :before",
            ExpressionAttributeNames={"#version": "version"},
            ExpressionAttributeValues=to_item({":before": before.version}),
        )

    @override
    def note_found(self, reconciliation_id: str, found: Sequence[Finding], now: datetime) -> None:
        expires = epoch(now + _KEPT)
        self._write_all(
            [
                {
                    **_key(reconciliation_id, _FINDING + each.key),
                    "difference": each.difference,
                    "customer_id": each.customer_id,
                    "external_id": each.external_id,
                    "fields": list(each.fields),
                    "repaired": each.repaired,
                    "expires_at": expires,
                }
                for each in found
            ]
        )

    @override
    def findings(self, reconciliation_id: str, *, limit: int, after: str | None = None) -> Part[Finding]:
        start: dict[str, Any] = {}
        if after is not None:
            start = {"ExclusiveStartKey": to_item(_key(reconciliation_id, _FINDING + after))}
        answer = self._client.query(
            TableName=self._table,
            KeyConditionExpression="pk = :pk AND begins_with(sk, :sk)",
            ExpressionAttributeValues=to_item({":pk": _key(reconciliation_id)["pk"], ":sk": _FINDING}),
            ConsistentRead=True,
            Limit=limit,
            **start,
        )
        return Part([_finding_from(from_item(item)) for item in answer["Items"]], more="LastEvaluatedKey" in answer)

    @override
    def note_seen(self, reconciliation_id: str, customer_ids: Sequence[str], now: datetime) -> None:
        expires = epoch(now + _SEEN_KEPT)
        ids = dict.fromkeys(customer_ids)
        self._write_all([{**_key(reconciliation_id, _SEEN + each), "expires_at": expires} for each in ids])

    @override
    def seen(self, reconciliation_id: str, customer_ids: Sequence[str]) -> Collection[str]:
        keys = [_key(reconciliation_id, _SEEN + each) for each in customer_ids]
        return {item["sk"].removeprefix(_SEEN) for item in self._get_all(keys, consistent=True)}

    def _write_all(self, items: Sequence[Item]) -> None:
        """Write items without conditions, in batches."""
        for batch in batched(items, _BATCH_WRITE, strict=False):
            requested: Any = {self._table: [{"PutRequest": {"Item": to_item(item)}} for item in batch]}
            while requested:
                requested = self._client.batch_write_item(RequestItems=requested).get("UnprocessedItems")

    @override
    def schedule(self, account_id: str, product: str) -> None:
        self._put_now({**_scheduled_key(account_id, product), "account_id": account_id, "product": product})

    @override
    def unschedule(self, account_id: str, product: str) -> None:
        self._client.delete_item(TableName=self._table, Key=to_item(_scheduled_key(account_id, product)))

    @override
    def scheduled(self) -> Sequence[tuple[str, str]]:
        return [(item["account_id"], item["product"]) for item in self._beginning(_SCHEDULED, "product#")]


def _scheduled_key(account_id: str, product: str) -> Item:
    return {"pk": _SCHEDULED, "sk": f"product#{account_id}#{product}"}


def _reconciliation_item(reconciliation: Reconciliation) -> Item:
    return {
        **_key(reconciliation.reconciliation_id),
        "reconciliation_id": reconciliation.reconciliation_id,
        "account_id": reconciliation.account_id,
        "product": reconciliation.product,
        "repair": reconciliation.repair,
        "started_at": iso(reconciliation.started_at),
        "step": reconciliation.step,
        "cursor": reconciliation.cursor,
        "counts": dict(reconciliation.counts),
        "finished_at": iso(reconciliation.finished_at) if reconciliation.finished_at else None,
        "version": reconciliation.version,
        "expires_at": epoch(reconciliation.started_at + _KEPT),
    }


def _reconciliation_from(item: Mapping[str, Any]) -> Reconciliation:
    return Reconciliation(
        reconciliation_id=item["reconciliation_id"],
        account_id=item["account_id"],
        product=item["product"],
        repair=item["repair"],
        started_at=from_iso(item["started_at"]),
        step=item["step"],
        cursor=item.get("cursor"),
        counts={name: int(number) for name, number in item["counts"].items()},
        finished_at=from_iso(item["finished_at"]) if "finished_at" in item else None,
        version=item["version"],
    )


def _finding_from(item: Mapping[str, Any]) -> Finding:
    return Finding(
        item["difference"],
        item.get("customer_id"),
        item.get("external_id"),
        tuple(item.get("fields", ())),
        item["repaired"],
    )
