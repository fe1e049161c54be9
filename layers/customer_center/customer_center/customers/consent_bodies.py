"""Query and answers of the ledger of consent, as pydantic models."""

from datetime import datetime
from typing import Literal, Self

from customer_center.clients.bodies import PartnerQuery
from customer_center.customers.consent import ConsentStatement
from customer_center.platform.frozen import frozen
from customer_center.platform.paging import Page
from customer_center.platform.stamps import stamped_at
from customer_center.platform.wire import Output, PageQuery


class ConsentLedgerQuery(PartnerQuery, PageQuery):
    """The page of a customer's ledger of consent."""


@frozen(kw_only=True)
class ConsentStatementAnswer(Output):
    """What a source said about a channel at `said_at`; it holds from `at` on. `withdrawn` ends what was said."""

    channel: str
    state: Literal["granted", "denied", "withdrawn"]
    at: datetime
    said_at: datetime
    source: str

    @classmethod
    def from_statement(cls, said: ConsentStatement) -> Self:
        """Return the answer for a row of the ledger."""
        return cls(
            channel=said.channel,
            state=said.state,
            at=datetime.fromisoformat(said.at),
            said_at=stamped_at(said.stamp),
            source=said.source,
        )


@frozen(kw_only=True)
class ConsentLedgerAnswer(Output):
    """A page of a customer's ledger of consent, by channel, oldest first. `next_cursor` is null at the end."""

    items: list[ConsentStatementAnswer]
    next_cursor: str | None

    @classmethod
    def from_page(cls, page: Page[ConsentStatement]) -> Self:
        """Return the answer for a page."""
        return cls(
            items=[ConsentStatementAnswer.from_statement(each) for each in page.rows], next_cursor=page.next_cursor
        )
