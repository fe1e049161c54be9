"""Edit a user (seed 001, "Edit a user"): salutation, name, e-mail, language, roles and budgets.

If the user has a login, a new e-mail takes effect only when its owner confirms it (`confirm_email.py`) and the old
address agrees or lets a delay pass. Otherwise an administrator could take over a colleague's account by editing the
e-mail. An invited user has no login yet, so the
invitation is mailed to the new address.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from datetime import datetime

from customer_center.companies import effects
from customer_center.companies.colleagues import colleague_of, email_in_use, email_in_use_explained
from customer_center.companies.entries import administered
from customer_center.companies.links import seconds_to_wait
from customer_center.companies.login import change_login
from customer_center.companies.model import (
    EARLIER_NOTICES,
    Edit,
    EmailChange,
    InvitationRules,
    InvitationStatus,
    Permission,
    Role,
    User,
    UserStatus,
    check_all,
    check_budgets_set,
    check_not_self,
    check_permission,
    check_roles_given,
)
from customer_center.companies.ports import Identities, Records, Users
from customer_center.companies.users.invitations import new_invitation
from customer_center.platform.clock import Clock
from customer_center.platform.email_address import normalized_email
from customer_center.platform.errors import Forbidden, crossed_by_others
from customer_center.platform.journal import Effect
from customer_center.platform.language import choose_language


def edit_user(
    user_id: str,
    edit: Edit,
    actor: User,
    request_id: str,
    *,
    if_versions: Collection[int] | None,
    rules: InvitationRules,
    before_mail: Callable[[], object],
    companies: Users,
    identities: Identities,
    clock: Clock,
    logged_in_at: datetime | None = None,
) -> User:
    """Change a user of the actor's company; an edit without a difference writes nothing.

    `before_mail` is called before a mail is sent, and only then. `logged_in_at` is when the actor last proved their
    password, None when that is not known. When this is too long ago, a new e-mail of the actor's own raises Forbidden
    `login-too-old`: whoever finds an open session must not take the account over. Raises NotFound, PreconditionFailed,
    Forbidden or InvalidInput for roles and budgets that the actor may not give, Conflict `own-account` or
    `last-main-contact` for a demotion, Conflict `email-in-use`, InProgress, and what `before_mail` raises. A repeat of
    a done edit changes nothing.
    """
    user = colleague_of(actor.company_id, user_id, companies, if_versions=if_versions)
    now = clock.now()
    roles = user.roles if edit.roles is None else edit.roles
    budgets = replace(user.budgets, **edit.budgets)
    check_all(
        lambda: _check_roles(user, roles, actor),
        lambda: check_budgets_set(actor, user.budgets, budgets),
    )
    after = user.changed(
        now,
        salutation=edit.salutation or user.salutation,
        name=edit.name or user.name,
        language=choose_language(edit.language, fallback=user.language),
        roles=roles,
        budgets=budgets,
    )
    if edit.email:
        after = _with_email(after, edit.email, actor, rules, companies, now)
        if after.email_change not in (None, user.email_change) and actor.user_id == user.user_id:
            _check_recent(logged_in_at, rules, now)
    if after == user.changed(now):
        return user
    follow = _effects(user, after, now)
    if any(effect.kind == "mail" for effect in follow):
        before_mail()
    with crossed_by_others(if_versions), email_in_use_explained(after.email, actor.company_id, companies):
        companies.change_user(user, after, administered("user.edited", user, after, actor, request_id, follow))
    if _login_differs(user, after):
        change_login(lambda: identities.enable(after), user_id)
    return after


def _check_roles(user: User, roles: frozenset[Role], actor: User) -> None:
    if roles == user.roles:
        return
    check_permission(actor, Permission.ROLES_ASSIGN)
    # Only new roles are checked, so that a user who activated keeps `business_user`.
    check_roles_given(actor, roles - user.roles)
    if user.permissions - replace(user, roles=roles).permissions:
        check_not_self(actor, user)


def _with_email(user: User, email: str, actor: User, rules: InvitationRules, companies: Records, now: datetime) -> User:
    if normalized_email(email) == normalized_email(user.email):
        return replace(user, email=email, email_change=None)
    if not user.has_login:
        invitation = user.invitation
        if invitation and invitation.status is not InvitationStatus.REVOKED:
            invitation = new_invitation(actor.user_id, rules, now)
        return replace(user, email=email, invitation=invitation, claim=None)
    pending = user.email_change
    if pending and _is_under_way(pending, email, now):
        return user
    holders = companies.holders_of_email(email)
    if holders.owner_id or holders.colleague(user.company_id):
        raise email_in_use(email, actor.company_id, companies)
    change = EmailChange(
        mail_id=effects.new_mail_id(now),
        expires_at=now + rules.new_email_valid_for,
        email=email,
        requested_by=actor.user_id,
        earlier_hashes=_notices(pending),
    )
    # From now on the link that cancelled the change before says nothing about this one.
    return replace(user, email_change=change, cancelled_hash=None)


def _notices(replaced: EmailChange | None) -> tuple[str, ...]:
    """Return the hashes of the notices about the change that is replaced, and about those that it replaced."""
    if replaced is None:
        return ()
    known = (*replaced.earlier_hashes, replaced.old_token_hash)
    return tuple(each for each in known if each)[-EARLIER_NOTICES:]


def _is_under_way(pending: EmailChange, email: str, now: datetime) -> bool:
    """Return whether a mail about the same e-mail has just gone out, or its owner has confirmed it already."""
    known = pending.takes_effect_at is not None or seconds_to_wait(pending, now) > 0
    return normalized_email(pending.email) == normalized_email(email) and known


def _check_recent(logged_in_at: datetime | None, rules: InvitationRules, now: datetime) -> None:
    if logged_in_at is None or now - logged_in_at > rules.recent_login:
        raise Forbidden("login-too-old")


def _effects(before: User, after: User, now: datetime) -> Sequence[Effect]:
    follow: list[Effect] = []
    if after.email_change and after.email_change != before.email_change:
        follow.append(effects.email_confirmation_mail(after.user_id, after.email_change.mail_id))
    if after.invitation and after.invitation != before.invitation:
        follow.append(effects.invitation_mail(after.user_id, after.invitation.mail_id))
    if _login_differs(before, after):
        follow.append(effects.align_identity(after.user_id, now))
    return follow


def _login_differs(before: User, after: User) -> bool:
    """Return whether the login must get a new spelling of the e-mail, or a new language."""
    differs = (before.email, before.language) != (after.email, after.language)
    return differs and after.status is UserStatus.ACTIVE
