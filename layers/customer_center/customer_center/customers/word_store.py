"""The words of customers in the customers table (DynamoDB). Only this file knows the keys of these items.

| item | pk | sk |
|---|---|---|
| note of a customer's words | customer id | `words` |
| word, which has nothing but its key | `word#<account>#<two letters>` | `<word>#<customer id>` |
"""

from typing import Any, override

from customer_center.customers.search_ports import FoundWord, WordNote, Words
from customer_center.customers.words import partition_of
from customer_center.platform.dynamodb import Action, Item, from_item, to_item
from customer_center.platform.errors import PreconditionFailed
from customer_center.platform.paging import Part
from customer_center.platform.table_store import TableStore


def _note_key(customer_id: str) -> Item:
    return {"pk": customer_id, "sk": "words"}


def _partition(account_id: str, word: str) -> str:
    return f"word#{account_id}#{partition_of(word)}"


class WordStore(TableStore, Words):
    """The words that find customers, in DynamoDB."""

    @override
    def noted(self, customer_id: str) -> WordNote:
        item = self._get(_note_key(customer_id), consistent=True)
        if item is None:
            return WordNote(customer_id, "")
        return WordNote(customer_id, item["account_id"], frozenset(item["words"]), item["version"])

    @override
    def change(self, before: WordNote, after: WordNote) -> None:
        values = {
            **_note_key(after.customer_id),
            "account_id": after.account_id,
            "words": sorted(after.words),
            "version": after.version,
        }
        same = ("version = :before", PreconditionFailed(), {":before": before.version})
        note = self._put(values, *same if before.version else ("attribute_not_exists(pk)", PreconditionFailed()))
        changed = [self._word(after, "Put", "Item", word) for word in sorted(after.words - before.words)]
        changed += [self._word(before, "Delete", "Key", word) for word in sorted(before.words - after.words)]
        self._commit([note, *changed], [])

    def _word(self, note: WordNote, kind: str, argument: str, word: str) -> Action:
        key = {"pk": _partition(note.account_id, word), "sk": FoundWord(word, note.customer_id).position}
        return Action({kind: {"TableName": self._table, argument: to_item(key)}})

    @override
    def beginning(self, account_id: str, prefix: str, *, limit: int, after: str | None = None) -> Part[FoundWord]:
        pk = _partition(account_id, prefix)
        start: dict[str, Any] = {"ExclusiveStartKey": to_item({"pk": pk, "sk": after})} if after is not None else {}
        answer = self._client.query(
            TableName=self._table,
            KeyConditionExpression="pk = :pk AND begins_with(sk, :prefix)",
            ExpressionAttributeValues=to_item({":pk": pk, ":prefix": prefix}),
            Limit=limit,
            **start,
        )
        rows = [FoundWord(*from_item(item)["sk"].rsplit("#", 1)) for item in answer["Items"]]
        return Part(rows, more="LastEvaluatedKey" in answer)
