"""Bringing a login in line with the user's record, which is the truth (DESIGN §3)."""

from customer_center.companies.model import UserStatus
from customer_center.companies.ports import Companies, Identities


def align_identity(user_id: str, *, companies: Companies, identities: Identities) -> None:
    """Enable, disable or forget the user's login, as the record says now. May run any number of times, in any order."""
    user = companies.user(user_id)
    if user is None:
        identities.delete(user_id)
    elif user.status is UserStatus.ACTIVE:
        identities.enable(user_id)
    else:
        identities.disable(user_id)
