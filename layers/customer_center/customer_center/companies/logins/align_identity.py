"""Bringing a login in line with the user's record, which is the truth (DESIGN §3)."""

from customer_center.companies.model import User, UserStatus
from customer_center.companies.ports import Companies, Identities

# A record rarely changes while its login is being brought in line; more than this often, the next message does it.
_LOOKS = 3


def align_identity(
    user_id: str, *, companies: Companies, identities: Identities, company_changed: bool = False
) -> None:
    """Enable, disable or forget the user's login, as the record says now; its e-mail is the record's too.

    Nobody's login is open while their company is closed. Whether it is may be known a moment late, unless this very
    change is why we are here: `company_changed`.

    May run any number of times, in any order: the record is read again afterwards, so that what changed meanwhile is
    not undone.
    """
    user = companies.user(user_id)
    for _ in range(_LOOKS):
        if user is None:
            identities.delete(user_id)
        elif user.status is UserStatus.ACTIVE and _is_open(user.company_id, companies, company_changed):
            identities.enable(user)
        else:
            identities.disable(user_id)
        now = companies.user(user_id)
        if _asked_of_login(now) == _asked_of_login(user):
            return
        user = now


def _is_open(company_id: str, companies: Companies, company_changed: bool) -> bool:  # noqa: FBT001 # handed on
    company = companies.current_company(company_id) if company_changed else companies.company(company_id)
    return company is not None and company.closed_at is None


def _asked_of_login(user: User | None) -> object:
    return (user.status, user.email, user.language) if user else None
