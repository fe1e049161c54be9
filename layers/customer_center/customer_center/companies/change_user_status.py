"""Activate or deactivate a user (seed 001: "An user, which has been deactivated, cannot login to the shop anymore")."""

from dataclasses import replace
from datetime import datetime

from customer_center.companies import audit, effects
from customer_center.companies.invite_contact import new_invitation
from customer_center.companies.model import InvitationRules, InvitationStatus, User, UserStatus, check_not_self
from customer_center.companies.ports import Companies, Identities
from customer_center.platform.clock import Clock
from customer_center.platform.errors import InProgress, NotFound, OutsideSystemError, PreconditionFailed
from customer_center.platform.ids import company_of
from customer_center.platform.journal import Effect, Entry
from customer_center.platform.log import logger


def deactivate_user(
    user_id: str,
    actor: User,
    request_id: str,
    *,
    if_version: int | None,
    companies: Companies,
    identities: Identities,
    clock: Clock,
) -> User:
    """End a user's access at once; an invitation that is still open is revoked.

    Raises NotFound, Conflict `own-account` or `last-main-contact`, PreconditionFailed, InProgress. Deactivating twice
    changes nothing.
    """
    user = _of_own_company(user_id, actor, if_version, companies)
    check_not_self(actor, user)
    if user.status is UserStatus.DEACTIVATED:
        return user
    now = clock.now()
    invitation = user.invitation
    if invitation and user.status is UserStatus.INVITED:
        invitation = replace(invitation, status=InvitationStatus.REVOKED)
    after = user.changed(now, status=UserStatus.DEACTIVATED, invitation=invitation, claim=None)
    entry = _entry("user.deactivated", user, after, actor, request_id, effects.align_identity(user_id, now))
    _write(user, after, entry, if_version, companies)
    try:
        identities.disable(user_id)
    except OutsideSystemError as error:
        # Our own record already keeps the user out of the API; the journal's effect ends the login when it can.
        logger.warning("login is disabled later", user_id=user_id, code=error.code)
    return after


def activate_user(
    user_id: str,
    actor: User,
    request_id: str,
    *,
    if_version: int | None,
    rules: InvitationRules,
    companies: Companies,
    identities: Identities,
    clock: Clock,
) -> User:
    """Give a deactivated user login and password back; who never accepted an invitation gets a new one.

    Raises NotFound, PreconditionFailed, InProgress. Activating an active or invited user changes nothing.
    """
    user = _of_own_company(user_id, actor, if_version, companies)
    if user.status is not UserStatus.DEACTIVATED:
        return user
    now = clock.now()
    if user.invitation and user.invitation.status is not InvitationStatus.ACCEPTED:
        after, mail = _invited_again(user, actor, rules, now)
        _write(user, after, _entry("user.invited", user, after, actor, request_id, mail), if_version, companies)
        return after
    after = user.changed(now, status=UserStatus.ACTIVE)
    entry = _entry("user.activated", user, after, actor, request_id, effects.align_identity(user_id, now))
    _write(user, after, entry, if_version, companies)
    try:
        identities.enable(after)
    except OutsideSystemError as error:
        logger.warning("login is enabled later", user_id=user_id, code=error.code)
    return after


def _invited_again(user: User, actor: User, rules: InvitationRules, now: datetime) -> tuple[User, Effect]:
    invitation = new_invitation(actor.user_id, rules, now)
    after = user.changed(now, status=UserStatus.INVITED, invitation=invitation)
    return after, effects.invitation_mail(user.user_id, invitation.mail_id)


def _write(before: User, after: User, entry: Entry, if_version: int | None, companies: Companies) -> None:
    try:
        companies.change_user(before, after, entry)
    except PreconditionFailed as error:
        if if_version is None:
            # The caller named no version: somebody else was only quicker, and the same request may come again.
            raise InProgress("in-progress", retry_after=1) from error
        raise


def _of_own_company(user_id: str, actor: User, if_version: int | None, companies: Companies) -> User:
    user = companies.user(user_id) if company_of(user_id) == actor.company_id else None
    if user is None:
        raise NotFound
    if if_version is not None and if_version != user.version:
        raise PreconditionFailed
    return user


def _entry(action: str, before: User, after: User, actor: User, request_id: str, effect: Effect) -> Entry:
    return audit.user_entry(
        action,
        before=before,
        after=after,
        actor=audit.person(actor),
        now=after.updated_at,
        request_id=request_id,
        effects=[effect],
    )
