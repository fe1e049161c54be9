"""Align a user's login with the user's record. The record is authoritative (docs/specification.md, 2.14)."""

from collections.abc import Callable

from customer_center.companies.model import User, UserStatus
from customer_center.companies.ports import Identities, Records
from customer_center.platform.errors import OutsideSystemError
from customer_center.platform.log import logger

# Maximum number of rounds. A record rarely changes during one of them; if it always does, the next message aligns it.
_LOOKS = 3


def align_identity(user_id: str, *, companies: Records, identities: Identities, company_changed: bool = False) -> None:
    """Enable, disable or delete the user's login to match the record. An enabled login gets its e-mail and language.

    A login is disabled while its company is closed. `company_changed` says that a change of the company caused this
    call. Then the company is read strongly consistent, otherwise eventually consistent.

    May run any number of times, in any order. The record is read again afterwards, so that a change at the same time is
    not undone.
    """
    user = companies.user(user_id)
    for _ in range(_LOOKS):
        if user is None:
            identities.delete(user_id)
        elif user.status is UserStatus.ACTIVE and _is_open(user.company_id, companies, current=company_changed):
            identities.enable(user)
        else:
            identities.disable(user_id)
        now = companies.user(user_id)
        if _asked_of_login(now) == _asked_of_login(user):
            return
        user = now


def change_login(change: Callable[[], None], user_id: str) -> None:
    """Change a login now. When Cognito cannot be reached, the effect in the journal changes the login later."""
    try:
        change()
    except OutsideSystemError as error:
        logger.warning("login is changed later", user_id=user_id, code=error.code)


def _is_open(company_id: str, companies: Records, *, current: bool) -> bool:
    company = companies.current_company(company_id) if current else companies.company(company_id)
    return company is not None and company.closed_at is None


def _asked_of_login(user: User | None) -> object:
    return (user.status, user.email, user.language) if user else None
