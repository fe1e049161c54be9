"""Apply the events `contact.updated` and `contact.deleted` (docs/specification.md, 6.7 and 6.11)."""

from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime

from customer_center.companies import effects
from customer_center.companies.actions import Action
from customer_center.companies.customer_numbers import company_at
from customer_center.companies.entries import contact_list_entry, erp_user_entry
from customer_center.companies.erp_values import FaultyRecord, log_faults, read_values
from customer_center.companies.model import CachedContact, Company, ErpContact, ErpEvent, User, UserStatus
from customer_center.companies.ports import ErpRecords, Records
from customer_center.platform.email_address import comparable
from customer_center.platform.journal import Actor, Effect
from customer_center.platform.log import logger
from customer_center.platform.stamps import read_stamp

_FIELDS = frozenset(each.name for each in fields(ErpContact)) - {"contact_number"}


def update_contact(event: ErpEvent, *, gone: bool, companies: ErpRecords, now: datetime) -> None:
    """Write the event's values into the cached contact, except fields that a newer event or list has set.

    With `gone`, the contact is no longer listed. The user who is linked to it is marked and keeps access; the company's
    main contacts get a mail and decide. The mark is removed when the contact exists again. The last full list counts as
    an event at the time when it was read.

    A contact that comes with a colleague's e-mail may be that colleague. One event cannot tell whether another contact
    has the e-mail too, so the list is read again at once and decides (`contact_list.py`).

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
    may_be_user = _may_be_user(contact, after, company.company_id, companies)
    if may_be_user and listed:
        # Before the contact is written: a repeat after a crash finds nothing newer, and would not ask.
        effect = effects.read_contact_list(company.company_id, now)
        actor = Actor("system", "customer_sync")
        entry = contact_list_entry(company.company_id, actor, now, event.webhook_id, effect)
        companies.ask_for_contacts(company.company_id, now, entry)
    # Where the list was asked for a moment ago, or is being read now, the next person who looks has it read again.
    companies.change_contact(company.company_id, before, after, *entries, user=marked, outdates=may_be_user)
    logger.info("contact updated", company_id=company.company_id)


def _may_be_user(before: CachedContact, after: CachedContact, company_id: str, companies: Records) -> bool:
    """Return whether the event gave an unlinked contact a colleague's e-mail, or listed one who has it."""
    email = after.contact.email
    if not after.listed or email is None or (before.listed and before.contact.email == email):
        return False
    return companies.holders_of_email(comparable(email)).colleague(company_id) is not None


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
