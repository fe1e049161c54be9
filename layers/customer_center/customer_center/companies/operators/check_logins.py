"""Compare all logins with their records, page by page, and repair what differs (docs/specification.md, 2.31).

A change and its login cannot be written in one transaction, a restore brings old records back, and people can delete
their own login. The check finds what such an event left behind.

1. The logins of the pool: one without a record is deleted.
2. The users of all companies: a login that is missing or differs is aligned.

Each page is one message in the identity queue. It carries what the pages before it found. The repairs are queued after
the last page, and only if there are no more of them than `limit`: more than that is no drift but, for example, the
wrong table restored.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from typing import Literal

from customer_center.companies import effects
from customer_center.companies.ids import company_of
from customer_center.companies.model import Company, LoginState, User, UserStatus
from customer_center.companies.ports import EveryUser, Identities
from customer_center.platform.clock import Clock
from customer_center.platform.email_address import normalized_email
from customer_center.platform.errors import MalformedRequest
from customer_center.platform.frozen import frozen
from customer_center.platform.journal import Effect
from customer_center.platform.log import logger
from customer_center.platform.metrics import count

METRIC = "LoginDriftTooLarge"


@frozen(kw_only=True)
class LoginCheck:
    """A check and what it has found so far.

    `cursor` is None for the first page of a step. `found` holds the ids of users whose login differs, unless there are
    more than the limit; `differing` counts them, and `unknown` those of them without a record. `foreign` counts logins
    that are not ours, which stay untouched. Who was changed less than `settled_for` ago is left to the effects of that
    change. With `at_once`, an operator's decision, each page is repaired at once and there is no limit.
    """

    step: Literal["logins", "users"] = "logins"
    cursor: str | None = None
    seen: int = 0
    foreign: int = 0
    unknown: int = 0
    differing: int = 0
    found: tuple[str, ...] = ()
    settled_for: timedelta = timedelta(minutes=15)
    at_once: bool = False

    def written(self) -> Mapping[str, str]:
        """Return the check as the data of an effect."""
        return {
            "check": self.step,
            "seen": str(self.seen),
            "foreign": str(self.foreign),
            "unknown": str(self.unknown),
            "differing": str(self.differing),
            "found": " ".join(self.found),
            "settled_seconds": str(round(self.settled_for.total_seconds())),
            **({"cursor": self.cursor} if self.cursor else {}),
            **({"at_once": "yes"} if self.at_once else {}),
        }


def read_check(data: Mapping[str, str]) -> LoginCheck:
    """Return the check that `LoginCheck.written` wrote."""
    return LoginCheck(
        step="users" if data["check"] == "users" else "logins",
        cursor=data.get("cursor"),
        seen=int(data["seen"]),
        foreign=int(data["foreign"]),
        unknown=int(data["unknown"]),
        differing=int(data["differing"]),
        found=tuple(data["found"].split()),
        settled_for=timedelta(seconds=int(data["settled_seconds"])),
        at_once="at_once" in data,
    )


def check_logins(
    check: LoginCheck,
    *,
    limit: int,
    companies: EveryUser,
    identities: Identities,
    queue: Callable[[list[Effect]], None],
    clock: Clock,
) -> None:
    """Compare the next page, and queue the page after it. After the last page, queue the repairs or raise the alarm.

    May run any number of times, because each repair reads the current record. Raises OutsideUnavailable.
    """
    now = clock.now()
    settled_before = now - check.settled_for
    try:
        page = (_logins_page if check.step == "logins" else _users_page)(
            check.cursor, settled_before, companies=companies, identities=identities
        )
    except MalformedRequest:
        # The message waited for so long that Cognito forgot the cursor. The next check begins anew.
        logger.warning("check of logins ended early", step=check.step, seen=check.seen)
        return
    check = _with(check, page, limit)
    follow = [effects.repair_login(user_id, check.settled_for, now) for user_id in page.differing if check.at_once]
    if page.cursor:
        queue([*follow, effects.check_logins(replace(check, cursor=page.cursor).written(), now)])
    elif check.step == "logins":
        queue([*follow, effects.check_logins(replace(check, step="users", cursor=None).written(), now)])
    else:
        _end(check, follow, limit, queue, now)


def _end(
    check: LoginCheck, follow: list[Effect], limit: int, queue: Callable[[list[Effect]], None], now: datetime
) -> None:
    too_many = not check.at_once and check.differing > limit
    if too_many:
        count(METRIC)
    else:
        queue(follow + [effects.repair_login(user_id, check.settled_for, now) for user_id in check.found])
    # docs/runbook.md refers to this log line.
    logger.info(
        "logins checked",
        seen=check.seen,
        foreign=check.foreign,
        unknown=check.unknown,
        differing=check.differing,
        repaired=not too_many,
    )


@frozen(kw_only=True)
class _Compared:
    """One page: how many logins or users it has, and the ids of users whose login differs."""

    seen: int
    differing: tuple[str, ...]
    foreign: int = 0
    cursor: str | None


def _with(check: LoginCheck, page: _Compared, limit: int) -> LoginCheck:
    differing = check.differing + len(page.differing)
    kept = () if check.at_once or differing > limit else check.found + page.differing
    return replace(
        check,
        seen=check.seen + page.seen,
        foreign=check.foreign + page.foreign,
        unknown=check.unknown + (len(page.differing) if check.step == "logins" else 0),
        differing=differing,
        found=kept,
    )


def _logins_page(
    cursor: str | None, settled_before: datetime, *, companies: EveryUser, identities: Identities
) -> _Compared:
    page = identities.logins_page(cursor)
    ours = {login.user_id: login for login in page.rows if company_of(login.user_id)}
    known = companies.known_users(ours)
    unknown = [name for name, login in ours.items() if name not in known and login.changed_at < settled_before]
    return _Compared(
        seen=len(page.rows), differing=tuple(unknown), foreign=len(page.rows) - len(ours), cursor=page.next_cursor
    )


def _users_page(
    cursor: str | None, settled_before: datetime, *, companies: EveryUser, identities: Identities
) -> _Compared:
    company_of_user = cache(companies.company)
    page = companies.users_page(cursor)
    differing = tuple(
        user.user_id
        for user in page.rows
        if user.updated_at < settled_before
        and _differs(user, company_of_user(user.company_id), identities.login(user.user_id), settled_before)
    )
    return _Compared(seen=0, differing=differing, cursor=page.next_cursor)


def _differs(user: User, company: Company | None, login: LoginState | None, settled_before: datetime) -> bool:
    """Return whether the login differs from the record, for a user who was not changed lately."""
    if (company and company.updated_at >= settled_before) or (login and login.changed_at >= settled_before):
        return False
    if user.status is not UserStatus.ACTIVE or company is None or company.closed_at:
        return login is not None and login.enabled
    return (
        login is None
        or not (login.enabled and login.has_password and login.email_verified)
        or normalized_email(login.email or "") != normalized_email(user.email)
        or login.language != user.language
    )
