"""Reconciliations: what a product holds, compared with what it should hold. No I/O, no clock."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import field, replace
from datetime import datetime
from typing import Literal, Protocol

from customer_center.customers.model import GONE, NOTHING, Delivery
from customer_center.platform.frozen import frozen
from customer_center.platform.idempotency import Remembering
from customer_center.platform.journal import Entry
from customer_center.platform.paging import Part

type Difference = Literal["missing", "extra", "differing"]
FINDING_KEY = re.compile(r"(missing|extra|differing)#[^\ud800-\udfff]{1,500}")
"""What keys of findings look like."""


@frozen
class Finding:
    """One difference, without values.

    `missing`: the product does not hold the customer. `extra`: it holds one that it should not hold, or that we do not
    know. `differing`: it holds other values of these `fields`, in the product's own words. `repaired`: the product will
    be told.
    """

    difference: Difference
    customer_id: str | None
    external_id: str | None = None
    fields: Sequence[str] = ()
    repaired: bool = False

    @property
    def key(self) -> str:
        """What a repeated comparison of this customer finds again."""
        return f"{self.difference}#{self.customer_id or self.external_id}"


@frozen(kw_only=True)
class Reconciliation:
    """One comparison, and how far it has come.

    First it reads what the product holds (`step` "product"), by the product's own cursor. Then it reads the account's
    customers ("account"), from the position `cursor` on. `counts` has the customers that the product holds (`held`),
    the differences, and those that were repaired.
    """

    reconciliation_id: str
    account_id: str
    product: str
    repair: bool
    started_at: datetime
    step: Literal["product", "account"] = "product"
    cursor: str | None = None
    counts: Mapping[str, int] = field(default_factory=dict)
    finished_at: datetime | None = None
    version: int = 1

    def after_page(self, found: Sequence[Finding], held: int, cursor: str | None, now: datetime) -> "Reconciliation":
        """Return the reconciliation after a page. Without a cursor, the step is done."""
        counts = dict(self.counts)
        names = [each.difference for each in found] + ["repaired" for each in found if each.repaired]
        for name in names:
            counts[name] = counts.get(name, 0) + 1
        counts["held"] = counts.get("held", 0) + held
        after = replace(self, counts=counts, cursor=cursor, version=self.version + 1)
        if cursor is not None:
            return after
        return replace(after, step="account") if self.step == "product" else replace(after, finished_at=now)


def doubting(delivery: Delivery, *, has_it: bool) -> Delivery:
    """Return the delivery if we no longer know what the product holds: it is told again, whatever it was told before.

    What it was told stays known, so that a later full update of the product still states nothing.
    """
    if delivery.is_in_doubt:
        doubted: Mapping[str, Collection[str]] = delivery.doubted
    else:
        doubted = {name: (value,) for name, value in delivery.knows.items() if name != GONE} or {GONE: (NOTHING,)}
    return replace(delivery, known=has_it, doubted=doubted, refused=None, version=delivery.version + 1)


class Reconciliations(Remembering, Protocol):
    """The stored reconciliations, kept for 30 days. All reads are strongly consistent."""

    def add(self, reconciliation: Reconciliation, entry: Entry) -> None:
        """Add a reconciliation."""

    def reconciliation(self, reconciliation_id: str) -> Reconciliation | None:
        """Return a reconciliation, or None."""

    def advance(self, before: Reconciliation, after: Reconciliation) -> bool:
        """Write how far it has come. Return False, and write nothing, if it was advanced meanwhile."""

    def note_found(self, reconciliation_id: str, found: Sequence[Finding], now: datetime) -> None:
        """Note differences. May run any number of times with the same ones."""

    def findings(self, reconciliation_id: str, *, limit: int, after: str | None = None) -> Part[Finding]:
        """Return differences in the order of their keys, from the key `after` on, exclusively."""

    def note_seen(self, reconciliation_id: str, customer_ids: Sequence[str], now: datetime) -> None:
        """Note that the product holds these customers. May run any number of times."""

    def seen(self, reconciliation_id: str, customer_ids: Sequence[str]) -> Collection[str]:
        """Return those of the customers that were noted."""

    def schedule(self, account_id: str, product: str) -> None:
        """Have this product reconciled regularly. May run any number of times."""

    def unschedule(self, account_id: str, product: str) -> None:
        """Have it reconciled no more. May run any number of times."""

    def scheduled(self) -> Sequence[tuple[str, str]]:
        """Return account and name of each product that is reconciled regularly."""
