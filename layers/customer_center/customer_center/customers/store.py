"""The customers of the customers table (DynamoDB). This file, `product_store.py` and `word_store.py` know its keys.

| item | pk | sk | kept for |
|---|---|---|---|
| customer | customer id | `customer` | |
| source record | customer id | `source#<source>` | |
| statement about consent | customer id | `consent#<channel>#<stamp>#<state>#<time>` | |
| delivery | customer id | `delivery#<account>#<product>` | |
| external id of a product | `external#<account>#<product>#<id>` | `external` | |
| customer code | `code#<account>#<code>` | `code` | |
| one of them that names nobody any more | the same | the same | 90 days |
| refused event | `refused#<source id>` | `<time>#<event id>` | 14 days |

The indexes `by_created`, `by_updated`, `by_name` and `by_customer_code` have the customers that are not deleted, with
hash key `listing` (`customers#<account>`) and a position (`listing.py`) as range key. They contain `row`, at most about
1 KB. A write that does not change the row writes to no index.

The table also has the items of `identity_store.py` and of `platform/table_store.py`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any, override

from customer_center.customers.consent import ChannelConsent, Consent, ConsentStatement
from customer_center.customers.fields import Value
from customer_center.customers.identity_store import IdentityStore
from customer_center.customers.listing import (
    ORDERED_FIELDS,
    CustomerRow,
    CustomerSort,
    Range,
    customer_id_at,
    row_of,
)
from customer_center.customers.members import Member, Policy, Record
from customer_center.customers.model import Customer, Delivery, Departure, SentFlag, SourceRecord
from customer_center.customers.own_ids import FreedId, OwnId
from customer_center.customers.ports import Change, Customers
from customer_center.customers.refused_events import RefusedEvent, RefusedEvents
from customer_center.platform.clock import epoch, from_iso, iso
from customer_center.platform.dynamodb import Action, Item, from_item, to_item
from customer_center.platform.errors import Conflict, FieldError, InProgress
from customer_center.platform.journal import Entry
from customer_center.platform.paging import Part

_CONSENT_ATTRIBUTES = ("channel", "state", "at", "stamp", "source")
_NEW = "attribute_not_exists(pk)"
_REFUSED_KEPT = timedelta(days=14)
_GONE_KEPT = timedelta(days=90)


def _customer_key(customer_id: str) -> Item:
    return {"pk": customer_id, "sk": "customer"}


def _source_key(customer_id: str, source: str) -> Item:
    return {"pk": customer_id, "sk": f"source#{source}"}


def _delivery_key(customer_id: str, account_id: str, product: str) -> Item:
    return {"pk": customer_id, "sk": f"delivery#{account_id}#{product}"}


def _consent_key(customer_id: str, said: ConsentStatement) -> Item:
    # Made of the statement, so that the ledger has a repeat of it once.
    return {"pk": customer_id, "sk": f"consent#{said.position}"}


def _own_id_key(account_id: str, product: str | None, own_id: str) -> Item:
    if product is None:
        return {"pk": f"code#{account_id}#{own_id}", "sk": "code"}
    return {"pk": f"external#{account_id}#{product}#{own_id}", "sk": "external"}


class CustomerStore(IdentityStore, Customers, RefusedEvents):
    """Customers and what is said about them in DynamoDB."""

    # Reading

    @override
    def customer(self, customer_id: str) -> Customer | None:
        item = self._get(_customer_key(customer_id), consistent=True)
        return _customer_from(item) if item else None

    @override
    def customers_with(self, customer_ids: Iterable[str], *, consistent: bool = True) -> Sequence[Customer]:
        keys = [_customer_key(customer_id) for customer_id in dict.fromkeys(customer_ids)]
        return [_customer_from(item) for item in self._get_all(keys, consistent=consistent)]

    @override
    def customer_id_of(self, account_id: str, product: str | None, own_id: str) -> str | None:
        found = self.own_id(account_id, product, own_id)
        return None if found.until else found.customer_id

    @override
    def own_id(self, account_id: str, product: str | None, own_id: str) -> OwnId:
        item = self._get(_own_id_key(account_id, product, own_id), consistent=True)
        return OwnId(item.get("customer_id"), item.get("named_until"), item.get("replaced_by")) if item else OwnId()

    @override
    def listed(
        self, account_id: str, sort: CustomerSort, positions: Range, *, limit: int, after: str | None = None
    ) -> Part[CustomerRow]:
        if positions.low >= positions.high:
            return Part((), more=False)
        listing, index = _listing(account_id), f"by_{sort.field}"
        start: dict[str, Any] = {}
        if after is not None:
            key = {**_customer_key(customer_id_at(after)), "listing": listing, index: after}
            start = {"ExclusiveStartKey": to_item(key)}
        answer = self._client.query(
            TableName=self._table,
            IndexName=index,
            KeyConditionExpression=f"listing = :listing AND {index} BETWEEN :low AND :high",
            ExpressionAttributeValues=to_item({":listing": listing, ":low": positions.low, ":high": positions.high}),
            ScanIndexForward=not sort.descending,
            Limit=limit,
            **start,
        )
        rows = [_row_from(account_id, from_item(item)) for item in answer["Items"]]
        return Part(rows, more="LastEvaluatedKey" in answer)

    @override
    def source_record(self, customer_id: str, source: str) -> SourceRecord:
        item = self._get(_source_key(customer_id, source), consistent=True)
        return _source_from(customer_id, source, item) if item else SourceRecord(customer_id, source)

    @override
    def delivery(self, customer_id: str, account_id: str, product: str) -> Delivery:
        item = self._get(_delivery_key(customer_id, account_id, product), consistent=True)
        return _delivery_from(customer_id, item) if item else Delivery(customer_id, account_id, product)

    @override
    def source_records(self, customer_id: str) -> Sequence[SourceRecord]:
        items = self._beginning(customer_id, "source#")
        return [_source_from(customer_id, item["sk"].removeprefix("source#"), item) for item in items]

    @override
    def history(self, customer_id: str, *, limit: int, before: str | None = None) -> Part[Entry]:
        return self._journal.newest(customer_id, limit=limit, before=before)

    @override
    def deliveries(self, customer_id: str) -> Sequence[Delivery]:
        items = self._beginning(customer_id, "delivery#")
        return [_delivery_from(customer_id, item) for item in items]

    @override
    def consent_ledger(self, customer_id: str) -> Sequence[ConsentStatement]:
        return list(map(_consent_from, self._beginning(customer_id, "consent#")))

    @override
    def ledger_part(self, customer_id: str, *, limit: int, after: str | None = None) -> Part[ConsentStatement]:
        # The lowest key above that of the row, and one above all: channels have lower case letters.
        between = {":low": f"consent#{after}\x00" if after else "consent#", ":high": "consent#~"}
        answer = self._client.query(
            TableName=self._table,
            KeyConditionExpression="pk = :pk AND sk BETWEEN :low AND :high",
            ExpressionAttributeValues=to_item({":pk": customer_id, **between}),
            ConsistentRead=True,
            Limit=limit,
        )
        return Part([_consent_from(from_item(item)) for item in answer["Items"]], more="LastEvaluatedKey" in answer)

    # Customers

    @override
    def save(self, change: Change, entry: Entry | None, *more: Entry) -> None:
        before, after = change.before, change.after
        actions = [self._claim(change, product, own_id) for product, own_id in change.claims]
        actions += [self._free(change, freed) for freed in change.frees]
        if before != after:
            actions.append(self._written(customer_item(after), "revision", before.revision if before else 0))
        sources = [*([change.source] if change.source else []), *change.sources]
        actions += [self._written(_source_item(new), "version", old.version) for old, new in sources if old != new]
        if change.delivery and change.delivery[0] != change.delivery[1]:
            actions.append(self._written(_delivery_item(change.delivery[1]), "version", change.delivery[0].version))
        actions += [self._added(change.named, said) for said in change.consent]
        actions += [self._added(customer_id, said) for customer_id, said in change.copied]
        actions += self._identity_actions(change.identities)
        actions += [action for pair in change.conflicts for action in self._conflict_actions(*pair)]
        actions += [self._written(customer_item(new), "revision", old.revision) for old, new in change.others]
        self._commit(actions, [*([entry] if entry else []), *more])

    def _added(self, customer_id: str, said: ConsentStatement) -> Action:
        item = {**_consent_key(customer_id, said), **asdict(said)}
        return Action({"Put": {"TableName": self._table, "Item": to_item(item)}}, None)

    def _claim(self, change: Change, product: str | None, own_id: str) -> Action:
        taken = Conflict("customer-code-taken") if product is None else Conflict("external-id-taken")
        account_id, me = change.after.account_id, change.named
        values = {**_own_id_key(account_id, product, own_id), "customer_id": me}
        owners = {f":owner{number}": owner for number, owner in enumerate((me, *change.replaces))}
        condition = f"{_NEW} OR customer_id IN ({', '.join(owners)}) OR named_until < :stamp"
        return self._put(values, condition, taken, {**owners, ":stamp": change.stamp})

    def _free(self, change: Change, freed: FreedId) -> Action:
        assert change.before
        me, now = change.named, change.after.updated_at
        values = {**_gone_item(change.before.account_id, freed, change.stamp, now), "customer_id": me}
        return self._put(values, f"{_NEW} OR customer_id = :me", InProgress("in-progress", 1), {":me": me})

    @override
    def note_gone(self, account_id: str, freed: FreedId, stamp: str, now: datetime) -> bool:
        # What is older than the note that is there says nothing new.
        return self._holds(
            self._client.put_item,
            TableName=self._table,
            Item=to_item(_gone_item(account_id, freed, stamp, now)),
            ConditionExpression=f"{_NEW} OR named_until < :stamp",
            ExpressionAttributeValues=to_item({":stamp": stamp}),
        )

    def _written(self, item: Item, counter: str, before: int) -> Action:
        """Return the action that writes an item if its counter is still `before`; 0 for an item that is not there."""
        changed = InProgress("in-progress", 1)
        if before == 0:
            return self._put(item, _NEW, changed)
        return self._put(item, f"{counter} = :before", changed, {":before": before})

    @override
    def save_delivery(self, before: Delivery, after: Delivery) -> bool:
        request: dict[str, Any] = {"ConditionExpression": _NEW}
        if before.version:
            values = to_item({":before": before.version})
            request = {"ConditionExpression": "version = :before", "ExpressionAttributeValues": values}
        return self._holds(self._client.put_item, TableName=self._table, Item=to_item(_delivery_item(after)), **request)

    # Erasures

    @override
    def forget_own_id(self, account_id: str, product: str | None, own_id: str, customer_id: str) -> None:
        self._holds(
            self._client.delete_item,
            TableName=self._table,
            Key=to_item(_own_id_key(account_id, product, own_id)),
            ConditionExpression="customer_id = :me",
            ExpressionAttributeValues=to_item({":me": customer_id}),
        )

    @override
    def clear_statements(self, customer_id: str, *, limit: int) -> bool:
        more = False
        for prefix in ("source#", "consent#"):
            answer = self._client.query(
                TableName=self._table,
                KeyConditionExpression="pk = :pk AND begins_with(sk, :sk)",
                ExpressionAttributeValues=to_item({":pk": customer_id, ":sk": prefix}),
                ProjectionExpression="pk, sk",
                ConsistentRead=True,
                Limit=limit,
            )
            for key in answer["Items"]:
                self._client.delete_item(TableName=self._table, Key=key)
            more = more or "LastEvaluatedKey" in answer
        return more

    @override
    def redact(self, entry: Entry, changes: Mapping[str, Sequence[Any]]) -> None:
        self._journal.redact(entry, changes)

    @override
    def note_refused(self, source: str, event_id: str, code: str, errors: Sequence[FieldError], now: datetime) -> None:
        wrong = [{"pointer": error.pointer, "code": error.code} for error in errors]
        key = {"pk": f"refused#{source}", "sk": f"{iso(now)}#{event_id}"}
        self._put_now({**key, "code": code, "errors": wrong, "expires_at": epoch(now + _REFUSED_KEPT)})

    @override
    def refused_events(self, source_id: str, *, limit: int, before: str | None = None) -> Part[RefusedEvent]:
        key = ["pk = :pk", "sk < :before"] if before else ["pk = :pk"]
        answer = self._client.query(
            TableName=self._table,
            KeyConditionExpression=" AND ".join(key),
            ExpressionAttributeValues=to_item({":pk": f"refused#{source_id}", ":before": before}),
            ScanIndexForward=False,
            Limit=limit,
        )
        return Part([_refused_from(from_item(item)) for item in answer["Items"]], more="LastEvaluatedKey" in answer)


def _gone_item(account_id: str, freed: FreedId, stamp: str, now: datetime) -> Item:
    key = _own_id_key(account_id, freed.product, freed.own_id)
    return {**key, "named_until": stamp, "replaced_by": freed.to, "expires_at": epoch(now + _GONE_KEPT)}


def _refused_from(item: Item) -> RefusedEvent:
    received_at, _, event_id = item["sk"].partition("#")
    errors = [FieldError(each["pointer"], each["code"]) for each in item["errors"]]
    source_id = item["pk"].removeprefix("refused#")
    return RefusedEvent(source_id, event_id, item["code"], errors, from_iso(received_at), item["sk"])


def _listing(account_id: str) -> str:
    return f"customers#{account_id}"


def _listing_values(row: CustomerRow | None) -> Item:
    """Return the attributes that put a customer into the indexes; none for a customer without a row."""
    if row is None:
        return {}
    shown = {name: value for name, value in asdict(row).items() if value is not None}
    moments = {"created_at": iso(row.created_at), "updated_at": iso(row.updated_at)}
    kept = {name: value for name, value in {**shown, **moments}.items() if name not in ("customer_id", "account_id")}
    kept["marks"] = sorted(row.marks)
    positions = {f"by_{name}": row.position(name) for name in ORDERED_FIELDS}
    return {"listing": _listing(row.account_id), **positions, "row": kept}


def _row_from(account_id: str, item: Item) -> CustomerRow:
    row = item["row"]
    moments = {name: from_iso(row[name]) for name in ("created_at", "updated_at")}
    shown = {**row, **moments, "marks": frozenset(row["marks"])}
    return CustomerRow(**shown, customer_id=item["pk"], account_id=account_id)


def customer_item(customer: Customer) -> Item:
    """Return the item of a customer, with its place in the lists."""
    return {
        **_customer_key(customer.customer_id),
        **_listing_values(row_of(customer)),
        "account_id": customer.account_id,
        "consent": _channels(customer.consent),
        "customer_code": customer.customer_code,
        "keys": list(customer.keys) or None,
        "waiting": list(customer.waiting) or None,
        "hidden": customer.hidden or None,
        "withheld": _plain(customer.withheld) or None,
        "conflict_id": customer.conflict_id,
        "conflicting": list(customer.conflicting) or None,
        "kept_separate": list(customer.kept_separate) or None,
        "values": _plain(customer.values),
        "said_by": dict(customer.said_by),
        "as_of": _by_stamp(customer.as_of),
        "deleted_at": iso(customer.deleted_at) if customer.deleted_at else None,
        "deleted_stamp": customer.deleted_stamp or None,
        "code_stamp": customer.code_stamp or None,
        "erased_at": iso(customer.erased_at) if customer.erased_at else None,
        "cleared_at": iso(customer.cleared_at) if customer.cleared_at else None,
        "merged_into": customer.merged_into,
        "members": [_member_values(each) for each in customer.members] or None,
        "own": _record_values(customer.own) if customer.own else None,
        "edited": dict(customer.edited) or None,
        "left": {account_id: asdict(each) for account_id, each in customer.left.items()} or None,
        "version": customer.version,
        "revision": customer.revision,
        "created_at": iso(customer.created_at),
        "updated_at": iso(customer.updated_at),
    }


def _customer_from(item: Item) -> Customer:
    return Customer(
        customer_id=item["pk"],
        account_id=item["account_id"],
        created_at=from_iso(item["created_at"]),
        updated_at=from_iso(item["updated_at"]),
        values=_values(item["values"]),
        said_by=item["said_by"],
        as_of=_stamps(item["as_of"]),
        consent=_channels_from(item),
        customer_code=item.get("customer_code"),
        deleted_at=from_iso(item["deleted_at"]) if "deleted_at" in item else None,
        deleted_stamp=item.get("deleted_stamp", ""),
        code_stamp=item.get("code_stamp", ""),
        erased_at=from_iso(item["erased_at"]) if "erased_at" in item else None,
        cleared_at=from_iso(item["cleared_at"]) if "cleared_at" in item else None,
        keys=tuple(item.get("keys", ())),
        waiting=tuple(item.get("waiting", ())),
        hidden=item.get("hidden", False),
        withheld=_values(item.get("withheld", {})),
        conflict_id=item.get("conflict_id"),
        conflicting=tuple(item.get("conflicting", ())),
        kept_separate=tuple(item.get("kept_separate", ())),
        merged_into=item.get("merged_into"),
        members=tuple(_member_from(each) for each in item.get("members", ())),
        own=_record_from(item["own"]) if "own" in item else None,
        edited=item.get("edited", {}),
        left={account_id: Departure(**each) for account_id, each in item.get("left", {}).items()},
        version=item["version"],
        revision=item["revision"],
    )


def _channels(consent: Consent) -> Item | None:
    return {channel: asdict(each) for channel, each in consent.items()} or None


def _channels_from(item: Item) -> Consent:
    return {channel: ChannelConsent(**each) for channel, each in (item.get("consent") or {}).items()}


def _member_values(member: Member) -> Item:
    policies = {name: {"rule": each.rule, "sources": list(each.sources)} for name, each in member.policies.items()}
    lists = {"kept_separate": list(member.kept_separate), "owned": list(member.owned)}
    return {**asdict(member), **lists, "merged_at": iso(member.merged_at), "policies": policies}


def _member_from(values: Item) -> Member:
    policies = {name: Policy(each["rule"], tuple(each["sources"])) for name, each in values.get("policies", {}).items()}
    lists = {name: tuple(values[name]) for name in ("kept_separate", "owned")}
    return Member(**{**values, **lists, "merged_at": from_iso(values["merged_at"]), "policies": policies})


def _record_values(record: Record) -> Item:
    return {
        "values": _plain(record.values),
        "said_by": dict(record.said_by),
        "as_of": _by_stamp(record.as_of),
        "consent": _channels(record.consent),
        "customer_code": record.customer_code,
    }


def _record_from(item: Item) -> Record:
    return Record(
        values=_values(item["values"]),
        said_by=item["said_by"],
        as_of=_stamps(item["as_of"]),
        consent=_channels_from(item),
        customer_code=item.get("customer_code"),
    )


def _consent_from(item: Item) -> ConsentStatement:
    return ConsentStatement(**{name: item[name] for name in _CONSENT_ATTRIBUTES})


def _source_item(record: SourceRecord) -> Item:
    return {
        **_source_key(record.customer_id, record.source),
        "said": _plain(record.said),
        "as_of": _by_stamp(record.as_of),
        "seen": _by_stamp(record.seen),
        "dropped": dict(record.dropped) or None,
        "permission": asdict(record.permission) if record.permission else None,
        "consent": dict(record.consent) or None,
        "version": record.version,
    }


def _source_from(customer_id: str, source: str, item: Item) -> SourceRecord:
    return SourceRecord(
        customer_id=customer_id,
        source=source,
        said=_values(item["said"]),
        as_of=_stamps(item["as_of"]),
        seen=_stamps(item["seen"]),
        dropped=item.get("dropped", {}),
        permission=SentFlag(**item["permission"]) if "permission" in item else None,
        consent=item.get("consent", {}),
        version=item["version"],
    )


def _delivery_item(delivery: Delivery) -> Item:
    return {
        **_delivery_key(delivery.customer_id, delivery.account_id, delivery.product),
        "known": delivery.known,
        "knows": dict(delivery.knows),
        "as_of": _by_stamp(delivery.as_of),
        "telling": None if delivery.telling is None else dict(delivery.telling),
        "doubted": {name: list(hashes) for name, hashes in delivery.doubted.items()} or None,
        "before": {name: list(hashes) for name, hashes in delivery.before.items()} or None,
        "leased_until": iso(delivery.leased_until) if delivery.leased_until else None,
        "refused": delivery.refused,
        "external_id": delivery.external_id,
        "former_ids": list(delivery.former_ids) or None,
        "told_at": delivery.told_at or None,
        "flags": dict(delivery.flags) or None,
        "attempts": delivery.attempts or None,
        "failing_since": iso(delivery.failing_since) if delivery.failing_since else None,
        "version": delivery.version,
    }


def _delivery_from(customer_id: str, item: Item) -> Delivery:
    _, account_id, product = item["sk"].split("#")
    return Delivery(
        customer_id=customer_id,
        account_id=account_id,
        product=product,
        known=item["known"],
        knows=item["knows"],
        as_of=_stamps(item["as_of"]),
        telling=item.get("telling"),
        doubted={name: tuple(hashes) for name, hashes in item.get("doubted", {}).items()},
        before={name: tuple(hashes) for name, hashes in item.get("before", {}).items()},
        leased_until=from_iso(item["leased_until"]) if "leased_until" in item else None,
        refused=item.get("refused"),
        external_id=item.get("external_id"),
        former_ids=tuple(item.get("former_ids", ())),
        told_at=item.get("told_at", ""),
        flags=item.get("flags", {}),
        attempts=item.get("attempts", 0),
        failing_since=from_iso(item["failing_since"]) if "failing_since" in item else None,
        version=item["version"],
    )


def _by_stamp(stamps: Mapping[str, str]) -> Mapping[str, Sequence[str]]:
    """Return the names by their stamp. Most fields have the same few stamps, which are longer than the names."""
    names: dict[str, list[str]] = {}
    for name, stamp in stamps.items():
        names.setdefault(stamp, []).append(name)
    return names


def _stamps(names: Mapping[str, Sequence[str]]) -> Mapping[str, str]:
    return {name: stamp for stamp, named in names.items() for name in named}


def _plain(values: Mapping[str, Value]) -> Mapping[str, object]:
    return {
        name: list(value) if isinstance(value, tuple) else dict(value) if isinstance(value, Mapping) else value
        for name, value in values.items()
    }


def _values(plain: Mapping[str, Any]) -> Mapping[str, Value]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in plain.items()}
