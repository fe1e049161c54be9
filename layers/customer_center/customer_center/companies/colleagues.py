"""What every change to a colleague has in common: finding them, being crossed by another change, their login after."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from customer_center.companies.ids import company_of
from customer_center.companies.model import User
from customer_center.companies.ports import Companies
from customer_center.platform.errors import InProgress, NotFound, OutsideSystemError, PreconditionFailed
from customer_center.platform.log import logger


def colleague_of(company_id: str, user_id: str, companies: Companies, *, if_version: int | None = None) -> User:
    """Return a user of that company, the actor's own, as they are now.

    Raises NotFound for nobody and for another company's user alike, PreconditionFailed when the version named is not
    theirs any more.
    """
    user = companies.user(user_id) if company_of(user_id) == company_id else None
    if user is None:
        raise NotFound
    if if_version is not None and if_version != user.version:
        raise PreconditionFailed
    return user


@contextmanager
def crossed_by_others(if_version: int | None) -> Iterator[None]:
    """Raise InProgress for a change that another one crossed, PreconditionFailed when the caller named a version.

    Without a version the caller did not mind which one they change: the same request may come again.
    """
    try:
        yield
    except PreconditionFailed as error:
        if if_version is None:
            raise InProgress("in-progress", retry_after=1) from error
        raise


def change_login(change: Callable[[], None], user_id: str) -> None:
    """Change a login at once; when it cannot be reached, the journal's effect does it as soon as it can."""
    try:
        change()
    except OutsideSystemError as error:
        logger.warning("login is changed later", user_id=user_id, code=error.code)
