"""Query and answers of refused events, as pydantic models."""

from datetime import datetime
from typing import Annotated, Self

from pydantic import Field, StringConstraints

from customer_center.clients.bodies import AccountQuery
from customer_center.customers.refused_events import RefusedEvent
from customer_center.platform.frozen import frozen
from customer_center.platform.paging import Page
from customer_center.platform.wire import Output, PageQuery


class RefusedEventsQuery(AccountQuery, PageQuery):
    """The source, and the page of its refused events."""

    source_id: Annotated[
        str, StringConstraints(min_length=1, max_length=100), Field(description="The source; `erp` is the shop's ERP.")
    ]


@frozen(kw_only=True)
class RefusedFieldAnswer(Output):
    """A wrong field of an event: its JSON pointer (RFC 6901) and the code of what is wrong."""

    pointer: str
    code: str


@frozen(kw_only=True)
class RefusedEventAnswer(Output):
    """An event that was accepted, and can never be applied. `event_id` is its `webhook-id`. Its values are not kept."""

    source_id: str
    event_id: str
    received_at: datetime
    code: str
    errors: list[RefusedFieldAnswer]

    @classmethod
    def from_event(cls, event: RefusedEvent) -> Self:
        """Return the answer for a refused event."""
        return cls(
            source_id=event.source_id,
            event_id=event.event_id,
            received_at=event.received_at,
            code=event.code,
            errors=[RefusedFieldAnswer(pointer=each.pointer, code=each.code) for each in event.errors],
        )


@frozen(kw_only=True)
class RefusedEventsAnswer(Output):
    """A page of a source's refused events, newest first. `next_cursor` is null at the end."""

    items: list[RefusedEventAnswer]
    next_cursor: str | None

    @classmethod
    def from_page(cls, page: Page[RefusedEvent]) -> Self:
        """Return the answer for a page."""
        return cls(items=[RefusedEventAnswer.from_event(each) for each in page.rows], next_cursor=page.next_cursor)
