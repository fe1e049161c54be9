"""Fields, bodies and answers that several stories share, as pydantic models.

The rest is in the `bodies` module of each story, because a function's cold start pays for every model it imports.
"""

from datetime import datetime
from typing import Annotated, Self

from pydantic import AfterValidator, Field, ValidationInfo
from pydantic_core import PydanticCustomError

from customer_center.companies.currencies import decimals_of
from customer_center.companies.model import (
    Budgets,
    Company,
    InvitationStatus,
    Money,
    Role,
    User,
    UserStatus,
)
from customer_center.platform.email_address import email_address, shown_email
from customer_center.platform.frozen import frozen
from customer_center.platform.names import holds_address
from customer_center.platform.wire import Line, Output, PastedNumber

# RFC 5321, 4.5.3.1.3: a path has at most 256 octets, with its angle brackets.
_EMAIL_LENGTH = 254


def _no_address(text: str) -> str:
    # Mail programs turn addresses into links: a name must not lead a reader of our mails anywhere.
    if holds_address(text):
        raise PydanticCustomError("address-in-name", "A name holds no address.")
    return text


def _email(text: str) -> str:
    address = email_address(text)
    if address is None:
        raise PydanticCustomError("email", "This is not an e-mail address.")
    return address


Number = Annotated[Line, Field(max_length=40), PastedNumber]

Email = Annotated[
    Line, PastedNumber, Field(max_length=_EMAIL_LENGTH, json_schema_extra={"format": "email"}), AfterValidator(_email)
]

PersonName = Annotated[Line, Field(max_length=50), AfterValidator(_no_address)]


def allowed(name: str) -> AfterValidator:
    """Refuse a value that this deployment does not allow (`Api.allowed`). Without a context, every value is allowed."""

    def check(value: str, info: ValidationInfo) -> str:
        values = (info.context or {}).get(name, (value,))
        if value not in values:
            raise PydanticCustomError("unknown-value", "The parameter has other values.", {"limit": ", ".join(values)})
        return value

    return AfterValidator(check)


Salutation = Annotated[Line, Field(max_length=20), allowed("salutations")]

LanguageTag = Annotated[Line, Field(max_length=35)]


@frozen(kw_only=True)
class MoneyAnswer(Output):
    """An amount above zero, as text, with the decimals of its currency (ISO 4217; `GET /settings`)."""

    amount: str
    currency: str

    @classmethod
    def from_money(cls, money: Money) -> Self:
        """Return the answer for money."""
        return cls(amount=f"{money.amount:.{decimals_of(money.currency)}f}", currency=money.currency)


@frozen(kw_only=True)
class BudgetsAnswer(Output):
    """What a user may spend; null is no limit."""

    per_order: MoneyAnswer | None
    per_month: MoneyAnswer | None

    @classmethod
    def from_budgets(cls, budgets: Budgets) -> Self:
        """Return the answer for budgets."""
        order, month = budgets.per_order, budgets.per_month
        return cls(
            per_order=MoneyAnswer.from_money(order) if order else None,
            per_month=MoneyAnswer.from_money(month) if month else None,
        )


@frozen(kw_only=True)
class InvitationAnswer(Output):
    """The state of a user's invitation. `sent_at` is null until the mail is sent."""

    status: InvitationStatus
    sent_at: datetime | None
    expires_at: datetime


@frozen(kw_only=True)
class EmailChangeAnswer(Output):
    """A new e-mail that is not the login yet. Until then the user logs in with the old one.

    `sent_at` is null until the mail with the link is sent; `bounced` is true when it could not be delivered.
    `takes_effect_at` is null until its owner confirms it; from then on it is when it becomes the login at the latest.
    """

    email: str
    sent_at: datetime | None
    expires_at: datetime
    bounced: bool
    takes_effect_at: datetime | None


@frozen(kw_only=True)
class UserAnswer(Output):
    """A user of a company. `contact_left_at` is when the user's contact was found to be missing in the ERP."""

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
    budgets: BudgetsAnswer
    invitation: InvitationAnswer | None
    email_change: EmailChangeAnswer | None
    contact_left_at: datetime | None
    version: int
    created_at: datetime
    updated_at: datetime

    @classmethod
    def from_user(cls, user: User, company: Company, now: datetime) -> Self:
        """Return the answer for a user at that moment (an invitation expires by itself)."""
        invitation, change = user.invitation, user.email_change
        return cls(
            user_id=user.user_id,
            company_id=user.company_id,
            customer_number=company.customer_number,
            contact_number=user.contact_number,
            salutation=user.salutation,
            name=user.name,
            email=shown_email(user.email),
            language=user.language,
            status=user.status,
            roles=sorted(user.roles),
            budgets=BudgetsAnswer.from_budgets(user.budgets),
            invitation=InvitationAnswer(
                status=invitation.status_at(now), sent_at=invitation.sent_at, expires_at=invitation.expires_at
            )
            if invitation
            else None,
            email_change=EmailChangeAnswer(
                email=shown_email(change.email),
                sent_at=change.sent_at,
                expires_at=change.expires_at,
                bounced=change.bounced,
                takes_effect_at=change.takes_effect_at,
            )
            if change
            else None,
            contact_left_at=user.contact_left_at,
            version=user.version,
            created_at=user.created_at,
            updated_at=user.updated_at,
        )


@frozen(kw_only=True)
class CompanyAnswer(Output):
    """A company. `customer_center` is the ERP's flag as last read.

    Until `mails_stopped_until` the company's users can cause no mails, because too many came back. Null: never stopped.
    """

    company_id: str
    customer_number: str
    name: str
    customer_center: bool
    customer_posting_group: str | None
    mails_stopped_until: datetime | None

    @classmethod
    def from_company(cls, company: Company) -> Self:
        """Return the answer for a company."""
        return cls(
            company_id=company.company_id,
            customer_number=company.customer_number,
            name=company.name,
            customer_center=company.customer_center,
            customer_posting_group=company.customer_posting_group,
            mails_stopped_until=company.mails_stopped_until,
        )
