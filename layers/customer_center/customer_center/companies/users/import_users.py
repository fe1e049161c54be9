"""Invite many users from a table. Each row is processed independently (docs/specification.md, 4.17)."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from customer_center.companies.colleagues import email_in_use
from customer_center.companies.contact_list import make_sure_listed
from customer_center.companies.entries import person
from customer_center.companies.model import (
    REVEALING,
    EmailHolders,
    ErpContact,
    InvitationRules,
    Member,
    NewUser,
    Permission,
    Usage,
    User,
    UserStatus,
    check_assignable,
    check_permission,
    is_colleague,
)
from customer_center.companies.ports import Administration, Contacts, ErpGateway
from customer_center.companies.users.invitations import invited_entry, invited_user
from customer_center.platform.clock import Clock
from customer_center.platform.email_address import email_address, normalized_email
from customer_center.platform.errors import (
    Conflict,
    CustomerCenterError,
    FieldError,
    Forbidden,
    InProgress,
    InvalidInput,
    NotFound,
    Overloaded,
)
from customer_center.platform.frozen import frozen
from customer_center.platform.journal import Entry, new_entry

# The column that is named in the error of a whole row, by error code.
_COLUMNS: Mapping[str, str] = {
    "contact-in-use": "/contact_number",
    "contact-not-found": "/contact_number",
    "email-in-use": "/email",
    "permission-missing": "/roles",
}


class RowStatus(StrEnum):
    """The result of a row; `unchanged` when the person is invited or active in the company already."""

    INVITED = "invited"
    WOULD_INVITE = "would_invite"
    UNCHANGED = "unchanged"
    REFUSED = "refused"
    NOT_TRIED = "not_tried"


@frozen
class ImportRow:
    """One row of the table. `email` is the text of its cell. `asked` is None when the row has `errors`."""

    number: int
    email: str | None
    contact_number: str | None
    asked: NewUser | None = None
    errors: Sequence[FieldError] = ()


@frozen
class RowResult:
    """The result of a row."""

    number: int
    email: str | None
    status: RowStatus
    user_id: str | None = None
    code: str | None = None
    errors: Sequence[FieldError] = ()

    @property
    def causes_mail(self) -> bool:
        """Whether the row has caused a mail."""
        return self.status is RowStatus.INVITED

    @property
    def is_try(self) -> bool:
        """Whether the row tells if somebody has an account: such rows count as tries (`model.Usage`)."""
        return self.status is RowStatus.WOULD_INVITE or (self.status is RowStatus.REFUSED and self.code in REVEALING)


@frozen
class ImportTask:
    """The actor, the request and the options of an import. A dry run checks everything and invites nobody.

    Rows are not tried after the time `give_up_at`. At most `within` rows are tried; rows that need no mail and tell
    nothing about accounts do not count. Contacts come from the stored list, unless it is older than `keep_for`.
    `claim_id` is the caller's Idempotency-Key, or an id of the request.
    """

    actor: Member
    request_id: str
    rules: InvitationRules
    dry_run: bool
    give_up_at: datetime
    within: int
    keep_for: timedelta
    claim_id: str


class ImportRecords(Administration, Contacts, Protocol):
    """The records that an import uses."""


def import_users(
    rows: Sequence[ImportRow],
    task: ImportTask,
    *,
    erp: ErpGateway,
    companies: ImportRecords,
    first_written_by: Administration,
    clock: Clock,
) -> Sequence[RowResult]:
    """Invite the person of each row, each row in a separate transaction. Return one result for each row.

    A refused row does not stop the others. The ERP's contacts supply missing values of rows with a contact number. They
    are read from the ERP once, unless the stored list is new; rows whose contact is missing are not tried while the
    list is being read.

    May be repeated: a user who is invited or active already is `unchanged`. `first_written_by` writes the first row and
    stores in the same transaction that the request is done. A dry run writes only a journal entry, before it checks the
    first row, because its results tell who has an account. Raises Forbidden, an OutsideSystemError (before anything
    was written), and AlreadyDone for a request that was done before.
    """
    actor = task.actor.user
    check_permission(actor, Permission.ROLES_ASSIGN)
    contacts, complete = _contacts(rows, task, erp, companies, clock)
    if task.dry_run:
        first_written_by.record(_checked(len(rows), task, clock.now()))
    holders = companies.holders_of_emails(_emails(rows, contacts))
    seen: set[str] = set()
    results: list[RowResult] = []
    counted = 0
    writing = first_written_by
    for row in rows:
        now = clock.now()
        try:
            waits = row.contact_number and row.contact_number not in contacts and not complete
            if now >= task.give_up_at or counted == task.within or waits:
                result = _result(row, RowStatus.NOT_TRIED)
            else:
                user, contact = _wanted(row, contacts, actor, task.rules, now)
                _check_first(user, seen)
                result = _invite(row, user, contact, holders, task, writing)
        except (InProgress, Overloaded):
            result = _result(row, RowStatus.NOT_TRIED)
        except (Conflict, Forbidden, InvalidInput, NotFound) as refusal:
            result = _refused(row, refusal)
        if result.status is RowStatus.INVITED:
            writing = companies
        counted += result.causes_mail or result.is_try
        results.append(result)
    return results


def used_by(results: Sequence[RowResult]) -> Usage:
    """Return the mails and tries that an import used."""
    return Usage(mails=sum(row.causes_mail for row in results), tries=sum(row.is_try for row in results))


def _checked(rows: int, task: ImportTask, now: datetime) -> Entry:
    """Return the entry of a dry run: who asked about how many rows. It names nobody, so an erasure blanks nothing."""
    company_id = task.actor.company.company_id
    return new_entry(
        partition=company_id,
        now=now,
        actor=person(task.actor.user),
        action="import.checked",
        subject=company_id,
        request_id=task.request_id,
        changes={"rows": (None, rows)},
    )


def _contacts(
    rows: Sequence[ImportRow], task: ImportTask, erp: ErpGateway, companies: ImportRecords, clock: Clock
) -> tuple[Mapping[str, ErpContact], bool]:
    """Return the contacts that the rows name, by number, and whether the list that they come from is complete."""
    numbers = {row.contact_number for row in rows if row.contact_number}
    if not numbers:
        return {}, True
    actor, complete = task.actor.user, True
    try:
        make_sure_listed(actor, task.claim_id, keep_for=task.keep_for, erp=erp, companies=companies, clock=clock)
    except InProgress:
        complete = False
    known = companies.contacts_of_numbers(actor.company_id, numbers)
    return {number: row.contact for number, row in known.items() if not row.gone and row.contact.name}, complete


def _emails(rows: Sequence[ImportRow], contacts: Mapping[str, ErpContact]) -> Sequence[str]:
    """Return the e-mails that the rows' users may get, so that their owners are read together."""
    named = (contacts.get(row.contact_number or "") for row in rows)
    listed = (email_address(contact.email) for contact in named if contact and contact.email)
    return [email for email in (*listed, *(row.asked.email for row in rows if row.asked)) if email]


def _wanted(
    row: ImportRow, contacts: Mapping[str, ErpContact], actor: User, rules: InvitationRules, now: datetime
) -> tuple[User, ErpContact | None]:
    if row.asked is None:
        raise InvalidInput(errors=row.errors)
    check_assignable(actor, row.asked.roles, row.asked.budgets)
    contact = contacts.get(row.contact_number) if row.contact_number else None
    if row.contact_number and contact is None:
        raise NotFound("contact-not-found")
    return invited_user(row.asked, actor, contact, rules, now), contact


def _check_first(user: User, seen: set[str]) -> None:
    """Raise when an earlier row has the same person. Only the first such row is tried, whatever its result."""
    email = normalized_email(user.email)
    if email in seen:
        raise InvalidInput(errors=[FieldError("/email", "duplicate-row")])
    contact = f"contact#{user.contact_number}"
    if user.contact_number and contact in seen:
        raise Conflict("contact-in-use")
    seen |= {email, contact}


def _invite(
    row: ImportRow,
    user: User,
    contact: ErpContact | None,
    holders: Mapping[str, EmailHolders],
    task: ImportTask,
    companies: Administration,
) -> RowResult:
    row = replace(row, email=user.email)
    email = normalized_email(user.email)
    if holder := _holder(holders.get(email), user.company_id):
        return _unchanged(row, holder, task, companies)
    if task.dry_run:
        if contact and companies.user_id_of_contact(user.company_id, contact.contact_number):
            raise Conflict("contact-in-use")
        return _result(row, RowStatus.WOULD_INVITE)
    entry = invited_entry(user, task.actor.user, task.request_id, task.rules)
    try:
        companies.add_user(user, entry, contact)
    except Conflict:
        # The user was added at the same time, perhaps by a repeat of this import.
        holder = _holder(companies.holders_of_email(email), user.company_id)
        if holder is None:
            raise
        return _unchanged(row, holder, task, companies)
    return _result(row, RowStatus.INVITED, user.user_id)


def _holder(holders: EmailHolders | None, company_id: str) -> str | None:
    """Return the user because of whom nobody can be invited with an e-mail: a colleague, or its owner."""
    return (holders.colleague(company_id) or holders.owner_id) if holders else None


def _unchanged(row: ImportRow, holder: str, task: ImportTask, companies: Administration) -> RowResult:
    """Return the result for an e-mail that somebody has; Conflict unless it is an invited or active colleague."""
    user = companies.user(holder) if is_colleague(holder, task.actor.company.company_id) else None
    if user is None or user.status is UserStatus.DEACTIVATED:
        raise email_in_use(row.email or "", task.actor.company.company_id, companies)
    return _result(row, RowStatus.UNCHANGED, holder)


def _result(row: ImportRow, status: RowStatus, user_id: str | None = None) -> RowResult:
    return RowResult(row.number, row.email, status, user_id)


def _refused(row: ImportRow, refusal: CustomerCenterError) -> RowResult:
    told = (*refusal.errors,) if isinstance(refusal, InvalidInput | Conflict) else ()
    errors = told or (FieldError(_COLUMNS[refusal.code], refusal.code),)
    user_id = refusal.members.get("user_id") if isinstance(refusal, Conflict) else None
    return RowResult(row.number, row.email, RowStatus.REFUSED, user_id, refusal.code, errors)
