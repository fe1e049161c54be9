"""Activation of the customer center (seed 001, "Activation of the customer-center"; DESIGN §4).

Order of the refusals: until the invoice is known to be the customer's, every answer is the same refusal in the same
time, so that nobody learns customer numbers, invoices or e-mails by asking.

Order of the writes, so that a crash between any two loses nothing and shows no half-made company:
1. the activation under way (its ids are those the user will have, so that a repeat makes no second one),
2. the login, disabled, with the password,
3. company, user, e-mail and journal entry in one transaction: from here on the account exists,
4. the login enabled; the journal's effect does the same once more if we die before it.
"""

import hmac
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from customer_center.companies import effects
from customer_center.companies.email_address import comparable
from customer_center.companies.entries import person, user_entry
from customer_center.companies.ids import company_of, new_company_id, new_user_id
from customer_center.companies.logins.align_identity import align_identity
from customer_center.companies.model import (
    Attempt,
    Claim,
    Company,
    ErpContact,
    ErpCustomer,
    RefusalLimits,
    Role,
    User,
    UserStatus,
    attempt_key,
    email_hint,
    normalized_email,
    read_stamp,
    secret_hash,
)
from customer_center.companies.ports import Companies, CompanyExists, ErpGateway, Identities, Session
from customer_center.platform.clock import Clock
from customer_center.platform.errors import (
    Conflict,
    CustomerCenterError,
    FieldError,
    Forbidden,
    InProgress,
    InvalidInput,
    OutsideSystemError,
    RateLimit,
)
from customer_center.platform.ids import new_ulid
from customer_center.platform.journal import Actor, Entry, new_entry

# A mail goes out at most this often for one activation, whoever asks.
_CODE_COOLDOWN = timedelta(seconds=60)
# A company can come into being once meanwhile; more often, something else is going on.
_JOIN_TRIES = 3
# Without a code, so long may the same request come again and be answered as if it were the first.
_REPEATABLE_FOR = timedelta(minutes=15)
# Longer than a function may run: what claimed and is still going has not lapsed.
CLAIM_LASTS = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class ActivationRules:
    """The parameters of activation. `confirm_email` False is the seed's own flow: complete at once, without a code."""

    confirm_email: bool = True
    limits: RefusalLimits = field(default_factory=RefusalLimits)
    code_tries: int = 5
    refusal_seconds: float = 1.0


@dataclass(frozen=True, slots=True)
class Activation:
    """What a person sends to activate (seed 001: a customer number, an invoice number, an email address)."""

    customer_number: str
    invoice_number: str
    email: str
    salutation: str
    name: str
    password: str
    language: str
    contact_number: str | None = None
    code: str | None = None


@dataclass(frozen=True, slots=True)
class CodeSent:
    """The activation is under way: a code is on its way to the e-mail address."""

    email: str


@dataclass(frozen=True, slots=True)
class Activated:
    """The activation is complete, and the person is logged in."""

    user: User
    company: Company
    session: Session


@dataclass(frozen=True, slots=True)
class Visit:
    """Who is knocking, without being known: the source network that refusals are counted by, and the request.

    `limits` is how many more refusals they have; the answer tells it.
    """

    network: str
    request_id: str
    claim_id: str
    limits: list[RateLimit] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Proven:
    """An activation whose invoice is the customer's, and what the ERP gave this person when it was read."""

    activation: Activation
    visit: Visit
    customer: ErpCustomer
    read_at: datetime
    role: Role
    contact: ErpContact | None


def activate_company(
    activation: Activation,
    visit: Visit,
    *,
    rules: ActivationRules,
    erp: ErpGateway,
    companies: Companies,
    identities: Identities,
    clock: Clock,
) -> CodeSent | Activated:
    """Activate, or begin to.

    Raises InvalidInput `activation-refused`, `code-*` or at a field; TooManyRequests; Conflict `customer-blocked`,
    `customer-center-managed`, `main-contact-missing`, `email-in-use`, `contact-in-use`; Forbidden `company-closed`;
    InProgress; an OutsideSystemError. May be repeated after any of them and after any crash.
    """
    began = clock.now()
    asked_for = activation.customer_number
    visit.limits.extend(companies.reserve_refusal(asked_for, visit.network, began, rules.limits))

    def not_refused() -> None:
        companies.release_refusal(asked_for, visit.network, began, rules.limits)
        visit.limits[:] = [replace(limit, remaining=limit.remaining + 1) for limit in visit.limits]

    try:
        customer = _proven_customer(activation, erp)
    except OutsideSystemError:
        not_refused()
        raise
    if customer is None:
        clock.sleep(rules.refusal_seconds - (clock.now() - began).total_seconds())
        raise InvalidInput("activation-refused")
    # From here on the number as the ERP writes it: written in another way it is no second company.
    activation = replace(activation, customer_number=customer.customer_number)
    claim = Claim(visit.claim_id, clock.now() + CLAIM_LASTS)
    claimed = rules.confirm_email and activation.code is not None
    try:
        held = _held(activation, claim, rules, companies, clock) if claimed else None
    except CustomerCenterError:
        not_refused()
        raise
    if claimed and held is None:
        # Counts as a refusal, like a wrong pair of numbers.
        raise InvalidInput("code-invalid", errors=[FieldError("/code", "invalid")])
    not_refused()
    try:
        company = companies.company_of_number(activation.customer_number)
        role = _role(activation, customer, company, rules, companies)
        proven = _Proven(activation, visit, customer, began, role, _contact(activation, erp))
        owner = companies.user_id_of_email(activation.email)
        attempt = held or companies.attempt(attempt_key(activation.customer_number, activation.email))
        attempt = _begin(
            activation, visit, claim, company, owner, attempt, rules=rules, companies=companies, clock=clock
        )
    except CustomerCenterError:
        if claimed:
            companies.release_attempt(attempt_key(activation.customer_number, activation.email), claim)
        raise
    if attempt is None:
        return CodeSent(activation.email)
    try:
        return _complete(proven, attempt, owner, companies=companies, identities=identities, clock=clock)
    finally:
        companies.release_attempt(attempt.key, claim)


def _proven_customer(activation: Activation, erp: ErpGateway) -> ErpCustomer | None:
    """Return the customer whose invoice this is, None when the two do not belong together."""
    if not erp.find_invoice(activation.customer_number, activation.invoice_number):
        return None
    return erp.select_customer(activation.customer_number)


def _role(
    activation: Activation, customer: ErpCustomer, company: Company | None, rules: ActivationRules, companies: Companies
) -> Role:
    """Return the role the ERP's flags give this person (seed 000), or refuse."""
    if company and company.closed_at:
        raise Forbidden("company-closed")
    if customer.blocked:
        raise Conflict("customer-blocked")
    if not customer.customer_center:
        return Role.BUSINESS_USER
    if customer.main_contact_email is None:
        raise Conflict("main-contact-missing")
    if normalized_email(activation.email) == comparable(customer.main_contact_email):
        return Role.MAIN_CONTACT
    administrators = (companies.user(user_id) for user_id in sorted(company.main_contacts)) if company else ()
    active = next((user.email for user in administrators if user), None)
    unconfirmed = customer.main_contact_email.strip()
    if active is None and not rules.confirm_email:
        # Without a code the address is all that is left to prove: it is hinted at, not told.
        unconfirmed = email_hint(unconfirmed)
    raise Conflict("customer-center-managed", email=active or unconfirmed)


def _contact(activation: Activation, erp: ErpGateway) -> ErpContact | None:
    if activation.contact_number is None:
        return None
    for contact in erp.select_contacts(activation.customer_number):
        # Somebody else's contact is not to be had for its number.
        theirs = not contact.email or comparable(contact.email) == normalized_email(activation.email)
        if contact.contact_number == activation.contact_number and theirs:
            return contact
    raise InvalidInput(errors=[FieldError("/contact_number", "unknown-contact")])


def _held(
    activation: Activation, claim: Claim, rules: ActivationRules, companies: Companies, clock: Clock
) -> Attempt | None:
    """Return the activation, held by this request from now on, None when the code is not the one that was mailed."""
    key = attempt_key(activation.customer_number, activation.email)
    attempt = companies.try_code(key, claim, clock.now(), rules.code_tries)
    given = secret_hash(f"{attempt.attempt_id}.{activation.code}")
    if hmac.compare_digest(given, attempt.code_hash or ""):
        return attempt
    companies.release_attempt(key, claim)
    return None


def _begin(
    activation: Activation,
    visit: Visit,
    claim: Claim,
    company: Company | None,
    owner: str | None,
    before: Attempt | None,
    *,
    rules: ActivationRules,
    companies: Companies,
    clock: Clock,
) -> Attempt | None:
    """Return the activation to complete now, None when a code has to come back first; `before` is the one under way."""
    now = clock.now()
    if owner and not (
        before and _person(before.user_id) == _person(owner) and _is_repeat(activation, before, rules, now)
    ):
        raise Conflict("email-in-use")
    if rules.confirm_email and activation.code is not None:
        assert before is not None
        return before
    if before and before.claim and before.claim.blocks(claim.claim_id, now):
        raise InProgress("in-progress", retry_after=int((before.claim.lapses_at - now).total_seconds()) + 1)
    if rules.confirm_email and before and before.mail_id and now - before.requested_at < _CODE_COOLDOWN:
        return None
    if rules.confirm_email:
        # Whoever holds one invoice must not be able to send mails without end, to anybody.
        companies.reserve_code(activation.customer_number, now, rules.limits)
    attempt = _attempt(activation, claim, company, before, rules=rules, clock=clock)
    entry = _begun(attempt, visit)
    if owner and before:
        # The first one's time goes on counting, so that repeating does not stay possible by repeating.
        attempt = replace(attempt, requested_at=before.requested_at)
    companies.save_attempt(attempt, entry, replaces=before)
    return None if rules.confirm_email else attempt


def _is_repeat(activation: Activation, before: Attempt, rules: ActivationRules, now: datetime) -> bool:
    """Whether this is the completing request once more, whose answer may have been lost."""
    if rules.confirm_email:
        return activation.code is not None
    return now - before.requested_at < _REPEATABLE_FOR


def _attempt(
    activation: Activation,
    claim: Claim,
    company: Company | None,
    before: Attempt | None,
    *,
    rules: ActivationRules,
    clock: Clock,
) -> Attempt:
    now = clock.now()
    company_id = before.company_id if before else company.company_id if company else new_company_id(now)
    return Attempt(
        key=attempt_key(activation.customer_number, activation.email),
        attempt_id=new_ulid(now),
        company_id=company_id,
        user_id=before.user_id if before else new_user_id(company_id, now),
        customer_number=activation.customer_number,
        email=activation.email,
        language=activation.language,
        requested_at=now,
        mail_id=effects.new_mail_id(now) if rules.confirm_email else None,
        claim=None if rules.confirm_email else claim,
    )


def _begun(attempt: Attempt, visit: Visit) -> Entry:
    return new_entry(
        partition=attempt.company_id,
        now=attempt.requested_at,
        actor=Actor("visitor"),
        action="activation.requested",
        subject=attempt.user_id,
        request_id=visit.request_id,
        effects=[effects.activation_code_mail(attempt.key, attempt.mail_id)] if attempt.mail_id else [],
    )


def _complete(
    proven: _Proven,
    attempt: Attempt,
    owner: str | None,
    *,
    companies: Companies,
    identities: Identities,
    clock: Clock,
) -> Activated:
    if owner is None:
        user, company = _create_user(proven, attempt, companies=companies, identities=identities, clock=clock)
    else:
        # An earlier try of this very activation got this far.
        found, known = companies.user(owner), companies.company_of_number(proven.customer.customer_number)
        if found is None or known is None or found.status is not UserStatus.ACTIVE:
            raise Conflict("email-in-use")
        user, company = found, known
    identities.enable(user)
    session = identities.sign_in(user.user_id, proven.activation.password)
    if session is None:
        raise Conflict("email-in-use")
    return Activated(user, company, session)


def _create_user(
    proven: _Proven, attempt: Attempt, *, companies: Companies, identities: Identities, clock: Clock
) -> tuple[User, Company]:
    user_id = attempt.user_id
    if companies.user(user_id):
        # That account went on under another e-mail: its login is not this activation's to touch.
        user_id = new_user_id(attempt.company_id, clock.now())
    for _ in range(_JOIN_TRIES):
        now = clock.now()
        existing = companies.company_of_number(proven.customer.customer_number)
        if existing and existing.closed_at:
            # Meanwhile: the login that was made goes again.
            align_identity(user_id, companies=companies, identities=identities)
            raise Forbidden("company-closed")
        company_id = existing.company_id if existing else attempt.company_id
        if company_of(user_id) != company_id:
            # Somebody else was the company's first user meanwhile: this one joins them, under an id of that company.
            identities.delete(user_id)
            user_id = f"usr_{company_id.removeprefix('com_')}_{_person(user_id)}"
        user = _user(proven, user_id, company_id, now)
        identities.create(user)
        identities.set_password(user_id, proven.activation.password)
        entry = user_entry(
            "user.activated_account",
            before=None,
            after=user,
            actor=person(user),
            now=now,
            request_id=proven.visit.request_id,
            effects=[effects.align_identity(user_id, now)],
        )
        company = _company(proven, existing, user)
        try:
            companies.complete_activation(user, company, entry, existing=existing, contact=proven.contact)
        except CompanyExists:
            continue
        except Conflict:
            # The same request, come twice, was quicker: its login is again what the record says, or gone.
            align_identity(user_id, companies=companies, identities=identities)
            raise
        return user, company
    raise InProgress("in-progress", retry_after=1)


def _user(proven: _Proven, user_id: str, company_id: str, now: datetime) -> User:
    return User(
        user_id=user_id,
        company_id=company_id,
        contact_number=proven.contact.contact_number if proven.contact else None,
        salutation=proven.activation.salutation,
        name=proven.activation.name,
        email=proven.activation.email,
        language=proven.activation.language,
        status=UserStatus.ACTIVE,
        roles=frozenset({proven.role}),
        created_at=now,
        updated_at=now,
    )


def _person(user_id: str) -> str:
    """Return the part of a user id that stays when the activation's user joins another company than it began with."""
    return user_id.rpartition("_")[2]


def _company(proven: _Proven, existing: Company | None, user: User) -> Company:
    """Return the company as the ERP has it now, with the user among its main contacts if they are one."""
    customer, of = proven.customer, read_stamp(proven.read_at, proven.visit.request_id)
    joining = frozenset({user.user_id}) if user.is_main_contact else frozenset()
    told = {name: getattr(customer, name) for name in ErpCustomer.__slots__}
    if existing:
        # What an event told since the ERP was read stays.
        company = existing.told(told, of, user.created_at)
        return replace(company, main_contacts=existing.main_contacts | joining)
    return Company(
        company_id=user.company_id,
        **told,
        created_at=user.created_at,
        updated_at=user.created_at,
        main_contacts=joining,
        as_of=dict.fromkeys(told, of),
    )
