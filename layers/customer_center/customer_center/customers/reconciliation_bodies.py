"""Request bodies and answers of reconciliations, as pydantic models."""

from datetime import datetime
from typing import Any, Literal, Self

from pydantic import ConfigDict

from customer_center.clients.bodies import AccountQuery
from customer_center.customers.reconciliation import Difference, Finding, Reconciliation
from customer_center.platform.frozen import frozen
from customer_center.platform.paging import Page
from customer_center.platform.wire import Input, Output, PageQuery


class ReconciliationBody(Input):
    """Whether the product is told what it should hold. Without `repair`, differences are only reported."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"repair": True}]})

    repair: bool = False


class ReconciliationQuery(AccountQuery, PageQuery):
    """The page of a reconciliation's differences."""


@frozen(kw_only=True)
class CountsAnswer(Output):
    """How many customers the product holds, the differences so far, and how many of them the product is told."""

    held: int
    missing: int
    extra: int
    differing: int
    repaired: int


@frozen(kw_only=True)
class ReconciliationAnswer(Output):
    """A comparison of what a product holds with what it should hold. It goes on in the background until it is done."""

    reconciliation_id: str
    product: str
    repair: bool
    status: Literal["running", "done"]
    counts: CountsAnswer
    started_at: datetime
    finished_at: datetime | None

    @classmethod
    def from_reconciliation(cls, found: Reconciliation) -> Self:
        """Return the answer for a reconciliation."""
        return cls(**_values(found))


@frozen(kw_only=True)
class FindingAnswer(Output):
    """One difference, without values.

    `missing`: the product does not hold the customer. `extra`: it holds one that it should not hold, or that we do not
    know (`customer_id` is null). `differing`: it holds other values of `fields`, which are named in its own words.
    `repaired`: it is told.
    """

    difference: Difference
    customer_id: str | None
    external_id: str | None
    fields: list[str]
    repaired: bool

    @classmethod
    def from_finding(cls, found: Finding) -> Self:
        """Return the answer for a difference."""
        return cls(
            difference=found.difference,
            customer_id=found.customer_id,
            external_id=found.external_id,
            fields=list(found.fields),
            repaired=found.repaired,
        )


@frozen(kw_only=True)
class ReconciliationReportAnswer(ReconciliationAnswer):
    """A reconciliation with a page of its differences. `next_cursor` is null at the end of what is found so far."""

    items: list[FindingAnswer]
    next_cursor: str | None

    @classmethod
    def from_report(cls, found: Reconciliation, page: Page[Finding]) -> Self:
        """Return the answer for a reconciliation and a page of its differences."""
        items = [FindingAnswer.from_finding(each) for each in page.rows]
        return cls(**_values(found), items=items, next_cursor=page.next_cursor)


def _values(found: Reconciliation) -> dict[str, Any]:
    counts = {name: found.counts.get(name, 0) for name in ("held", "missing", "extra", "differing", "repaired")}
    return {
        "reconciliation_id": found.reconciliation_id,
        "product": found.product,
        "repair": found.repair,
        "status": "done" if found.finished_at else "running",
        "counts": CountsAnswer(**counts),
        "started_at": found.started_at,
        "finished_at": found.finished_at,
    }
