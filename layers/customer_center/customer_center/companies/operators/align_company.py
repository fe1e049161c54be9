"""Align the logins of a company with their records, after an operator closed or reopened the company."""

from collections.abc import Callable

from customer_center.companies import effects
from customer_center.companies.model import UserStatus
from customer_center.companies.ports import UserList
from customer_center.platform.clock import Clock
from customer_center.platform.journal import Effect

PAGE = 500


def align_company(
    company_id: str,
    after: str | None,
    *,
    companies: UserList,
    queue: Callable[[list[Effect]], None],
    clock: Clock,
) -> None:
    """Queue one effect for each active user of the page after the user id `after`, and one for the next page.

    May run any number of times, because each effect reads the current record. After a crash while queueing, the whole
    page is queued again.
    """
    now = clock.now()
    part = companies.users(company_id, limit=PAGE, after=after)
    # Only active users have an enabled login.
    active = [user.user_id for user in part.rows if user.status is UserStatus.ACTIVE]
    follow = [effects.align_identity(user_id, now, company_changed=True) for user_id in active]
    if part.more and part.rows:
        follow.append(effects.align_company(company_id, now, after=part.rows[-1].user_id))
    queue(follow)
