"""Apply the event `customer.renumbered`: the ERP gave a customer another number (docs/specification.md, 6.10).

The old number becomes a pointer to the new one (`companies/customer_numbers.py`).
"""

from datetime import datetime, timedelta

from customer_center.companies.customer_numbers import follow
from customer_center.companies.entries import erp_company_entries
from customer_center.companies.model import Company, ErpEvent, Renumbered
from customer_center.companies.ports import ErpRecords, NumberInUse
from customer_center.platform.log import logger

# Longer than any event can be late: senders retry for days, queues and dead-letter queues keep messages for two weeks.
_POINTER_KEPT = timedelta(days=30)


def renumber_customer(event: ErpEvent, *, companies: ErpRecords, now: datetime) -> None:
    """Give the customer's company its new number, and turn the old number into a pointer.

    Renumberings may arrive in any order. When "A to B" arrives after "B to C", the company gets the number C, because
    the pointer from B is newer. May run any number of times. Raises NumberInUse when the new number belongs to another
    company; a later event may still correct that. Raises PreconditionFailed when somebody else changed the same records
    at the same time.
    """
    old = str(event.values["customer_number"])
    pointer = Renumbered(str(event.values["new_customer_number"]), event.stamp)
    found = companies.customer_number(old)
    if isinstance(found, Company):
        _renumber(found, pointer, event, companies, now)
    elif found is None or pointer.stamp < found.stamp:
        # The old number has no company. A later event may still give this number to a company.
        companies.point_number(old, pointer, replaces=found, until=now + _POINTER_KEPT)
        logger.info("customer is not known")


def _renumber(company: Company, pointer: Renumbered, event: ErpEvent, companies: ErpRecords, now: datetime) -> None:
    last, owner = follow(pointer, event.stamp, companies)
    if isinstance(owner, Company) and owner.company_id != company.company_id:
        logger.error("customer numbers collide", company_id=company.company_id, other_company_id=owner.company_id)
        raise NumberInUse
    after = company.with_erp_values({"customer_number": last.to}, last.stamp, now)
    if after is company:
        # The company got its current number after the event, by activation or by another renumbering.
        logger.info("nothing newer", company_id=company.company_id)
    elif last.to == company.customer_number:
        companies.change_company(company, after)
    else:
        (entry,) = erp_company_entries("company.renumbered", company, after, now, event.webhook_id)
        companies.renumber_company(company, after, entry, pointer)
        logger.info("company renumbered", company_id=company.company_id)
