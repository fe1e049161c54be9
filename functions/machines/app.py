"""/companies, /activation-unlocks and /client-keys: the API for machines, used by the shop's backend and operators."""

from collections.abc import Mapping
from datetime import timedelta
from functools import cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from customer_center.clients.bodies import (
    ClientKeyAnswer,
    ClientKeyBody,
    ClientKeysAnswer,
    RevocationBody,
    ShownOnceAnswer,
)
from customer_center.clients.callers import client
from customer_center.clients.entries import machine
from customer_center.clients.issue_client_key import issue_client_key
from customer_center.clients.model import ClientKey, Scope, ShownOnce
from customer_center.clients.ports import ClientKeys
from customer_center.clients.revoke_client_key import revoke_client_key
from customer_center.clients.rotate_client_key import rotate_client_key
from customer_center.clients.texts import CLIENTS_TEXTS
from customer_center.clients.wiring import client_keys
from customer_center.companies.customer_numbers import find_company
from customer_center.companies.idempotency import user_once
from customer_center.companies.model import Company, InvitationRules, User, is_colleague
from customer_center.companies.operators.appoint_main_contact import appoint_main_contact
from customer_center.companies.operators.bodies import (
    ActivationUnlockAnswer,
    ActivationUnlockBody,
    AppointmentBody,
    CompaniesAnswer,
    CompaniesQuery,
    CompanyRecordAnswer,
    CompanyUserAnswer,
)
from customer_center.companies.operators.close_company import close_company, reopen_company
from customer_center.companies.operators.resume_mails import resume_mails
from customer_center.companies.operators.unlock_activation import unlock_activation
from customer_center.companies.ports import Companies
from customer_center.companies.texts import COMPANIES_TEXTS
from customer_center.companies.users.resend_invitation import resend_invitation
from customer_center.companies.wiring import companies
from customer_center.platform.clock import SystemClock
from customer_center.platform.config import from_environment
from customer_center.platform.errors import NotFound
from customer_center.platform.frozen import frozen
from customer_center.platform.http import Answer, Api, Request
from customer_center.platform.idempotency import once

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

api = Api(CLIENTS_TEXTS | COMPANIES_TEXTS)


@frozen
class Settings:
    """The template's parameter for invitations that an operator sends again."""

    invitation_days: int

    def rules(self) -> InvitationRules:
        """Return the parameter as rules."""
        return InvitationRules(valid_for=timedelta(days=self.invitation_days))


@cache
def settings() -> Settings:
    """Return this deployment's settings."""
    return from_environment(Settings)


# For the shop's backend


@api.route("GET /companies", caller=client(client_keys, Scope.COMPANIES_READ))
def find_companies(query: CompaniesQuery) -> Answer[CompaniesAnswer]:
    """Find the company with a customer number. If the ERP has renumbered the customer, old numbers work too."""
    found = find_company(query.customer_number, companies())
    return Answer(CompaniesAnswer(items=[CompanyRecordAnswer.from_company(found)] if found else []))


@api.route("GET /companies/{company_id}", caller=client(client_keys, Scope.COMPANIES_READ), problems=["not-found"])
def get_company(company_id: str) -> Answer[CompanyRecordAnswer]:
    """Return one company."""
    return Answer(CompanyRecordAnswer.from_company(_company(company_id)))


@api.route(
    "GET /companies/{company_id}/users/{user_id}",
    caller=client(client_keys, Scope.COMPANIES_READ),
    problems=["not-found"],
)
def get_company_user(company_id: str, user_id: str) -> Answer[CompanyUserAnswer]:
    """Return one user with current status, roles, permissions and budgets, for example to check an order."""
    user = companies().user(user_id) if is_colleague(user_id, company_id) else None
    if user is None:
        raise NotFound
    return _company_user(user)


# For operators: companies


@api.route(
    "POST /activation-unlocks",
    operation="unlock_activation",
    caller=client(client_keys, Scope.OPERATOR),
    problems=["in-progress"],
)
def unlock(body: ActivationUnlockBody, caller: ClientKey, request: Request) -> Answer[ActivationUnlockAnswer]:
    """Reset today's counts for a customer number: refused activations and mailed codes."""
    clock = SystemClock()

    def do(companies: Companies) -> Company | None:
        return unlock_activation(
            body.customer_number, machine(caller), request.request_id, companies=companies, clock=clock
        )

    company = once(
        request.idempotency(caller.key_id),
        do,
        companies().company_of_number,
        records=companies(),
        clock=clock,
    )
    company_id = company.company_id if company else None
    return Answer(ActivationUnlockAnswer(customer_number=body.customer_number, company_id=company_id))


@api.route(
    "POST /companies/{company_id}/main-contact",
    operation="appoint_main_contact",
    caller=client(client_keys, Scope.OPERATOR),
    problems=["not-found", "user-not-active", "in-progress"],
)
def appoint(company_id: str, body: AppointmentBody, caller: ClientKey, request: Request) -> Answer[CompanyUserAnswer]:
    """Make an active user of the company a main contact. This also works while the company has none."""
    clock = SystemClock()

    def do(companies: Companies) -> User:
        return appoint_main_contact(
            company_id, body.user_id, machine(caller), request.request_id, companies=companies, clock=clock
        )

    return _company_user(user_once(request.idempotency(caller.key_id), do, companies=companies(), clock=clock))


@api.route(
    "POST /companies/{company_id}/users/{user_id}/invitation",
    caller=client(client_keys, Scope.OPERATOR),
    problems=["not-found", "invitation-not-open", "email-in-use", "in-progress", "too-many-requests"],
)
def resend(company_id: str, user_id: str, caller: ClientKey, request: Request) -> Answer[CompanyUserAnswer]:
    """Send a user's invitation again, with a new link: any that was not accepted. At most once a minute per user."""
    clock = SystemClock()

    def do(companies: Companies) -> User:
        return resend_invitation(
            company_id,
            user_id,
            machine(caller),
            request.request_id,
            if_versions=None,
            rules=settings().rules(),
            companies=companies,
            clock=clock,
        )

    return _company_user(user_once(request.idempotency(caller.key_id), do, companies=companies(), clock=clock))


@api.route(
    "POST /companies/{company_id}/closure",
    operation="close_company",
    caller=client(client_keys, Scope.OPERATOR),
    problems=["not-found", "in-progress"],
)
def close(company_id: str, caller: ClientKey, request: Request) -> Answer[CompanyRecordAnswer]:
    """Close the company. Users are refused at once, and logins are disabled within minutes. Nothing is deleted."""
    clock = SystemClock()

    def do(companies: Companies) -> Company:
        return close_company(company_id, machine(caller), request.request_id, companies=companies, clock=clock)

    company = once(request.idempotency(caller.key_id), do, _company, records=companies(), clock=clock)
    return Answer(CompanyRecordAnswer.from_company(company))


@api.route(
    "POST /companies/{company_id}/reopening",
    operation="reopen_company",
    caller=client(client_keys, Scope.OPERATOR),
    problems=["not-found", "in-progress"],
)
def reopen(company_id: str, caller: ClientKey, request: Request) -> Answer[CompanyRecordAnswer]:
    """Reopen the company. Its active users are accepted at once. Logins and passwords work again within minutes."""
    clock = SystemClock()

    def do(companies: Companies) -> Company:
        return reopen_company(company_id, machine(caller), request.request_id, companies=companies, clock=clock)

    company = once(request.idempotency(caller.key_id), do, _company, records=companies(), clock=clock)
    return Answer(CompanyRecordAnswer.from_company(company))


@api.route(
    "POST /companies/{company_id}/mail-resumption",
    caller=client(client_keys, Scope.OPERATOR),
    problems=["not-found", "in-progress"],
)
def resume(company_id: str, caller: ClientKey, request: Request) -> Answer[CompanyRecordAnswer]:
    """Let the company's users cause mails again, after too many came back. `mails_stopped_until` says if they did."""
    clock = SystemClock()

    def do(companies: Companies) -> Company:
        return resume_mails(company_id, machine(caller), request.request_id, companies=companies, clock=clock)

    company = once(request.idempotency(caller.key_id), do, _company, records=companies(), clock=clock)
    return Answer(CompanyRecordAnswer.from_company(company))


# For those who manage client keys


@api.route(
    "POST /client-keys",
    operation="issue_client_key",
    caller=client(client_keys, Scope.KEYS_MANAGE),
    statuses=[HTTPStatus.CREATED],
    problems=["grant-exceeds-key", "client-key-depth", "in-progress"],
)
def issue(body: ClientKeyBody, caller: ClientKey, request: Request) -> Answer[ShownOnceAnswer]:
    """Issue a client key, with at most the rights of the calling key. It is revoked when the calling key is.

    Only this answer shows its secret; the answer to a repeated request has `secret: null`.
    """
    clock = SystemClock()

    def do(keys: ClientKeys) -> ShownOnce:
        return issue_client_key(
            body.new_key(), machine(caller), request.request_id, issuer=caller, client_keys=keys, clock=clock
        )

    shown = once(request.idempotency(caller.key_id), do, _shown_before, records=client_keys(), clock=clock)
    return Answer(
        ShownOnceAnswer.from_shown_once(shown), status=HTTPStatus.CREATED, location=f"/client-keys/{shown.key.key_id}"
    )


@api.route("GET /client-keys", caller=client(client_keys, Scope.KEYS_MANAGE))
def list_client_keys() -> Answer[ClientKeysAnswer]:
    """List all client keys, including revoked ones, without their secrets."""
    return Answer(ClientKeysAnswer.from_keys(client_keys().keys()))


@api.route("GET /client-keys/{key_id}", caller=client(client_keys, Scope.KEYS_MANAGE), problems=["not-found"])
def get_client_key(key_id: str) -> Answer[ClientKeyAnswer]:
    """Return one client key, without its secrets."""
    key = _key(key_id)
    return Answer(ClientKeyAnswer.from_key(key), version=key.version)


@api.route(
    "POST /client-keys/{key_id}/rotation",
    operation="rotate_client_key",
    caller=client(client_keys, Scope.KEYS_MANAGE),
    problems=[
        "not-found",
        "client-key-not-descended",
        "client-key-revoked",
        "client-key-expired",
        "secrets-limit",
        "in-progress",
    ],
)
def rotate(key_id: str, caller: ClientKey, request: Request) -> Answer[ShownOnceAnswer]:
    """Add a second secret to the calling key, or to one that it issued. The first is valid until it is revoked.

    A repeated request gets `secret: null`.
    """
    clock = SystemClock()

    def do(keys: ClientKeys) -> ShownOnce:
        return rotate_client_key(key_id, machine(caller), request.request_id, by=caller, client_keys=keys, clock=clock)

    shown = once(request.idempotency(caller.key_id), do, _shown_before, records=client_keys(), clock=clock)
    return Answer(ShownOnceAnswer.from_shown_once(shown))


@api.route(
    "POST /client-keys/{key_id}/revocation",
    operation="revoke_client_key",
    caller=client(client_keys, Scope.KEYS_MANAGE),
    problems=["not-found", "in-progress"],
)
def revoke(key_id: str, body: RevocationBody, caller: ClientKey, request: Request) -> Answer[ClientKeyAnswer]:
    """Revoke one secret of a key, or the whole key permanently, with all keys that it issued.

    The next request with one of them is refused.
    """
    clock = SystemClock()

    def do(keys: ClientKeys) -> ClientKey:
        return revoke_client_key(
            key_id, body.secret_hint, machine(caller), request.request_id, client_keys=keys, clock=clock
        )

    key = once(request.idempotency(caller.key_id), do, _key, records=client_keys(), clock=clock)
    return Answer(ClientKeyAnswer.from_key(key), version=key.version)


def _company(company_id: str) -> Company:
    company = companies().current_company(company_id)
    if company is None:
        raise NotFound
    return company


def _company_user(user: User) -> Answer[CompanyUserAnswer]:
    return Answer(
        CompanyUserAnswer.from_user(user, _company(user.company_id), SystemClock().now()), version=user.version
    )


def _key(key_id: str) -> ClientKey:
    key = client_keys().key(key_id)
    if key is None:
        raise NotFound
    return key


def _shown_before(key_id: str) -> ShownOnce:
    return ShownOnce(_key(key_id), None)


def handler(event: Mapping[str, Any], context: "LambdaContext") -> Mapping[str, Any]:
    """Answer one request of the HTTP API."""
    return api.handle(event, context)
