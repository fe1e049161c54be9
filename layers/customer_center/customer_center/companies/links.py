"""Single-use links in mails: finding the user of a link, and limiting how often the link is mailed."""

import hmac
from collections.abc import Callable
from datetime import datetime, timedelta

from customer_center.companies.model import Company, Link, User, secret_hash
from customer_center.companies.ports import Records
from customer_center.platform.errors import Forbidden
from customer_center.platform.ids import made_at

_PAUSE = timedelta(seconds=60)


def holder_of(token: str, hash_of: Callable[[User], str | None], companies: Records) -> User | None:
    """Return the user whose link has this token, None for every token that we did not send.

    Both results take the same time. A token is `<user_id>.<secret>`. `hash_of` returns the hash of the secret in the
    user's current link.
    """
    user_id, _, secret = token.partition(".")
    user = companies.user(user_id)
    known = hash_of(user) if user else None
    # Compared for unknown users too, so that the response time reveals nothing.
    return user if hmac.compare_digest(secret_hash(secret), known or "-" * 64) else None


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
