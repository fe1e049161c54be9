"""Adding users to the shop: from a contact of the ERP, or by request (seed 001)."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from customer_center.companies import effects
from customer_center.companies.email_address import email_address
from customer_center.companies.entries import person, user_entry
from customer_center.companies.ids import new_user_id
from customer_center.companies.model import (
    Budgets,
    Company,
    ErpContact,
    Invitation,
    InvitationRules,
    InvitationStatus,
    Role,
    User,
    UserStatus,
    check_assignable,
)
from customer_center.companies.ports import Companies, ErpGateway
from customer_center.platform.clock import Clock
from customer_center.platform.errors import FieldError, InvalidInput, NotFound
from customer_center.platform.journal import Entry
from customer_center.platform.language import choose_language


@dataclass(frozen=True, slots=True)
class NewUser:
    """What the main contact enters for a new user; name and e-mail default to the ERP's where there is a contact."""

    salutation: str
    roles: frozenset[Role]
    name: str | None = None
    email: str | None = None
    language: str | None = None
    budgets: Budgets = field(default_factory=Budgets)


def invite_contact(
    contact_number: str,
    new_user: NewUser,
    actor: User,
    request_id: str,
    *,
    rules: InvitationRules,
    erp: ErpGateway,
    companies: Companies,
    clock: Clock,
) -> User:
    """Add a contact of the ERP to the shop; the mail with the link follows.

    Seed 001, "Add an existing user to the shop".

    The pair of customer and contact number is read from the ERP again, never taken from the caller ("The customer
    number and contact number cannot be changed"). Raises NotFound `contact-not-found`, Conflict `contact-in-use` or
    `email-in-use`, InvalidInput, Forbidden, an OutsideSystemError. A repeat after success is `contact-in-use`.
    """
    check_assignable(actor, new_user.roles, new_user.budgets)
    company = _company(actor, companies)
    contact = _of_number(contact_number, erp.select_contacts(company.customer_number))
    user = invited_user(new_user, actor, contact, rules, clock.now())
    companies.add_user(user, invited_entry(user, actor, request_id, rules), contact)
    return user


def request_user(
    new_user: NewUser,
    actor: User,
    request_id: str,
    *,
    rules: InvitationRules,
    companies: Companies,
    clock: Clock,
) -> User:
    """Set up a new user for the shop (seed 001: "Request a new user"); the mail follows.

    If switched on, the ERP gets a contact too; it is created after the user, through the journal, so that a failure
    leaves none behind. Raises Conflict `email-in-use`, InvalidInput, Forbidden.
    """
    check_assignable(actor, new_user.roles, new_user.budgets)
    user = invited_user(new_user, actor, None, rules, clock.now())
    companies.add_user(user, invited_entry(user, actor, request_id, rules))
    return user


def new_invitation(invited_by: str, rules: InvitationRules, now: datetime) -> Invitation:
    """Return a pending invitation; its secret is made when its mail is."""
    return Invitation(
        mail_id=effects.new_mail_id(now),
        expires_at=now + rules.valid_for,
        status=InvitationStatus.PENDING,
        invited_by=invited_by,
    )


def _company(actor: User, companies: Companies) -> Company:
    company = companies.company(actor.company_id)
    if company is None:
        raise NotFound
    return company


def _of_number(contact_number: str, contacts: Iterable[ErpContact]) -> ErpContact:
    for contact in contacts:
        if contact.contact_number == contact_number:
            return contact
    raise NotFound("contact-not-found")


def invited_user(
    new_user: NewUser, actor: User, contact: ErpContact | None, rules: InvitationRules, now: datetime
) -> User:
    """Return the user to be added; InvalidInput when neither the caller nor the ERP has a name or an e-mail."""
    name = new_user.name or (contact.name[:50] if contact else None)
    email = new_user.email or (email_address(contact.email) if contact and contact.email else None)
    if name is None or email is None:
        missing = [pointer for pointer, value in (("/name", name), ("/email", email)) if value is None]
        raise InvalidInput(errors=[FieldError(pointer, "required") for pointer in missing])
    spoken = contact.language_code if contact else None
    return User(
        user_id=new_user_id(actor.company_id, now),
        company_id=actor.company_id,
        contact_number=contact.contact_number if contact else None,
        salutation=new_user.salutation,
        name=name,
        email=email,
        language=choose_language(new_user.language or spoken, fallback=rules.fallback_language),
        status=UserStatus.INVITED,
        roles=new_user.roles,
        budgets=new_user.budgets,
        invitation=new_invitation(actor.user_id, rules, now),
        created_at=now,
        updated_at=now,
    )


def invited_entry(user: User, actor: User, request_id: str, rules: InvitationRules) -> Entry:
    """Return the journal's entry of a user who was added: the mail follows, and the ERP's contact where that is on."""
    assert user.invitation is not None
    follow = [effects.invitation_mail(user.user_id, user.invitation.mail_id)]
    if rules.create_erp_contact and user.contact_number is None:
        follow.append(effects.create_erp_contact(user.user_id, user.created_at))
    return user_entry(
        "user.invited",
        before=None,
        after=user,
        actor=person(actor),
        now=user.created_at,
        request_id=request_id,
        effects=follow,
    )
