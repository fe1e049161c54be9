"""Shared by all ways to invite: the invited user, the invitation and the journal entry."""

from datetime import datetime

from customer_center.companies import effects
from customer_center.companies.entries import person, user_entry
from customer_center.companies.ids import new_user_id
from customer_center.companies.model import (
    ErpContact,
    Invitation,
    InvitationRules,
    InvitationStatus,
    NewUser,
    User,
    UserStatus,
)
from customer_center.platform.email_address import email_address
from customer_center.platform.errors import FieldError, InvalidInput
from customer_center.platform.journal import Entry
from customer_center.platform.language import choose_language
from customer_center.platform.names import holds_address
from customer_center.platform.printable import is_printable, plain


def new_invitation(invited_by: str | None, rules: InvitationRules, now: datetime) -> Invitation:
    """Return a pending invitation; its secret is created when the mail is rendered."""
    return Invitation(
        mail_id=effects.new_mail_id(now),
        expires_at=now + rules.valid_for,
        status=InvitationStatus.PENDING,
        invited_by=invited_by,
    )


def invited_user(
    new_user: NewUser, actor: User, contact: ErpContact | None, rules: InvitationRules, now: datetime
) -> User:
    """Return the user to add.

    Raises InvalidInput when both the caller and the ERP omit the name or the e-mail, or when the ERP's name breaks the
    rule for names (docs/specification.md, 4.60).
    """
    name = new_user.name or (_name_of(contact) if contact else None)
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


def _name_of(contact: ErpContact) -> str | None:
    """Return the contact's name, None when nothing of it is visible. Raises InvalidInput for a name with an address."""
    name = plain(contact.name)
    if holds_address(name):
        raise InvalidInput(errors=[FieldError("/name", "address-in-name")])
    return name[:50].strip() if name and is_printable(name) else None


def invited_entry(user: User, actor: User, request_id: str, rules: InvitationRules) -> Entry:
    """Return the entry of an added user. Its effects are the mail and, with `create_erp_contact`, the ERP contact."""
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
