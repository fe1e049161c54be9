"""The products of accounts, and the feeds of their changes, in the customers table (DynamoDB).

| item | pk | sk | kept for |
|---|---|---|---|
| product | `account#<account>` | `product#<product>` | |
| its status | `account#<account>` | `status#<product>` | |
| name of a removed product | `account#<account>` | `removed#<product>` | |
| product that is behind | `behind` | `<account>#<product>` | |
| customer that a product did not take | `failures#<account>#<secret id>` | customer id | |
| change in the feed | `changes#<account>` | `<position>#<customer id>` | 30 days; of a deleted customer, for good |

The secret id is that of the product. A product that is connected again begins with an empty list of failures. The table
also has the items of `store.py`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any, override

from customer_center.customers.feed_store import FeedStore
from customer_center.customers.model import Product
from customer_center.customers.outage import FEED_KEPT, Failure, ProductStatus, Since
from customer_center.customers.product_ports import Products, StatusChange
from customer_center.platform.clock import epoch, from_iso, iso
from customer_center.platform.dynamodb import Action, Item, from_item, to_item
from customer_center.platform.errors import InProgress, PreconditionFailed
from customer_center.platform.journal import Entry
from customer_center.platform.paging import Part

_NEW = "attribute_not_exists(pk)"
_MOMENTS = ("created_at", "updated_at", "gone_at", "paused_at")
_STATUS_MOMENTS = ("next_attempt_at", "walking_until", "last_success", "last_error_at")


def _account(account_id: str) -> str:
    return f"account#{account_id}"


def _product_key(account_id: str, product: str) -> Item:
    return {"pk": _account(account_id), "sk": f"product#{product}"}


def _status_key(account_id: str, product: str) -> Item:
    return {"pk": _account(account_id), "sk": f"status#{product}"}


def _removed_key(account_id: str, product: str) -> Item:
    return {"pk": _account(account_id), "sk": f"removed#{product}"}


def _behind_key(account_id: str, product: str) -> Item:
    return {"pk": "behind", "sk": f"{account_id}#{product}"}


def _failures(product: Product) -> str:
    return f"failures#{product.account_id}#{product.secret_id}"


class ProductStore(FeedStore, Products):
    """Products and feeds in DynamoDB."""

    @override
    def products(self, account_id: str) -> Sequence[Product]:
        return [_product_from(item) for item in self._beginning(_account(account_id), "product#")]

    @override
    def product(self, account_id: str, product: str) -> Product | None:
        item = self._get(_product_key(account_id, product), consistent=True)
        return _product_from(item) if item else None

    @override
    def was_removed(self, account_id: str, product: str) -> bool:
        return self._get(_removed_key(account_id, product), consistent=True) is not None

    @override
    def add_product(self, product: Product, entry: Entry, status: StatusChange | None = None) -> None:
        named = (product.account_id, product.product)
        actions = [self._put(_product_item(product), _NEW, PreconditionFailed())]
        actions.append(self._delete(_removed_key(*named)))
        self._commit([*actions, *self._status_actions(status)], [entry])

    @override
    def change_product(
        self, before: Product, after: Product, entry: Entry | None, status: StatusChange | None = None
    ) -> None:
        change = self._if_version(before.version, "Put", {"Item": to_item(_product_item(after))})
        self._commit([change, *self._status_actions(status)], [entry] if entry else [])

    @override
    def remove_product(self, product: Product, entry: Entry) -> None:
        named = (product.account_id, product.product)
        removed = Action({"Put": {"TableName": self._table, "Item": to_item(_removed_key(*named))}}, None)
        actions = [
            self._if_version(product.version, "Delete", {"Key": to_item(_product_key(*named))}),
            self._delete(_status_key(*named)),
            self._delete(_behind_key(*named)),
            removed,
        ]
        self._commit(actions, [entry])

    def _delete(self, key: Item) -> Action:
        return Action({"Delete": {"TableName": self._table, "Key": to_item(key)}}, None)

    # How telling them goes

    @override
    def status(self, account_id: str, product: str) -> ProductStatus:
        item = self._get(_status_key(account_id, product), consistent=True)
        return _status_from(account_id, product, item) if item else ProductStatus(account_id, product)

    @override
    def save_status(self, before: ProductStatus, after: ProductStatus) -> bool:
        if before.behind.is_empty == after.behind.is_empty:
            return self._holds(self._client.put_item, **self._status_put(before, after))
        try:
            self._commit(self._status_actions((before, after)), [])
        except (PreconditionFailed, InProgress):
            return False
        return True

    def _status_put(self, before: ProductStatus, after: ProductStatus) -> dict[str, Any]:
        request: dict[str, Any] = {"TableName": self._table, "Item": to_item(_status_item(after))}
        if before.version == 0:
            return {**request, "ConditionExpression": _NEW}
        return {
            **request,
            "ConditionExpression": "version = :before",
            "ExpressionAttributeValues": to_item({":before": before.version}),
        }

    def _status_actions(self, status: StatusChange | None) -> Sequence[Action]:
        """Return the actions that write a status, and the note that the product is behind."""
        if status is None:
            return []
        before, after = status
        actions = [Action({"Put": self._status_put(before, after)}, PreconditionFailed())]
        key = _behind_key(after.account_id, after.product)
        if after.behind.is_empty:
            return [*actions, self._delete(key)]
        return [*actions, Action({"Put": {"TableName": self._table, "Item": to_item(key)}}, None)]

    @override
    def behind(self) -> Sequence[tuple[str, str]]:
        found, low, more = list[str](), " ", True
        while more:
            items, more = self._page("behind", "sk > :low", {":low": low}, 1000)
            found += [item["sk"] for item in items]
            low = found[-1] if found else low
        # Neither part contains the sign between them.
        return [(account_id, product) for account_id, _, product in (place.partition("#") for place in found)]

    @override
    def note_failure(self, product: Product, failure: Failure) -> None:
        values = {"reason": failure.reason, "at": iso(failure.at), "remote_ids": list(failure.remote_ids) or None}
        self._put_now({"pk": _failures(product), "sk": failure.customer_id, **values})

    @override
    def remove_failure(self, product: Product, customer_id: str) -> None:
        key = {"pk": _failures(product), "sk": customer_id}
        self._client.delete_item(TableName=self._table, Key=to_item(key))

    @override
    def failures(self, product: Product, *, limit: int, after: str | None = None) -> Part[Failure]:
        items, more = self._page(_failures(product), "sk > :low", {":low": after or " "}, limit)
        rows = [
            Failure(item["sk"], item["reason"], from_iso(item["at"]), tuple(item.get("remote_ids", ())))
            for item in items
        ]
        return Part(rows, more=more)

    # The feed

    @override
    def add_to_feed(
        self, account_id: str, customer_id: str, position: str, now: datetime, *, kept: bool = False
    ) -> None:
        key = {"pk": f"changes#{account_id}", "sk": f"{position}#{customer_id}"}
        self._put_now({**key, "expires_at": None if kept else epoch(now + FEED_KEPT)})

    def _page(self, pk: str, condition: str, given: Item, limit: int) -> tuple[Sequence[Item], bool]:
        """Return up to `limit` items of a partition, and whether there may be more (strongly consistent)."""
        answer = self._client.query(
            TableName=self._table,
            KeyConditionExpression=f"pk = :pk AND {condition}",
            ExpressionAttributeValues=to_item({":pk": pk, **given}),
            ConsistentRead=True,
            Limit=limit,
        )
        return [from_item(item) for item in answer["Items"]], "LastEvaluatedKey" in answer


def _written(values: Mapping[str, Any], moments: Sequence[str]) -> Item:
    return {name: iso(value) if name in moments and value else value for name, value in values.items()}


def _read(item: Item, moments: Sequence[str]) -> dict[str, Any]:
    return {name: from_iso(item[name]) if name in item else None for name in moments}


def _product_item(product: Product) -> Item:
    return {**_product_key(product.account_id, product.product), **_written(asdict(product), _MOMENTS)}


def _product_from(item: Item) -> Product:
    return Product(
        account_id=item["account_id"],
        product=item["product"],
        kind=item.get("kind", "webhook"),
        url=item.get("url"),
        settings=item.get("settings", {}),
        secret_id=item["secret_id"],
        without_consent=item.get("without_consent", "send"),
        on_withdrawal=item.get("on_withdrawal", "flag"),
        version=item["version"],
        **_read(item, _MOMENTS),
    )


def _status_item(status: ProductStatus) -> Item:
    values = _written(asdict(status), _STATUS_MOMENTS)
    return {**_status_key(status.account_id, status.product), **values, "failing": list(status.failing) or None}


def _status_from(account_id: str, product: str, item: Item) -> ProductStatus:
    return ProductStatus(
        account_id,
        product,
        behind=Since(**item["behind"]),
        wait=item["wait"],
        step=item["step"],
        failing=tuple(item.get("failing", ())),
        last_error=item.get("last_error"),
        version=item["version"],
        **_read(item, _STATUS_MOMENTS),
    )
