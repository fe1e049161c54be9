"""Answers about conflicts, as pydantic models."""

from datetime import datetime
from typing import Literal, Self

from customer_center.customers.bodies import AccountQuery
from customer_center.customers.identity import ConflictStatus, IdentityConflict
from customer_center.platform.frozen import frozen
from customer_center.platform.paging import Page
from customer_center.platform.wire import Output, PageQuery


class ConflictsQuery(AccountQuery, PageQuery):
    """The page of an account's open conflicts."""


@frozen(kw_only=True)
class SharedKeyAnswer(Output):
    """An e-mail or a telephone number that both have, as it is compared: in lower case, or in the form of E.164."""

    kind: Literal["email", "phone"]
    value: str


@frozen(kw_only=True)
class CandidateAnswer(Output):
    """A listed customer that may be the same. `shared` is empty once the conflict is closed."""

    customer_id: str
    shared: list[SharedKeyAnswer]


@frozen(kw_only=True)
class ConflictAnswer(Output):
    """A customer that has an e-mail or a telephone number of others, the candidates.

    `kind`: the customer is `hidden` since it was created, or the values that it gained are `withheld`. `status`:
    `ended` by itself, because nobody has the values twice any more.
    """

    conflict_id: str
    account_id: str
    customer_id: str
    kind: Literal["hidden", "withheld"]
    status: ConflictStatus
    candidates: list[CandidateAnswer]
    version: int
    created_at: datetime
    updated_at: datetime

    @classmethod
    def from_conflict(cls, conflict: IdentityConflict) -> Self:
        """Return the answer for a conflict."""
        return cls(
            conflict_id=conflict.conflict_id,
            account_id=conflict.account_id,
            customer_id=conflict.customer_id,
            kind=conflict.kind,
            status=conflict.status,
            candidates=[
                CandidateAnswer(customer_id=owner, shared=[_shared(key) for key in keys])
                for owner, keys in conflict.candidates.items()
            ],
            version=conflict.version,
            created_at=conflict.created_at,
            updated_at=conflict.updated_at,
        )


def _shared(key: str) -> SharedKeyAnswer:
    kind, _, value = key.partition(":")
    return SharedKeyAnswer(kind="email" if kind == "email" else "phone", value=value)


@frozen(kw_only=True)
class ConflictsAnswer(Output):
    """A page of an account's open conflicts, the oldest first. `next_cursor` is null at the end."""

    items: list[ConflictAnswer]
    next_cursor: str | None

    @classmethod
    def from_page(cls, page: Page[IdentityConflict]) -> Self:
        """Return the answer for a page."""
        items = [ConflictAnswer.from_conflict(conflict) for conflict in page.rows]
        return cls(items=items, next_cursor=page.next_cursor)
