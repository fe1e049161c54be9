"""What goes over the wire of this room: request bodies, queries and answers, as pydantic models (DESIGN §4, §8)."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal, Self, override

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    SecretStr,
    StringConstraints,
    WithJsonSchema,
    field_serializer,
)
from pydantic_core import PydanticCustomError

from customer_center.companies.email_address import email_address
from customer_center.companies.erase_user import Certificate
from customer_center.companies.find_users import UserFilter, UserSort
from customer_center.companies.model import (
    Budgets,
    CachedContact,
    Company,
    Edit,
    InvitationStatus,
    Money,
    Permission,
    Role,
    User,
    UserStatus,
)
from customer_center.companies.ports import Session
from customer_center.companies.read_audit_trail import EntryFilter
from customer_center.platform.clock import iso
from customer_center.platform.journal import Entry
from customer_center.platform.printable import is_printable

# RFC 5321 §4.5.3.1.3: a path is at most 256 octets, its angle brackets included.
_EMAIL_LENGTH = 254


def _printable(text: str) -> str:
    if not is_printable(text):
        raise PydanticCustomError("unprintable", "Control characters are not allowed.")
    return text


def _no_address(text: str) -> str:
    # Mail programs make links of addresses by themselves: a name must not lead the reader anywhere.
    if re.search(r"://|www\.", text, re.IGNORECASE):
        raise PydanticCustomError("invalid", "A name holds no address.")
    return text


def _email(text: str) -> str:
    address = email_address(text)
    if address is None:
        raise PydanticCustomError("email", "This is not an e-mail address.")
    return address


def _password(text: SecretStr) -> SecretStr:
    # Cognito's pattern allows no blank at either end; everything else is its policy's (template: PasswordPolicy).
    secret = text.get_secret_value()
    if secret != secret.strip():
        raise PydanticCustomError("password-policy", "No blank at the ends.")
    return text


def _written_out(moment: object) -> object:
    # pydantic takes seconds since 1970 as well, which is no date-time of RFC 3339.
    if not re.match(r"\d{4}-\d{2}-\d{2}T", str(moment), re.ASCII | re.IGNORECASE):
        raise PydanticCustomError("moment", "This is not a date and time.")
    return moment


Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1), AfterValidator(_printable)]
Number = Annotated[Line, Field(max_length=40)]
Email = Annotated[Line, Field(max_length=_EMAIL_LENGTH, json_schema_extra={"format": "email"}), AfterValidator(_email)]
PersonName = Annotated[Line, Field(max_length=50), AfterValidator(_no_address)]
Salutation = Annotated[Line, Field(max_length=20)]
LanguageTag = Annotated[Line, Field(max_length=35)]
Token = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Moment = Annotated[AwareDatetime, BeforeValidator(_written_out)]
Password = Annotated[SecretStr, Field(min_length=10, max_length=128), AfterValidator(_password)]


class _Input(BaseModel):
    model_config = ConfigDict(defer_build=True, extra="forbid", strict=True, frozen=True)


class _Output(BaseModel):
    model_config = ConfigDict(defer_build=True, frozen=True)


def _written(amount: object) -> object:
    # A JSON number is a float to most programs: 0.1 would no longer be 0.1.
    if isinstance(amount, Decimal):
        return amount
    if not isinstance(amount, str):
        raise PydanticCustomError("text", "An amount is text.")
    if not re.fullmatch(r"-?[0-9]{1,20}(\.[0-9]{1,20})?", amount):
        raise PydanticCustomError("number", "An amount is a number.")
    return Decimal(amount)


class MoneyBody(_Input):
    """An amount above zero with at most two decimals, as text, in a currency of ISO 4217."""

    amount: Annotated[
        Decimal,
        Field(gt=0, max_digits=12, decimal_places=2),
        BeforeValidator(_written),
        WithJsonSchema({"type": "string", "pattern": r"^[0-9]{1,10}(\.[0-9]{1,2})?$"}),
    ]
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]

    @field_serializer("amount")
    def _two_decimals(self, amount: Decimal) -> str:
        return f"{amount:.2f}"


class BudgetsBody(_Input):
    """What a user may spend; null is no limit."""

    per_order: MoneyBody | None = None
    per_month: MoneyBody | None = None

    def budgets(self) -> Budgets:
        """Return the budgets of the model."""
        return Budgets(_money(self.per_order), _money(self.per_month))

    @classmethod
    def of(cls, budgets: Budgets) -> Self:
        """Return the representation of budgets."""
        return cls(per_order=_money_body(budgets.per_order), per_month=_money_body(budgets.per_month))


def _money(body: MoneyBody | None) -> Money | None:
    return Money(body.amount, body.currency) if body else None


def _money_body(money: Money | None) -> MoneyBody | None:
    return MoneyBody(amount=money.amount, currency=money.currency) if money else None


class ActivationBody(_Input):
    """What a person sends to activate; `code` is what the mail brought, left out the first time."""

    customer_number: Number
    invoice_number: Number
    email: Email
    salutation: Salutation
    name: PersonName
    password: Password
    contact_number: Number | None = None
    code: Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[0-9]{6}$")] | None = None


class InviteContactBody(_Input):
    """What the main contact enters to add an ERP contact; customer and contact number cannot be sent."""

    salutation: Salutation
    roles: Annotated[frozenset[Role], Field(min_length=1)]
    name: PersonName | None = None
    email: Email | None = None
    language: LanguageTag | None = None
    budgets: BudgetsBody = BudgetsBody()


class RequestUserBody(_Input):
    """What the main contact enters for a user whom the ERP does not know."""

    salutation: Salutation
    name: PersonName
    email: Email
    roles: Annotated[frozenset[Role], Field(min_length=1)]
    language: LanguageTag | None = None
    budgets: BudgetsBody = BudgetsBody()


class EditUserBody(_Input):
    """What is to be different about a user; what is left out stays as it is (RFC 7396, JSON merge patch)."""

    salutation: Salutation = Field(default_factory=str)
    name: PersonName = Field(default_factory=str)
    email: Email = Field(default_factory=str)
    language: LanguageTag = Field(default_factory=str)
    roles: Annotated[frozenset[Role], Field(min_length=1)] = Field(default_factory=frozenset)
    budgets: BudgetsBody | None = Field(default_factory=BudgetsBody)

    def edit(self) -> Edit:
        """Return the edit that is meant: null takes a budget away, or both of them; nothing else can be null."""
        budgets = self.budgets or BudgetsBody(per_order=None, per_month=None)
        return Edit(
            salutation=self.salutation or None,
            name=self.name or None,
            email=self.email or None,
            language=self.language or None,
            roles=self.roles or None,
            budgets={limit: getattr(budgets.budgets(), limit) for limit in budgets.model_fields_set},
        )


class MainContactBody(_Input):
    """Who is to be the main contact."""

    user_id: Annotated[str, StringConstraints(min_length=1, max_length=100)]


class EmailConfirmationBody(_Input):
    """The token of the link that was mailed to the new e-mail."""

    token: Token


class AcceptanceBody(_Input):
    """The token of the invitation's link, and the password the person chose."""

    token: Token
    password: Password


class ActivationUnlockBody(_Input):
    """Whose activation is unlocked."""

    customer_number: Number


class AppointmentBody(_Input):
    """Who becomes a main contact."""

    user_id: Annotated[str, StringConstraints(min_length=1, max_length=100)]


class CompaniesQuery(BaseModel):
    """Which company is looked for."""

    model_config = ConfigDict(defer_build=True, extra="forbid", frozen=True)

    customer_number: Annotated[Number, Field(description="As the ERP writes it.")]


class PageQuery(BaseModel):
    """Which part of a list."""

    model_config = ConfigDict(defer_build=True, extra="forbid", frozen=True)

    limit: Annotated[int, Field(ge=1, le=100, description="Items per page, at most.")] = 50
    cursor: Annotated[str, Field(max_length=2000, description="`next_cursor` of the page before.")] | None = None


class UsersQuery(PageQuery):
    """Which users, and in which order."""

    status: Annotated[UserStatus | None, Field(description="Users of this status.")] = None
    invitation: Annotated[InvitationStatus | None, Field(description="Users whose invitation stands there.")] = None
    role: Annotated[Role | None, Field(description="Users who have this role.")] = None
    q: Annotated[
        Line | None,
        Field(max_length=100, description="Begins words of the name, or the e-mail; case and accents do not matter."),
    ] = None
    sort: Annotated[
        UserSort,
        Field(description="The order; anything but `created` and `-created` is for companies of up to 1,000 users."),
    ] = UserSort.CREATED

    @property
    def wanted(self) -> UserFilter:
        """Which users are asked for."""
        return UserFilter(self.status, self.invitation, self.role, self.q)


class AuditQuery(PageQuery):
    """Which entries of the audit trail."""

    since: Annotated[Moment | None, Field(description="Made at this moment or later.")] = None
    until: Annotated[Moment | None, Field(description="Made before this moment.")] = None
    subject: Annotated[Line | None, Field(max_length=100, description="About this user, or this company (id).")] = None
    action: Annotated[Line | None, Field(max_length=100, description="Of this kind, `user.invited` for example.")] = (
        None
    )

    @property
    def wanted(self) -> EntryFilter:
        """Which entries are asked for."""
        return EntryFilter(self.since, self.until, self.subject, self.action)


class AuditExportQuery(AuditQuery):
    """Which entries of the audit trail, as a table."""

    limit: Annotated[int, Field(ge=1, le=1000, description="Entries per answer, at most.")] = 1000


class ErpContactsQuery(PageQuery):
    """Which part of the contacts, and whether the ERP is asked now."""

    q: Annotated[Line | None, Field(max_length=100, description="Begins the name; case does not matter.")] = None
    refresh: Annotated[bool, Field(description="Ask the ERP now instead of using the last answer.")] = False


class InvitationAnswer(_Output):
    """Where the user's invitation stands. `sent_at` is null until its mail went out."""

    status: InvitationStatus
    sent_at: datetime | None
    expires_at: datetime


class EmailChangeAnswer(_Output):
    """A new e-mail that its owner has not confirmed yet; until then the user logs in with the old one.

    `sent_at` is null until the mail with the link went out, `bounced` says that it came back.
    """

    email: str
    sent_at: datetime | None
    expires_at: datetime
    bounced: bool


class UserAnswer(_Output):
    """A user of the company. `contact_left_at`: since when the ERP no longer has the contact they came from."""

    user_id: str
    company_id: str
    customer_number: str
    contact_number: str | None
    salutation: str
    name: str
    email: str
    language: str
    status: UserStatus
    roles: list[Role]
    budgets: BudgetsBody
    invitation: InvitationAnswer | None
    email_change: EmailChangeAnswer | None
    contact_left_at: datetime | None
    version: int
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, user: User, company: Company, now: datetime) -> Self:
        """Return the representation of a user as of that moment (an invitation expires by itself)."""
        invitation, change = user.invitation, user.email_change
        return cls(
            user_id=user.user_id,
            company_id=user.company_id,
            customer_number=company.customer_number,
            contact_number=user.contact_number,
            salutation=user.salutation,
            name=user.name,
            email=user.email,
            language=user.language,
            status=user.status,
            roles=sorted(user.roles),
            budgets=BudgetsBody.of(user.budgets),
            invitation=InvitationAnswer(
                status=invitation.status_at(now), sent_at=invitation.sent_at, expires_at=invitation.expires_at
            )
            if invitation
            else None,
            email_change=EmailChangeAnswer(
                email=change.email, sent_at=change.sent_at, expires_at=change.expires_at, bounced=change.bounced
            )
            if change
            else None,
            contact_left_at=user.contact_left_at,
            version=user.version,
            created_at=user.created_at,
            updated_at=user.updated_at,
        )


class CompanyAnswer(_Output):
    """A company; `customer_center` is the ERP's flag, as last read."""

    company_id: str
    customer_number: str
    name: str
    customer_center: bool
    customer_posting_group: str | None

    @classmethod
    def of(cls, company: Company) -> Self:
        """Return the representation of a company."""
        return cls(
            company_id=company.company_id,
            customer_number=company.customer_number,
            name=company.name,
            customer_center=company.customer_center,
            customer_posting_group=company.customer_posting_group,
        )


class CompanyRecordAnswer(CompanyAnswer):
    """A company as machines and operators see it. While `closed_at` is not null, nobody of it gets in."""

    blocked: bool
    main_contacts: list[str]
    closed_at: datetime | None
    created_at: datetime
    updated_at: datetime

    @classmethod
    @override
    def of(cls, company: Company) -> Self:
        """Return the representation of a company."""
        return cls(
            **CompanyAnswer.of(company).model_dump(),
            blocked=company.blocked,
            main_contacts=sorted(company.main_contacts),
            closed_at=company.closed_at,
            created_at=company.created_at,
            updated_at=company.updated_at,
        )


class CompaniesAnswer(_Output):
    """The companies of that customer number: one, or none while nobody activated it; `next_cursor` is always null."""

    items: list[CompanyRecordAnswer]
    next_cursor: None = None


class CompanyUserAnswer(_Output):
    """A user of a company, for who checks an order; `permissions` are those they have at this moment.

    Without `orders.buy` they may not order: it is also missing while they are not active, or the company is closed.
    """

    user: UserAnswer
    company: CompanyRecordAnswer
    permissions: list[Permission]

    @classmethod
    def of(cls, user: User, company: Company, now: datetime) -> Self:
        """Return the representation of a user of a company as of that moment."""
        in_effect = user.permissions if user.status is UserStatus.ACTIVE and company.closed_at is None else ()
        return cls(
            user=UserAnswer.of(user, company, now),
            company=CompanyRecordAnswer.of(company),
            permissions=sorted(in_effect),
        )


class ActivationUnlockAnswer(_Output):
    """A customer number of which nothing is counted today; `company_id` is null while it has no company."""

    customer_number: str
    company_id: str | None


class MeAnswer(_Output):
    """Who is logged in, where, and what they may do, so that a page can hide what would be refused."""

    user: UserAnswer
    company: CompanyAnswer
    permissions: list[Permission]


class SessionAnswer(_Output):
    """A login (RFC 6749 §5.1); `expires_in` in seconds."""

    access_token: str
    id_token: str
    refresh_token: str
    expires_in: int
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 # the type, not the token

    @classmethod
    def of(cls, session: Session) -> Self:
        """Return the representation of a login."""
        return cls(
            access_token=session.access_token,
            id_token=session.id_token,
            refresh_token=session.refresh_token,
            expires_in=session.expires_in,
        )


class LoggedInAnswer(_Output):
    """A user who has just got in: activated, or accepted an invitation."""

    user: UserAnswer
    company: CompanyAnswer
    session: SessionAnswer


class EmailConfirmedAnswer(_Output):
    """The e-mail is confirmed: it is the user's login from now on."""

    status: Literal["confirmed"] = "confirmed"
    email: str


class CodeSentAnswer(_Output):
    """The activation goes on with the code that was mailed to this address."""

    status: Literal["code_sent"] = "code_sent"
    email: str


class UsersAnswer(_Output):
    """A page of the company's users."""

    items: list[UserAnswer]
    next_cursor: str | None


class ActorAnswer(_Output):
    """Who did it; `name` is a user's today, null for anybody else and for users who are not there any more."""

    kind: Literal["person", "client", "system", "visitor"]
    id: str | None
    name: str | None


class AuditEntryAnswer(_Output):
    """One change: who did what to whom; `changes` has the values before and after by field."""

    entry_id: str
    at: datetime
    actor: ActorAnswer
    action: str
    subject: str
    subject_name: str | None
    request_id: str
    changes: Mapping[str, tuple[JsonValue, JsonValue]]

    @classmethod
    def of(cls, entry: Entry, names: Mapping[str, str]) -> Self:
        """Return the representation of an entry, given what users are called."""
        return cls(
            entry_id=entry.entry_id,
            at=entry.at,
            actor=ActorAnswer(
                kind=entry.actor.kind, id=entry.actor.actor_id or None, name=names.get(entry.actor.actor_id)
            ),
            action=entry.action,
            subject=entry.subject,
            subject_name=names.get(entry.subject),
            request_id=entry.request_id,
            changes={field: (before, after) for field, (before, after) in sorted(entry.changes.items())},
        )


class AuditEntriesAnswer(_Output):
    """A page of the company's audit trail, newest first."""

    items: list[AuditEntryAnswer]
    next_cursor: str | None


class ExportAnswer(_Output):
    """What is kept of a person: their record, and a page of the journal's entries about them and by them.

    `changes` is empty where they changed somebody else: those values are another person's.
    """

    user: UserAnswer
    company: CompanyAnswer
    items: list[AuditEntryAnswer]
    next_cursor: str | None


class ErasureAnswer(_Output):
    """A certificate of an erasure. Backups and queues forget the person by themselves, by these dates."""

    user_id: str
    erased_at: datetime
    status: Annotated[
        Literal["in_progress", "complete"],
        Field(description="Whether the journal is blanked already; account and login are gone in any case."),
    ]
    backups_until: datetime
    queues_until: datetime

    @classmethod
    def of(cls, certificate: Certificate) -> Self:
        """Return the representation of a certificate."""
        return cls(
            user_id=certificate.user_id,
            erased_at=certificate.erased_at,
            status="complete" if certificate.complete else "in_progress",
            backups_until=certificate.backups_until,
            queues_until=certificate.queues_until,
        )


AUDIT_COLUMNS = (
    "at",
    "action",
    "actor_kind",
    "actor_id",
    "actor_name",
    "subject",
    "subject_name",
    "field",
    "before",
    "after",
    "request_id",
    "entry_id",
)


def audit_rows(entry: AuditEntryAnswer) -> Iterator[Sequence[str]]:
    """Yield the entry as rows of `AUDIT_COLUMNS`: one for each field that changed, one when none did."""
    who = (entry.actor.kind, entry.actor.id or "", entry.actor.name or "")
    for field, (before, after) in entry.changes.items() or [("", (None, None))]:
        changed = (field, _cell(before), _cell(after))
        what = (iso(entry.at), entry.action, *who, entry.subject, entry.subject_name or "")
        yield *what, *changed, entry.request_id, entry.entry_id


def _cell(value: JsonValue) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return value if isinstance(value, str) else json.dumps(value)


class ErpContactAnswer(_Output):
    """A contact of the ERP without a shop account (seed 000); `cannot_be_invited` where there is no e-mail."""

    contact_number: str
    name: str
    telephone: str | None
    telefax: str | None
    email: str | None
    language_code: str | None
    cannot_be_invited: bool

    @classmethod
    def of(cls, row: CachedContact) -> Self:
        """Return the representation of a contact."""
        contact = row.contact
        return cls(
            contact_number=contact.contact_number,
            name=contact.name,
            telephone=contact.telephone,
            telefax=contact.telefax,
            email=contact.email,
            language_code=contact.language_code,
            cannot_be_invited=contact.email is None or email_address(contact.email) is None,
        )


class ErpContactsAnswer(_Output):
    """A page of contacts, as the ERP had them at `as_of`; `stale` when it could not be asked again."""

    items: list[ErpContactAnswer]
    next_cursor: str | None
    as_of: datetime
    stale: bool
