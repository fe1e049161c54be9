"""Let the users of a company cause mails again, after too many came back (docs/specification.md, 8.31)."""

from dataclasses import replace

from customer_center.companies.model import Company
from customer_center.companies.ports import CompanyRecords
from customer_center.platform.clock import Clock, iso
from customer_center.platform.errors import NotFound, crossed_by_others
from customer_center.platform.journal import Actor, new_entry


def resume_mails(company_id: str, actor: Actor, request_id: str, *, companies: CompanyRecords, clock: Clock) -> Company:
    """End the stop of a company's mails now. Mails that were made before can stop nothing again.

    Raises NotFound, InProgress. When the mails are not stopped, nothing changes.
    """
    company = companies.current_company(company_id)
    if company is None:
        raise NotFound
    now = clock.now()
    if company.mails_stopped_until is None or not company.mails_stopped(now):
        return company
    after = replace(company, mails_stopped_until=now, updated_at=now, version=company.version + 1)
    entry = new_entry(
        partition=company_id,
        now=now,
        actor=actor,
        action="company.mails_resumed",
        subject=company_id,
        request_id=request_id,
        changes={"mails_stopped_until": (iso(company.mails_stopped_until), iso(now))},
    )
    with crossed_by_others(None):
        companies.change_company(company, after, entry)
    return after
