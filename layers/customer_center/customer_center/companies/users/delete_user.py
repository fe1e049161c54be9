"""Delete a user. The contact list then shows the user's ERP contact again (docs/specification.md, 4.14)."""

from collections.abc import Collection
from functools import partial

from customer_center.companies import effects
from customer_center.companies.colleagues import colleague_of
from customer_center.companies.entries import person, user_entry
from customer_center.companies.login import change_login
from customer_center.companies.model import Member, attempt_key, check_not_self
from customer_center.companies.ports import Administration, Identities
from customer_center.platform.clock import Clock
from customer_center.platform.errors import crossed_by_others


def delete_user(
    user_id: str,
    actor: Member,
    request_id: str,
    *,
    if_versions: Collection[int] | None,
    companies: Administration,
    identities: Identities,
    clock: Clock,
) -> None:
    """Delete a user of the actor's company and their login; the journal's entries stay.

    Raises NotFound (also for a repeat), PreconditionFailed, Conflict `own-account` or `last-main-contact`,
    InProgress.
    """
    user = colleague_of(actor.company.company_id, user_id, companies, if_versions=if_versions)
    check_not_self(actor.user, user)
    now = clock.now()
    entry = user_entry(
        "user.deleted",
        before=user,
        after=None,
        actor=person(actor.user),
        now=now,
        request_id=request_id,
        effects=[effects.align_identity(user_id, now)],
    )
    with crossed_by_others(if_versions):
        companies.delete_user(user, entry, attempt=attempt_key(actor.company.customer_number, user.email))
    change_login(partial(identities.delete, user_id), user_id)
