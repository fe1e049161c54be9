"""Count the read and write units that DynamoDB charges for the calls of a function.

DynamoDB Local reports the read units (`ReturnConsumedCapacity`). Its write units of transactions are wrong. So the
write units are computed here, from the items before and after each write, as AWS documents:

- an item's size: docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
- a write takes one unit per KB of the item, before or after it, whichever is larger; in a transaction it takes two:
  …/developerguide/read-write-operations.html
- an index row takes one write when it is added or removed, two when its key changes, one when another value changes:
  …/developerguide/GSI.html ("Write capacity units")
"""

import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from botocore import xform_name
from botocore.client import ClientCreator

type Item = Mapping[str, Any]

_KB = 1024
_READS = {"BatchGetItem", "GetItem", "Query", "Scan"}
_SINGLE = {"PutItem": "Put", "UpdateItem": "Update", "DeleteItem": "Delete"}


@dataclass(frozen=True)
class Index:
    """A secondary index: its key, and the attributes of its rows (None: all)."""

    key: Sequence[str]
    attributes: frozenset[str] | None

    def row(self, item: Item | None) -> Item | None:
        """Return the row for an item, None when the item is not in the index."""
        if item is None or any(name not in item for name in self.key):
            return None
        return {name: value for name, value in item.items() if self.attributes is None or name in self.attributes}


def index_of(description: Mapping[str, Any], table_key: Sequence[str]) -> Index:
    """Return the index that the template or DescribeTable describes."""
    key = [part["AttributeName"] for part in description["KeySchema"]]
    projection = description["Projection"]
    if projection["ProjectionType"] == "ALL":
        return Index(key, None)
    return Index(key, frozenset([*key, *table_key, *projection.get("NonKeyAttributes", [])]))


def size(item: Item | None) -> int:
    """Return the size in bytes of an item, which is given in DynamoDB's notation."""
    return sum(len(name.encode()) + _value_size(value) for name, value in (item or {}).items())


def _value_size(value: Item) -> int:
    ((kind, content),) = value.items()
    match kind:
        case "S":
            return len(content.encode())
        case "N":
            digits = Decimal(content).normalize().as_tuple().digits
            return (len(digits) + 1) // 2 + 1
        case "BOOL" | "NULL":
            return 1
        case "SS":
            return sum(len(member.encode()) for member in content)
        case "L":
            return 3 + sum(1 + _value_size(member) for member in content)
        case "M":
            return 3 + size(content) + len(content)
        case _:
            raise NotImplementedError(kind)


def write_units(before: Item | None, after: Item | None, indexes: Sequence[Index], *, transactional: bool) -> int:
    """Return the units of one write of one item, including its rows in the indexes."""
    item = _units(max(size(before), size(after))) * (2 if transactional else 1)
    return item + sum(_row_units(index, index.row(before), index.row(after)) for index in indexes)


def _row_units(index: Index, before: Item | None, after: Item | None) -> int:
    if before == after:
        return 0
    moved = before and after and any(before[name] != after[name] for name in index.key)
    if moved:
        return _units(size(before)) + _units(size(after))
    return _units(max(size(before), size(after)))


def _units(size_in_bytes: int) -> int:
    return max(1, -(-size_in_bytes // _KB))


@dataclass
class Units:
    """Read and write units."""

    read: float = 0.0
    write: int = 0


@dataclass
class Call:
    """One call of a client, and the answer of AWS."""

    service: str
    operation: str
    method: str
    parameters: Mapping[str, Any]
    status: int = 0
    answer: str = ""


class Meter:
    """Counts the DynamoDB units of the watched clients, and records their calls to all services.

    `client` is not watched. It reads items before and after a write.
    """

    def __init__(self, client: Any) -> None:
        self.units = Units()
        self.calls: list[Call] = []
        self._client = client
        self._indexes: dict[str, list[Index]] = {}
        # Clients are used by several threads at once.
        self._mine = threading.local()
        self._lock = threading.Lock()

    def reset(self) -> None:
        """Set the units to zero and delete the recorded calls."""
        self.units, self.calls = Units(), []

    def watch(self, client: Any) -> None:
        """Count this client's calls."""
        events = client.meta.events
        events.register("provide-client-params", self._called)
        events.register("response-received", self._answered)
        if client.meta.service_model.service_name == "dynamodb":
            events.register("before-call", self._ask_for_units)
            # Registered first, because a handler that answers in place of AWS ends the event.
            events.register_first("before-send", self._look_before)
            events.register("after-call", self._count)

    def _called(self, params: Mapping[str, Any], model: Any, **_: Any) -> None:
        service = model.service_model.service_name
        self._mine.call = Call(service, model.name, xform_name(model.name), deepcopy(params))
        self._mine.written = []
        with self._lock:
            self.calls.append(self._mine.call)

    def _ask_for_units(self, model: Any, params: dict[str, Any], **_: Any) -> None:
        if model.name in _READS:
            params["body"] = json.dumps({**json.loads(params["body"]), "ReturnConsumedCapacity": "TOTAL"}).encode()

    def _answered(self, response_dict: Mapping[str, Any], **_: Any) -> None:
        self._mine.call.status = response_dict["status_code"]
        self._mine.call.answer = response_dict["body"].decode()

    def _look_before(self, request: Any, **_: Any) -> None:
        written = _written(self._mine.call.operation, json.loads(request.body), self._key_names)
        self._mine.written = [(table, key, self._look(table, key), twice) for table, key, twice in written]

    def _count(self, parsed: Mapping[str, Any], model: Any, **_: Any) -> None:
        units = Units()
        for table, key, before, transactional in self._mine.written:
            after = self._look(table, key)
            units.write += write_units(before, after, self._indexes[table], transactional=transactional)
        if model.name in _READS:
            consumed = parsed.get("ConsumedCapacity", [])
            parts = consumed if isinstance(consumed, list) else [consumed]
            units.read = sum(part["CapacityUnits"] for part in parts)
        with self._lock:
            self.units.read += units.read
            self.units.write += units.write

    def _look(self, table: str, key: Item) -> Item | None:
        found: Item | None = self._client.get_item(TableName=table, Key=key, ConsistentRead=True).get("Item")
        return found

    def _key_names(self, table: str) -> Sequence[str]:
        description = self._client.describe_table(TableName=table)["Table"]
        names = [part["AttributeName"] for part in description["KeySchema"]]
        self._indexes[table] = [index_of(index, names) for index in description.get("GlobalSecondaryIndexes", [])]
        return names


def _written(
    operation: str, body: Mapping[str, Any], key_names: Callable[[str], Sequence[str]]
) -> Iterator[tuple[str, Item, bool]]:
    """Yield table and key of every item that a call writes, and whether the call is a transaction."""
    if operation == "TransactWriteItems":
        actions = [(action, True) for item in body["TransactItems"] for action in item.values()]
    elif operation == "BatchWriteItem":
        raise NotImplementedError(operation)
    else:
        actions = [(body, False)] if operation in _SINGLE else []
    for action, transactional in actions:
        table = action["TableName"]
        names = key_names(table)
        yield table, {name: action.get("Key", action.get("Item"))[name] for name in names}, transactional


@contextmanager
def watching(meter: Meter) -> Iterator[Meter]:
    """Let the meter watch every client that is created in the `with` block."""
    create_client = ClientCreator.create_client

    def create_watched(*args: Any, **kwargs: Any) -> Any:
        client = create_client(*args, **kwargs)
        meter.watch(client)
        return client

    ClientCreator.create_client = create_watched  # type: ignore[method-assign] # until the block ends
    try:
        yield meter
    finally:
        ClientCreator.create_client = create_client  # type: ignore[method-assign] # as above
