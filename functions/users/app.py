"""/me and /users: the company's users as its main contact administers them (seed 001)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from customer_center.companies.adapter import companies
from customer_center.companies.bodies import (
    CompanyAnswer,
    MeAnswer,
    PageQuery,
    RequestUserBody,
    UserAnswer,
    UsersAnswer,
)
from customer_center.companies.callers import person
from customer_center.companies.change_user_status import activate_user, deactivate_user
from customer_center.companies.invite_contact import NewUser, request_user
from customer_center.companies.model import Company, InvitationRules, Permission, User, check_salutation
from customer_center.connectors.cognito.adapter import identities
from customer_center.platform.clock import SystemClock
from customer_center.platform.config import from_environment
from customer_center.platform.errors import NotFound
from customer_center.platform.http import Answer, Api, Request
from customer_center.platform.language import choose_language

api = Api()


@dataclass(frozen=True, slots=True)
class Settings:
    """The parameters of user administration, from the template."""

    salutations: tuple[str, ...]
    invitation_days: int
    fallback_language: str
    create_erp_contact: bool

    def rules(self) -> InvitationRules:
        """Return the rules that the parameters make."""
        return InvitationRules(
            valid_for=timedelta(days=self.invitation_days),
            fallback_language=self.fallback_language,
            create_erp_contact=self.create_erp_contact,
        )


@cache
def settings() -> Settings:
    """Return this deployment's settings."""
    return from_environment(Settings)


@api.route("GET /me", caller=person(companies))
def me(caller: User) -> Answer[MeAnswer]:
    """Tell who is logged in, and what they may do."""
    company = _company(caller)
    return Answer(
        MeAnswer(
            user=_answer(caller, company),
            company=CompanyAnswer.of(company),
            permissions=sorted(caller.permissions),
        ),
        version=caller.version,
    )


@api.route(
    "GET /users", caller=person(companies, Permission.USERS_VIEW, administration=True), problems=["cursor-invalid"]
)
def list_users(caller: User, query: PageQuery) -> Answer[UsersAnswer]:
    """List the company's users with status and roles, in the order they came."""
    company = _company(caller)
    page = companies().users(caller.company_id, limit=query.limit, cursor=query.cursor)
    return Answer(UsersAnswer(items=[_answer(user, company) for user in page.users], next_cursor=page.next_cursor))


@api.route(
    "POST /users",
    caller=person(companies, Permission.USERS_INVITE, administration=True),
    statuses=[HTTPStatus.CREATED],
    problems=["email-in-use", "in-progress", "permission-missing"],
)
def request_new_user(body: RequestUserBody, caller: User, request: Request) -> Answer[UserAnswer]:
    """Request a new user: a person the ERP does not list. An invitation is mailed to them."""
    check_salutation(body.salutation, settings().salutations)
    rules = settings().rules()
    new_user = NewUser(
        salutation=body.salutation,
        name=body.name,
        email=body.email,
        language=choose_language(body.language, fallback=request.language),
        roles=body.roles,
        budgets=body.budgets.budgets(),
    )
    user = request_user(new_user, caller, request.request_id, rules=rules, companies=companies(), clock=SystemClock())
    return _changed(user, HTTPStatus.CREATED)


@api.route(
    "GET /users/{user_id}", caller=person(companies, Permission.USERS_VIEW, administration=True), problems=["not-found"]
)
def get_user(user_id: str, caller: User) -> Answer[UserAnswer]:
    """Return one user of the company."""
    user = companies().colleague(caller.company_id, user_id)
    if user is None:
        raise NotFound
    return _changed(user, HTTPStatus.OK)


@api.route(
    "POST /users/{user_id}/deactivate",
    caller=person(companies, Permission.USERS_DEACTIVATE, administration=True),
    problems=["not-found", "own-account", "last-main-contact", "in-progress", "version-changed"],
)
def deactivate(user_id: str, caller: User, request: Request) -> Answer[UserAnswer]:
    """End a user's access at once: no request, no login, no refreshed token. An open invitation is revoked."""
    user = deactivate_user(
        user_id,
        caller,
        request.request_id,
        if_version=request.if_match,
        companies=companies(),
        identities=identities(),
        clock=SystemClock(),
    )
    return _changed(user, HTTPStatus.OK)


@api.route(
    "POST /users/{user_id}/activate",
    caller=person(companies, Permission.USERS_DEACTIVATE, administration=True),
    problems=["not-found", "in-progress", "version-changed"],
)
def activate(user_id: str, caller: User, request: Request) -> Answer[UserAnswer]:
    """Give a deactivated user login and password back; who never accepted their invitation is mailed a new one."""
    user = activate_user(
        user_id,
        caller,
        request.request_id,
        if_version=request.if_match,
        rules=settings().rules(),
        companies=companies(),
        identities=identities(),
        clock=SystemClock(),
    )
    return _changed(user, HTTPStatus.OK)


def _company(caller: User) -> Company:
    company = companies().company(caller.company_id)
    if company is None:
        raise NotFound
    return company


def _answer(user: User, company: Company) -> UserAnswer:
    return UserAnswer.of(user, company, SystemClock().now())


def _changed(user: User, status: HTTPStatus) -> Answer[UserAnswer]:
    location = f"/users/{user.user_id}" if status is HTTPStatus.CREATED else None
    return Answer(_answer(user, _company(user)), status=status, version=user.version, location=location)


def handler(event: Mapping[str, Any], context: LambdaContext) -> Mapping[str, Any]:
    """Answer one request of the HTTP API."""
    return api.handle(event, context)
