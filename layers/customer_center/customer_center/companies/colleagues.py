"""Shared by all changes to a colleague: finding the user, and explaining an e-mail that is in use."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager

from customer_center.companies.model import User, UserStatus, is_colleague
from customer_center.companies.ports import Records
from customer_center.platform.errors import Conflict, FieldError, NotFound, PreconditionFailed


def colleague_of(
    company_id: str, user_id: str, companies: Records, *, if_versions: Collection[int] | None = None
) -> User:
    """Return a user of that company (strongly consistent).

    Raises NotFound for unknown users and for users of other companies (`model.is_colleague`), PreconditionFailed when
    the user has none of the versions `if_versions`.
    """
    user = companies.user(user_id) if is_colleague(user_id, company_id) else None
    if user is None:
        raise NotFound
    if if_versions is not None and user.version not in if_versions:
        raise PreconditionFailed
    return user


_COLLEAGUES: Mapping[UserStatus, str] = {
    UserStatus.INVITED: "email-of-invited-colleague",
    UserStatus.ACTIVE: "email-of-active-colleague",
    UserStatus.DEACTIVATED: "email-of-deactivated-colleague",
}


def email_in_use(email: str, company_id: str, companies: Records) -> Conflict:
    """Return the error for an administrator of that company who enters an e-mail that somebody has.

    It names a colleague's id and says whether they are invited, active or deactivated. Of people of other companies it
    says nothing but that the e-mail is in use (the tenant wall).
    """
    user_id = companies.holders_of_email(email).colleague(company_id)
    colleague = companies.user(user_id) if user_id else None
    if colleague is None:
        return Conflict("email-in-use", [FieldError("/email", "email-in-use")])
    wrong = FieldError("/email", _COLLEAGUES[colleague.status])
    return Conflict("email-in-use", [wrong], {"user_id": colleague.user_id})


@contextmanager
def email_in_use_explained(email: str, company_id: str, companies: Records) -> Iterator[None]:
    """Replace Conflict `email-in-use` by the one that says whether the e-mail is a colleague's."""
    try:
        yield
    except Conflict as refusal:
        if refusal.code != "email-in-use":
            raise
        raise email_in_use(email, company_id, companies) from refusal
