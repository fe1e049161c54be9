"""The ERP gave a customer another number (event `customer.renumbered`; DESIGN §3: "the ERP may change it").

The old number becomes a pointer to the new one, with the time of the change. An event says a number as it was at its
own time: a pointer is followed by events from before it, and by no later one, because the ERP may since have given the
number to another customer.
"""

from datetime import datetime, timedelta

from customer_center.companies.entries import company_entries
from customer_center.companies.model import Company, ErpEvent, Renumbered
from customer_center.companies.ports import Companies, NumberInUse
from customer_center.platform.log import logger

# Longer than any event can be late: senders repeat for days, queues and dead letters keep for two weeks.
_POINTER_KEPT = timedelta(days=30)
_HOPS = 10


def company_at(customer_number: str, of: str, companies: Companies) -> Company | None:
    """Return the company that had the number at the time of an event; None for a customer that was never activated."""
    _, found = _follow(Renumbered(customer_number, of), of, companies)
    return found if isinstance(found, Company) else None


def find_company(customer_number: str, companies: Companies) -> Company | None:
    """Return the company that has the number, or had it and moved on; its own number says which of the two."""
    return company_at(customer_number, "", companies)


def renumber_customer(event: ErpEvent, *, companies: Companies, now: datetime) -> None:
    """Give the customer's company its new number, and make a pointer of the old one.

    Renumberings may come in any order: A to B after B to C ends at C, because the pointer from B is newer. May run any
    number of times. Raises NumberInUse when the new number is another company's, which a later event may still mend;
    PreconditionFailed when somebody changed the same meanwhile.
    """
    old, pointer = str(event.values["customer_number"]), Renumbered(str(event.values["new_customer_number"]), event.of)
    found = companies.customer_number(old)
    if isinstance(found, Company):
        _renumber(found, pointer, event, companies, now)
    elif found is None or pointer.of < found.of:
        # Nobody's here; but a number that leads to somebody's may come yet.
        companies.point_number(old, pointer, replaces=found, until=now + _POINTER_KEPT)
        logger.info("customer is not known")


def _renumber(company: Company, pointer: Renumbered, event: ErpEvent, companies: Companies, now: datetime) -> None:
    last, owner = _follow(pointer, event.of, companies)
    if isinstance(owner, Company) and owner.company_id != company.company_id:
        logger.error("customer numbers collide", company_id=company.company_id, other_company_id=owner.company_id)
        raise NumberInUse
    after = company.told({"customer_number": last.to}, last.of, now)
    if after is company:
        # It was activated, or renumbered, under this number later than the event.
        logger.info("nothing newer", company_id=company.company_id)
    elif last.to == company.customer_number:
        companies.change_company(company, after)
    else:
        (entry,) = company_entries("company.renumbered", company, after, now, event.event_id)
        companies.renumber_company(company, after, entry, pointer)
        logger.info("company renumbered", company_id=company.company_id)


def _follow(pointer: Renumbered, of: str, companies: Companies) -> tuple[Renumbered, Company | Renumbered | None]:
    """Return the last pointer of those that follow each other in time, and what its number stands for."""
    for _ in range(_HOPS):
        found = companies.customer_number(pointer.to)
        if not isinstance(found, Renumbered) or found.of <= of:
            return pointer, found
        pointer, of = found, found.of
    raise LookupError("Too many renumberings follow each other.")
