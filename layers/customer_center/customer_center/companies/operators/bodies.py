"""What goes over the wire to the shop's backend and to operators."""

from datetime import datetime
from typing import Annotated, Self, override

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
)

from customer_center.companies.bodies import CompanyAnswer, Input, Number, Output, UserAnswer
from customer_center.companies.model import (
    Company,
    Permission,
    User,
    UserStatus,
)


class ActivationUnlockBody(Input):
    """Whose activation is unlocked."""

    customer_number: Number


class AppointmentBody(Input):
    """Who becomes a main contact."""

    user_id: Annotated[str, StringConstraints(min_length=1, max_length=100)]


class CompaniesQuery(BaseModel):
    """Which company is looked for."""

    model_config = ConfigDict(defer_build=True, extra="forbid", frozen=True)

    customer_number: Annotated[Number, Field(description="As the ERP writes it.")]


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


class CompaniesAnswer(Output):
    """The companies of that customer number: one, or none while nobody activated it; `next_cursor` is always null."""

    items: list[CompanyRecordAnswer]
    next_cursor: None = None


class CompanyUserAnswer(Output):
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


class ActivationUnlockAnswer(Output):
    """A customer number of which nothing is counted today; `company_id` is null while it has no company."""

    customer_number: str
    company_id: str | None
