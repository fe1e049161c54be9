"""What every change to a colleague has in common: finding them, and another change at the same time."""

from collections.abc import Iterator
from contextlib import contextmanager

from customer_center.companies.model import User, is_colleague
from customer_center.companies.ports import Records
from customer_center.platform.errors import InProgress, NotFound, PreconditionFailed


def colleague_of(company_id: str, user_id: str, companies: Records, *, if_version: int | None = None) -> User:
    """Return a user of that company, which is the actor's own, as they are now (strongly consistent).

    Raises NotFound for nobody and for users of other companies (`model.is_colleague`), PreconditionFailed when
    `if_version` is not the user's version any more.
    """
    user = companies.user(user_id) if is_colleague(user_id, company_id) else None
    if user is None:
        raise NotFound
    if if_version is not None and if_version != user.version:
        raise PreconditionFailed
    return user


@contextmanager
def crossed_by_others(if_version: int | None) -> Iterator[None]:
    """Turn PreconditionFailed into InProgress where the caller named no version.

    Somebody else changed the user at the same time. A caller without a version may repeat the same request; a caller
    with one gets PreconditionFailed.
    """
    try:
        yield
    except PreconditionFailed as error:
        if if_version is None:
            raise InProgress("in-progress", retry_after=1) from error
        raise
