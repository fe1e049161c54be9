"""Shared by all changes to a colleague: finding the user, and handling a change by somebody else at the same time."""

from collections.abc import Iterator
from contextlib import contextmanager

from customer_center.companies.model import User, is_colleague
from customer_center.companies.ports import Records
from customer_center.platform.errors import InProgress, NotFound, PreconditionFailed


def colleague_of(company_id: str, user_id: str, companies: Records, *, if_version: int | None = None) -> User:
    """Return a user of that company (strongly consistent).

    Raises NotFound for unknown users and for users of other companies (`model.is_colleague`), PreconditionFailed when
    the user no longer has the version `if_version`.
    """
    user = companies.user(user_id) if is_colleague(user_id, company_id) else None
    if user is None:
        raise NotFound
    if if_version is not None and if_version != user.version:
        raise PreconditionFailed
    return user


@contextmanager
def crossed_by_others(if_version: int | None) -> Iterator[None]:
    """Raise InProgress instead of PreconditionFailed when the caller named no version.

    Both errors mean that somebody else changed the user at the same time. A caller who named no version may repeat the
    same request. A caller who named a version must first read the user again.
    """
    try:
        yield
    except PreconditionFailed as error:
        if if_version is None:
            raise InProgress("in-progress", retry_after=1) from error
        raise
