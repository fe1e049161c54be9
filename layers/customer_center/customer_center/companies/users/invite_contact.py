"""Add users to the shop: from a contact of the ERP, or by request (seed 001; docs/specification.md, 4.10)."""

from collections.abc import Iterable

from customer_center.companies.colleagues import email_in_use_explained
from customer_center.companies.model import Company, ErpContact, InvitationRules, NewUser, User, check_assignable
from customer_center.companies.ports import Administration, ErpGateway, Records
from customer_center.companies.users.invitations import invited_entry, invited_user
from customer_center.platform.clock import Clock
from customer_center.platform.errors import NotFound


def invite_contact(
    contact_number: str,
    new_user: NewUser,
    actor: User,
    request_id: str,
    *,
    rules: InvitationRules,
    erp: ErpGateway,
    companies: Administration,
    clock: Clock,
) -> User:
    """Add a contact of the ERP to the shop (seed 001, "Add an existing user to the shop"); an effect mails the link.

    The contact is read from the ERP again, and the caller cannot set its numbers ("The customer number and contact
    number cannot be changed"). Raises NotFound `contact-not-found`, Conflict `contact-in-use` or `email-in-use`,
    InvalidInput, Forbidden, an OutsideSystemError. A repeat after success raises Conflict `contact-in-use`.
    """
    check_assignable(actor, new_user.roles, new_user.budgets)
    company = _company(actor, companies)
    contact = _with_number(contact_number, erp.select_contacts(company.customer_number))
    user = invited_user(new_user, actor, contact, rules, clock.now())
    with email_in_use_explained(user.email, actor.company_id, companies):
        companies.add_user(user, invited_entry(user, actor, request_id, rules), contact)
    return user


def request_user(
    new_user: NewUser,
    actor: User,
    request_id: str,
    *,
    rules: InvitationRules,
    companies: Administration,
    clock: Clock,
) -> User:
    """Add a new user to the shop (seed 001: "Request a new user"); an effect mails the link.

    With `rules.create_erp_contact`, another effect creates the ERP contact later, so that a failure leaves no contact
    without a user. Raises Conflict `email-in-use`, InvalidInput, Forbidden.
    """
    check_assignable(actor, new_user.roles, new_user.budgets)
    user = invited_user(new_user, actor, None, rules, clock.now())
    with email_in_use_explained(user.email, actor.company_id, companies):
        companies.add_user(user, invited_entry(user, actor, request_id, rules))
    return user


def _company(actor: User, companies: Records) -> Company:
    company = companies.company(actor.company_id)
    if company is None:
        raise NotFound
    return company


def _with_number(contact_number: str, contacts: Iterable[ErpContact]) -> ErpContact:
    for contact in contacts:
        if contact.contact_number == contact_number:
            return contact
    raise NotFound("contact-not-found")
