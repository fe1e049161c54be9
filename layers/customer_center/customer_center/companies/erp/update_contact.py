"""The ERP changed a contact, or has it no more (events `contact.updated`, `contact.deleted`; DESIGN §4, "overview")."""

from collections.abc import Sequence
from datetime import datetime

from customer_center.companies import effects
from customer_center.companies.entries import told_entry
from customer_center.companies.erp.renumber_customer import company_at
from customer_center.companies.model import CachedContact, Company, ErpContact, ErpEvent, User, UserStatus, read_stamp
from customer_center.companies.ports import Companies
from customer_center.platform.journal import Effect
from customer_center.platform.log import logger

_TOLD = frozenset(ErpContact.__slots__) - {"contact_number"}


def update_contact(event: ErpEvent, *, gone: bool, companies: Companies, now: datetime) -> None:
    """Take over into the cached contact what the event tells, field by field, where nothing newer told it.

    A contact that is `gone` leaves the list. A user who came from it is marked, and the company's main contacts are
    told, so that they can decide; the user keeps their access until then. A contact that is there again takes the mark
    away. The last full list counts as told at its time.

    May run any number of times, in any order: what is gone stays known for a month, so that an older event does not
    bring it back. Raises PreconditionFailed when somebody changed the same meanwhile, to be tried again.
    """
    company = company_at(str(event.values["customer_number"]), event.of, companies)
    if company is None:
        logger.info("customer is not known")
        return
    number = str(event.values["contact_number"])
    before = companies.contact(company.company_id, number)
    listed = companies.contacts_read(company.company_id)
    contact = before or CachedContact(ErpContact(number, name=""))
    values = {name: value for name, value in event.values.items() if name in _TOLD}
    after = contact.told(values, event.of, gone=gone, list_of=read_stamp(listed.at) if listed else "")
    if after == contact:
        logger.info("nothing newer", company_id=company.company_id)
        return
    marked = _marked(contact, after, event, companies, now)
    entries = []
    if marked:
        action = "user.contact_left" if after.gone else "user.contact_returned"
        told = _mails(company, number, *marked, now) if after.gone else ()
        entries.append(told_entry(action, *marked, now, event.event_id, told))
    companies.change_contact(company.company_id, before, after, *entries, user=marked)
    logger.info("contact updated", company_id=company.company_id)


def _marked(
    before: CachedContact, after: CachedContact, event: ErpEvent, companies: Companies, now: datetime
) -> tuple[User, User] | None:
    """Return the user who came from the contact, before and after, if their mark changes."""
    if before.user_id is None or before.as_of.get("gone") == after.as_of.get("gone"):
        return None
    user = companies.user(before.user_id)
    # As exact as it is kept.
    left_at = event.at.replace(microsecond=event.at.microsecond // 1000 * 1000) if after.gone else None
    if user is None or user.contact_left_at == left_at:
        return None
    return user, user.changed(now, contact_left_at=left_at)


def _mails(company: Company, contact_number: str, before: User, after: User, now: datetime) -> Sequence[Effect]:
    """Return the mails to the company's active main contacts; none about who is told already, or has no access."""
    if before.contact_left_at or after.status is UserStatus.DEACTIVATED:
        return ()
    told = sorted(company.main_contacts - {after.user_id})
    return [effects.contact_left_mail(user_id, after.user_id, contact_number, now) for user_id in told]
