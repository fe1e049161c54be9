"""Find a company's users (seed 001: "You will see the User name, the status and the roles assigned")."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum

from customer_center.companies.model import InvitationStatus, Role, User, UserStatus, is_colleague
from customer_center.companies.ports import UserList
from customer_center.platform.clock import Clock, iso
from customer_center.platform.email_address import shown_email
from customer_center.platform.errors import MalformedRequest
from customer_center.platform.frozen import frozen
from customer_center.platform.paging import Page, Part, filled, read_cursor, written_cursor
from customer_center.platform.search import finds, folded

# Maximum number of users sorted in memory for one page. At 1 KB each they cost about 130 read units.
SORTED_AT_MOST = 1000


class UserSort(StrEnum):
    """The order of users; `-` reverses it."""

    CREATED = "created"
    CREATED_LAST = "-created"
    UPDATED = "updated"
    UPDATED_LAST = "-updated"
    NAME = "name"
    NAME_LAST = "-name"
    EMAIL = "email"
    EMAIL_LAST = "-email"

    @property
    def descending(self) -> bool:
        """Whether the order is descending."""
        return self.startswith("-")


@frozen
class UserFilter:
    """Which users to return; None means any. `q` is searched by the rule of all lists (`platform/search.py`)."""

    status: UserStatus | None = None
    invitation: InvitationStatus | None = None
    role: Role | None = None
    q: str | None = None

    def matches(self, user: User, now: datetime) -> bool:
        """Return whether the user matches at this moment."""
        invitation = user.invitation.status_at(now) if user.invitation else None
        return (
            self.status in (None, user.status)
            and self.invitation in (None, invitation)
            and (self.role is None or self.role in user.roles)
            and (self.q is None or finds(self.q, user.name, shown_email(user.email), user.email))
        )


def find_users(
    company_id: str,
    wanted: UserFilter,
    sort: UserSort,
    *,
    limit: int,
    cursor: str | None,
    companies: UserList,
    clock: Clock,
) -> Page[User]:
    """Return a page of the company's users.

    In the order of creation, a page costs the same for companies of any size, because the keys have this order. With a
    filter, at most 400 users are read for a page, so that a page may be short. The other orders read the whole company.
    Raises MalformedRequest `unsupported-query` when they find more than 1,000 users, `cursor-invalid` for a cursor of
    another query.
    """
    query = (company_id, wanted, sort)
    now = clock.now()
    matches = (lambda user: wanted.matches(user, now)) if wanted != UserFilter() else None
    if sort not in (UserSort.CREATED, UserSort.CREATED_LAST):
        return _sorted(company_id, sort, query, matches, limit, cursor, companies)

    def read(after: str | None, size: int) -> Part[User]:
        return companies.users(company_id, limit=size, after=after, last_first=sort.descending)

    after = None
    if cursor is not None:
        (after,) = read_cursor(cursor, query, parts=1)
        if not is_colleague(after, company_id):
            raise MalformedRequest("cursor-invalid")
    users, next_after = filled(read, key=lambda user: user.user_id, wanted=matches, after=after, limit=limit)
    return Page(users, written_cursor([next_after], query) if next_after else None)


_SORT_KEYS: Mapping[str, Callable[[User], str]] = {
    "updated": lambda user: iso(user.updated_at),
    "name": lambda user: folded(user.name),
    "email": lambda user: folded(shown_email(user.email)),
}


def _sorted(
    company_id: str,
    sort: UserSort,
    query: object,
    matches: Callable[[User], bool] | None,
    limit: int,
    cursor: str | None,
    companies: UserList,
) -> Page[User]:
    sort_key = _SORT_KEYS[sort.removeprefix("-")]

    def place(user: User) -> tuple[str, ...]:
        return sort_key(user), user.user_id

    after = tuple(read_cursor(cursor, query, parts=2)) if cursor is not None else None
    users = [user for user in _everybody(company_id, companies) if matches is None or matches(user)]
    if after is not None:
        users = [user for user in users if (place(user) < after if sort.descending else place(user) > after)]
    users.sort(key=place, reverse=sort.descending)
    more = len(users) > limit
    return Page(users[:limit], written_cursor(place(users[limit - 1]), query) if more else None)


def _everybody(company_id: str, companies: UserList) -> Sequence[User]:
    users: list[User] = []
    while True:
        after = users[-1].user_id if users else None
        part = companies.users(company_id, limit=SORTED_AT_MOST + 1 - len(users), after=after)
        users += part.rows
        if len(users) > SORTED_AT_MOST:
            raise MalformedRequest("unsupported-query")
        if not part.more:
            return users
