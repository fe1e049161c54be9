"""Inviting many users at once from a table (DESIGN §4): each row for itself, as if it were the only one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from customer_center.companies.email_address import email_address
from customer_center.companies.ids import company_of
from customer_center.companies.model import (
    ErpContact,
    InvitationRules,
    Member,
    Permission,
    User,
    UserStatus,
    check_assignable,
    normalized_email,
)
from customer_center.companies.ports import Companies, ErpGateway
from customer_center.companies.users.invite_contact import NewUser, invited_entry, invited_user
from customer_center.platform.clock import Clock
from customer_center.platform.errors import (
    Conflict,
    CustomerCenterError,
    FieldError,
    Forbidden,
    InProgress,
    InvalidInput,
    NotFound,
)

ROWS_AT_MOST = 200

# Where in a row stands what a refusal of the whole row is about.
_COLUMNS: Mapping[str, str] = {
    "contact-in-use": "/contact_number",
    "contact-not-found": "/contact_number",
    "email-in-use": "/email",
    "permission-missing": "/roles",
}


class RowStatus(StrEnum):
    """What became of a row; `unchanged` is somebody who is invited or active here already."""

    INVITED = "invited"
    WOULD_INVITE = "would_invite"
    UNCHANGED = "unchanged"
    REFUSED = "refused"
    NOT_TRIED = "not_tried"


@dataclass(frozen=True, slots=True)
class ImportRow:
    """One row as it was read: what it asks for, or what is wrong with it; `email` as it was written."""

    number: int
    email: str | None
    contact_number: str | None
    asked: NewUser | None = None
    errors: Sequence[FieldError] = ()


@dataclass(frozen=True, slots=True)
class RowResult:
    """What became of a row."""

    number: int
    email: str | None
    status: RowStatus
    user_id: str | None = None
    code: str | None = None
    errors: Sequence[FieldError] = ()


@dataclass(frozen=True, slots=True)
class ImportTask:
    """Who imports, by which request, and how: a dry run checks everything and writes nothing.

    From `give_up_at` on, and when `invitations` were made, rows are not tried any more.
    """

    actor: Member
    request_id: str
    rules: InvitationRules
    dry_run: bool
    give_up_at: datetime
    invitations: int


def import_users(
    rows: Sequence[ImportRow],
    task: ImportTask,
    *,
    erp: ErpGateway,
    companies: Companies,
    first_written_by: Companies,
    clock: Clock,
) -> Sequence[RowResult]:
    """Invite the person of each row, in a transaction of its own; tell for each row what became of it.

    A row that is refused keeps no other. Rows with a contact number take from the ERP what they leave out; its contacts
    are read once.

    May be repeated: who is invited or active already is `unchanged`. `first_written_by` are the companies that remember
    the request with the first row written. Raises Forbidden, an OutsideSystemError (before anything was written), and
    AlreadyDone for a request that was remembered before.
    """
    actor = task.actor.user
    if Permission.ROLES_ASSIGN not in actor.permissions:
        raise Forbidden("permission-missing", permission=Permission.ROLES_ASSIGN)
    contacts: Mapping[str, ErpContact] = {}
    if any(row.contact_number for row in rows):
        listed = erp.select_contacts(task.actor.company.customer_number)
        contacts = {contact.contact_number: contact for contact in listed}
    owners = companies.users_of_emails(_emails(rows, contacts))
    seen: set[str] = set()
    results: list[RowResult] = []
    invited = 0
    writing = first_written_by
    for row in rows:
        now = clock.now()
        try:
            if now >= task.give_up_at or invited == task.invitations:
                result = _result(row, RowStatus.NOT_TRIED)
            else:
                user, contact = _wanted(row, contacts, actor, task.rules, now)
                _check_first(user, seen)
                result = _invite(row, user, contact, owners, task, writing)
        except InProgress:
            result = _result(row, RowStatus.NOT_TRIED)
        except (Conflict, Forbidden, InvalidInput, NotFound) as refusal:
            result = _refused(row, refusal)
        if result.status is RowStatus.INVITED:
            invited += 1
            writing = companies
        results.append(result)
    return results


def _emails(rows: Sequence[ImportRow], contacts: Mapping[str, ErpContact]) -> Sequence[str]:
    """Return the e-mails that the rows may come to, to look for their owners all at once."""
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
    """Raise when a row before was about the same person: the first one counts, whatever became of it."""
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
    owners: Mapping[str, str],
    task: ImportTask,
    companies: Companies,
) -> RowResult:
    row = replace(row, email=user.email)
    email = normalized_email(user.email)
    if email in owners:
        return _there(row, owners[email], task, companies)
    if task.dry_run:
        if contact and companies.user_id_of_contact(user.company_id, contact.contact_number):
            raise Conflict("contact-in-use")
        return _result(row, RowStatus.WOULD_INVITE)
    entry = invited_entry(user, task.actor.user, task.request_id, task.rules)
    try:
        companies.add_user(user, entry, contact)
    except Conflict:
        # Somebody came meanwhile, perhaps by a repeat of this very import.
        owner = companies.user_id_of_email(email)
        if owner is None:
            raise
        return _there(row, owner, task, companies)
    return _result(row, RowStatus.INVITED, user.user_id)


def _there(row: ImportRow, owner: str, task: ImportTask, companies: Companies) -> RowResult:
    """Return that the row's person is here already; Conflict when the e-mail is somebody else's."""
    user = companies.user(owner) if company_of(owner) == task.actor.company.company_id else None
    if user is None or user.status is UserStatus.DEACTIVATED:
        raise Conflict("email-in-use")
    return _result(row, RowStatus.UNCHANGED, owner)


def _result(row: ImportRow, status: RowStatus, user_id: str | None = None) -> RowResult:
    return RowResult(row.number, row.email, status, user_id)


def _refused(row: ImportRow, refusal: CustomerCenterError) -> RowResult:
    errors = refusal.errors if isinstance(refusal, InvalidInput) else [FieldError(_COLUMNS[refusal.code], refusal.code)]
    return RowResult(row.number, row.email, RowStatus.REFUSED, code=refusal.code, errors=tuple(errors))
