"""Deleting a user: the account is gone, and a contact of the ERP is one without an account again (DESIGN §4)."""

from functools import partial

from customer_center.companies import effects
from customer_center.companies.colleagues import change_login, colleague_of, crossed_by_others
from customer_center.companies.entries import person, user_entry
from customer_center.companies.model import Member, attempt_key, check_not_self
from customer_center.companies.ports import Companies, Identities
from customer_center.platform.clock import Clock


def delete_user(
    user_id: str,
    actor: Member,
    request_id: str,
    *,
    if_version: int | None,
    companies: Companies,
    identities: Identities,
    clock: Clock,
) -> None:
    """Forget a user of the actor's company and their login; what they did stays in the journal.

    Raises NotFound (also when it is repeated), PreconditionFailed, Conflict `own-account` or `last-main-contact`,
    InProgress.
    """
    user = colleague_of(actor.company.company_id, user_id, companies, if_version=if_version)
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
    with crossed_by_others(if_version):
        companies.delete_user(user, entry, attempt=attempt_key(actor.company.customer_number, user.email))
    change_login(partial(identities.delete, user_id), user_id)
