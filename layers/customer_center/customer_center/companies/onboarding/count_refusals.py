"""Count refused activations, so that nobody finds customer numbers and invoices by guessing."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime

from customer_center.companies.model import RefusalLimits
from customer_center.companies.onboarding.activation import Visit
from customer_center.companies.ports import Refusals
from customer_center.platform.clock import Clock
from customer_center.platform.errors import CustomerCenterError

# A wrong pair of customer number and invoice, and a wrong code. Other errors do not count.
_REFUSED = frozenset({"activation-refused", "code-invalid"})


@contextmanager
def refusals_counted(
    customer_number: str, visit: Visit, limits: RefusalLimits, *, companies: Refusals, clock: Clock
) -> Iterator[datetime]:
    """Count the activation as refused while it is checked inside, and take the count back unless it was refused.

    Counted first, so that parallel guesses all count (docs/specification.md, 3.2); a crash inside leaves the count.
    Yields the moment of the count and adds what is left to `visit.limits`. Raises TooManyRequests `too-many-refusals`
    when a limit is reached.
    """
    now = clock.now()
    visit.limits.extend(companies.reserve_refusal(customer_number, visit.network, now, limits))

    def take_back() -> None:
        companies.release_refusal(customer_number, visit.network, now, limits)
        visit.limits[:] = [replace(limit, remaining=limit.remaining + 1) for limit in visit.limits]

    try:
        yield now
    except CustomerCenterError as error:
        if error.code not in _REFUSED:
            take_back()
        raise
    take_back()
