"""Confirm a new e-mail with the link that was mailed to it, or agree to it from the old address.

The new e-mail becomes the login when both addresses said yes, or when the new one did and the delay is over
(docs/specification.md, 4.8; `complete_email_change.py`). Open sessions continue, because the password stays the same.
"""

from dataclasses import replace
from datetime import datetime
from functools import partial

from customer_center.companies import effects
from customer_center.companies.actions import Action
from customer_center.companies.email_ownership import check_not_owned, take_email
from customer_center.companies.entries import administered
from customer_center.companies.links import company_of_holder, tried
from customer_center.companies.login import change_login
from customer_center.companies.model import (
    EmailChange,
    InvitationRules,
    Permission,
    User,
    UserStatus,
    email_hint,
)
from customer_center.companies.ports import EmailChanges, Identities, Records, Users
from customer_center.platform.clock import Clock
from customer_center.platform.errors import Gone, NotFound, crossed_by_others
from customer_center.platform.frozen import frozen


@frozen
class Confirmed:
    """What a confirmation led to. `done` says that the new e-mail is the login now.

    `email` is the new e-mail, for the old address only a hint of it. `takes_effect_at` is the time when the login
    changes at the latest; None when it has changed, or when the new address is not confirmed yet.
    """

    user: User
    email: str
    done: bool
    takes_effect_at: datetime | None = None


def confirm_email(
    token: str,
    request_id: str,
    *,
    rules: InvitationRules,
    companies: EmailChanges,
    identities: Identities,
    clock: Clock,
) -> Confirmed:
    """Note the yes of the new or of the old address, and make the new e-mail the login if that is due now.

    When Cognito cannot be reached, the login changes later. Raises NotFound `confirmation-invalid` for every token that
    we did not send or that a newer one replaced; Forbidden `company-closed`; Gone `confirmation-expired`, also when the
    user who requested the change may no longer edit users; Conflict `email-in-use` when another user has the address by
    now; InProgress. A repeat gets the same answer and does nothing, because mail programs may follow the link before
    the person does.
    """
    link = tried(token, companies)
    by_new, by_old = link.holder(_new_link), link.holder(old_link)
    user = by_new or by_old or link.holder(_done) or link.holder(noticed)
    if user is None:
        raise NotFound("confirmation-invalid")
    company_of_holder(user, companies)
    now = clock.now()
    if by_new is None and by_old is None:
        from_old = link.holder(_done) is None
        return Confirmed(user, email_hint(user.email) if from_old else user.email, done=True)
    change = _said(user, by_old is not None, rules, companies, now)
    if is_due(change, now):
        user = _changed(user, request_id, companies, now)
        if user.status is UserStatus.ACTIVE:
            change_login(partial(identities.enable, user), user.user_id)
    elif change != user.email_change:
        user = _noted(user, change, request_id, companies, now)
    email = email_hint(change.email) if by_old else change.email
    done = user.email_change is None
    return Confirmed(user, email, done, None if done else change.takes_effect_at)


def _new_link(user: User) -> str | None:
    return user.email_change.token_hash if user.email_change else None


def old_link(user: User) -> str | None:
    """Return the hash of the link in the notice to the old address, while the change waits."""
    return user.email_change.old_token_hash if user.email_change else None


def noticed(user: User) -> str | None:
    """Return the hash of the link in the notice about the change that took effect last."""
    return user.noticed_hash


def _done(user: User) -> str | None:
    return user.confirmed_hash


def _said(user: User, by_old: bool, rules: InvitationRules, companies: Records, now: datetime) -> EmailChange:  # noqa: FBT001 # private
    """Return the change with this yes. Raises Gone when its links do not work any more."""
    change = user.email_change
    assert change is not None
    if not change.is_open(now) or not may_ask(change.requested_by, user, companies):
        raise Gone("confirmation-expired")
    if by_old:
        return replace(change, agreed=True)
    if change.takes_effect_at is None:
        # Asked again when it takes effect. The person is told now, while they can still ask for another address.
        check_not_owned(change.email, user.user_id, companies)
    # The delay counts from the mails, so that the old address has all of it.
    at = change.takes_effect_at or (change.sent_at or now) + rules.new_email_delay
    return replace(change, takes_effect_at=at)


def is_due(change: EmailChange, now: datetime) -> bool:
    """Return whether the new e-mail becomes the login: it is confirmed, and agreed to or no longer objected to."""
    return change.takes_effect_at is not None and (change.agreed or now >= change.takes_effect_at)


def with_new_email(user: User, now: datetime) -> User:
    """Return the user with the e-mail that was waiting."""
    change = user.email_change
    assert change is not None
    return user.changed(
        now,
        email=change.email,
        email_change=None,
        confirmed_hash=change.token_hash,
        noticed_hash=change.old_token_hash,
    )


def _changed(user: User, request_id: str, companies: Users, now: datetime) -> User:
    after = with_new_email(user, now)
    effect = effects.align_identity(user.user_id, now)

    def write(others: frozenset[str]) -> None:
        follow = [effect, *effects.supersede_invitations(others, now)]
        entry = administered("user.email_confirmed", user, after, user, request_id, follow)
        companies.change_user(user, after, entry, ending=others)

    with crossed_by_others(None):
        take_email(write)
    return after


def _noted(user: User, change: EmailChange, request_id: str, companies: Users, now: datetime) -> User:
    assert user.email_change is not None
    after = user.changed(now, email_change=change)
    by_old = change.agreed != user.email_change.agreed
    action: Action = "user.email_change_agreed" if by_old else "user.email_change_confirmed"
    follow = [] if by_old else [effects.complete_email_change(user.user_id, change.mail_id, now)]
    with crossed_by_others(None):
        companies.change_user(user, after, administered(action, user, after, user, request_id, follow))
    return after


def may_ask(editor_id: str, user: User, companies: Records) -> bool:
    """Return whether the editor may still edit this user. A former administrator must not get into the account."""
    if editor_id == user.user_id:
        return True
    editor = companies.colleague(user.company_id, editor_id)
    return editor is not None and editor.status is UserStatus.ACTIVE and Permission.USERS_EDIT in editor.permissions
