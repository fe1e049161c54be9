"""Align a user's login with the user's record. The record is authoritative (docs/specification.md, 2.14)."""

from collections.abc import Callable
from datetime import timedelta

from customer_center.companies.model import User, UserStatus
from customer_center.companies.ports import EmailHeld, Identities, Records
from customer_center.platform.clock import Clock
from customer_center.platform.errors import OutsideSystemError
from customer_center.platform.ids import new_secret
from customer_center.platform.log import logger
from customer_center.platform.metrics import count

# Maximum number of rounds. A record rarely changes during one of them; if it always does, the next message aligns it.
_LOOKS = 3
# Whoever sets a password has set it before their record is written; the login service may show it a moment later.
_PASSWORD_SEEN_AFTER = timedelta(minutes=1)

METRIC = "LoginsRepaired"


def align_identity(user_id: str, *, companies: Records, identities: Identities, company_changed: bool = False) -> None:
    """Enable, disable or delete the user's login to match the record. An enabled login gets its e-mail and language.

    A login is disabled while its company is closed. `company_changed` says that a change of the company caused this
    call. Then the company is read strongly consistent, otherwise eventually consistent.

    May run any number of times, in any order. The record is read again afterwards, so that a change at the same time is
    not undone.
    """
    _align(user_id, identities.enable, companies=companies, identities=identities, company_changed=company_changed)


def reconcile_login(
    user_id: str,
    *,
    companies: Records,
    identities: Identities,
    clock: Clock,
    company_changed: bool = False,
    waiting: frozenset[str] = frozenset(),
) -> None:
    """Like `align_identity`. Also make a missing login again, and take the user's e-mail from another login.

    A login that is made again has a random password that nobody knows; the person sets their own with "forgot password"
    (docs/specification.md, 2.30). A login without a password, left by a crash, gets such a password too.

    Another login that still has the e-mail as its alias is outdated: the e-mail belongs to whose record has it. It is
    aligned too, which usually gives it another e-mail; `waiting` are the users on whose behalf this happens, so that
    two users who exchanged their addresses do not wait for each other. Raises EmailHeld when the holder's record has
    the e-mail, because this user's has changed then.

    Requests do neither: there a person may be setting a password. They raise OutsideUnavailable, and the effect in the
    journal does it.
    """

    def enable(user: User) -> None:
        _make_login(user, identities, clock)
        try:
            identities.enable(user)
        except EmailHeld:
            holder_id = identities.holder_of(user.email)
            if holder_id and holder_id != user_id:
                on_behalf_of = waiting | {user_id}
                _free_email(
                    user.email, holder_id, on_behalf_of, companies=companies, identities=identities, clock=clock
                )
            identities.enable(user)

    _align(user_id, enable, companies=companies, identities=identities, company_changed=company_changed)


def _make_login(user: User, identities: Identities, clock: Clock) -> None:
    login = identities.login(user.user_id)
    made = login is None and identities.add(user)
    settled = clock.now() - user.updated_at > _PASSWORD_SEEN_AFTER
    if made or (login is not None and not login.has_password and settled):
        identities.set_password(user.user_id, f"{new_secret()}aA1!")


def _free_email(
    email: str,
    holder_id: str,
    waiting: frozenset[str],
    *,
    companies: Records,
    identities: Identities,
    clock: Clock,
) -> None:
    holder = companies.user(holder_id)
    if holder and holder.status is not UserStatus.INVITED and holder.email == email:
        return
    logger.warning("login has the e-mail of another user", holder_id=holder_id)
    if holder and holder_id not in waiting:
        reconcile_login(holder_id, companies=companies, identities=identities, clock=clock, waiting=waiting)
    if identities.holder_of(email) == holder_id:
        # The holder is disabled, or waits itself, or is no user of ours.
        identities.release_email(holder_id)


def repair_login(
    user_id: str, settled_for: timedelta, *, companies: Records, identities: Identities, clock: Clock
) -> None:
    """Align a login that the check of all logins found to differ from its record, and count it.

    A login without a record that was changed less than `settled_for` ago is left alone: an activation may be under way,
    which writes the record later. May run any number of times.
    """
    login = identities.login(user_id)
    changed_lately = login is not None and clock.now() - login.changed_at < settled_for
    if changed_lately and companies.user(user_id) is None:
        return
    reconcile_login(user_id, companies=companies, identities=identities, clock=clock, company_changed=True)
    count(METRIC)


def change_login(change: Callable[[], None], user_id: str) -> None:
    """Change a login now. When Cognito cannot be reached, the effect in the journal changes the login later."""
    try:
        change()
    except OutsideSystemError as error:
        logger.warning("login is changed later", user_id=user_id, code=error.code)


def _align(
    user_id: str,
    enable: Callable[[User], None],
    *,
    companies: Records,
    identities: Identities,
    company_changed: bool,
) -> None:
    user = companies.user(user_id)
    for _ in range(_LOOKS):
        if user is None:
            identities.delete(user_id)
        elif user.status is UserStatus.ACTIVE and _is_open(user.company_id, companies, current=company_changed):
            enable(user)
        else:
            identities.disable(user_id)
        now = companies.user(user_id)
        if _asked_of_login(now) == _asked_of_login(user):
            return
        user = now


def _is_open(company_id: str, companies: Records, *, current: bool) -> bool:
    company = companies.current_company(company_id) if current else companies.company(company_id)
    return company is not None and company.closed_at is None


def _asked_of_login(user: User | None) -> object:
    return (user.status, user.email, user.language) if user else None
