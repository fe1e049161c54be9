"""Fields, bodies and answers that several stories share, as pydantic models.

The rest is in the `bodies` module of each story, because a function's cold start pays for every model it imports.
"""

import re
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    StringConstraints,
    WithJsonSchema,
    field_serializer,
)
from pydantic_core import PydanticCustomError

from customer_center.companies.email_address import email_address
from customer_center.companies.model import (
    Budgets,
    Company,
    InvitationStatus,
    Money,
    Role,
    User,
    UserStatus,
)
from customer_center.platform.frozen import frozen
from customer_center.platform.wire import Input, Line, Output

# RFC 5321, 4.5.3.1.3: a path has at most 256 octets, with its angle brackets.
_EMAIL_LENGTH = 254
_DECIMALS = 2


def _no_address(text: str) -> str:
    # Mail programs turn addresses into links: a name must not lead a reader of our mails anywhere.
    if re.search(r"://|www\.", text, re.IGNORECASE):
        raise PydanticCustomError("invalid", "A name holds no address.")
    return text


def _email(text: str) -> str:
    address = email_address(text)
    if address is None:
        raise PydanticCustomError("email", "This is not an e-mail address.")
    return address


Number = Annotated[Line, Field(max_length=40)]

Email = Annotated[Line, Field(max_length=_EMAIL_LENGTH, json_schema_extra={"format": "email"}), AfterValidator(_email)]

PersonName = Annotated[Line, Field(max_length=50), AfterValidator(_no_address)]

Salutation = Annotated[Line, Field(max_length=20)]

LanguageTag = Annotated[Line, Field(max_length=35)]


def _amount(amount: object) -> object:
    # Most programs read a JSON number as a float, in which 0.1 is not exact.
    if isinstance(amount, Decimal):
        return amount
    if not isinstance(amount, str):
        raise PydanticCustomError("text", "An amount is text.")
    if not re.fullmatch(r"-?[0-9]{1,20}(\.[0-9]{1,20})?", amount):
        raise PydanticCustomError("number", "An amount is a number.")
    if len(amount.partition(".")[2]) > _DECIMALS:
        # In some countries `1.000` is a thousand: it must not be read as one.
        raise PydanticCustomError("out-of-range", "An amount has two decimals.")
    return Decimal(amount)


class MoneyBody(Input):
    """An amount above zero with at most two decimals, as text, in a currency of ISO 4217."""

    amount: Annotated[
        Decimal,
        Field(gt=0, max_digits=12, decimal_places=_DECIMALS),
        BeforeValidator(_amount),
        WithJsonSchema({"type": "string", "pattern": r"^[0-9]{1,10}(\.[0-9]{1,2})?$"}),
    ]
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]

    @field_serializer("amount")
    def _two_decimals(self, amount: Decimal) -> str:
        return f"{amount:.2f}"


class BudgetsBody(Input):
    """What a user may spend; null is no limit."""

    per_order: MoneyBody | None = None
    per_month: MoneyBody | None = None

    def budgets(self) -> Budgets:
        """Return the budgets of the room's model."""
        return Budgets(_money(self.per_order), _money(self.per_month))

    @classmethod
    def from_budgets(cls, budgets: Budgets) -> Self:
        """Return the body for budgets."""
        return cls(per_order=_money_body(budgets.per_order), per_month=_money_body(budgets.per_month))


def _money(body: MoneyBody | None) -> Money | None:
    return Money(body.amount, body.currency) if body else None


def _money_body(money: Money | None) -> MoneyBody | None:
    return MoneyBody(amount=money.amount, currency=money.currency) if money else None


@frozen(kw_only=True)
class InvitationAnswer(Output):
    """The state of a user's invitation. `sent_at` is null until the mail is sent."""

    status: InvitationStatus
    sent_at: datetime | None
    expires_at: datetime


@frozen(kw_only=True)
class EmailChangeAnswer(Output):
    """A new e-mail that is not confirmed yet. Until then the user logs in with the old one.

    `sent_at` is null until the mail with the link is sent; `bounced` is true when it could not be delivered.
    """

    email: str
    sent_at: datetime | None
    expires_at: datetime
    bounced: bool


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
    budgets: BudgetsBody
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
            email=user.email,
            language=user.language,
            status=user.status,
            roles=sorted(user.roles),
            budgets=BudgetsBody.from_budgets(user.budgets),
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
