"""Doing what a request asks for once, however often it comes (DESIGN §8, Idempotency-Key)."""

from collections.abc import Callable

from customer_center.companies.model import User
from customer_center.companies.ports import Companies
from customer_center.platform.clock import Clock
from customer_center.platform.errors import InvalidInput, NotFound
from customer_center.platform.idempotency import AlreadyDone, Idempotency, Remembered


def once[Result](
    request: Idempotency | None,
    do: Callable[[Companies], Result],
    again: Callable[[str], Result],
    *,
    companies: Companies,
    clock: Clock,
) -> Result:
    """Return what `do` returns, or, for a request that was done before, what `again` makes of the id it changed.

    `do` is handed the companies to write with: what it writes is remembered with the request, in one transaction.
    Raises InvalidInput `idempotency-key-reused` when the key stood for another request.
    """
    if request is None:
        return do(companies)
    before = companies.remembered(request, clock.now())
    if before is None:
        try:
            return do(companies.remembering(request))
        except AlreadyDone:
            before = companies.remembered(request, clock.now())
    return again(_same(before, request).subject)


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

    return once(request, do, again, companies=companies, clock=clock)


def _same(before: Remembered | None, request: Idempotency) -> Remembered:
    if before is None or before.request_hash != request.request_hash:
        raise InvalidInput("idempotency-key-reused")
    return before
