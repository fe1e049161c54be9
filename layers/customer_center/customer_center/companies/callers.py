"""People as callers: one strongly consistent read of their own record decides, whatever the token says (DESIGN §3)."""

from collections.abc import Callable
from typing import Protocol

from customer_center.companies.model import Company, Member, Permission, User, UserStatus
from customer_center.platform.errors import Forbidden
from customer_center.platform.http import Caller, Request


class Records(Protocol):
    """The two reads that admitting a person takes."""

    def user(self, user_id: str) -> User | None:
        """Return the user as it is now (strongly consistent), None when there is none."""

    def company(self, company_id: str) -> Company | None:
        """Return the company as it was a moment ago, None when there is none."""


class PersonCaller:
    """An active user with a permission; with `administration`, of a company whose customer center is on."""

    security = "person"

    def __init__(self, records: Callable[[], Records], permission: Permission | None, *, administration: bool) -> None:
        self._records = records
        self.permission = permission
        self.administration = administration

    def admit(self, request: Request) -> Member:
        """Return the caller's own record and company; raise Forbidden for anybody who may not be here."""
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
    """Return the kind of caller of a route for people."""
    return PersonCaller(records, permission, administration=administration)
