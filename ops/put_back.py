"""Make the companies table, or the customers table, equal to a restored copy of it.

    python -m ops.put_back dev --restored TABLE --since 2026-11-24T08:00:00Z [--customers] [--write]

Without `--write`, the command only counts. It may be stopped and repeated. For the whole procedure, and for the
processes that must not run meanwhile, see docs/runbook.md#restore-from-point-in-time.
"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from itertools import batched
from typing import Any

from ops.checks import Stage, account_of, stage_named

# Actions that remove a person or access, with the verb for doing them again, and actions that give access back, without
# a verb. Only the last action on a subject counts.
AGAIN = {
    "user.erased": "Erase",
    "user.deleted": "Delete",
    "user.deactivated": "Deactivate",
    "user.activated": "",
    "company.closed": "Close",
    "company.reopened": "",
    "client_key.revoked": "Revoke",
    "client_key.secret_revoked": "Revoke a secret of",
}
# The same for the customers table. Who was erased stays so, whatever else happened.
CUSTOMERS_AGAIN = {"customer.erased": "Erase", "customer.deleted": "Delete"}
_BATCH = 25  # the maximum of BatchWriteItem

type Item = Mapping[str, Any]
type Key = tuple[str, str]
type Write = Mapping[str, Mapping[str, Item]]


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the difference of the tables, write it with `--write`, and print the actions that must be repeated."""
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--restored", required=True)
    parser.add_argument("--since", required=True, type=_moment)
    parser.add_argument("--customers", action="store_true")
    parser.add_argument("--write", action="store_true")
    given, rest = parser.parse_known_args(arguments)
    stage = stage_named(rest, __doc__)
    outputs = _outputs(stage)
    live = outputs["CustomersTableName" if given.customers else "CompaniesTableName"]
    again = CUSTOMERS_AGAIN if given.customers else AGAIN
    print(f"Account {account_of(stage)}, region {stage.region}, table {live}.")
    dynamodb = stage.client("dynamodb")
    counted: Counter[str] = Counter()
    for writes in batched(difference(dynamodb, live=live, restored=given.restored), _BATCH, strict=False):
        counted.update(kind for write in writes for kind in write)
        if given.write:
            _send(dynamodb, live, list(writes))
    done = "were" if given.write else "would be"
    print(f"{counted['PutRequest']} items {done} put back, {counted['DeleteRequest']} {done} deleted.")
    for (partition, subject), action in gone_since(dynamodb, outputs["JournalTableName"], given.since, again).items():
        if again[action]:
            print(f"{again[action]} again: {subject}{f' of {partition}' if subject != partition else ''}")
    return 0


def difference(dynamodb: Any, *, live: str, restored: str) -> Iterator[Write]:  # noqa: ANN401 # a client
    """Yield the writes that make the live table equal to the restored one: first the puts, then the deletes."""
    there = {_key(item): _digest(item) for item in _items(dynamodb, live)}
    seen = False
    for item in _items(dynamodb, restored):
        seen = True
        if there.pop(_key(item), None) != _digest(item):
            yield {"PutRequest": {"Item": item}}
    if not seen:
        raise SystemExit(f"{restored} is empty. Is its restore complete?")
    for pk, sk in there:
        yield {"DeleteRequest": {"Key": {"pk": {"S": pk}, "sk": {"S": sk}}}}


def gone_since(
    dynamodb: Any,  # noqa: ANN401 # a client
    journal: str,
    since: datetime,
    again: Mapping[str, str] = AGAIN,
) -> Mapping[Key, str]:
    """Return the last of the actions in `again` since then, by journal partition and subject. A restore undoes them."""
    entries = _items(
        dynamodb,
        journal,
        FilterExpression="#at >= :since",
        ExpressionAttributeNames={"#at": "at"},
        # Compared as text, to the second. The exact comparison is below.
        ExpressionAttributeValues={":since": {"S": f"{since:%Y-%m-%dT%H:%M:%S}"}},
    )
    found = [
        (_key(entry), entry["subject"]["S"], entry["action"]["S"])
        for entry in entries
        if datetime.fromisoformat(entry["at"]["S"]) >= since
    ]
    return {
        (partition, subject): action
        # An entry's id begins with its time.
        for (partition, _), subject, action in sorted(found, key=lambda entry: entry[0][1])
        if action in again
    }


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise argparse.ArgumentTypeError("say its zone: 2026-11-24T08:00:00Z")
    return moment.astimezone(UTC)


def _outputs(stage: Stage) -> Mapping[str, str]:
    stack = stage.stack()
    if stack is None:
        raise SystemExit(f"There is no stack {stage.stack_name} in {stage.region}.")
    return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}


def _items(dynamodb: Any, table: str, **more: Any) -> Iterator[Item]:  # noqa: ANN401 # a client
    for page in dynamodb.get_paginator("scan").paginate(TableName=table, ConsistentRead=True, **more):
        yield from page["Items"]


def _key(item: Item) -> Key:
    return item["pk"]["S"], item["sk"]["S"]


def _digest(item: Item) -> bytes:
    return sha256(json.dumps(item, sort_keys=True, default=repr).encode()).digest()


def _send(dynamodb: Any, table: str, writes: list[Write]) -> None:  # noqa: ANN401 # a client
    while writes:
        writes = dynamodb.batch_write_item(RequestItems={table: writes}).get("UnprocessedItems", {}).get(table, [])


if __name__ == "__main__":
    sys.exit(main())
