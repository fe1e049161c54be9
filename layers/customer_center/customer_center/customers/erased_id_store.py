"""Ids of erased customers in the customers table (DynamoDB). Only this file knows the keys of their items.

| item | pk | sk |
|---|---|---|
| id of an erased customer | `erased#<keyed hash>` | `erased` |

The hash is HMAC-SHA-256. Without its key, which is in SSM, nobody can find out whether an id is among them.
"""

import hashlib
import hmac
from collections.abc import Callable
from datetime import datetime
from typing import Any, override

from customer_center.customers.erasures import ErasedIds
from customer_center.platform.clock import iso
from customer_center.platform.dynamodb import Item
from customer_center.platform.journal import Journal
from customer_center.platform.table_store import TableStore


class ErasedIdStore(TableStore, ErasedIds):
    """Erased ids in DynamoDB. `key` returns the key of the hashes, None before the first erasure.

    `new_key` makes it, unless there is one, and returns it.
    """

    def __init__(
        self,
        *,
        client: Any,  # noqa: ANN401 # a client
        table: str,
        journal: Journal,
        key: Callable[[datetime], str | None],
        new_key: Callable[[datetime], str],
    ) -> None:
        super().__init__(client=client, table=table, journal=journal)
        self._key, self._new_key = key, new_key

    @override
    def note(self, account_id: str, product: str | None, own_id: str, now: datetime) -> None:
        self._put_now({**_hashed(self._new_key(now), account_id, product, own_id), "at": iso(now)})

    @override
    def has(self, account_id: str, product: str | None, own_id: str, now: datetime) -> bool:
        key = self._key(now)
        return key is not None and self._get(_hashed(key, account_id, product, own_id), consistent=True) is not None


def _hashed(key: str, account_id: str, product: str | None, own_id: str) -> Item:
    text = "\n".join((account_id, product or "", own_id))
    return {"pk": f"erased#{hmac.new(key.encode(), text.encode(), hashlib.sha256).hexdigest()}", "sk": "erased"}
