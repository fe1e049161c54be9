"""Accounts in the customers table (DynamoDB). Only this file knows the keys of their items.

| item | pk | sk |
|---|---|---|
| account | `account#<account>` | `account` |
"""

from dataclasses import asdict
from typing import override

from customer_center.customers.accounts import Account, Accounts
from customer_center.platform.clock import from_iso, iso
from customer_center.platform.dynamodb import Item, to_item
from customer_center.platform.errors import PreconditionFailed
from customer_center.platform.journal import Entry
from customer_center.platform.table_store import TableStore


def _key(account_id: str) -> Item:
    return {"pk": f"account#{account_id}", "sk": "account"}


class AccountStore(TableStore, Accounts):
    """Accounts in DynamoDB."""

    @override
    def account(self, account_id: str) -> Account | None:
        item = self._get(_key(account_id), consistent=True)
        return _account_from(item) if item else None

    @override
    def save_account(self, before: Account, after: Account, entry: Entry) -> None:
        if before.version:
            action = self._if_version(before.version, "Put", {"Item": to_item(_account_item(after))})
        else:
            action = self._put(_account_item(after), "attribute_not_exists(pk)", PreconditionFailed())
        self._commit([action], [entry])


def _account_item(account: Account) -> Item:
    moments = {
        "created_at": iso(account.created_at) if account.created_at else None,
        "updated_at": iso(account.updated_at) if account.updated_at else None,
    }
    return {**_key(account.account_id), **asdict(account), **moments}


def _account_from(item: Item) -> Account:
    return Account(
        account_id=item["account_id"],
        partner_id=item.get("partner_id"),
        name=item.get("name"),
        country=item.get("country"),
        blocked_values=tuple(item["blocked_values"]),
        created_at=from_iso(item["created_at"]),
        updated_at=from_iso(item["updated_at"]),
        version=item["version"],
    )
