"""Confirm a new e-mail with the link that was mailed to it. It then becomes the login (docs/specification.md, 4.8).

Open sessions continue, because the password stays the same.
"""

from datetime import datetime
from functools import partial

from customer_center.companies import effects
from customer_center.companies.colleagues import crossed_by_others
from customer_center.companies.email_ownership import take_email
from customer_center.companies.entries import administered
from customer_center.companies.links import company_of_holder, holder_of
from customer_center.companies.login import change_login
from customer_center.companies.model import Permission, User, UserStatus
from customer_center.companies.ports import Identities, Records, Users
from customer_center.platform.clock import Clock
from customer_center.platform.errors import Gone, NotFound


def confirm_email(token: str, request_id: str, *, companies: Users, identities: Identities, clock: Clock) -> User:
    """Make the new e-mail the user's e-mail and login. When Cognito cannot be reached, the login changes later.

    Raises NotFound `confirmation-invalid` for every token that we did not send or that a newer one replaced; Forbidden
    `company-closed`; Gone `confirmation-expired`, also when the user who requested the change may no longer edit users;
    Conflict `email-in-use` when another user has the address by now; InProgress. A repeat after success also succeeds,
    because mail programs may follow the link before the person does.
    """
    waiting = holder_of(token, _waiting, companies)
    user = waiting or holder_of(token, _done, companies)
    if user is None:
        raise NotFound("confirmation-invalid")
    company_of_holder(user, companies)
    if waiting:
        user = _confirmed(waiting, request_id, companies, clock.now())
    if user.status is UserStatus.ACTIVE:
        change_login(partial(identities.enable, user), user.user_id)
    return user


def _waiting(user: User) -> str | None:
    return user.email_change.token_hash if user.email_change else None


def _done(user: User) -> str | None:
    return user.confirmed_hash


def _confirmed(user: User, request_id: str, companies: Users, now: datetime) -> User:
    change = user.email_change
    assert change is not None
    if now >= change.expires_at or not _may_ask(change.requested_by, user, companies):
        raise Gone("confirmation-expired")
    after = user.changed(now, email=change.email, email_change=None, confirmed_hash=change.token_hash)
    effect = effects.align_identity(user.user_id, now)

    def write(others: frozenset[str]) -> None:
        follow = [effect, *effects.supersede_invitations(others, now)]
        entry = administered("user.email_confirmed", user, after, user, request_id, follow)
        companies.change_user(user, after, entry, ending=others)

    with crossed_by_others(None):
        take_email(write)
    return after


def _may_ask(editor_id: str, user: User, companies: Records) -> bool:
    """Return whether the editor may still edit this user. A former administrator must not get into the account."""
    if editor_id == user.user_id:
        return True
    editor = companies.colleague(user.company_id, editor_id)
    return editor is not None and editor.status is UserStatus.ACTIVE and Permission.USERS_EDIT in editor.permissions
