"""Bodies, queries and answers of the shop's backend and of operators."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Self, override

from pydantic import Field

from customer_center.companies.bodies import CompanyAnswer, Number, UserAnswer
from customer_center.companies.model import (
    Company,
    Permission,
    User,
    UserStatus,
)
from customer_center.platform.frozen import frozen
from customer_center.platform.wire import Id, Input, Output, Query


class ActivationUnlockBody(Input):
    """The customer number whose activation is unlocked."""

    customer_number: Number


class AppointmentBody(Input):
    """The user who becomes a main contact."""

    user_id: Id


class CompaniesQuery(Query):
    """Which company to return."""

    customer_number: Annotated[Number, Field(description="As the ERP writes it.")]


@frozen(kw_only=True)
class CompanyRecordAnswer(CompanyAnswer):
    """A company as machines and operators see it. While `closed_at` is not null, its users cannot log in."""

    blocked: bool
    main_contacts: list[str]
    closed_at: datetime | None
    created_at: datetime
    updated_at: datetime

    @classmethod
    @override
    def from_company(cls, company: Company) -> Self:
        """Return the answer for a company."""
        return cls(
            **asdict(CompanyAnswer.from_company(company)),
            blocked=company.blocked,
            main_contacts=sorted(company.main_contacts),
            closed_at=company.closed_at,
            created_at=company.created_at,
            updated_at=company.updated_at,
        )


@frozen(kw_only=True)
class CompaniesAnswer(Output):
    """The companies with that customer number: one, or none before its activation. `next_cursor` is always null."""

    items: list[CompanyRecordAnswer]
    next_cursor: None = None


@frozen(kw_only=True)
class CompanyUserAnswer(Output):
    """A user of a company, to check an order. `permissions` are those the user has now.

    Without `orders.buy` the user may not order. It is missing while the user is not active or the company is closed.
    """

    user: UserAnswer
    company: CompanyRecordAnswer
    permissions: list[Permission]

    @classmethod
    def from_user(cls, user: User, company: Company, now: datetime) -> Self:
        """Return the answer for a user of a company at that moment."""
        in_effect = user.permissions if user.status is UserStatus.ACTIVE and company.closed_at is None else ()
        return cls(
            user=UserAnswer.from_user(user, company, now),
            company=CompanyRecordAnswer.from_company(company),
            permissions=sorted(in_effect),
        )


@frozen(kw_only=True)
class ActivationUnlockAnswer(Output):
    """A customer number whose refusals of today are forgotten. `company_id` is null while it has no company."""

    customer_number: str
    company_id: str | None
