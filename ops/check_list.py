"""Check the Customer List of a stage: everything that is derived must be what its sources say.

    python -m ops.check_list dev        (or: make check-list STAGE=dev)

Each customer is rebuilt from its source records and its ledger of consent, and compared with what is stored and listed.
Each other item must belong to a customer that has it. Prints ids and the names of attributes, no values. Returns 1 if
something differs. Writes nothing; may run at any time, any number of times. It reads the whole table, and one customer
at a time, so that its memory does not grow. See docs/runbook.md#check-the-customer-list.
"""

import sys
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "layers/customer_center"))

from customer_center.customers.clusters import Cluster, with_record
from customer_center.customers.consent import NOTHING_SAID, with_statements
from customer_center.customers.fields import FIELDS, Value, members_of
from customer_center.customers.identity import KeyRules, all_keys, key_id, keys_by_field
from customer_center.customers.members import Record
from customer_center.customers.model import Customer
from customer_center.customers.ports import Customers
from customer_center.customers.store import CustomerStore, customer_item
from customer_center.customers.word_store import WordStore
from customer_center.customers.words import words_of
from customer_center.platform.clock import SystemClock
from customer_center.platform.dynamodb import to_item
from customer_center.platform.journal import Journal
from ops.checks import account_of, stage_named

# What follows a change comes a moment later, and after an outage up to this long after.
_SETTLED = timedelta(minutes=15)
# While the stage works, a change between two reads looks like a difference. A real one is still there the next time.
_LOOKS = 3

type Found = Iterator[str]


def main(arguments: Sequence[str] | None = None) -> int:
    """Print what differs, and return the exit code."""
    stage = stage_named(arguments, __doc__)
    stack = stage.stack()
    if stack is None:
        raise SystemExit(f"There is no stack {stage.stack_name} in {stage.region}.")
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
    tables = ListTables(stage.client("dynamodb"), outputs["CustomersTableName"], outputs["JournalTableName"])
    print(f"Account {account_of(stage)}, region {stage.region}, table {outputs['CustomersTableName']}.", flush=True)
    failed = 0
    for finding in differences(tables):
        print(f"FAIL  {finding}", flush=True)
        failed += 1
    print(f"{tables.seen} items checked, {failed} differences.")
    return int(failed > 0)


class ListTables:
    """The customers table, read item by item. All reads are strongly consistent.

    What follows a change, as the words that find a customer, is not judged until the change is `settled` long ago.
    """

    def __init__(self, dynamodb: Any, table: str, journal: str, settled: timedelta = _SETTLED) -> None:  # noqa: ANN401 # a client
        at: Any = {"client": dynamodb, "table": table, "journal": Journal(client=dynamodb, table=journal)}
        self.customers, self.words = CustomerStore(**at), WordStore(**at)
        self.settled = settled
        self.seen = 0
        self._dynamodb = dynamodb
        self._table = table

    def every_key(self) -> Iterator[tuple[str, str]]:
        """Yield the key of every item, page by page."""
        pages = self._dynamodb.get_paginator("scan").paginate(
            TableName=self._table, ConsistentRead=True, ProjectionExpression="pk, sk"
        )
        for page in pages:
            for item in page["Items"]:
                self.seen += 1
                yield item["pk"]["S"], item["sk"]["S"]

    def item(self, pk: str, sk: str) -> Mapping[str, Any] | None:
        """Return an item in DynamoDB's notation, or None."""
        answer = self._dynamodb.get_item(TableName=self._table, Key=to_item({"pk": pk, "sk": sk}), ConsistentRead=True)
        found: Mapping[str, Any] | None = answer.get("Item")
        return found


def differences(tables: ListTables) -> Found:
    """Yield a line for everything that is not what it should be."""
    for pk, sk in tables.every_key():
        for _ in range(_LOOKS):
            found = list(_differences_of(pk, sk, tables))
            if not found:
                break
        yield from found


def _differences_of(pk: str, sk: str, tables: ListTables) -> Found:
    kind = (sk if pk.startswith("cus_") else pk).partition("#")[0]
    if kind not in CHECKS:
        yield f"{pk} {sk}: nobody checks items of this kind"
    elif check := CHECKS[kind]:
        yield from check(pk, sk, tables)


# Rebuilding


def rebuilt(customer: Customer, customers: Customers) -> Customer:
    """Return the customer with what its source records and its ledger say, and with those merged into it.

    Of each field the newest statement is shown, without the members whose keys the customer waits for. Ids, times,
    versions, merges, and for which keys it waits are facts of the customer's item alone. An erased customer shows
    nothing, from the erasure on: what was said about it is cleared a moment later.
    """
    if customer.erased_at:
        return replace(customer, values={}, said_by={}, as_of={}, withheld={}, consent=NOTHING_SAID, own=None)
    rules = customers.key_rules(customer.account_id)
    said = _record(customer, customers)
    if not customer.members:
        return _showing(customer, said, rules)
    merged = {member.customer_id: customers.customer(member.customer_id) for member in customer.members}
    cluster = Cluster(
        replace(customer, own=said),
        {each: with_record(item, _record(item, customers)) for each, item in merged.items() if item},
    )
    survivor = cluster.shown(customer, customer.updated_at).survivor
    comes_to = Record(survivor.newest, survivor.said_by, survivor.as_of, survivor.consent, survivor.customer_code)
    return _showing(replace(customer, own=said), comes_to, rules)


def _record(customer: Customer, customers: Customers) -> Record:
    """Return what a record's sources and its ledger say. Its customer code is a fact of its item."""
    newest: dict[str, tuple[str, str, Value]] = {}
    for record in customers.source_records(customer.customer_id):
        for name, stamp in record.as_of.items():
            if name not in newest or stamp > newest[name][0]:
                newest[name] = (stamp, record.source, record.said[name])
    return Record(
        {name: newest[name][2] for name in FIELDS if name in newest and newest[name][2] is not None},
        {name: source for name, (_, source, _) in newest.items()},
        {name: stamp for name, (stamp, _, _) in newest.items()},
        with_statements({}, customers.consent_ledger(customer.customer_id)),
        (customer.own or customer).customer_code,
    )


def _showing(customer: Customer, record: Record, rules: KeyRules) -> Customer:
    """Return the customer with these values. Members whose keys it waits for are withheld."""
    keys = keys_by_field(record.values, rules)
    waiting = () if customer.hidden else customer.waiting
    held = {name: {each for each, key in keys.get(name, {}).items() if key in waiting} for name in record.values}
    shown = {name: _without(value, held[name]) for name, value in record.values.items()}
    withheld: Collection[str] = {name for name, members in held.items() if members}
    if customer.deleted_at:
        # A deletion ends what the customer waited for, and leaves its values as they were shown.
        withheld = customer.withheld
        shown |= {name: customer.values.get(name) for name in withheld}
    return replace(
        customer,
        values={name: value for name, value in shown.items() if value is not None},
        withheld={name: record.values.get(name) for name in withheld},
        said_by=record.said_by,
        as_of=record.as_of,
        consent=record.consent,
        customer_code=record.customer_code,
    )


def _without(value: Value, members: Collection[str]) -> Value:
    if not members:
        return value
    kept = tuple(each for each in members_of(value) if each not in members)
    return kept if isinstance(value, tuple) and kept else None


# What each kind of item has to be


def _customer(pk: str, sk: str, tables: ListTables) -> Found:
    stored, customer = tables.item(pk, sk), tables.customers.customer(pk)
    if stored is None or customer is None:
        return
    rules = tables.customers.key_rules(customer.account_id)
    expected = to_item(customer_item(rebuilt(customer, tables.customers)))
    for name in sorted({*stored, *expected}):
        if stored.get(name) != expected.get(name):
            yield f"{pk}: {name} is not what its sources say"
    code = (customer.own or customer).customer_code
    if code and not customer.deleted_at and _owner(tables, customer, None, code) not in customer.ids:
        yield f"{pk}: its customer code does not lead to it"
    for member in customer.members:
        merged = tables.customers.customer(member.customer_id)
        if merged is None or merged.merged_into != pk:
            yield f"{pk}: {member.customer_id} is a member and says otherwise"
    if customer.merged_into:
        survivor = tables.customers.customer(customer.merged_into)
        if survivor is None or pk not in survivor.ids:
            yield f"{pk}: {customer.merged_into} does not have it as a member"
    yield from _keys(customer, rules, tables)
    if _is_settled(customer, tables) and tables.words.noted(pk).words != words_of(customer):
        yield f"{pk}: its words are not those that find it"


def _is_settled(customer: Customer, tables: ListTables) -> bool:
    return SystemClock().now() - customer.updated_at >= tables.settled


def _keys(customer: Customer, rules: KeyRules, tables: ListTables) -> Found:
    """Check that the customer has the keys of its values, and owns each or waits for it, as each key's item says."""
    is_matched = not customer.is_gone and not customer.partner_id
    keys = all_keys(keys_by_field(customer.newest, rules)) if is_matched else ()
    ids = {key: key_id(key) for key in {*keys, *customer.keys}}
    identities = tables.customers.identities(customer.account_id, sorted(ids.values())) if ids else {}
    for key, id_ in sorted(ids.items(), key=lambda pair: pair[1]):
        identity = identities[id_]
        if key not in customer.keys or key not in keys:
            # A value that too many customers share is a key no more.
            if not identity.is_common:
                yield f"{customer.customer_id} {id_}: its keys are not those of its values"
        elif key in customer.waiting:
            if identity.waiting.get(customer.customer_id) != customer.conflict_id:
                yield f"{customer.customer_id} {id_}: it waits for a key that does not know it"
        elif customer.customer_id not in identity.owners and not identity.is_common:
            yield f"{customer.customer_id} {id_}: it shows a key that it does not own"
    if bool(customer.conflict_id) != bool(customer.conflicting):
        yield f"{customer.customer_id}: it has a conflict with nobody, or none with somebody"


def _identity(pk: str, sk: str, tables: ListTables) -> Found:
    """Check that whoever has a key is a customer with this key."""
    item = tables.item(pk, sk) or {}
    owners = [each["S"] for each in item.get("owners", {}).get("L", [])]
    waiting = {each: conflict["S"] for each, conflict in item.get("waiting", {}).get("M", {}).items()}
    for customer_id in (*owners, *waiting):
        customer = tables.customers.customer(customer_id)
        keys = {key for key in customer.keys if pk.endswith(f"#{key_id(key)}")} if customer else set()
        if customer is None or not keys or customer.deleted_at or not pk.startswith(f"identity#{customer.account_id}#"):
            yield f"{pk}: {customer_id} does not have this key"
        elif (customer_id in waiting) != bool(keys & {*customer.waiting}):
            yield f"{pk}: {customer_id} waits for this key, or owns it, and says otherwise"
        elif customer_id in waiting and waiting[customer_id] != customer.conflict_id:
            yield f"{pk}: {customer_id} waits in another conflict"


def _conflict(pk: str, sk: str, tables: ListTables) -> Found:  # noqa: ARG001 # as all checks
    _, account_id, conflict_id = pk.rsplit("#", 2)
    conflict = tables.customers.conflict(account_id, conflict_id)
    if conflict is None:
        return
    row = tables.item(f"conflicts#{account_id}", conflict_id)
    if (conflict.status == "open") != (row is not None):
        yield f"{pk}: it is open, or in the list of open ones, and not both"
    customer = tables.customers.customer(conflict.customer_id)
    if conflict.status == "open" and (customer is None or customer.conflict_id != conflict_id):
        yield f"{pk}: {conflict.customer_id} is in no such conflict"


def _open_conflict(pk: str, sk: str, tables: ListTables) -> Found:
    conflict = tables.customers.conflict(pk.partition("#")[2], sk)
    if conflict is None or conflict.status != "open":
        yield f"{pk} {sk}: there is no such open conflict"


def _words(pk: str, sk: str, tables: ListTables) -> Found:
    note = tables.words.noted(pk)
    customer = tables.customers.customer(pk)
    if customer is None:
        yield f"{pk} {sk}: there is no such customer"
    elif note.words and note.account_id != customer.account_id and _is_settled(customer, tables):
        yield f"{pk} {sk}: its words find it in another account"


def _word(pk: str, sk: str, tables: ListTables) -> Found:
    """Check that a word is noted by its customer, who is told only by id: the word itself is personal data."""
    word, _, customer_id = sk.rpartition("#")
    note = tables.words.noted(customer_id)
    if word not in note.words or not pk.startswith(f"word#{note.account_id}#"):
        yield f"word of {customer_id}: it does not find this customer"


def _statement(pk: str, sk: str, tables: ListTables) -> Found:
    customer = tables.customers.customer(pk)
    if customer is None:
        yield f"{pk} {sk}: there is no such customer"
    elif customer.cleared_at:
        yield f"{pk} {sk}: it should have been erased"


def _source(pk: str, sk: str, tables: ListTables) -> Found:
    record = tables.customers.source_record(pk, sk.partition("#")[2])
    yield from _statement(pk, sk, tables)
    if record.said.keys() != record.as_of.keys() or not record.as_of.keys() <= record.seen.keys():
        yield f"{pk} {sk}: a statement has no stamp"


def _consent(pk: str, sk: str, tables: ListTables) -> Found:
    item = tables.item(pk, sk) or {}
    yield from _statement(pk, sk, tables)
    said = [item[name]["S"] for name in ("channel", "stamp", "state", "at") if name in item]
    if sk != "#".join(["consent", *said]):
        yield f"{pk} {sk}: the statement has another key"


def _delivery(pk: str, sk: str, tables: ListTables) -> Found:
    (_, account_id, product), customer = sk.split("#"), tables.customers.customer(pk)
    external_id = tables.customers.delivery(pk, account_id, product).external_id
    if customer is None:
        yield f"{pk} {sk}: there is no such customer"
    elif account_id != customer.account_id and account_id not in customer.left:
        yield f"{pk} {sk}: it was never in this account"
    elif (
        external_id
        and not customer.as_seen_by(account_id).deleted_at
        and _owner(tables, customer, product, external_id) != pk
    ):
        yield f"{pk} {sk}: its external id does not lead to it"


def _owner(tables: ListTables, customer: Customer, product: str | None, own_id: str) -> str | None:
    named = tables.customers.own_id(customer.account_id, product, own_id)
    return named.customer_id if named.until is None else None


def _own_id(pk: str, sk: str, tables: ListTables) -> Found:
    """Check an external id or a customer code. A product may change its id; the older ones stay taken.

    One that was given up, or replaced by a newer customer's, names nobody any more.
    """
    item = tables.item(pk, sk)
    if item is None or "named_until" in item:
        return
    customer_id = item["customer_id"]["S"]
    customer = tables.customers.customer(customer_id)
    if customer is None or not pk.startswith(f"{sk}#{customer.account_id}#"):
        # Who left leaves external ids behind, for others to take.
        if customer is None or sk == "code" or pk.split("#")[1] not in customer.left:
            yield f"{pk}: {customer_id} is no customer of this account"
    elif sk == "code" and pk != f"code#{customer.account_id}#{(customer.own or customer).customer_code}":
        yield f"{pk}: {customer_id} has another customer code"


type Check = Callable[[str, str, ListTables], Found]

CHECKS: Mapping[str, Check | None] = {
    "customer": _customer,
    "source": _source,
    "consent": _consent,
    "delivery": _delivery,
    "external": _own_id,
    "code": _own_id,
    "identity": _identity,
    "conflict": _conflict,
    "conflicts": _open_conflict,
    "words": _words,
    "word": _word,
    # Nothing follows from others: settings, and what is kept for a time.
    "account": None,
    "changes": None,
    "behind": None,
    "failures": None,
    "erased": None,
    "reconciled": None,
    "reconciliation": None,
    "refused": None,
    "webhook": None,
    "webhook_source": None,
    "idempotency": None,
}
"""What is checked of each kind of item: the first word of its sort key for items of a customer, else of its key."""


if __name__ == "__main__":
    sys.exit(main())
