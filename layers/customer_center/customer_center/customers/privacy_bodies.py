"""Bodies, queries and answers of exports and erasures, as pydantic models."""

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field

from customer_center.clients.bodies import PartnerQuery
from customer_center.customers.bodies import (
    CustomerAnswer,
    CustomerEntryAnswer,
    CustomerSourceAnswer,
    CustomerSourcesAnswer,
)
from customer_center.customers.consent_bodies import ConsentStatementAnswer
from customer_center.customers.erasures import Erasure
from customer_center.customers.export_customer import Export, ExportedRecord, Told
from customer_center.platform.frozen import frozen
from customer_center.platform.wire import Id, Input, Output, PageQuery


class CustomerExportQuery(PartnerQuery, PageQuery):
    """The page of the history in an export."""


@frozen(kw_only=True)
class ToldAnswer(Output):
    """What a product knows of the person. Of its values we keep hashes only.

    `knows` are fields that it knows as they are shown, `outdated` those of which it knows something else.
    """

    product: str
    external_ids: list[str]
    told_at: datetime | None
    knows: list[str]
    outdated: list[str]

    @classmethod
    def from_told(cls, told: Told) -> Self:
        """Return the answer for a product."""
        return cls(
            product=told.product,
            external_ids=list(told.external_ids),
            told_at=told.told_at,
            knows=list(told.knows),
            outdated=list(told.outdated),
        )


@frozen(kw_only=True)
class ExportedRecordAnswer(Output):
    """One record of the person: the customer itself, or one that was merged into it."""

    customer_id: str
    sources: list[CustomerSourceAnswer]
    consent: list[ConsentStatementAnswer]
    products: list[ToldAnswer]

    @classmethod
    def from_record(cls, record: ExportedRecord) -> Self:
        """Return the answer for a record."""
        return cls(
            customer_id=record.customer_id,
            sources=CustomerSourcesAnswer.from_sources(record.sources).items,
            consent=[ConsentStatementAnswer.from_statement(each) for each in record.consent],
            products=[ToldAnswer.from_told(each) for each in record.products],
        )


@frozen(kw_only=True)
class CustomerExportAnswer(Output):
    """Everything about a person. `next_cursor` is that of the history, null at its end."""

    customer: CustomerAnswer
    records: list[ExportedRecordAnswer]
    history: list[CustomerEntryAnswer]
    next_cursor: str | None

    @classmethod
    def from_export(cls, export: Export) -> Self:
        """Return the answer for an export."""
        return cls(
            customer=CustomerAnswer.from_customer(export.customer),
            records=[ExportedRecordAnswer.from_record(each) for each in export.records],
            history=[CustomerEntryAnswer.from_entry(each) for each in export.history.rows],
            next_cursor=export.history.next_cursor,
        )


class CustomerErasureBody(Input):
    """Who is erased with the person: customers in open conflict with it, by their ids."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"include": []}]})

    include: Annotated[list[Id], Field(max_length=50)] = Field(default_factory=list)


@frozen(kw_only=True)
class ErasedProductAnswer(Output):
    """Whether a product took the deletion. `unreachable` is one that was removed, or wants to be told nothing more."""

    product: str
    state: Literal["done", "pending", "unreachable"]


@frozen(kw_only=True)
class CustomerErasureAnswer(Output):
    """The certificate of an erasure. Nobody sees the customer from `erased_at` on.

    From `cleared_at` on, our records and the history have no value of the person. It is `done` when the products that
    can be told have deleted it too. Queues keep events for 14 days at most; copies for disaster recovery expire after
    35 days. `conflicting_customer_ids`, in the first answer only, may be the same person, and were not erased.
    """

    erasure_id: str
    customer_id: str
    status: Literal["pending", "done"]
    erased_at: datetime
    cleared_at: datetime | None
    products: list[ErasedProductAnswer]
    conflicting_customer_ids: list[str]

    @classmethod
    def from_erasure(cls, erasure: Erasure) -> Self:
        """Return the answer for an erasure."""
        return cls(
            erasure_id=erasure.erasure_id,
            customer_id=erasure.customer_id,
            status="done" if erasure.is_complete else "pending",
            erased_at=erasure.erased_at,
            cleared_at=erasure.cleared_at,
            products=[ErasedProductAnswer(product=name, state=state) for name, state in erasure.products.items()],
            conflicting_customer_ids=list(erasure.conflicting),
        )
