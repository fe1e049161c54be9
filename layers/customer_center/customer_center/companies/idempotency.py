"""Change a user only once, even if the request is repeated (docs/specification.md, 8.6)."""

from collections.abc import Callable
from typing import Protocol

from customer_center.companies.model import User
from customer_center.companies.ports import Records
from customer_center.platform.clock import Clock
from customer_center.platform.errors import NotFound
from customer_center.platform.idempotency import Idempotency, Remembering, once


class RememberingRecords(Remembering, Records, Protocol):
    """Records that also store which requests are done."""


def user_once[Store: RememberingRecords](
    request: Idempotency | None, do: Callable[[Store], User], *, companies: Store, clock: Clock
) -> User:
    """Change a user with `do`. A request that was done before changes nothing and gets the current user.

    Raises what `once` raises, and NotFound when the user was deleted meanwhile.
    """

    def again(user_id: str) -> User:
        user = companies.user(user_id)
        if user is None:
            raise NotFound
        return user

    return once(request, do, again, records=companies, clock=clock)
