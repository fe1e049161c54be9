"""Stop the mails of a company when too many come back, before SES stops all mails (docs/specification.md, 8.31)."""

from dataclasses import replace
from datetime import datetime

from customer_center.companies.model import BounceLimits, Company
from customer_center.companies.ports import Bounces
from customer_center.platform.clock import Clock, iso
from customer_center.platform.ids import made_at
from customer_center.platform.journal import Actor, new_entry
from customer_center.platform.log import logger

_ULID_LENGTH = 26


def count_bounce(
    company_id: str, mail_id: str, limits: BounceLimits, *, by: str, companies: Bounces, clock: Clock
) -> None:
    """Count a mail that came back. Stop the company's mails for a while when too many of one day did.

    Mails that were made before the end of the last stop stop nothing again. May run any number of times. Raises
    PreconditionFailed when somebody else changed the company at the same time; then retry.
    """
    company = companies.current_company(company_id)
    made = made_at(mail_id[:_ULID_LENGTH])
    if company is None or made is None:
        return
    now = clock.now()
    bounced = companies.count_bounce(company_id, mail_id, made, now)
    since = company.mails_stopped_until
    recent = [each for each in bounced if since is None or _made_since(each, since)]
    if len(recent) < limits.per_day or not limits.reached(len(recent), companies.mails_of_day(company_id, made)):
        return
    _stop(company, mail_id, len(recent), limits, Actor("system", by), now, companies)


def _made_since(mail_id: str, since: datetime) -> bool:
    made = made_at(mail_id[:_ULID_LENGTH])
    return made is not None and made >= since


def _stop(
    company: Company,
    mail_id: str,
    bounced: int,
    limits: BounceLimits,
    actor: Actor,
    now: datetime,
    companies: Bounces,
) -> None:
    until = now + limits.stop_for
    before = iso(company.mails_stopped_until) if company.mails_stopped_until else None
    entry = new_entry(
        partition=company.company_id,
        now=now,
        actor=actor,
        action="company.mails_stopped",
        subject=company.company_id,
        request_id=mail_id,
        changes={"mails_stopped_until": (before, iso(until)), "mails_that_came_back": (None, bounced)},
    )
    after = replace(company, mails_stopped_until=until, updated_at=now, version=company.version + 1)
    companies.change_company(company, after, entry)
    # docs/runbook.md refers to this log line.
    logger.warning("mails of a company stopped", company_id=company.company_id, bounced=bounced)
