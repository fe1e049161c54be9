"""Bodies, queries and answers of user administration."""

import re
from decimal import Decimal
from typing import Annotated

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

from customer_center.companies.bodies import (
    CompanyAnswer,
    Email,
    LanguageTag,
    PersonName,
    Salutation,
    UserAnswer,
    allowed,
)
from customer_center.companies.currencies import decimals_of
from customer_center.companies.limits import IMPORT_ROWS
from customer_center.companies.model import (
    ASSIGNABLE_ROLES,
    Budgets,
    Edit,
    InvitationStatus,
    Money,
    NewUser,
    Permission,
    Role,
    UserStatus,
)
from customer_center.companies.users.find_users import UserFilter, UserSort
from customer_center.platform.frozen import frozen
from customer_center.platform.wire import Id, Input, Line, Output, PageQuery, PastedNumber

_WHOLE_DIGITS = 10

_GIVEN = ", ".join(role for role in Role if role in ASSIGNABLE_ROLES)


def _known_role(role: object) -> object:
    # Before pydantic, whose error would name all roles, also those that nobody can give.
    if role not in tuple(Role):
        raise PydanticCustomError("unknown-value", "There is no such role.", {"limit": _GIVEN})
    return role


Roles = Annotated[frozenset[Annotated[Role, BeforeValidator(_known_role)]], Field(min_length=1)]


def _assignable(roles: frozenset[Role]) -> frozenset[Role]:
    if roles - ASSIGNABLE_ROLES:
        raise PydanticCustomError("role-not-assignable", "Nobody can give this role.")
    return roles


NewRoles = Annotated[Roles, AfterValidator(_assignable)]


def _amount(amount: object, info: ValidationInfo) -> object:
    # Most programs read a JSON number as a float, in which 0.1 is not exact.
    if isinstance(amount, Decimal):
        return amount
    if not isinstance(amount, str):
        raise PydanticCustomError("text", "An amount is text.")
    if not re.fullmatch(r"-?[0-9]{1,20}(\.[0-9]{1,20})?", amount):
        raise PydanticCustomError("number", "An amount is a number.")
    decimals = decimals_of(info.data.get("currency", ""))
    whole, _, fraction = amount.partition(".")
    if len(fraction) > decimals or len(whole.lstrip("-0")) > _WHOLE_DIGITS:
        # In some countries `1.000` is a thousand: it must not be read as one.
        most = "9" * _WHOLE_DIGITS + ("." + "9" * decimals if decimals else "")
        raise PydanticCustomError("out-of-range", "An amount has the decimals of its currency.", {"limit": f"≤ {most}"})
    return Decimal(amount)


class MoneyBody(Input):
    """An amount above zero, as text, with at most the decimals of its currency (ISO 4217; `GET /settings`)."""

    # First, so that the amount's validator knows the currency.
    currency: Annotated[
        str, allowed("currencies"), PastedNumber, WithJsonSchema({"type": "string", "pattern": "^[A-Z]{3}$"})
    ]
    amount: Annotated[
        Decimal,
        Field(gt=0),
        BeforeValidator(_amount),
        PastedNumber,
        WithJsonSchema({"type": "string", "pattern": r"^[0-9]{1,10}(\.[0-9]{1,3})?$"}),
    ]


def _one_currency(per_month: MoneyBody | None, info: ValidationInfo) -> MoneyBody | None:
    per_order = info.data.get("per_order")
    if per_month and per_order and per_month.currency != per_order.currency:
        raise PydanticCustomError("currency-differs", "Both have one currency.", {"inside": "currency"})
    return per_month


class BudgetsBody(Input):
    """What a user may spend; null is no limit."""

    per_order: MoneyBody | None = None
    per_month: Annotated[MoneyBody | None, AfterValidator(_one_currency)] = None

    def budgets(self) -> Budgets:
        """Return the budgets of the room's model."""
        return Budgets(_money(self.per_order), _money(self.per_month))


def _money(body: MoneyBody | None) -> Money | None:
    return Money(body.amount, body.currency) if body else None


# `BudgetsBody()` would build the model when this module is imported.
_NO_LIMITS = BudgetsBody.model_construct()


class RequestUserBody(Input):
    """The data of a new user who is not a contact of the ERP."""

    salutation: Salutation
    name: PersonName
    email: Email
    roles: NewRoles
    language: LanguageTag | None = None
    budgets: BudgetsBody = _NO_LIMITS


class InviteContactBody(Input):
    """The data to invite a contact of the ERP. `name`, `email` and `language` default to the contact's."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "salutation": "mrs",
                    "roles": ["buyer"],
                    "name": "Tina Tinte",
                    "email": "tina.tinte@musterhandel.example",
                    "language": "de",
                    "budgets": {"per_order": {"amount": "500.00", "currency": "EUR"}, "per_month": None},
                }
            ]
        }
    )

    salutation: Salutation
    roles: NewRoles
    name: PersonName | None = None
    email: Email | None = None
    language: LanguageTag | None = None
    budgets: BudgetsBody = _NO_LIMITS


def new_user(body: RequestUserBody | InviteContactBody, language: str | None) -> NewUser:
    """Return the user that a body asks for, with this language."""
    return NewUser(
        salutation=body.salutation,
        name=body.name,
        email=body.email,
        language=language,
        roles=body.roles,
        budgets=body.budgets.budgets(),
    )


class EditUserBody(Input):
    """The changes to a user. Fields that are left out stay unchanged (RFC 7396, JSON merge patch)."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "name": "Max Mustermann",
                    "email": "max.mustermann@musterhandel.example",
                    "roles": ["approver"],
                    "budgets": {"per_order": {"amount": "500.00", "currency": "EUR"}, "per_month": None},
                }
            ]
        }
    )

    # An empty default marks a field that was left out: no field accepts an empty value, and null is refused.
    salutation: Salutation = Field(default_factory=str)
    name: PersonName = Field(default_factory=str)
    email: Email = Field(default_factory=str)
    language: LanguageTag = Field(default_factory=str)
    roles: Roles = Field(default_factory=frozenset)
    budgets: BudgetsBody | None = Field(default_factory=BudgetsBody)

    def edit(self) -> Edit:
        """Return the edit. A null removes a budget, or both of them; no other field can be null."""
        budgets = self.budgets or BudgetsBody(per_order=None, per_month=None)
        return Edit(
            salutation=self.salutation or None,
            name=self.name or None,
            email=self.email or None,
            language=self.language or None,
            roles=self.roles or None,
            budgets={limit: getattr(budgets.budgets(), limit) for limit in budgets.model_fields_set},
        )


class EditMeBody(Input):
    """The changes to one's own user. Fields that are left out stay unchanged (RFC 7396, JSON merge patch)."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "Max Mustermann", "language": "de"}]})

    salutation: Salutation = Field(default_factory=str)
    name: PersonName = Field(default_factory=str)
    language: LanguageTag = Field(default_factory=str)

    def edit(self) -> Edit:
        """Return the edit."""
        return Edit(
            salutation=self.salutation or None,
            name=self.name or None,
            language=self.language or None,
        )


class MainContactBody(Input):
    """The user who becomes the main contact."""

    user_id: Id


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
        """The filter for the users."""
        return UserFilter(self.status, self.invitation, self.role, self.q)


class UsersExportQuery(UsersQuery):
    """Which users, as a table."""

    limit: Annotated[int, Field(ge=1, le=IMPORT_ROWS, description="Users per answer, at most.")] = IMPORT_ROWS


@frozen(kw_only=True)
class MeAnswer(Output):
    """The user who is logged in, their company, and their permissions: a page can hide what would be refused.

    `assignable_roles` are the roles that they may give to others.
    """

    user: UserAnswer
    company: CompanyAnswer
    permissions: list[Permission]
    assignable_roles: list[Role]


@frozen(kw_only=True)
class UsersAnswer(Output):
    """A page of the company's users."""

    items: list[UserAnswer]
    next_cursor: str | None
