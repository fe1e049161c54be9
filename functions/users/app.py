"""/me, /users, /company and /audit-entries: a company's people administer its users."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import timedelta
from functools import cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from customer_center.companies.audit.bodies import (
    AUDIT_COLUMNS,
    AuditEntriesAnswer,
    AuditEntryAnswer,
    AuditExportQuery,
    AuditQuery,
    ErasureAnswer,
    ExportAnswer,
    audit_rows,
)
from customer_center.companies.audit.erase_user import erase_user
from customer_center.companies.audit.export_user import export_entries, exported_user
from customer_center.companies.audit.read_audit_trail import EntriesPage, read_audit_trail
from customer_center.companies.bodies import CompanyAnswer, UserAnswer
from customer_center.companies.callers import person
from customer_center.companies.entries import person as by_person
from customer_center.companies.idempotency import user_once
from customer_center.companies.mails.limit_mails import Allowance, use_limited
from customer_center.companies.model import (
    Company,
    Edit,
    Erasure,
    HourlyLimits,
    InvitationRules,
    Member,
    Permission,
    Usage,
    User,
    assignable_roles,
)
from customer_center.companies.ports import Companies
from customer_center.companies.texts import COMPANIES_TEXTS
from customer_center.companies.users.bodies import (
    EditMeBody,
    EditUserBody,
    MainContactBody,
    MeAnswer,
    RequestUserBody,
    UsersAnswer,
    UsersExportQuery,
    UsersQuery,
    new_user,
)
from customer_center.companies.users.change_user_status import activate_user, deactivate_user
from customer_center.companies.users.delete_user import delete_user
from customer_center.companies.users.edit_user import edit_user
from customer_center.companies.users.find_users import find_users
from customer_center.companies.users.hand_over import hand_over
from customer_center.companies.users.invite_contact import request_user
from customer_center.companies.users.resend_invitation import resend_invitation
from customer_center.companies.users.revoke_invitation import revoke_invitation
from customer_center.companies.users.user_table import USER_COLUMNS, user_row
from customer_center.companies.wiring import companies
from customer_center.connectors.cognito.wiring import identities
from customer_center.platform.clock import SystemClock
from customer_center.platform.config import from_environment
from customer_center.platform.errors import NotFound
from customer_center.platform.frozen import frozen
from customer_center.platform.http import Answer, Api, Csv, Request
from customer_center.platform.idempotency import once
from customer_center.platform.language import choose_language
from customer_center.platform.paging import Page
from customer_center.platform.spreadsheet import written
from customer_center.platform.wire import PageQuery
from customer_center.platform.wiring import journal

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

api = Api(COMPANIES_TEXTS, lambda: settings().allowed())


@frozen
class Settings:
    """The template's parameters for user administration."""

    salutations: tuple[str, ...]
    currencies: tuple[str, ...]
    invitation_days: int
    email_change_hours: int
    recent_login_minutes: int
    fallback_language: str
    create_erp_contact: bool
    mails_per_hour: int
    tries_per_hour: int
    erp_requests_per_hour: int

    def allowed(self) -> Mapping[str, Sequence[str]]:
        """Return the values that bodies may have."""
        return {"salutations": self.salutations, "currencies": self.currencies}

    def rules(self) -> InvitationRules:
        """Return the parameters as rules."""
        return InvitationRules(
            valid_for=timedelta(days=self.invitation_days),
            new_email_valid_for=timedelta(hours=self.email_change_hours),
            recent_login=timedelta(minutes=self.recent_login_minutes),
            fallback_language=self.fallback_language,
            create_erp_contact=self.create_erp_contact,
        )

    def limits(self) -> HourlyLimits:
        """Return the parameters as limits."""
        return HourlyLimits(self.mails_per_hour, self.tries_per_hour, self.erp_requests_per_hour)


@cache
def settings() -> Settings:
    """Return this deployment's settings."""
    return from_environment(Settings)


@api.route("GET /me", operation="get_me", caller=person(companies))
def me(caller: Member) -> Answer[MeAnswer]:
    """Return the person who is logged in, with their permissions."""
    return Answer(
        MeAnswer(
            user=_answer(caller.user, caller.company),
            company=CompanyAnswer.from_company(caller.company),
            permissions=sorted(caller.user.permissions),
            assignable_roles=[*assignable_roles(caller.user)],
        ),
        version=caller.user.version,
    )


@api.route("PATCH /me", caller=person(companies), problems=["in-progress", "version-changed"])
def edit_me(body: EditMeBody, caller: Member, request: Request) -> Answer[UserAnswer]:
    """Edit one's own salutation, name and language. Fields that are left out do not change.

    Everybody who is logged in may do this. All else, the e-mail too, is an administrator's to edit.
    """
    return _edited(caller.user.user_id, body.edit(), caller, request)


@api.route(
    "GET /users",
    caller=person(companies, Permission.USERS_VIEW, administration=True),
    problems=["cursor-invalid", "unsupported-query"],
)
def list_users(caller: Member, query: UsersQuery) -> Answer[UsersAnswer]:
    """List the company's users with status and roles. Any page may have fewer users than `limit`."""
    page = _users(caller, query)
    items = [_answer(user, caller.company) for user in page.rows]
    return Answer(UsersAnswer(items=items, next_cursor=page.next_cursor))


@api.route(
    "GET /users/export",
    caller=person(companies, Permission.USERS_VIEW, administration=True),
    problems=["cursor-invalid", "unsupported-query"],
)
def export_users(caller: Member, query: UsersExportQuery) -> Answer[Csv]:
    """Export the company's users as a table with the columns of `POST /users/import`.

    A long table is split into several answers. The header `Link` with `rel="next"` (RFC 8288) leads to the next one.
    """
    page = _users(caller, query)
    headers = {"Content-Disposition": 'attachment; filename="users.csv"', **_next_part(query, page.next_cursor)}
    return Answer(written(USER_COLUMNS, map(user_row, page.rows)), headers=headers)


def _users(caller: Member, query: UsersQuery) -> Page[User]:
    return find_users(
        caller.company.company_id,
        query.wanted,
        query.sort,
        limit=query.limit,
        cursor=query.cursor,
        companies=companies(),
        clock=SystemClock(),
    )


def _next_part(query: PageQuery, next_cursor: str | None) -> Mapping[str, str]:
    """Return the header with the address of the table's next part, no header for the last part."""
    if next_cursor is None:
        return {}
    asked = query.model_dump(mode="json", exclude_unset=True) | {"cursor": next_cursor}
    return {"Link": f'<?{urlencode(asked)}>; rel="next"'}


@api.route(
    "POST /users",
    operation="request_user",
    caller=person(companies, Permission.USERS_INVITE, administration=True),
    statuses=[HTTPStatus.CREATED],
    problems=["email-in-use", "in-progress", "permission-missing", "mails-stopped", "too-many-requests"],
)
def request_new_user(body: RequestUserBody, caller: Member, request: Request) -> Answer[UserAnswer]:
    """Invite a person who is not a contact of the ERP. The invitation is mailed to them."""
    asked_for = new_user(body, choose_language(body.language, fallback=request.language))

    def do(companies: Companies) -> User:
        with _limited(caller, request) as allowance:
            allowance.take(Usage(mails=1))
            return request_user(
                asked_for,
                caller.user,
                request.request_id,
                rules=settings().rules(),
                companies=companies,
                clock=SystemClock(),
            )

    user = _once(caller, request, do)
    answer = _changed(user, caller)
    return replace(answer, status=HTTPStatus.CREATED, location=f"/users/{user.user_id}")


@api.route(
    "GET /users/{user_id}", caller=person(companies, Permission.USERS_VIEW, administration=True), problems=["not-found"]
)
def get_user(user_id: str, caller: Member) -> Answer[UserAnswer]:
    """Return one user of the company."""
    user = companies().colleague(caller.company.company_id, user_id)
    if user is None:
        raise NotFound
    return _changed(user, caller)


@api.route(
    "POST /users/{user_id}/deactivate",
    operation="deactivate_user",
    caller=person(companies, Permission.USERS_DEACTIVATE, administration=True),
    problems=["not-found", "own-account", "last-main-contact", "in-progress", "version-changed"],
)
def deactivate(user_id: str, caller: Member, request: Request) -> Answer[UserAnswer]:
    """End a user's access at once: requests, login and refresh token are refused. An open invitation is revoked."""

    def do(companies: Companies) -> User:
        return deactivate_user(
            user_id,
            caller.user,
            request.request_id,
            if_versions=request.if_match,
            companies=companies,
            identities=identities(),
            clock=SystemClock(),
        )

    return _changed(_once(caller, request, do), caller)


@api.route(
    "POST /users/{user_id}/activate",
    operation="activate_user",
    caller=person(companies, Permission.USERS_DEACTIVATE, administration=True),
    problems=["not-found", "email-in-use", "in-progress", "version-changed", "mails-stopped", "too-many-requests"],
)
def activate(user_id: str, caller: Member, request: Request) -> Answer[UserAnswer]:
    """Give a deactivated user access again, with the same password. A user who never accepted is invited again."""

    def do(companies: Companies) -> User:
        with _limited(caller, request) as allowance:
            return activate_user(
                user_id,
                caller.user,
                request.request_id,
                if_versions=request.if_match,
                rules=settings().rules(),
                before_mail=lambda: allowance.take(Usage(mails=1)),
                companies=companies,
                identities=identities(),
                clock=SystemClock(),
            )

    return _changed(_once(caller, request, do), caller)


@api.route("GET /me/export", caller=person(companies), problems=["cursor-invalid"])
def export_me(caller: Member, query: PageQuery) -> Answer[ExportAnswer]:
    """Return all data about the person who is logged in."""
    return _export(caller.user, caller, query)


@api.route(
    "GET /users/{user_id}/export",
    caller=person(companies, Permission.AUDIT_VIEW, administration=True),
    problems=["cursor-invalid", "not-found"],
)
def export_user(user_id: str, caller: Member, query: PageQuery) -> Answer[ExportAnswer]:
    """Return all data about a person of the company. Also requires the permission `users.view`."""
    return _export(exported_user(user_id, caller, companies=companies()), caller, query)


def _export(user: User, caller: Member, query: PageQuery) -> Answer[ExportAnswer]:
    page = export_entries(user, limit=query.limit, cursor=query.cursor, trail=journal())
    return Answer(
        ExportAnswer(
            user=_answer(user, caller.company),
            company=CompanyAnswer.from_company(caller.company),
            items=[AuditEntryAnswer.from_entry(entry, {}) for entry in page.rows],
            next_cursor=page.next_cursor,
        ),
        version=user.version,
    )


@api.route(
    "POST /users/{user_id}/erasure",
    operation="erase_user",
    caller=person(companies, Permission.USERS_DELETE, administration=True),
    statuses=[HTTPStatus.ACCEPTED, HTTPStatus.OK],
    problems=["not-found", "own-account", "last-main-contact", "in-progress", "version-changed"],
)
def erase(user_id: str, caller: Member, request: Request) -> Answer[ErasureAnswer]:
    """Delete a user and erase their data from the audit trail. Return a certificate.

    The user may already be deleted. 202 means that the erasure has not finished yet. Repeat the request after a moment
    to get the completed certificate.
    """

    def do(companies: Companies) -> Erasure:
        return erase_user(
            user_id,
            caller,
            request.request_id,
            if_versions=request.if_match,
            companies=companies,
            trail=journal(),
            identities=identities(),
            clock=SystemClock(),
        )

    key = request.idempotency(caller.user.user_id)
    erasure = once(key, do, lambda _: do(companies()), records=companies(), clock=SystemClock())
    status = HTTPStatus.OK if erasure.completed_at else HTTPStatus.ACCEPTED
    return Answer(ErasureAnswer.from_erasure(erasure), status=status)


_AUDIT_CALLER = person(companies, Permission.AUDIT_VIEW, administration=True)


@api.route("GET /audit-entries", operation="list_audit_entries", caller=_AUDIT_CALLER, problems=["cursor-invalid"])
def audit_trail(caller: Member, query: AuditQuery) -> Answer[AuditEntriesAnswer]:
    """List who changed what in the company, newest first."""
    page = _audit_trail(caller, query)
    items = [AuditEntryAnswer.from_entry(entry, page.names) for entry in page.rows]
    return Answer(AuditEntriesAnswer(items=items, next_cursor=page.next_cursor))


@api.route(
    "GET /audit-entries/export", operation="export_audit_entries", caller=_AUDIT_CALLER, problems=["cursor-invalid"]
)
def export_audit_trail(caller: Member, query: AuditExportQuery) -> Answer[Csv]:
    """Export who changed what in the company as a table with one row per changed field.

    A long table is split into several answers. The header `Link` with `rel="next"` (RFC 8288) leads to the next one.
    """
    page = _audit_trail(caller, query)
    rows = (row for entry in page.rows for row in audit_rows(AuditEntryAnswer.from_entry(entry, page.names)))
    headers = {"Content-Disposition": 'attachment; filename="audit-entries.csv"', **_next_part(query, page.next_cursor)}
    return Answer(written(AUDIT_COLUMNS, rows), headers=headers)


def _audit_trail(caller: Member, query: AuditQuery) -> EntriesPage:
    return read_audit_trail(
        caller.company.company_id,
        query.wanted,
        limit=query.limit,
        cursor=query.cursor,
        trail=journal(),
        companies=companies(),
    )


@api.route(
    "PATCH /users/{user_id}",
    operation="edit_user",
    caller=person(companies, Permission.USERS_EDIT, administration=True),
    problems=[
        "not-found",
        "permission-missing",
        "own-account",
        "last-main-contact",
        "email-in-use",
        "login-too-old",
        "in-progress",
        "version-changed",
        "mails-stopped",
        "too-many-requests",
    ],
)
def edit(user_id: str, body: EditUserBody, caller: Member, request: Request) -> Answer[UserAnswer]:
    """Edit a user: salutation, name, e-mail, language, roles and budgets. Fields that are left out do not change.

    A new e-mail address of an active user is shown as `email_change` until its owner confirms it with the link in a
    mail, and the old address agrees or a delay has passed. To cancel the change, send the current address. If the user
    is invited, the new address gets the invitation. A new address of the caller's own needs a recent login.
    """
    return _edited(user_id, body.edit(), caller, request)


@api.route(
    "DELETE /users/{user_id}",
    operation="delete_user",
    caller=person(companies, Permission.USERS_DELETE, administration=True),
    statuses=[HTTPStatus.NO_CONTENT],
    problems=["not-found", "own-account", "last-main-contact", "in-progress", "version-changed"],
)
def delete(user_id: str, caller: Member, request: Request) -> Answer[None]:
    """Delete a user and their login permanently. If they are a contact of the ERP, /erp-contacts lists them again."""
    delete_user(
        user_id,
        caller,
        request.request_id,
        if_versions=request.required_if_match,
        companies=companies(),
        identities=identities(),
        clock=SystemClock(),
    )
    return Answer(None, HTTPStatus.NO_CONTENT)


@api.route(
    "POST /users/{user_id}/invitation",
    operation="resend_invitation",
    caller=person(companies, Permission.USERS_INVITE, administration=True),
    problems=[
        "not-found",
        "invitation-not-open",
        "email-in-use",
        "in-progress",
        "version-changed",
        "mails-stopped",
        "too-many-requests",
    ],
)
def resend(user_id: str, caller: Member, request: Request) -> Answer[UserAnswer]:
    """Send an invitation again, with a new link: any that was not accepted. At most once a minute per user."""

    def do(companies: Companies) -> User:
        with _limited(caller, request) as allowance:
            allowance.take(Usage(mails=1))
            return resend_invitation(
                caller.company.company_id,
                user_id,
                by_person(caller.user),
                request.request_id,
                if_versions=request.if_match,
                rules=settings().rules(),
                companies=companies,
                clock=SystemClock(),
            )

    return _changed(_once(caller, request, do), caller)


@api.route(
    "DELETE /users/{user_id}/invitation",
    operation="revoke_invitation",
    caller=person(companies, Permission.USERS_INVITE, administration=True),
    problems=["not-found", "invitation-not-open", "in-progress", "version-changed"],
)
def revoke(user_id: str, caller: Member, request: Request) -> Answer[UserAnswer]:
    """Revoke an invitation: its link no longer works. The user stays listed and can be invited again."""
    user = revoke_invitation(
        user_id,
        caller.user,
        request.request_id,
        if_versions=request.required_if_match,
        companies=companies(),
        clock=SystemClock(),
    )
    return _changed(user, caller)


@api.route("GET /company", operation="get_company_of_caller", caller=person(companies, Permission.COMPANY_VIEW))
def company(caller: Member) -> Answer[CompanyAnswer]:
    """Return the company of the person who is logged in."""
    return Answer(CompanyAnswer.from_company(caller.company))


@api.route(
    "POST /company/main-contact",
    caller=person(companies, Permission.ROLES_ASSIGN, administration=True, by_use_case=True),
    problems=[
        "not-found",
        "own-account",
        "user-not-active",
        "in-progress",
        "version-changed",
        "mails-stopped",
        "too-many-requests",
    ],
)
def hand_over_main_contact(body: MainContactBody, caller: Member, request: Request) -> Answer[UserAnswer]:
    """Hand over the role of main contact to an active user. The answer shows this user. Both users get a mail.

    The caller keeps their other roles. A caller without other roles becomes approver and buyer. `If-Match` needs the
    version of the caller's user.
    """

    def do(companies: Companies) -> User:
        with _limited(caller, request) as allowance:
            # Both users get a mail.
            allowance.take(Usage(mails=2))
            return hand_over(
                body.user_id,
                caller.user,
                request.request_id,
                if_versions=request.if_match,
                companies=companies,
                clock=SystemClock(),
            )

    return _changed(_once(caller, request, do), caller)


def _limited(caller: Member, request: Request) -> AbstractContextManager[Allowance]:
    limits = settings().limits()
    return use_limited(caller.company, limits, request.limits, companies=companies(), clock=SystemClock())


def _once(caller: Member, request: Request, do: Callable[[Companies], User]) -> User:
    key = request.idempotency(caller.user.user_id)
    return user_once(key, do, companies=companies(), clock=SystemClock())


def _answer(user: User, company: Company) -> UserAnswer:
    return UserAnswer.from_user(user, company, SystemClock().now())


def _edited(user_id: str, edit: Edit, caller: Member, request: Request) -> Answer[UserAnswer]:
    with _limited(caller, request) as allowance:
        user = edit_user(
            user_id,
            edit,
            caller.user,
            request.request_id,
            if_versions=request.required_if_match,
            rules=settings().rules(),
            before_mail=lambda: allowance.take(Usage(mails=1)),
            companies=companies(),
            identities=identities(),
            clock=SystemClock(),
            logged_in_at=request.authenticated_at,
        )
    return _changed(user, caller)


def _changed(user: User, caller: Member) -> Answer[UserAnswer]:
    return Answer(_answer(user, caller.company), version=user.version)


def handler(event: Mapping[str, Any], context: "LambdaContext") -> Mapping[str, Any]:
    """Answer one request of the HTTP API."""
    return api.handle(event, context)
