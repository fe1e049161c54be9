"""Cancel the change of an e-mail with the link in the notice to the old address: "this was not me".

Otherwise whoever edits a colleague's e-mail to a mailbox of their own, and confirms it there, would get into the
account with a forgotten password (docs/specification.md, 4.8).
"""

from customer_center.companies.entries import administered
from customer_center.companies.links import tried
from customer_center.companies.model import User
from customer_center.companies.onboarding.confirm_email import noticed, old_link
from customer_center.companies.ports import EmailChanges
from customer_center.platform.clock import Clock
from customer_center.platform.errors import Gone, NotFound, crossed_by_others


def cancel_email_change(token: str, request_id: str, *, companies: EmailChanges, clock: Clock) -> User:
    """End the change: the e-mail and the login stay as they are. A repeat does nothing.

    A link from an earlier notice cancels the present change too: who asks twice must not take the link away. This also
    works while the company is closed, and after the links expired. Raises NotFound `confirmation-invalid` for
    every token that was not in such a notice or that a newer one replaced; Gone `email-change-done` when the change has
    taken effect; InProgress.
    """
    link = tried(token, companies)
    if user := link.holder(_cancelled):
        return user
    if link.holder(noticed):
        raise Gone("email-change-done")
    user = link.holder(old_link) or link.holder(lambda user: _earlier_link(user, link.given))
    if user is None:
        raise NotFound("confirmation-invalid")
    after = user.changed(clock.now(), email_change=None, cancelled_hash=link.given)
    with crossed_by_others(None):
        entry = administered("user.email_change_cancelled", user, after, user, request_id)
        companies.change_user(user, after, entry)
    return after


def _earlier_link(user: User, given: str) -> str | None:
    """Return the hash of an earlier notice if it is the given one. It is a hash, so that the search reveals nothing."""
    earlier = user.email_change.earlier_hashes if user.email_change else ()
    return given if given in earlier else None


def _cancelled(user: User) -> str | None:
    return user.cancelled_hash
