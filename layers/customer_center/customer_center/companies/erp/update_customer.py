"""The ERP changed a customer (event `customer.updated`; seed 000: the flags of SelectCustomer; DESIGN §4)."""

from dataclasses import replace
from datetime import datetime

from customer_center.companies.email_address import comparable
from customer_center.companies.entries import company_entries, told_entry
from customer_center.companies.erp.renumber_customer import company_at
from customer_center.companies.model import Company, ErpEvent, Role, User, UserStatus
from customer_center.companies.ports import Companies
from customer_center.platform.log import logger


def update_customer(event: ErpEvent, *, companies: Companies, now: datetime) -> None:
    """Take over what the event tells of the customer's flags, field by field, where nothing newer told it.

    Switching the customer center off shuts the administration, and on opens it again; nobody's login changes. Whom the
    ERP newly makes the main contact becomes it at once if they are a user of the company already (activation is for
    those who are not); earlier main contacts stay until somebody demotes them.

    A customer that was never activated is nobody's here: activation asks the ERP itself. May run any number of times,
    in any order. Raises PreconditionFailed when somebody changed the same meanwhile, to be tried again.
    """
    values = dict(event.values)
    company = company_at(str(values.pop("customer_number")), event.of, companies)
    if company is None:
        logger.info("customer is not known")
        return
    # The event's words for it are the ERP's.
    if "customer_center_main_contact_email" in values:
        values["main_contact_email"] = values.pop("customer_center_main_contact_email")
    after = company.told(values, event.of, now)
    if after is company:
        logger.info("nothing newer", company_id=company.company_id)
        return
    entries = company_entries("company.updated", company, after, now, event.event_id)
    promoted = _promoted(company, after, companies, now)
    if promoted:
        user = promoted[1]
        if user.status is UserStatus.ACTIVE:
            after = replace(after, main_contacts=after.main_contacts | {user.user_id})
        entries.append(told_entry("user.made_main_contact", *promoted, now, event.event_id))
    companies.change_company(company, after, *entries, user=promoted)
    logger.info("company updated", company_id=company.company_id)


def _promoted(before: Company, after: Company, companies: Companies, now: datetime) -> tuple[User, User] | None:
    """Return the user whom the event makes main contact, before and after; None when there is nobody to make."""
    named = _named(after)
    if named is None or named == _named(before):
        return None
    user_id = companies.user_id_of_email(named)
    user = companies.user(user_id) if user_id else None
    if user is None or user.company_id != after.company_id or user.is_main_contact:
        return None
    roles = user.roles - {Role.BUSINESS_USER} | {Role.MAIN_CONTACT}
    return user, user.changed(now, roles=roles)


def _named(company: Company) -> str | None:
    """Return whom the ERP makes main contact; nobody while the customer center is off."""
    return comparable(company.main_contact_email) if company.customer_center and company.main_contact_email else None
