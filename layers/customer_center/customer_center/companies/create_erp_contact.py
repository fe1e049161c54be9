"""Creating the ERP's contact of a user who was requested in the shop (`CreateErpContact`; DESIGN §4)."""

from customer_center.companies.model import ErpContact, UserStatus, normalized_email
from customer_center.companies.ports import Companies, ErpGateway


def create_erp_contact(user_id: str, *, erp: ErpGateway, companies: Companies) -> None:
    """Create the user's contact in the ERP and note its number.

    May run any number of times: a user with a contact number is left alone, and a contact of the same e-mail that the
    ERP already has (from a try that died before its number was noted) is taken instead of a second one.
    Raises an OutsideSystemError, to be tried again.
    """
    user = companies.user(user_id)
    if user is None or user.contact_number or user.status is UserStatus.DEACTIVATED:
        return
    company = companies.company(user.company_id)
    if company is None:
        return
    email = normalized_email(user.email)
    known = erp.select_contacts(company.customer_number)
    contact = next((contact for contact in known if contact.email and normalized_email(contact.email) == email), None)
    if contact is None:
        draft = ErpContact(contact_number="", name=user.name, email=user.email, language_code=user.language)
        number = erp.create_contact(company.customer_number, draft)
        contact = ErpContact(contact_number=number, name=user.name, email=user.email, language_code=user.language)
    companies.link_created_contact(user, contact)
