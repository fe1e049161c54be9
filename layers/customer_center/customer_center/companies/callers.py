"""People as callers. A strongly consistent read of the caller's record decides about access, not the token's claims."""

from collections.abc import Callable
from typing import Protocol, override

from customer_center.companies.model import Company, Member, Permission, User, UserStatus
from customer_center.platform.errors import Forbidden
from customer_center.platform.http import Caller, Request, Security


class Records(Protocol):
    """The two reads that decide about a person's access."""

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
    """An active user with a permission. With `administration`, the company's customer center must also be on.

    `by_use_case`: the use case checks the permission, because a done request may have taken it from the caller, and a
    repeat must get its answer. Only callers with the permission are told what is wrong with their body.
    """

    security = (_SECURITY,)

    def __init__(
        self,
        records: Callable[[], Records],
        permission: Permission | None,
        *,
        administration: bool,
        by_use_case: bool = False,
    ) -> None:
        self._records = records
        self.permission = permission
        self.administration = administration
        self.by_use_case = by_use_case
        self.problems = (
            "forbidden",
            "user-deactivated",
            "company-closed",
            *(("permission-missing",) if permission else ()),
            *(("customer-center-off",) if administration else ()),
        )
        self.requirement = f"Requires the permission `{permission}`." if permission else ""

    @override
    def admit(self, request: Request) -> Member:
        """Return the caller's record and company. Raises Forbidden when the caller has no access."""
        user = self._records().user(request.username) if request.username else None
        if user is None or user.status is UserStatus.INVITED:
            raise Forbidden("forbidden")
        if user.status is UserStatus.DEACTIVATED:
            raise Forbidden("user-deactivated")
        if not self.by_use_case:
            self._check_permission(user)
        company = self._records().company(user.company_id)
        if company is None or company.closed_at:
            raise Forbidden("company-closed")
        if self.administration and not company.customer_center:
            raise Forbidden("customer-center-off")
        return Member(user, company)

    @override
    def allow(self, admitted: Member) -> None:
        """Raise Forbidden if the user lacks the permission."""
        self._check_permission(admitted.user)

    def _check_permission(self, user: User) -> None:
        if self.permission and self.permission not in user.permissions:
            raise Forbidden("permission-missing", permission=self.permission)


def person(
    records: Callable[[], Records],
    permission: Permission | None = None,
    *,
    administration: bool = False,
    by_use_case: bool = False,
) -> Caller:
    """Return the caller of a route for people with this permission."""
    return PersonCaller(records, permission, administration=administration, by_use_case=by_use_case)
