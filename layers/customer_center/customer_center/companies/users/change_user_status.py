"""Activate or deactivate a user (seed 001: "An user, which has been deactivated, cannot login to the shop anymore")."""

from collections.abc import Callable, Collection
from dataclasses import replace

from customer_center.companies import effects
from customer_center.companies.colleagues import colleague_of
from customer_center.companies.email_ownership import check_not_owned
from customer_center.companies.entries import administered
from customer_center.companies.login import change_login
from customer_center.companies.model import InvitationRules, InvitationStatus, User, UserStatus, check_not_self
from customer_center.companies.ports import Identities, Users
from customer_center.companies.users.invitations import new_invitation
from customer_center.platform.clock import Clock
from customer_center.platform.errors import crossed_by_others


def deactivate_user(
    user_id: str,
    actor: User,
    request_id: str,
    *,
    if_versions: Collection[int] | None,
    companies: Users,
    identities: Identities,
    clock: Clock,
) -> User:
    """End a user's access at once, and revoke an open invitation (docs/specification.md, 4.13).

    Raises NotFound, Conflict `own-account` or `last-main-contact`, PreconditionFailed, InProgress. Deactivating twice
    changes nothing.
    """
    user = colleague_of(actor.company_id, user_id, companies, if_versions=if_versions)
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
    with crossed_by_others(if_versions):
        companies.change_user(user, after, entry)
    # The API already refuses the user, because it reads the record.
    change_login(lambda: identities.disable(user_id), user_id)
    return after


def activate_user(
    user_id: str,
    actor: User,
    request_id: str,
    *,
    if_versions: Collection[int] | None,
    rules: InvitationRules,
    before_mail: Callable[[], object],
    companies: Users,
    identities: Identities,
    clock: Clock,
) -> User:
    """Restore a deactivated user's login and password; a user who never accepted an invitation gets a new one.

    `before_mail` is called before an invitation is sent, and only then. Raises NotFound, PreconditionFailed,
    Conflict `email-in-use` when the person has an account elsewhere by now, InProgress, and what `before_mail` raises.
    Activating an active or invited user changes nothing.
    """
    user = colleague_of(actor.company_id, user_id, companies, if_versions=if_versions)
    if user.status is not UserStatus.DEACTIVATED:
        return user
    now = clock.now()
    if not user.has_login:
        check_not_owned(user.email, user_id, companies)
        before_mail()
        invitation = new_invitation(actor.user_id, rules, now)
        after = user.changed(now, status=UserStatus.INVITED, invitation=invitation)
        mail = effects.invitation_mail(user_id, invitation.mail_id)
        entry = administered("user.invited", user, after, actor, request_id, [mail])
        with crossed_by_others(if_versions):
            companies.change_user(user, after, entry)
        return after
    after = user.changed(now, status=UserStatus.ACTIVE)
    effect = effects.align_identity(user_id, now)
    entry = administered("user.activated", user, after, actor, request_id, [effect])
    with crossed_by_others(if_versions):
        companies.change_user(user, after, entry)
    change_login(lambda: identities.enable(after), user_id)
    return after
