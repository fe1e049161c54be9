"""Bringing the logins of a whole company in line with their records, after it was closed or opened again."""

from collections.abc import Callable

from customer_center.companies import effects
from customer_center.companies.model import UserStatus
from customer_center.companies.ports import Companies
from customer_center.platform.clock import Clock
from customer_center.platform.journal import Effect

PAGE = 500


def align_company(
    company_id: str,
    after: str | None,
    *,
    companies: Companies,
    queue: Callable[[list[Effect]], None],
    clock: Clock,
) -> None:
    """Queue an effect for the login of each active user on the page behind the user id `after`, and one for the rest.

    May run any number of times: each of them follows the record as it is when it is done. A crash while queueing
    leaves this page to be done again.
    """
    now = clock.now()
    part = companies.users(company_id, limit=PAGE, after=after)
    # Nobody else has a login that is open.
    active = [user.user_id for user in part.rows if user.status is UserStatus.ACTIVE]
    follow = [effects.align_identity(user_id, now, company_changed=True) for user_id in active]
    if part.more and part.rows:
        follow.append(effects.align_company(company_id, now, after=part.rows[-1].user_id))
    queue(follow)
