"""Add users to the shop: from a contact of the ERP, or by request (seed 001; docs/specification.md, 4.10)."""

from datetime import timedelta
from typing import Protocol

from customer_center.companies.colleagues import email_in_use_explained
from customer_center.companies.contact_list import make_sure_listed
from customer_center.companies.model import (
    CachedContact,
    ErpContact,
    InvitationRules,
    NewUser,
    User,
    check_assignable,
)
from customer_center.companies.ports import Administration, Contacts, ErpGateway
from customer_center.companies.users.invitations import invited_entry, invited_user
from customer_center.platform.clock import Clock
from customer_center.platform.errors import NotFound


class InvitingContacts(Administration, Contacts, Protocol):
    """The records that the invitation of a contact uses."""


def invite_contact(
    contact_number: str,
    new_user: NewUser,
    actor: User,
    request_id: str,
    claim_id: str,
    *,
    customer_number: str,
    rules: InvitationRules,
    keep_for: timedelta,
    erp: ErpGateway,
    companies: InvitingContacts,
    clock: Clock,
) -> User:
    """Add a contact of the ERP to the shop (seed 001, "Add an existing user to the shop"); an effect mails the link.

    The contact comes from the stored list, and the ERP is asked for this one contact. The list is read only when it is
    older than `keep_for` and does not have the contact; `claim_id` is the caller's Idempotency-Key, or an id of the
    request. The caller cannot set the contact's numbers ("The customer number and contact number cannot be changed").
    Raises NotFound `contact-not-found`, Conflict `contact-in-use` or `email-in-use`, InvalidInput, Forbidden,
    InProgress while the list is being read, an OutsideSystemError. A repeat after success raises Conflict
    `contact-in-use`.
    """
    check_assignable(actor, new_user.roles, new_user.budgets)
    stored = companies.contacts_of_numbers(actor.company_id, [contact_number], current=False)
    known = _listed(stored.get(contact_number))
    if known:
        contact = erp.current_contact(customer_number, known)
    elif make_sure_listed(actor, claim_id, keep_for=keep_for, erp=erp, companies=companies, clock=clock):
        contact = _listed(companies.contact(actor.company_id, contact_number))
    else:
        contact = None
    if contact is None:
        raise NotFound("contact-not-found")
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


def _listed(row: CachedContact | None) -> ErpContact | None:
    """Return the contact, None for one that the ERP deleted or that is known only from events."""
    return row.contact if row and not row.gone and row.contact.name else None
