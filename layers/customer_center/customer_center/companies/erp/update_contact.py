"""Apply the events `contact.updated` and `contact.deleted` (docs/specification.md, 6.7 and 6.11)."""

from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime

from customer_center.companies import effects
from customer_center.companies.actions import Action
from customer_center.companies.customer_numbers import company_at
from customer_center.companies.entries import erp_user_entry
from customer_center.companies.erp_values import FaultyRecord, log_faults, read_values
from customer_center.companies.model import CachedContact, Company, ErpContact, ErpEvent, User, UserStatus, read_stamp
from customer_center.companies.ports import ErpRecords, Records
from customer_center.platform.journal import Effect
from customer_center.platform.log import logger

_FIELDS = frozenset(each.name for each in fields(ErpContact)) - {"contact_number"}


def update_contact(event: ErpEvent, *, gone: bool, companies: ErpRecords, now: datetime) -> None:
    """Write the event's values into the cached contact, except fields that a newer event or list has set.

    With `gone`, the contact is no longer listed. The user who is linked to it is marked and keeps access; the company's
    main contacts get a mail and decide. The mark is removed when the contact exists again. The last full list counts as
    an event at the time when it was read.

    May run any number of times, in any order. A deleted contact stays stored for 30 days, so that an older event does
    not restore it. Raises PreconditionFailed when somebody else changed the same records; then retry.
    """
    company = company_at(str(event.values["customer_number"]), event.stamp, companies)
    if company is None:
        logger.info("customer is not known")
        return
    number = str(event.values["contact_number"])
    before = companies.contact(company.company_id, number)
    listed = companies.contacts_read(company.company_id)
    contact = before or CachedContact(ErpContact(number, name=""))
    values, faults = read_values({name: value for name, value in event.values.items() if name in _FIELDS})
    log_faults("contact.updated", FaultyRecord(number, faults))
    after = contact.with_erp_values(values, event.stamp, gone=gone, list_stamp=read_stamp(listed.at) if listed else "")
    if after == contact:
        logger.info("nothing newer", company_id=company.company_id)
        return
    marked = _marked(contact, after, event, companies, now)
    entries = []
    if marked:
        action: Action = "user.contact_left" if after.gone else "user.contact_returned"
        mails = _mails(company, number, *marked, now) if after.gone else ()
        entries.append(erp_user_entry(action, *marked, now, event.webhook_id, mails))
    companies.change_contact(company.company_id, before, after, *entries, user=marked)
    logger.info("contact updated", company_id=company.company_id)


def _marked(
    before: CachedContact, after: CachedContact, event: ErpEvent, companies: Records, now: datetime
) -> tuple[User, User] | None:
    """Return the contact's user before and after the event, None when the user's mark does not change."""
    if before.user_id is None or before.as_of.get("gone") == after.as_of.get("gone"):
        return None
    user = companies.user(before.user_id)
    # Rounded down to milliseconds, because that is the stored precision.
    left_at = event.at.replace(microsecond=event.at.microsecond // 1000 * 1000) if after.gone else None
    if user is None or user.contact_left_at == left_at:
        return None
    return user, user.changed(now, contact_left_at=left_at)


def _mails(company: Company, contact_number: str, before: User, after: User, now: datetime) -> Sequence[Effect]:
    """Return the mails to the company's active main contacts; none if the user was marked before or is deactivated."""
    if before.contact_left_at or after.status is UserStatus.DEACTIVATED:
        return ()
    recipients = sorted(company.main_contacts - {after.user_id})
    return [effects.contact_left_mail(user_id, after.user_id, contact_number, now) for user_id in recipients]
