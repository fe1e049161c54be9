"""Unlock the activation of a customer number whose limits were reached (docs/specification.md, 3.2 and 4.18)."""

from customer_center.clients.entries import OPERATOR
from customer_center.companies.model import Company
from customer_center.companies.ports import OperatorRecords
from customer_center.platform.clock import Clock
from customer_center.platform.journal import Actor, new_entry


def unlock_activation(
    customer_number: str, actor: Actor, request_id: str, *, companies: OperatorRecords, clock: Clock
) -> Company | None:
    """Delete today's counts of refusals and codes. Return the company of the number, None when there is none.

    May run any number of times; each run writes a journal entry. The number need not exist in the ERP.
    """
    now = clock.now()
    company = companies.company_of_number(customer_number)
    entry = new_entry(
        partition=company.company_id if company else OPERATOR,
        now=now,
        actor=actor,
        action="activation.unlocked",
        subject=customer_number,
        request_id=request_id,
    )
    companies.forget_refusals(customer_number, now, entry)
    return company
