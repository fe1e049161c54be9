"""Changing a user once, however often the request for it comes (DESIGN §8, Idempotency-Key)."""

from collections.abc import Callable

from customer_center.companies.model import User
from customer_center.companies.ports import Companies
from customer_center.platform.clock import Clock
from customer_center.platform.errors import NotFound
from customer_center.platform.idempotency import Idempotency, once


def user_once(
    request: Idempotency | None, do: Callable[[Companies], User], *, companies: Companies, clock: Clock
) -> User:
    """Change a user by `do`, or return them as they are now when this very request changed them before.

    Raises as `once`, and NotFound when they were deleted since.
    """

    def again(user_id: str) -> User:
        user = companies.user(user_id)
        if user is None:
            raise NotFound
        return user

    return once(request, do, again, records=companies, clock=clock)
