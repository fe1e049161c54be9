"""Create the ERP contact of a user who was requested in the shop (parameter `CreateErpContact`)."""

from dataclasses import replace

from customer_center.companies.entries import user_entry
from customer_center.companies.model import ErpContact, User, UserStatus
from customer_center.companies.ports import ErpGateway, Users
from customer_center.platform.clock import Clock
from customer_center.platform.email_address import comparable, normalized_email, shown_email
from customer_center.platform.errors import Conflict
from customer_center.platform.journal import Actor
from customer_center.platform.log import logger


def create_erp_contact(user_id: str, effect_id: str, *, erp: ErpGateway, companies: Users, clock: Clock) -> None:
    """Create the user's contact in the ERP and store the contact's number.

    May run any number of times. A user with a contact number stays unchanged. When the ERP has a contact with the same
    e-mail, this contact is used: an earlier run may have created it and failed before storing its number. Raises an
    OutsideSystemError or PreconditionFailed; then retry.
    """
    user = companies.user(user_id)
    if user is None or user.contact_number or user.status is UserStatus.DEACTIVATED:
        return
    company = companies.company(user.company_id)
    if company is None:
        # A user is never written without a company, so this read was too early. SQS repeats the message.
        raise LookupError(user.company_id)
    contact = _contact(user, company.customer_number, erp)
    now = clock.now()
    after = user.changed(now, contact_number=contact.contact_number)
    entry = user_entry(
        "user.erp_contact_created",
        before=user,
        after=after,
        actor=Actor("system", "erp_push"),
        now=now,
        request_id=effect_id,
    )
    try:
        companies.change_user(user, after, entry, contact)
    except Conflict:
        # The ERP's contact with this e-mail is linked to another user already. Only a person can resolve that.
        logger.warning("contact belongs to another user", user_id=user_id)


def _contact(user: User, customer_number: str, erp: ErpGateway) -> ErpContact:
    email = normalized_email(user.email)
    for contact in erp.select_contacts(customer_number):
        if contact.email and comparable(contact.email) == email:
            return contact
    # As people write it: the ERP's staff would not recognise its ASCII form.
    email = shown_email(user.email)
    draft = ErpContact(contact_number="", name=user.name, email=email, language_code=user.language)
    return replace(draft, contact_number=erp.create_contact(customer_number, draft))
