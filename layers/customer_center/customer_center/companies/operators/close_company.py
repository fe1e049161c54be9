"""Close a company or reopen it: all access ends at once, nothing is deleted (docs/specification.md, 2.11)."""

from dataclasses import replace
from datetime import datetime

from customer_center.companies import effects
from customer_center.companies.actions import Action
from customer_center.companies.model import Company
from customer_center.companies.ports import CompanyRecords, Records
from customer_center.platform.clock import Clock, iso
from customer_center.platform.errors import NotFound, crossed_by_others
from customer_center.platform.journal import Actor, new_entry


def close_company(
    company_id: str, actor: Actor, request_id: str, *, companies: CompanyRecords, clock: Clock
) -> Company:
    """Refuse the company's users in the API, in activation and in acceptance; an effect disables their logins.

    Raises NotFound, InProgress. Closing a closed company changes nothing.
    """
    company = _company(company_id, companies)
    if company.closed_at:
        return company
    return _change(company, clock.now(), "company.closed", actor, request_id, closed=True, companies=companies)


def reopen_company(
    company_id: str, actor: Actor, request_id: str, *, companies: CompanyRecords, clock: Clock
) -> Company:
    """Restore the access of all active users; an effect enables their logins, with the same passwords.

    Raises NotFound, InProgress. Reopening an open company changes nothing.
    """
    company = _company(company_id, companies)
    if company.closed_at is None:
        return company
    return _change(company, clock.now(), "company.reopened", actor, request_id, closed=False, companies=companies)


def _company(company_id: str, companies: Records) -> Company:
    company = companies.current_company(company_id)
    if company is None:
        raise NotFound
    return company


def _change(
    company: Company,
    now: datetime,
    action: Action,
    actor: Actor,
    request_id: str,
    *,
    closed: bool,
    companies: CompanyRecords,
) -> Company:
    after = replace(company, closed_at=now if closed else None, updated_at=now, version=company.version + 1)
    entry = new_entry(
        partition=company.company_id,
        now=now,
        actor=actor,
        action=action,
        subject=company.company_id,
        request_id=request_id,
        changes={"closed_at": tuple(iso(at) if at else None for at in (company.closed_at, after.closed_at))},
        effects=[effects.align_company(company.company_id, now)],
    )
    with crossed_by_others(None):
        companies.change_company(company, after, entry)
    return after
