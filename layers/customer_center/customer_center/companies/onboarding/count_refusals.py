"""Count refused activations, so that nobody finds customer numbers and invoices by guessing."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime

from customer_center.companies.model import RefusalLimits
from customer_center.companies.onboarding.activation import Visit
from customer_center.companies.ports import Refusals
from customer_center.platform.clock import Clock
from customer_center.platform.errors import CustomerCenterError, InvalidInput, TooManyRequests
from customer_center.platform.metrics import count

# The errors that count: a wrong pair of customer number and invoice, a wrong code, and a contact number that does not
# belong to the customer or the e-mail. Who tries contact numbers learns the e-mails that the ERP has for them.
_REFUSED = frozenset({"activation-refused", "code-invalid", "unknown-contact"})
METRIC = "RefusedActivations"
"""Counts refused activations and those beyond a limit, for the alarm on their rate."""


@contextmanager
def refusals_counted(
    customer_number: str, visit: Visit, limits: RefusalLimits, *, companies: Refusals, clock: Clock
) -> Iterator[datetime]:
    """Count the activation as refused before the `with` block checks it; undo the count unless the block refuses it.

    The count comes first, so that parallel guesses all count (docs/specification.md, 3.2). After a crash in the block
    the count stays. Yields the time of the count and adds what is left of the limits to `visit.limits`. Raises
    TooManyRequests `too-many-refusals` when a limit is reached.
    """
    now = clock.now()
    try:
        visit.limits.extend(companies.reserve_refusal(customer_number, visit.network, now, limits))
    except TooManyRequests:
        count(METRIC)
        raise

    def take_back() -> None:
        companies.release_refusal(customer_number, visit.network, now, limits)
        visit.limits[:] = [replace(limit, remaining=limit.remaining + 1) for limit in visit.limits]

    try:
        yield now
    except CustomerCenterError as error:
        fields = error.errors if isinstance(error, InvalidInput) else ()
        if _REFUSED & {error.code, *(field.code for field in fields)}:
            count(METRIC)
        else:
            take_back()
        raise
    take_back()
