"""Activate the customer center (seed 001, "Activation of the customer-center"; docs/specification.md, 3).

1. The invoice must belong to the customer number. If it does not, the answer and its response time are always the same,
   and the refusal is counted (`count_refusals.py`). So is a contact number that is not this person's.
2. A mailed code confirms the e-mail address (`activation_code.py`), unless the shop switched codes off and nobody has
   the address yet. The owner of an account gets a mail that says so in place of the code; the answer is the same.
3. The ERP's flags decide which role the person gets, or whether the person is refused.
4. The account is created, or the person's own open invitation is taken over, and the person is logged in
   (`complete_activation.py`).

Every step may be repeated. The activation under way stores the ids of the future company and user, so that a repeated
request does not create a second company or user.
"""

from dataclasses import replace

from customer_center.companies.model import (
    CLAIM_LASTS,
    Claim,
    Company,
    EmailHolders,
    ErpContact,
    ErpCustomer,
    LoggedIn,
    Role,
    email_hint,
)
from customer_center.companies.onboarding.activation import (
    Activation,
    ActivationRules,
    CodeSent,
    Granted,
    Try,
    Visit,
)
from customer_center.companies.onboarding.activation_code import Known, begin_attempt, key_of, try_code
from customer_center.companies.onboarding.complete_activation import complete_activation
from customer_center.companies.onboarding.count_refusals import refusals_counted
from customer_center.companies.ports import Activations, ErpGateway, Identities, Records
from customer_center.platform.clock import Clock
from customer_center.platform.email_address import comparable, normalized_email, shown_email
from customer_center.platform.errors import Conflict, CustomerCenterError, FieldError, Forbidden, InvalidInput


def activate_company(
    activation: Activation,
    visit: Visit,
    *,
    rules: ActivationRules,
    erp: ErpGateway,
    companies: Activations,
    identities: Identities,
    clock: Clock,
) -> CodeSent | LoggedIn:
    """Activate the company, or mail the code with which the next request completes the activation.

    Raises InvalidInput `activation-refused`, `code-*` or at a field; TooManyRequests; Conflict `customer-blocked`,
    `customer-center-managed`, `main-contact-missing`, `contact-in-use`, and `email-in-use` only to somebody who has
    proved the e-mail; Forbidden `company-closed` or `user-deactivated`; InProgress; an OutsideSystemError. May be
    repeated after each of these errors and after any crash.
    """
    with refusals_counted(activation.customer_number, visit, rules.limits, companies=companies, clock=clock) as began:
        customer = _proven_customer(activation, erp)
        if customer is None:
            clock.sleep(rules.refusal_seconds - (clock.now() - began).total_seconds())
            raise InvalidInput("activation-refused")
        # From now on the number has the ERP's spelling, so that another spelling does not create a second company.
        activation = replace(activation, customer_number=customer.customer_number)
        contact = _contact(activation, erp)
        request = Try(activation, visit, Claim(visit.claim_id, clock.now() + CLAIM_LASTS))
        held = try_code(request, rules, companies=companies, clock=clock)
    try:
        company = companies.company_of_number(activation.customer_number)
        role = _role(activation, customer, company, rules, companies)
        granted = Granted(customer, began, role, contact)
        # A request for a code does not look who has the e-mail, so that its answer takes the same time for everybody.
        looks = held or not rules.confirm_email
        holders = companies.holders_of_email(activation.email) if looks else EmailHolders()
        known = Known(company, holders, held or companies.attempt(key_of(activation)))
        attempt = held or begin_attempt(request, known, rules, companies=companies, clock=clock)
    except CustomerCenterError:
        if held:
            companies.release_attempt(held.key, request.claim)
        raise
    if attempt is None:
        return CodeSent(activation.email)
    try:
        return complete_activation(
            request, granted, attempt, holders, companies=companies, identities=identities, clock=clock
        )
    finally:
        companies.release_attempt(attempt.key, request.claim)


def _proven_customer(activation: Activation, erp: ErpGateway) -> ErpCustomer | None:
    """Return the customer whose invoice this is, None when number and invoice do not belong together."""
    if not erp.find_invoice(activation.customer_number, activation.invoice_number):
        return None
    return erp.select_customer(activation.customer_number)


def _role(
    activation: Activation, customer: ErpCustomer, company: Company | None, rules: ActivationRules, companies: Records
) -> Role:
    """Return the role that the ERP's flags give this person (seed 000). Raises Forbidden or Conflict."""
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
        # Without a code, whoever knows this address could activate with it. So only a hint of it is shown.
        unconfirmed = email_hint(unconfirmed)
    raise Conflict("customer-center-managed", email=shown_email(active or unconfirmed))


def _contact(activation: Activation, erp: ErpGateway) -> ErpContact | None:
    """Return the ERP contact that the person names, None when they name none; InvalidInput when it does not match."""
    if activation.contact_number is None:
        return None
    contact = erp.find_contact(activation.customer_number, activation.contact_number)
    # A contact number alone does not prove ownership.
    if contact and (not contact.email or comparable(contact.email) == normalized_email(activation.email)):
        return contact
    raise InvalidInput(errors=[FieldError("/contact_number", "unknown-contact")])
