"""Apply the event `customer.updated` (seed 000: the flags of SelectCustomer; docs/specification.md, 6.7)."""

from dataclasses import replace
from datetime import datetime

from customer_center.companies.customer_numbers import company_at
from customer_center.companies.entries import erp_company_entries, erp_user_entry
from customer_center.companies.erp_values import FaultyRecord, log_faults, read_values
from customer_center.companies.model import Company, ErpEvent, Role, User
from customer_center.companies.ports import CompanyRecords, Records
from customer_center.platform.email_address import address_in, comparable
from customer_center.platform.log import logger

# The other fields of the event are for the Customer List.
_FIELDS = ("customer_center", "customer_center_main_contact_email", "customer_posting_group", "blocked")


def update_customer(event: ErpEvent, *, companies: CompanyRecords, now: datetime) -> None:
    """Write the event's values into the company, except fields that a newer event or reading has set.

    While the customer center is off, administration is refused; logins do not change. When the ERP names a new main
    contact, the user with that e-mail becomes main contact at once. A person without an account becomes main contact by
    activating. Earlier main contacts keep the role until somebody demotes them.

    An event about a customer that was never activated changes nothing, because activation reads the ERP itself. May run
    any number of times, in any order. Raises PreconditionFailed when somebody else changed the same records; then
    retry.
    """
    number = str(event.values["customer_number"])
    sent = {name: value for name, value in event.values.items() if name in _FIELDS}
    company = company_at(number, event.stamp, companies)
    if company is None:
        logger.info("customer is not known")
        return
    # The event uses the ERP's name of this field.
    if "customer_center_main_contact_email" in sent:
        sent["main_contact_email"] = sent.pop("customer_center_main_contact_email")
    values, faults = read_values(sent)
    log_faults("customer.updated", FaultyRecord(number, faults))
    after = company.with_erp_values(values, event.stamp, now)
    if after is company:
        logger.info("nothing newer", company_id=company.company_id)
        return
    entries = erp_company_entries("company.updated", company, after, now, event.webhook_id)
    promoted = _promoted(company, after, companies, now)
    if promoted:
        user = promoted[1]
        if user.is_active_main_contact:
            after = replace(after, main_contacts=after.main_contacts | {user.user_id})
        entries.append(erp_user_entry("user.made_main_contact", *promoted, now, event.webhook_id))
    companies.change_company(company, after, *entries, user=promoted)
    logger.info("company updated", company_id=company.company_id)


def _promoted(before: Company, after: Company, companies: Records, now: datetime) -> tuple[User, User] | None:
    """Return the user who becomes main contact by the event, before and after; None when nobody does."""
    named = _named(after)
    if named is None or named == _named(before):
        return None
    user_id = companies.holders_of_email(named).colleague(after.company_id)
    user = companies.user(user_id) if user_id else None
    if user is None or user.is_main_contact:
        return None
    roles = user.roles - {Role.BUSINESS_USER} | {Role.MAIN_CONTACT}
    return user, user.changed(now, roles=roles)


def _named(company: Company) -> str | None:
    """Return the e-mail of the ERP's main contact, None while the customer center is off."""
    if not company.customer_center or not company.main_contact_email:
        return None
    # Companies that were stored before such texts were read have the ERP's text.
    return comparable(address_in(company.main_contact_email) or company.main_contact_email)
