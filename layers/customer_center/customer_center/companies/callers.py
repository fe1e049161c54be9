"""People as callers. One strongly consistent read of their own record decides, not the claims of their token."""

from collections.abc import Callable
from typing import Protocol, override

from customer_center.companies.model import Company, Member, Permission, User, UserStatus
from customer_center.platform.errors import Forbidden
from customer_center.platform.http import Caller, Request, Security


class Records(Protocol):
    """The two reads that admit a person."""

    def user(self, user_id: str) -> User | None:
        """Return the user with a strongly consistent read, None if there is none."""

    def company(self, company_id: str) -> Company | None:
        """Return the company with an eventually consistent read, None if there is none."""


_SECURITY = Security(
    "person",
    {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "A person's access token from Amazon Cognito (not the ID token).",
    },
    by_gateway=True,
)


class PersonCaller(Caller):
    """An active user with a permission; with `administration`, in a company whose customer center is on."""

    security = (_SECURITY,)

    def __init__(self, records: Callable[[], Records], permission: Permission | None, *, administration: bool) -> None:
        self._records = records
        self.permission = permission
        self.administration = administration
        self.problems = (
            "forbidden",
            "user-deactivated",
            "company-closed",
            *(("permission-missing",) if permission else ()),
            *(("customer-center-off",) if administration else ()),
        )
        self.requirement = f"Takes the permission `{permission}`." if permission else ""

    @override
    def admit(self, request: Request) -> Member:
        """Return the caller's own record and company; raise Forbidden for everybody else."""
        user = self._records().user(request.username) if request.username else None
        if user is None or user.status is UserStatus.INVITED:
            raise Forbidden("forbidden")
        if user.status is UserStatus.DEACTIVATED:
            raise Forbidden("user-deactivated")
        if self.permission and self.permission not in user.permissions:
            raise Forbidden("permission-missing", permission=self.permission)
        company = self._records().company(user.company_id)
        if company is None or company.closed_at:
            raise Forbidden("company-closed")
        if self.administration and not company.customer_center:
            raise Forbidden("customer-center-off")
        return Member(user, company)


def person(
    records: Callable[[], Records], permission: Permission | None = None, *, administration: bool = False
) -> Caller:
    """Return the caller of a route for people with this permission."""
    return PersonCaller(records, permission, administration=administration)
