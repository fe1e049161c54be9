"""Create login, company and user, in an order that is safe when the process crashes (docs/specification.md, 5.2).

1. The login is created, disabled, with the password.
2. Company, user, e-mail and journal entry are written in one transaction: from now on the account exists, and the
   e-mail is its user's. Other invitations to the address end.
3. The login is enabled. The journal's effect enables it as well, in case the process ends before step 3.
"""

from dataclasses import fields, replace
from datetime import datetime

from customer_center.companies import effects
from customer_center.companies.entries import person, user_entry
from customer_center.companies.ids import joined_user_id, new_user_id
from customer_center.companies.login import align_identity
from customer_center.companies.model import (
    Attempt,
    Company,
    EmailHolders,
    ErpCustomer,
    InvitationStatus,
    LoggedIn,
    User,
    UserStatus,
    is_colleague,
)
from customer_center.companies.onboarding.activation import Granted, Try
from customer_center.companies.onboarding.check_inviter import may_still_invite
from customer_center.companies.onboarding.sign_in import sign_in
from customer_center.companies.ports import Activations, CompanyExists, EmailShared, Identities
from customer_center.platform.clock import Clock
from customer_center.platform.errors import Conflict, Forbidden, InProgress, PreconditionFailed
from customer_center.platform.stamps import read_stamp

# Somebody else may create the company at the same time. This happens once; further conflicts have another cause.
_JOIN_TRIES = 3


def complete_activation(
    request: Try,
    granted: Granted,
    attempt: Attempt,
    holders: EmailHolders,
    *,
    companies: Activations,
    identities: Identities,
    clock: Clock,
) -> LoggedIn:
    """Create the user, and the company if there is none, and log the person in.

    Somebody whom the company has invited takes their own invitation over. `holders` are those of the e-mail. Its owner
    may be this user, created by an earlier request of this activation, whose answer was lost: then the person is logged
    in, and nothing else. The request that holds the activation's claim may be repeated after any failure. Raises
    Conflict `email-in-use` or `contact-in-use`, Forbidden `company-closed` or `user-deactivated`, InProgress,
    InvalidInput at `/password`, OutsideUnavailable.
    """
    if holders.owner_id is None:
        user, company = _create_user(
            request, granted, attempt, holders, companies=companies, identities=identities, clock=clock
        )
    else:
        found = companies.user(holders.owner_id)
        known = companies.company_of_number(granted.customer.customer_number)
        if found is None or known is None or not _is_active_in(found, known):
            raise Conflict("email-in-use")
        user, company = found, known
    identities.enable(user)
    session = sign_in(user.user_id, request.activation.password, identities=identities, clock=clock)
    if session is None:
        raise Conflict("email-in-use")
    return LoggedIn(user, company, session)


def _is_active_in(user: User, company: Company) -> bool:
    return user.company_id == company.company_id and user.status is UserStatus.ACTIVE


def _create_user(
    request: Try,
    granted: Granted,
    attempt: Attempt,
    holders: EmailHolders,
    *,
    companies: Activations,
    identities: Identities,
    clock: Clock,
) -> tuple[User, Company]:
    user_id = attempt.user_id
    if companies.user(user_id):
        # The user that this activation created has another e-mail by now. That user's login must not be changed.
        user_id = new_user_id(attempt.company_id, clock.now())
    for _ in range(_JOIN_TRIES):
        now = clock.now()
        existing = companies.company_of_number(granted.customer.customer_number)
        if existing and existing.closed_at:
            # The company was closed during this request. A login from an earlier round is deleted.
            align_identity(user_id, companies=companies, identities=identities)
            raise Forbidden("company-closed")
        company_id = existing.company_id if existing else attempt.company_id
        invited = _invited(request, holders, company_id, companies, now)
        if invited:
            if user_id != invited.user_id:
                # An earlier request, from before the invitation, may have created the login of a new user.
                identities.delete(user_id)
            user_id = invited.user_id
        elif not is_colleague(user_id, company_id):
            # Somebody else created the company meanwhile. The user joins it and gets an id of that company.
            identities.delete(user_id)
            user_id = joined_user_id(user_id, company_id)
        user = (
            _took_over(request, granted, invited, companies, now)
            if invited
            else _user(request, granted, user_id, company_id, now)
        )
        others = holders.invited - {user_id}
        identities.create(user)
        identities.set_password(user_id, request.activation.password)
        entry = user_entry(
            "user.activated_account",
            before=invited,
            after=user,
            actor=person(user),
            now=now,
            request_id=request.visit.request_id,
            effects=[effects.align_identity(user_id, now), *effects.supersede_invitations(others, now)],
        )
        company = _company(request, granted, existing, user)
        try:
            companies.complete_activation(
                user,
                company,
                entry,
                existing=existing,
                # Somebody who was invited as a contact of the ERP stays that contact.
                contact=None if invited and invited.contact_number else granted.contact,
                invited=invited,
                ending=others,
            )
        except (CompanyExists, EmailShared, PreconditionFailed):
            holders = companies.holders_of_email(request.activation.email)
            continue
        except Conflict:
            # A repeat of the same request was faster. The login is aligned with the record, or deleted without one.
            align_identity(user_id, companies=companies, identities=identities)
            raise
        return user, company
    raise InProgress("in-progress", retry_after=1)


def _invited(
    request: Try, holders: EmailHolders, company_id: str, companies: Activations, now: datetime
) -> User | None:
    """Return the user whom the company has invited with this e-mail, None when there is none.

    Raises Forbidden `user-deactivated` when a colleague has deactivated them since, InProgress while somebody accepts
    the invitation.
    """
    user_id = EmailHolders(None, holders.invited).colleague(company_id)
    user = companies.user(user_id) if user_id else None
    if user is None:
        return None
    if user.status is UserStatus.DEACTIVATED:
        raise Forbidden("user-deactivated")
    if user.claim and user.claim.blocks(request.claim.claim_id, now):
        raise InProgress("in-progress", retry_after=1)
    return user


def _took_over(request: Try, granted: Granted, invited: User, companies: Activations, now: datetime) -> User:
    """Return the invited user as active, with what the ERP grants and what an open invitation offered."""
    activation, invitation = request.activation, invited.invitation
    is_open = invitation is not None and invitation.status_at(now) is InvitationStatus.PENDING
    offered = invited.roles if is_open and may_still_invite(invited, companies) else frozenset()
    return invited.changed(
        now,
        contact_number=invited.contact_number or (granted.contact.contact_number if granted.contact else None),
        salutation=activation.salutation,
        name=activation.name,
        email=activation.email,
        language=activation.language,
        status=UserStatus.ACTIVE,
        roles=offered | {granted.role},
        invitation=replace(invitation, status=InvitationStatus.ACCEPTED) if invitation and is_open else None,
        claim=None,
    )


def _user(request: Try, granted: Granted, user_id: str, company_id: str, now: datetime) -> User:
    activation = request.activation
    return User(
        user_id=user_id,
        company_id=company_id,
        contact_number=granted.contact.contact_number if granted.contact else None,
        salutation=activation.salutation,
        name=activation.name,
        email=activation.email,
        language=activation.language,
        status=UserStatus.ACTIVE,
        roles=frozenset({granted.role}),
        created_at=now,
        updated_at=now,
    )


def _company(request: Try, granted: Granted, existing: Company | None, user: User) -> Company:
    """Return the company with the values read from the ERP, and with the user in `main_contacts` if they are one."""
    stamp = read_stamp(granted.read_at, request.visit.request_id)
    joining = frozenset({user.user_id}) if user.is_main_contact else frozenset()
    values = {each.name: getattr(granted.customer, each.name) for each in fields(ErpCustomer)}
    if existing:
        # Values from events that are newer than the reading are kept.
        company = existing.with_erp_values(values, stamp, user.created_at)
        return replace(company, main_contacts=existing.main_contacts | joining)
    return Company(
        company_id=user.company_id,
        **values,
        created_at=user.created_at,
        updated_at=user.created_at,
        main_contacts=joining,
        as_of=dict.fromkeys(values, stamp),
    )
