"""Read where a customer's values come from: its journal entries, and what each source says."""

from collections.abc import Sequence
from datetime import datetime

from customer_center.customers.clusters import Cluster, record_of
from customer_center.customers.fields import FIELDS, Value, members_of
from customer_center.customers.members import LISTS
from customer_center.customers.model import Customer, SourceRecord
from customer_center.customers.ports import Customers
from customer_center.customers.read_cluster import read_cluster, surviving
from customer_center.platform.errors import MalformedRequest, NotFound
from customer_center.platform.frozen import frozen
from customer_center.platform.ids import ULID_TEXT
from customer_center.platform.journal import Entry
from customer_center.platform.paging import Page, read_cursor, written_cursor
from customer_center.platform.stamps import stamped_at


def read_history(
    customer_id: str, account_id: str, *, limit: int, cursor: str | None, customers: Customers
) -> Page[Entry]:
    """Return a page of the customer's journal entries, newest first, also of a deleted customer.

    Raises NotFound, and MalformedRequest `cursor-invalid`.
    """
    kept_customer(customer_id, account_id, customers)
    before = None
    if cursor is not None:
        (before,) = read_cursor(cursor, customer_id, parts=1)
        if not ULID_TEXT.fullmatch(before):
            raise MalformedRequest("cursor-invalid")
    part = customers.history(customer_id, limit=limit, before=before)
    return Page(part.rows, written_cursor([part.rows[-1].entry_id], customer_id) if part.more else None)


@frozen
class Statement:
    """What a source said last about one field, and when. `is_shown`: no other source has said something newer.

    `withheld` are members of its value that are not shown, because they are match keys of another customer.
    """

    field: str
    value: Value
    said_at: datetime
    is_shown: bool
    withheld: Sequence[str] = ()


@frozen
class SourceStatements:
    """All statements of one source about one customer."""

    source: str
    customer_id: str
    statements: Sequence[Statement]


def read_sources(customer_id: str, account_id: str, *, customers: Customers) -> Sequence[SourceStatements]:
    """Return what each source says about the customer, also about a deleted one. Raises NotFound.

    Of a merged customer that is what each source says about each of its records, the survivor's first.
    """
    record = kept_customer(customer_id, account_id, customers)
    cluster = read_cluster(surviving(record, customers) or record, customers)
    return [
        SourceStatements(
            said.source,
            each,
            [_statement(cluster, each, said, name, stamp) for name in FIELDS if (stamp := said.as_of.get(name))],
        )
        for each in cluster.records
        for said in customers.source_records(each)
    ]


def _statement(cluster: Cluster, customer_id: str, record: SourceRecord, name: str, stamp: str) -> Statement:
    customer, value = cluster.survivor, record.said[name]
    is_shown = _is_shown(cluster, customer_id, record, name, stamp)
    rest, withheld = members_of(customer.values.get(name)), members_of(customer.withheld.get(name))
    missing = tuple(member for member in withheld if member not in rest) if is_shown else ()
    return Statement(name, value, stamped_at(stamp), is_shown, missing)


def _is_shown(cluster: Cluster, customer_id: str, said: SourceRecord, name: str, stamp: str) -> bool:
    """Return whether the statement is the record's newest, and shown in the cluster: of lists, all its members are."""
    survivor, record = cluster.survivor, record_of(cluster.records[customer_id])
    if (record.said_by.get(name), record.as_of.get(name)) != (said.source, stamp):
        return False
    if (survivor.said_by.get(name), survivor.as_of.get(name)) == (said.source, stamp):
        return True
    shown = members_of(survivor.newest.get(name))
    return name in LISTS and all(member in shown for member in members_of(said.said[name]))


def kept_customer(customer_id: str, account_id: str, customers: Customers) -> Customer:
    """Return the account's customer, also a deleted one. Raises NotFound."""
    customer = customers.customer(customer_id)
    if customer is None or customer.account_id != account_id:
        raise NotFound
    return customer
