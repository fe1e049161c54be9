"""/erp-contacts and /users/import: list the ERP's contacts without a shop account, invite one, or import many users."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import cache
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from customer_center.companies.bodies import UserAnswer
from customer_center.companies.callers import person
from customer_center.companies.erp.bodies import (
    ErpContactAnswer,
    ErpContactsAnswer,
    ErpContactsQuery,
)
from customer_center.companies.erp.list_erp_contacts import list_erp_contacts
from customer_center.companies.idempotency import user_once
from customer_center.companies.mails.limit_mails import limit_mails
from customer_center.companies.model import InvitationRules, Member, Permission, User, check_salutation
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
from customer_center.companies.users.import_users import ROWS_AT_MOST, ImportTask, RowResult, import_users
from customer_center.companies.users.invite_contact import invite_contact
from customer_center.companies.wiring import companies
from customer_center.connectors.silver.wiring import erp
from customer_center.platform.clock import SystemClock
from customer_center.platform.config import from_environment
from customer_center.platform.frozen import frozen
from customer_center.platform.http import Answer, Api, Request
from customer_center.platform.idempotency import once
from customer_center.platform.spreadsheet import read
from customer_center.platform.wiring import journal

# Well below the function's timeout, so that the answer can report the results.
_IMPORT_FOR = timedelta(seconds=20)

api = Api(COMPANIES_TEXTS)


@frozen
class Settings:
    """The template's parameters for the contact list and invitations."""

    salutations: tuple[str, ...]
    invitation_days: int
    fallback_language: str
    create_erp_contact: bool
    erp_contacts_seconds: int
    mails_per_hour: int

    def rules(self) -> InvitationRules:
        """Return the parameters as rules."""
        return InvitationRules(
            valid_for=timedelta(days=self.invitation_days),
            fallback_language=self.fallback_language,
            create_erp_contact=self.create_erp_contact,
        )

    def keep_for(self) -> timedelta:
        """Return how long a company's list of contacts is used."""
        return timedelta(seconds=self.erp_contacts_seconds)


@cache
def settings() -> Settings:
    """Return this deployment's settings."""
    return from_environment(Settings)


@api.route(
    "GET /erp-contacts",
    caller=person(companies, Permission.USERS_VIEW, administration=True),
    problems=["cursor-invalid", "erp-malformed", "erp-unavailable", "erp-timeout"],
)
def list_contacts(caller: Member, query: ErpContactsQuery, request: Request) -> Answer[ErpContactsAnswer]:
    """List the ERP's contacts without a shop account, by name, as they were last read.

    When the list is old, or with `refresh`, the answer is `outdated` and the list is read again behind it: send the
    request again, without `refresh`, until `outdated` is false. Only the first list of a company is waited for, for
    about ten seconds; of a longer one the answer has the contacts that have arrived, without `as_of`.
    """
    with erp() as gateway:
        contacts = list_erp_contacts(
            caller.user,
            request.request_id,
            limit=query.limit,
            cursor=query.cursor,
            q=query.q or "",
            refresh=query.refresh,
            keep_for=settings().keep_for(),
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
    caller=person(companies, Permission.USERS_INVITE, administration=True),
    statuses=[HTTPStatus.CREATED],
    problems=[
        "contact-not-found",
        "contact-in-use",
        "email-in-use",
        "in-progress",
        "permission-missing",
        "too-many-requests",
        "erp-malformed",
        "erp-unavailable",
        "erp-timeout",
    ],
)
def invite(contact_number: str, body: InviteContactBody, caller: Member, request: Request) -> Answer[UserAnswer]:
    """Invite a contact of the ERP to the shop. The invitation is mailed to them."""
    check_salutation(body.salutation, settings().salutations)
    asked_for = new_user(body, body.language)
    clock = SystemClock()

    def do(companies: Companies) -> User:
        _limit_mails(caller, request)
        with erp() as gateway:
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
    caller=person(companies, Permission.USERS_INVITE, administration=True),
    problems=["csv-invalid", "csv-too-long", "too-many-requests", "erp-malformed", "erp-unavailable", "erp-timeout"],
    consumes="text/csv",
)
def import_table(body: bytes, query: ImportQuery, caller: Member, request: Request) -> Answer[ImportAnswer]:
    """Invite up to 200 users from a table. The answer has one result per row; a wrong row does not affect the others.

    The table is in UTF-8, with commas or semicolons between cells. Columns have names and may be in any order. Required
    are `salutation` and `roles` (several roles with `;` or `|`). Optional are `name`, `email`, `language`,
    `contact_number`, `budget_per_order`, `budget_per_month` and `currency`. A row without a contact number needs name
    and e-mail. A row with a contact number may leave out name, e-mail and language; the ERP's values are used instead.
    Rows with the status `not_tried` were not processed, because the time or the limit of mails was used up. Send the
    same request again to process them.
    """
    clock = SystemClock()
    give_up_at = clock.now() + _IMPORT_FOR
    table = read(body, columns=COLUMNS, required=REQUIRED_COLUMNS, at_most=ROWS_AT_MOST)
    language = request.language
    rows = [import_row(row, settings().salutations, language) for row in table]

    def do(remembering: Companies) -> Sequence[RowResult]:
        within = len(rows) if query.dry_run else _limit_mails(caller, request, len(rows))
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
        with erp() as gateway:
            return import_users(
                rows, task, erp=gateway, companies=companies(), first_written_by=remembering, clock=clock
            )

    key = request.idempotency(caller.user.user_id)
    # A repeated request continues: users who are already invited are not invited again.
    results = once(key, do, lambda _: do(companies()), records=companies(), clock=clock)
    return Answer(ImportAnswer.from_results(results, dry_run=query.dry_run, language=language))


def _limit_mails(caller: Member, request: Request, mails: int = 1) -> int:
    return limit_mails(
        caller.company.company_id,
        mails,
        settings().mails_per_hour,
        request.limits,
        trail=journal(),
        clock=SystemClock(),
    )


def handler(event: Mapping[str, Any], context: LambdaContext) -> Mapping[str, Any]:
    """Answer one request of the HTTP API."""
    return api.handle(event, context)
