"""Contact list queue → companies table: reads a company's contacts from the ERP, however many there are.

A message may be delivered any number of times.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from customer_center.companies.contact_list import read_asked_list
from customer_center.companies.wiring import companies
from customer_center.connectors.silver.wiring import erp
from customer_center.platform.clock import SystemClock
from customer_center.platform.journal import Effect
from customer_center.platform.sqs import consume

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

# The function's timeout, and a time well below it, so that a further effect can be written.
_LASTS = timedelta(seconds=300)
_READ_FOR = timedelta(seconds=240)


def handler(event: Mapping[str, Any], context: "LambdaContext") -> Mapping[str, Any]:  # noqa: ARG001 # Lambda's signature
    """Read one list, or as much of it as the time allows."""

    def read(effect: Effect) -> None:
        with erp() as gateway:
            read_asked_list(
                effect,
                read_for=_READ_FOR,
                lapses_after=_LASTS,
                erp=gateway,
                companies=companies(),
                clock=SystemClock(),
            )

    return consume(event, read)
