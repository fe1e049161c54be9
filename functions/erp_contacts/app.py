"""/erp-contacts and /users/import: list the ERP's contacts without a shop account, invite one, or import many users."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import timedelta
from functools import cache, partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from customer_center.companies.bodies import UserAnswer
from customer_center.companies.callers import person
from customer_center.companies.erp.bodies import (
    ErpContactAnswer,
    ErpContactsAnswer,
    ErpContactsQuery,
)
from customer_center.companies.erp.list_erp_contacts import list_erp_contacts
from customer_center.companies.idempotency import user_once
from customer_center.companies.limits import IMPORT_ROWS
from customer_center.companies.mails.limit_mails import Allowance, use_limited
from customer_center.companies.model import (
    HourlyLimits,
    InvitationRules,
    Member,
    Permission,
    Usage,
    User,
)
from customer_center.companies.ports import Companies
from customer_center.companies.texts import COMPANIES_TEXTS
from customer_center.companies.users.bodies import InviteContactBody, new_user
from customer_center.companies.users.import_bodies import (
    COLUMNS,
    REQUIRED_COLUMNS,
    ImportAnswer,
    ImportQuery,
    import_row,
)
from customer_center.companies.users.import_users import ImportTask, RowResult, import_users, used_by
from customer_center.companies.users.invite_contact import invite_contact
from customer_center.companies.wiring import companies
from customer_center.connectors.silver.wiring import erp
from customer_center.platform.clock import SystemClock
from customer_center.platform.config import from_environment
from customer_center.platform.errors import NotFound
from customer_center.platform.frozen import frozen
from customer_center.platform.http import Answer, Api, Request
from customer_center.platform.idempotency import once
from customer_center.platform.spreadsheet import read

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

# Well below the function's timeout, so that the answer can report the results.
_IMPORT_FOR = timedelta(seconds=20)

api = Api(COMPANIES_TEXTS, lambda: settings().allowed())


@frozen
class Settings:
    """The template's parameters for the contact list and invitations."""

    salutations: tuple[str, ...]
    currencies: tuple[str, ...]
    invitation_days: int
    fallback_language: str
    create_erp_contact: bool
    erp_contacts_seconds: int
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
            fallback_language=self.fallback_language,
            create_erp_contact=self.create_erp_contact,
        )

    def limits(self) -> HourlyLimits:
        """Return the parameters as limits."""
        return HourlyLimits(self.mails_per_hour, self.tries_per_hour, self.erp_requests_per_hour)

    def keep_for(self) -> timedelta:
        """Return how long a company's list of contacts is used."""
        return timedelta(seconds=self.erp_contacts_seconds)


@cache
def settings() -> Settings:
    """Return this deployment's settings."""
    return from_environment(Settings)


@api.route(
    "GET /erp-contacts",
    operation="list_erp_contacts",
    caller=person(companies, Permission.USERS_VIEW, administration=True),
    problems=["cursor-invalid", "too-many-requests", "erp-malformed", "erp-unavailable", "erp-timeout"],
)
def list_contacts(caller: Member, query: ErpContactsQuery, request: Request) -> Answer[ErpContactsAnswer]:
    """List the ERP's contacts without a shop account, by name, as they were last read.

    When the list is old, or with `refresh`, the answer is `outdated` and the list is read again behind it: send the
    request again, without `refresh`, until `outdated` is false. Only the first list of a company is waited for, for
    about ten seconds; of a longer one the answer has the contacts that have arrived, without `as_of`.
    """
    with _limited(caller, request) as allowance, erp() as gateway:
        contacts = list_erp_contacts(
            caller.user,
            request.request_id,
            limit=query.limit,
            cursor=query.cursor,
            q=query.q or "",
            refresh=query.refresh,
            keep_for=settings().keep_for(),
            before_refresh=lambda: allowance.take(Usage(erp=1)),
            erp=gateway,
            companies=companies(),
            clock=SystemClock(),
        )
    return Answer(
        ErpContactsAnswer(
            items=[ErpContactAnswer.from_contact(row) for row in contacts.page.contacts],
            next_cursor=contacts.page.next_cursor,
            as_of=contacts.as_of,
            outdated=contacts.outdated,
            stale=contacts.stale,
        )
    )


@api.route(
    "POST /erp-contacts/{contact_number}/user",
    operation="invite_erp_contact",
    missing=partial(NotFound, "contact-not-found"),
    caller=person(companies, Permission.USERS_INVITE, administration=True),
    statuses=[HTTPStatus.CREATED],
    problems=[
        "contact-not-found",
        "contact-in-use",
        "email-in-use",
        "in-progress",
        "permission-missing",
        "mails-stopped",
        "too-many-requests",
        "erp-malformed",
        "erp-unavailable",
        "erp-timeout",
    ],
)
def invite(contact_number: str, body: InviteContactBody, caller: Member, request: Request) -> Answer[UserAnswer]:
    """Invite a contact of the ERP to the shop. The invitation is mailed to them."""
    asked_for = new_user(body, body.language)
    clock = SystemClock()

    def do(companies: Companies) -> User:
        with _limited(caller, request) as allowance, erp() as gateway:
            allowance.take(Usage(mails=1, erp=1))
            return invite_contact(
                contact_number,
                asked_for,
                caller.user,
                request.request_id,
                request.idempotency_key or request.request_id,
                customer_number=caller.company.customer_number,
                rules=settings().rules(),
                keep_for=settings().keep_for(),
                erp=gateway,
                companies=companies,
                clock=clock,
            )

    user = user_once(request.idempotency(caller.user.user_id), do, companies=companies(), clock=clock)
    return Answer(
        UserAnswer.from_user(user, caller.company, clock.now()),
        status=HTTPStatus.CREATED,
        version=user.version,
        location=f"/users/{user.user_id}",
    )


# This function serves the path, not the users function, because an import reads the ERP's contacts. For that, it needs
# the ERP's secret and, if the ERP is in a company network, the VPC's subnets. The users function must get neither: it
# does not need the secret otherwise, and in a VPC it would need a NAT gateway to reach Cognito.
@api.route(
    "POST /users/import",
    operation="import_users",
    caller=person(companies, Permission.USERS_INVITE, administration=True),
    problems=[
        "csv-invalid",
        "csv-too-long",
        "mails-stopped",
        "csv-columns",
        "csv-encoding",
        "csv-invalid",
        "csv-row-invalid",
        "csv-too-long",
        "too-many-requests",
        "erp-malformed",
        "erp-unavailable",
        "erp-timeout",
    ],
    consumes="text/csv",
)
def import_table(body: bytes, query: ImportQuery, caller: Member, request: Request) -> Answer[ImportAnswer]:
    """Invite up to 200 users from a table. The answer has one result per row; a wrong row does not affect the others.

    The table is CSV of up to 1 MB, as Excel and LibreOffice write it. Columns have names and may be in any order, and
    headers and values may be in English, German, Dutch or French. Required are `salutation` and `roles` (several roles
    with `;` or `|`). Optional are `name`, `email`, `language`,
    `contact_number`, `budget_per_order`, `budget_per_month` and `currency`. A row without a contact number needs name
    and e-mail. A row with a contact number may leave out name, e-mail and language; the ERP's values are used instead.
    Rows with the status `not_tried` were not processed, because the time or a limit was used up. Send the same request
    again to process them. The rows of a dry run count against a limit of their own, and the audit trail names it.
    """
    clock = SystemClock()
    give_up_at = clock.now() + _IMPORT_FOR
    table = read(body, columns=COLUMNS, required=REQUIRED_COLUMNS, at_most=IMPORT_ROWS)
    language = request.language
    rows = [import_row(row, settings().allowed(), language) for row in table]

    def do(remembering: Companies) -> Sequence[RowResult]:
        each = Usage(tries=1) if query.dry_run else Usage(mails=1, tries=1)
        with _limited(caller, request) as allowance, erp() as gateway:
            # Taken for all rows at once, so that parallel imports do not spend the same rest.
            within = allowance.take(each, len(rows), Usage(erp=any(row.contact_number is not None for row in rows)))
            task = ImportTask(
                caller,
                request.request_id,
                settings().rules(),
                query.dry_run,
                give_up_at,
                within,
                settings().keep_for(),
                request.idempotency_key or request.request_id,
            )
            results = import_users(
                rows, task, erp=gateway, companies=companies(), first_written_by=remembering, clock=clock
            )
            allowance.give_back(each.times(within) + -used_by(results))
        return results

    key = request.idempotency(caller.user.user_id)
    # A repeated request continues: users who are already invited are not invited again.
    results = once(key, do, lambda _: do(companies()), records=companies(), clock=clock)
    return Answer(ImportAnswer.from_results(results, dry_run=query.dry_run, language=language))


def _limited(caller: Member, request: Request) -> AbstractContextManager[Allowance]:
    limits = settings().limits()
    return use_limited(caller.company, limits, request.limits, companies=companies(), clock=SystemClock())


def handler(event: Mapping[str, Any], context: "LambdaContext") -> Mapping[str, Any]:
    """Answer one request of the HTTP API."""
    return api.handle(event, context)
