"""Hand over the role of main contact to a colleague: nobody can drop the role alone (docs/specification.md, 4.4)."""

from collections.abc import Collection

from customer_center.companies import effects
from customer_center.companies.colleagues import colleague_of
from customer_center.companies.entries import administered
from customer_center.companies.model import Permission, Role, User, UserStatus, check_not_self
from customer_center.companies.ports import Administration
from customer_center.platform.clock import Clock
from customer_center.platform.errors import Conflict, Forbidden, PreconditionFailed, crossed_by_others

LEFT_WITH = frozenset({Role.APPROVER, Role.BUYER})
"""The roles that a main contact without any other role gets by handing over."""


def hand_over(
    user_id: str,
    actor: User,
    request_id: str,
    *,
    if_versions: Collection[int] | None,
    companies: Administration,
    clock: Clock,
) -> User:
    """Make a colleague main contact in the actor's place, in one transaction; both get a mail.

    `if_versions` are versions of the actor. Raises Forbidden for an actor who is no main contact, NotFound, Conflict
    `own-account` or `user-not-active`, PreconditionFailed, InProgress.
    """
    # Checked here and not by the route, because the actor of a repeated request no longer has the role.
    if not actor.is_main_contact:
        raise Forbidden("permission-missing", permission=Permission.ROLES_ASSIGN)
    if if_versions is not None and actor.version not in if_versions:
        raise PreconditionFailed
    user = colleague_of(actor.company_id, user_id, companies)
    check_not_self(actor, user)
    if user.status is not UserStatus.ACTIVE:
        raise Conflict("user-not-active")
    now = clock.now()
    new = user.changed(now, roles=user.roles | {Role.MAIN_CONTACT})
    old = actor.changed(now, roles=(actor.roles - {Role.MAIN_CONTACT}) or LEFT_WITH)
    changes = [(user, new), (actor, old)]
    entries = [
        administered(
            "main_contact.handed_over",
            before,
            after,
            actor,
            request_id,
            [effects.handed_over_mail(after.user_id, actor.user_id, user_id, now)],
        )
        for before, after in changes
    ]
    with crossed_by_others(if_versions):
        companies.change_users(changes, entries)
    return new
