"""Single-use links in mails: finding the user of a link, and limiting how often the link is mailed.

A link's token is `<user_id>.<secret>`. The mail also has a code, which a person types where the link does not work
(docs/specification.md, 5.21). Token and code open the same link, so every route that takes one takes the other.
"""

import hmac
from collections.abc import Callable
from datetime import datetime, timedelta

from customer_center.companies.model import Company, Link, User, secret_hash
from customer_center.companies.ports import Links, Records
from customer_center.platform.errors import Forbidden
from customer_center.platform.frozen import frozen
from customer_center.platform.ids import made_at, read_typed_code

_PAUSE = timedelta(seconds=60)


@frozen
class Tried:
    """A token or code that somebody sent: the user it names, None for an unknown one, and the hash of its secret."""

    user: User | None
    given: str

    def holder(self, hash_of: Callable[[User], str | None]) -> User | None:
        """Return the user if their link has this secret, else None. `hash_of` returns the hash in the user's link."""
        known = hash_of(self.user) if self.user else None
        # Compared for unknown users too, so that the response time reveals nothing.
        return self.user if hmac.compare_digest(self.given, known or "-" * 64) else None


def tried(token: str, companies: Links) -> Tried:
    """Return what a token, or the code that stands for it, names. It is not yet compared with any link."""
    code = read_typed_code(token)
    if code:
        link = companies.link_of_code(secret_hash(code))
        return Tried(companies.user(link.user_id), link.token_hash) if link else Tried(None, "")
    user_id, _, secret = token.partition(".")
    return Tried(companies.user(user_id), secret_hash(secret))


def holder_of(token: str, hash_of: Callable[[User], str | None], companies: Links) -> User | None:
    """Return the user whose link has this token or code, None for every one that we did not send.

    Both results take the same time. `hash_of` returns the hash of the secret in the user's current link.
    """
    return tried(token, companies).holder(hash_of)


def company_of_holder(user: User, companies: Records) -> Company:
    """Return the company of the user of a link. Raises Forbidden `company-closed` when an operator has closed it."""
    company = companies.company(user.company_id)
    if company is None or company.closed_at:
        raise Forbidden("company-closed")
    return company


def seconds_to_wait(link: Link, now: datetime) -> int:
    """Return the number of seconds until the link may be mailed again, 0 for now. The limit is one mail per minute."""
    mailed_at = link.sent_at or made_at(link.mail_id)
    left = (mailed_at + _PAUSE - now).total_seconds() if mailed_at else 0
    return max(0, int(left) + (left > int(left)))
