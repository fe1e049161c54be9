"""What this room needs from outside, as Protocols. Adapter: `store.py`. What products need: `product_ports.py`."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field
from datetime import datetime
from typing import Any, Protocol

from customer_center.customers.consent import ConsentStatement
from customer_center.customers.identity import Identity, IdentityConflict, KeyRules
from customer_center.customers.listing import CustomerRow, CustomerSort, Range
from customer_center.customers.model import Customer, Delivery, SourceRecord
from customer_center.customers.own_ids import FreedId, OwnId
from customer_center.platform.errors import FieldError
from customer_center.platform.frozen import frozen
from customer_center.platform.idempotency import Remembering
from customer_center.platform.journal import Entry
from customer_center.platform.paging import Part


@frozen
class Change:
    """Records before and after a change, which are written together or not at all.

    None before: the record is new. Equal before and after: it is not written. `claims` are ids that must be free and
    belong to the customer from now on: external ids by product, and the customer code under the name `None`.
    `consent` is added to the customer's ledger.

    `frees` are ids that the customer gives up. They name nobody since `stamp`, and claims take ids that name nobody
    since before `stamp`. Claims also take the ids of the deleted customers `replaces`.

    `match_keys.py` adds what the change does to keys: `identities` are the ones that it changes, `conflict` is the
    customer's conflict (None before: it is new), `others` are further customers that it changes, `sources` further
    source records.

    In a cluster the source, the ids and the consent are those of the record `record_id`; without it, of `after`.
    `copied` are statements for the ledgers of other records, `other_conflicts` the conflicts of others.
    """

    before: Customer | None
    after: Customer
    source: tuple[SourceRecord, SourceRecord] | None = None
    delivery: tuple[Delivery, Delivery] | None = None
    claims: Sequence[tuple[str | None, str]] = field(default_factory=tuple)
    consent: Sequence[ConsentStatement] = ()
    identities: Sequence[tuple[Identity, Identity]] = ()
    conflict: tuple[IdentityConflict | None, IdentityConflict] | None = None
    others: Sequence[tuple[Customer, Customer]] = ()
    sources: Sequence[tuple[SourceRecord, SourceRecord]] = ()
    record_id: str | None = None
    copied: Sequence[tuple[str, ConsentStatement]] = ()
    other_conflicts: Sequence[tuple[IdentityConflict | None, IdentityConflict]] = ()
    frees: Sequence[FreedId] = ()
    stamp: str = ""
    replaces: Sequence[str] = ()

    @property
    def conflicts(self) -> Sequence[tuple[IdentityConflict | None, IdentityConflict]]:
        """All conflicts that the change writes."""
        return [*([self.conflict] if self.conflict else []), *self.other_conflicts]

    @property
    def named(self) -> str:
        """The id of the record that was named: of the customer, or of one that was merged into it."""
        return self.record_id or self.after.customer_id

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to write."""
        unchanged = (pair is None or pair[0] == pair[1] for pair in (self.source, self.delivery))
        lists = (self.claims, self.consent, self.frees, self.identities, self.others, self.sources)
        return self.before == self.after and not any(lists) and self.conflict is None and all(unchanged)


class Customers(Remembering, Protocol):
    """The stored customers. All reads are strongly consistent, except where a method says otherwise."""

    def customer(self, customer_id: str) -> Customer | None:
        """Return a customer, also a deleted one, or None."""

    def customer_id_of(self, account_id: str, product: str | None, own_id: str) -> str | None:
        """Return the id of the customer that has this external id of the product, or, with None, this customer code."""

    def own_id(self, account_id: str, product: str | None, own_id: str) -> OwnId:
        """Return what this external id of the product, or, with None, this customer code, names or named."""

    def note_gone(self, account_id: str, freed: FreedId, stamp: str, now: datetime) -> bool:
        """Note, for 90 days, that an id that names nobody is given up since `stamp`, if nothing newer is noted.

        Return False, and write nothing, if it names a customer.
        """

    def listed(
        self, account_id: str, sort: CustomerSort, positions: Range, *, limit: int, after: str | None = None
    ) -> Part[CustomerRow]:
        """Return up to `limit` rows of the account's customers in this order (eventually consistent).

        Deleted customers are left out. `positions` limits the order. `after` is an exclusive bound in it: the position
        of the last row before.
        """

    def source_records(self, customer_id: str) -> Sequence[SourceRecord]:
        """Return what every source says about a customer, sorted by source."""

    def history(self, customer_id: str, *, limit: int, before: str | None = None) -> Part[Entry]:
        """Return the customer's newest journal entries, with ids less than `before` (eventually consistent)."""

    def source_record(self, customer_id: str, source: str) -> SourceRecord:
        """Return what a source says about a customer; an empty record if it said nothing."""

    def delivery(self, customer_id: str, account_id: str, product: str) -> Delivery:
        """Return what a product of the account knows of a customer; an empty delivery if it knows nothing."""

    def deliveries(self, customer_id: str) -> Sequence[Delivery]:
        """Return what each product knows of a customer, by account and product, also of accounts that it left."""

    def consent_ledger(self, customer_id: str) -> Sequence[ConsentStatement]:
        """Return the ledger of a customer's consent, by channel, in the order of the stamps."""

    def ledger_part(self, customer_id: str, *, limit: int, after: str | None = None) -> Part[ConsentStatement]:
        """Return up to `limit` rows of the ledger, with positions above `after`, in order."""

    def save(self, change: Change, entry: Entry | None, *more: Entry) -> None:
        """Write the change and its entries in one transaction. Without an entry nobody sees a change.

        Raises Conflict `external-id-taken` or `customer-code-taken` if an id belongs to another customer, InProgress
        if anything that the change replaces was changed meanwhile.
        """

    def customers_with(self, customer_ids: Iterable[str], *, consistent: bool = True) -> Sequence[Customer]:
        """Return the customers with these ids, also deleted ones, in any order. Unknown ids are left out.

        With `consistent=False` the read is eventually consistent and costs half as much.
        """

    def key_rules(self, account_id: str) -> KeyRules:
        """Return what the account says about match keys."""

    def identities(self, account_id: str, key_ids: Sequence[str]) -> Mapping[str, Identity]:
        """Return who has each of these keys, by the key's id; an empty identity if nobody has it."""

    def conflict(self, account_id: str, conflict_id: str) -> IdentityConflict | None:
        """Return a conflict of the account, also a closed one, or None."""

    def open_conflicts(self, account_id: str, *, limit: int, after: str | None = None) -> Part[IdentityConflict]:
        """Return up to `limit` of the account's open conflicts, with ids above `after`, the oldest first."""

    def forget_own_id(self, account_id: str, product: str | None, own_id: str, customer_id: str) -> None:
        """Remove an external id or a customer code of this customer. May run any number of times."""

    def clear_statements(self, customer_id: str, *, limit: int) -> bool:
        """Remove up to `limit` source records and `limit` statements about consent. Return whether there are more."""

    def redact(self, entry: Entry, changes: Mapping[str, Sequence[Any]]) -> None:
        """Replace the changes of a journal entry. May run any number of times."""

    def save_delivery(self, before: Delivery, after: Delivery) -> bool:
        """Write a delivery. Return False, and write nothing, if it was changed meanwhile."""

    def was_applied(self, source: str, event_id: str) -> bool:
        """Return whether `note_applied` noted this event (eventually consistent)."""

    def note_applied(self, source: str, event_id: str, now: datetime) -> None:
        """Note that this event was applied. The note is kept for 14 days."""

    def note_refused(self, source: str, event_id: str, code: str, errors: Sequence[FieldError], now: datetime) -> None:
        """Note, for 14 days, that an event can never be applied: its code and pointers, without values."""
