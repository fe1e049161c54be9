"""What goes over the wire of user administration."""

from typing import Annotated

from pydantic import ConfigDict, Field, StringConstraints

from customer_center.companies.bodies import (
    BudgetsBody,
    CompanyAnswer,
    Email,
    Input,
    LanguageTag,
    Line,
    Output,
    PageQuery,
    PersonName,
    Salutation,
    UserAnswer,
)
from customer_center.companies.model import (
    Edit,
    InvitationStatus,
    Permission,
    Role,
    UserStatus,
)
from customer_center.companies.users.find_users import UserFilter, UserSort


class RequestUserBody(Input):
    """What the main contact enters for a user whom the ERP does not know."""

    salutation: Salutation
    name: PersonName
    email: Email
    roles: Annotated[frozenset[Role], Field(min_length=1)]
    language: LanguageTag | None = None
    budgets: BudgetsBody = BudgetsBody()


class InviteContactBody(Input):
    """What the main contact enters to add an ERP contact; customer and contact number cannot be sent."""

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
    roles: Annotated[frozenset[Role], Field(min_length=1)]
    name: PersonName | None = None
    email: Email | None = None
    language: LanguageTag | None = None
    budgets: BudgetsBody = BudgetsBody()


class EditUserBody(Input):
    """What is to be different about a user; what is left out stays as it is (RFC 7396, JSON merge patch)."""

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


class MainContactBody(Input):
    """Who is to be the main contact."""

    user_id: Annotated[str, StringConstraints(min_length=1, max_length=100)]


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


class MeAnswer(Output):
    """Who is logged in, where, and what they may do, so that a page can hide what would be refused."""

    user: UserAnswer
    company: CompanyAnswer
    permissions: list[Permission]


class UsersAnswer(Output):
    """A page of the company's users."""

    items: list[UserAnswer]
    next_cursor: str | None
