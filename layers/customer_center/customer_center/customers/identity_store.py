"""Match keys and conflicts in the customers table. Only this file knows the keys of their items.

| item | pk | sk | kept for |
|---|---|---|---|
| identity: who has a match key | `identity#<account>#<kind>#<hash of the value>` | `identity` | |
| conflict | `conflict#<account>#<conflict id>` | `conflict` | |
| open conflict | `conflicts#<account>` | `<conflict id>` | while it is open |

An identity stays when nobody has the key any more, so that its version never starts again.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from customer_center.customers.account_store import AccountStore
from customer_center.customers.accounts import read_account
from customer_center.customers.identity import Identity, IdentityConflict, KeyRules
from customer_center.platform.clock import from_iso, iso
from customer_center.platform.dynamodb import Action, Item, from_item, to_item
from customer_center.platform.errors import InProgress
from customer_center.platform.paging import Part

_NEW = "attribute_not_exists(pk)"


def _identity_key(account_id: str, key_id: str) -> Item:
    return {"pk": f"identity#{account_id}#{key_id}", "sk": "identity"}


def _conflict_key(account_id: str, conflict_id: str) -> Item:
    return {"pk": f"conflict#{account_id}#{conflict_id}", "sk": "conflict"}


def _open_key(account_id: str, conflict_id: str) -> Item:
    return {"pk": f"conflicts#{account_id}", "sk": conflict_id}


class IdentityStore(AccountStore):
    """Match keys and conflicts: a part of the store of customers."""

    def key_rules(self, account_id: str) -> KeyRules:
        """Return what the account's record says about match keys (strongly consistent)."""
        account = read_account(account_id, self)
        return KeyRules(account.country, account.blocked_values)

    def identities(self, account_id: str, key_ids: Sequence[str]) -> Mapping[str, Identity]:
        """Return who has each of these keys, by the key's id (strongly consistent)."""
        keys = [_identity_key(account_id, key_id) for key_id in key_ids]
        found = {item["key_id"]: item for item in self._get_all(keys, consistent=True)}
        return {key_id: _identity_from(account_id, key_id, found.get(key_id)) for key_id in key_ids}

    def conflict(self, account_id: str, conflict_id: str) -> IdentityConflict | None:
        """Return a conflict of the account, also a closed one, or None (strongly consistent)."""
        item = self._get(_conflict_key(account_id, conflict_id), consistent=True)
        return _conflict_from(account_id, item) if item else None

    def open_conflicts(self, account_id: str, *, limit: int, after: str | None = None) -> Part[IdentityConflict]:
        """Return up to `limit` of the account's open conflicts, with ids above `after`, the oldest first."""
        # A conflict that was closed after its row was read is left out: the rows decide where to go on.
        answer = self._client.query(
            TableName=self._table,
            KeyConditionExpression="pk = :pk AND sk > :after",
            ExpressionAttributeValues=to_item({":pk": f"conflicts#{account_id}", ":after": after or " "}),
            ConsistentRead=True,
            Limit=limit,
        )
        rows = [from_item(item)["sk"] for item in answer["Items"]]
        read = self._get_all([_conflict_key(account_id, conflict_id) for conflict_id in rows], consistent=True)
        conflicts = sorted((_conflict_from(account_id, item) for item in read), key=lambda each: each.conflict_id)
        return Part(conflicts, more="LastEvaluatedKey" in answer)

    def _identity_actions(self, identities: Sequence[tuple[Identity, Identity]]) -> Sequence[Action]:
        return [self._counted(_identity_item(after), before.version) for before, after in identities]

    def _conflict_actions(self, before: IdentityConflict | None, after: IdentityConflict) -> Sequence[Action]:
        actions = [self._counted(_conflict_item(after), before.version if before else 0)]
        key = _open_key(after.account_id, after.conflict_id)
        if before is None:
            actions.append(Action({"Put": {"TableName": self._table, "Item": to_item(key)}}))
        elif after.status != "open":
            actions.append(Action({"Delete": {"TableName": self._table, "Key": to_item(key)}}))
        return actions

    def _counted(self, item: Item, before: int) -> Action:
        """Return the action that writes an item if its version is still `before`. Who loses reads again."""
        refusal = InProgress("in-progress", 1)
        if before == 0:
            return self._put(item, _NEW, refusal)
        return self._put(item, "version = :before", refusal, {":before": before})


def _identity_item(identity: Identity) -> Item:
    return {
        **_identity_key(identity.account_id, identity.key_id),
        "key_id": identity.key_id,
        "owners": list(identity.owners),
        "waiting": dict(identity.waiting),
        "is_common": identity.is_common or None,
        "version": identity.version,
    }


def _identity_from(account_id: str, key_id: str, item: Mapping[str, Any] | None) -> Identity:
    if item is None:
        return Identity(account_id, key_id)
    return Identity(
        account_id,
        key_id,
        owners=tuple(item["owners"]),
        waiting=item["waiting"],
        is_common=item.get("is_common", False),
        version=item["version"],
    )


def _conflict_item(conflict: IdentityConflict) -> Item:
    return {
        **_conflict_key(conflict.account_id, conflict.conflict_id),
        "conflict_id": conflict.conflict_id,
        "customer_id": conflict.customer_id,
        "kind": conflict.kind,
        "candidates": {owner: list(keys) for owner, keys in conflict.candidates.items()},
        "status": conflict.status,
        "created_at": iso(conflict.created_at),
        "updated_at": iso(conflict.updated_at),
        "version": conflict.version,
    }


def _conflict_from(account_id: str, item: Mapping[str, Any]) -> IdentityConflict:
    return IdentityConflict(
        conflict_id=item["conflict_id"],
        account_id=account_id,
        customer_id=item["customer_id"],
        kind=item["kind"],
        candidates={owner: tuple(keys) for owner, keys in item["candidates"].items()},
        created_at=from_iso(item["created_at"]),
        updated_at=from_iso(item["updated_at"]),
        status=item["status"],
        version=item["version"],
    )
