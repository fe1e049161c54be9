"""Activate or deactivate a user (seed 001: "An user, which has been deactivated, cannot login to the shop anymore")."""

from collections.abc import Callable
from dataclasses import replace

from customer_center.companies import effects
from customer_center.companies.colleagues import change_login, colleague_of, crossed_by_others
from customer_center.companies.entries import administered
from customer_center.companies.model import InvitationRules, InvitationStatus, User, UserStatus, check_not_self
from customer_center.companies.ports import Companies, Identities
from customer_center.companies.users.invite_contact import new_invitation
from customer_center.platform.clock import Clock


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
    user = colleague_of(actor.company_id, user_id, companies, if_version=if_version)
    check_not_self(actor, user)
    if user.status is UserStatus.DEACTIVATED:
        return user
    now = clock.now()
    invitation = user.invitation
    if invitation and user.status is UserStatus.INVITED:
        invitation = replace(invitation, status=InvitationStatus.REVOKED)
    after = user.changed(now, status=UserStatus.DEACTIVATED, invitation=invitation, claim=None)
    effect = effects.align_identity(user_id, now)
    entry = administered("user.deactivated", user, after, actor, request_id, [effect])
    with crossed_by_others(if_version):
        companies.change_user(user, after, entry)
    # Our own record already keeps the user out of the API.
    change_login(lambda: identities.disable(user_id), user_id)
    return after


def activate_user(
    user_id: str,
    actor: User,
    request_id: str,
    *,
    if_version: int | None,
    rules: InvitationRules,
    before_mail: Callable[[], object],
    companies: Companies,
    identities: Identities,
    clock: Clock,
) -> User:
    """Give a deactivated user login and password back; who never accepted an invitation gets a new one.

    Raises NotFound, PreconditionFailed, InProgress, and what `before_mail` raises, which is asked before an invitation
    is sent and only then. Activating an active or invited user changes nothing.
    """
    user = colleague_of(actor.company_id, user_id, companies, if_version=if_version)
    if user.status is not UserStatus.DEACTIVATED:
        return user
    now = clock.now()
    if not user.has_login:
        before_mail()
        invitation = new_invitation(actor.user_id, rules, now)
        after = user.changed(now, status=UserStatus.INVITED, invitation=invitation)
        mail = effects.invitation_mail(user_id, invitation.mail_id)
        entry = administered("user.invited", user, after, actor, request_id, [mail])
        with crossed_by_others(if_version):
            companies.change_user(user, after, entry)
        return after
    after = user.changed(now, status=UserStatus.ACTIVE)
    effect = effects.align_identity(user_id, now)
    entry = administered("user.activated", user, after, actor, request_id, [effect])
    with crossed_by_others(if_version):
        companies.change_user(user, after, entry)
    change_login(lambda: identities.enable(after), user_id)
    return after
