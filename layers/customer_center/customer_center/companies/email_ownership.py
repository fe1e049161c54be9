"""An e-mail belongs to whoever proved it; an invitation owns nothing (docs/specification.md, 4.41 to 4.43)."""

from collections.abc import Callable

from customer_center.companies.ports import EmailShared, Records
from customer_center.platform.errors import Conflict, InProgress

# Somebody may be invited with the e-mail at the same time, but rarely twice in a row.
_TRIES = 3


def take_email(write: Callable[[frozenset[str]], None]) -> None:
    """Call `write`, which makes a user the owner of their e-mail in its transaction.

    `write` gets the ids of the other users who are invited with the e-mail; its entry has to end their invitations
    (`effects.supersede_invitations`). There rarely are any, so that the first call gets none. Raises what `write`
    raises, and InProgress.
    """
    others: frozenset[str] = frozenset()
    for _ in range(_TRIES):
        try:
            return write(others)
        except EmailShared as shared:
            others = shared.others
    raise InProgress("in-progress", retry_after=1)


def check_not_owned(email: str, user_id: str, companies: Records) -> None:
    """Raise Conflict `email-in-use` when another user owns the e-mail, so that an invitation could not be accepted."""
    if companies.holders_of_email(email).owner_id not in (None, user_id):
        raise Conflict("email-in-use")
