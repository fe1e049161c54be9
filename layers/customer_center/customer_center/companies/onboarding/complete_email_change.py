"""Make a confirmed e-mail the login when the delay for the old address is over (docs/specification.md, 4.8)."""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta

from customer_center.companies import effects
from customer_center.companies.actions import Action
from customer_center.companies.email_ownership import take_email
from customer_center.companies.entries import user_entry
from customer_center.companies.model import User
from customer_center.companies.onboarding.confirm_email import is_due, may_ask, with_new_email
from customer_center.companies.ports import Users
from customer_center.platform.clock import Clock
from customer_center.platform.errors import Conflict
from customer_center.platform.journal import Actor, Effect

_RECONCILE = Actor("system", "reconcile")
# Shorter than SQS's longest delay (15 minutes), so that no alarm takes a message that waits for a queue that is behind.
_LOOK_AGAIN = timedelta(minutes=10)


def complete_email_change(
    user_id: str,
    mail_id: str,
    effect_id: str,
    *,
    companies: Users,
    queue: Callable[[list[Effect], timedelta], None],
    clock: Clock,
) -> None:
    """Change the e-mail if that is due, else queue the same effect again, for ten minutes later at most.

    May run any number of times: a change that was cancelled, replaced or done meanwhile is left alone. A change that
    can no longer be made, because whoever requested it may not edit users any more or somebody else has the address, is
    dropped. Raises PreconditionFailed when somebody else changed the user at the same time; then retry.
    """
    user = companies.user(user_id)
    change = user.email_change if user else None
    if user is None or change is None or change.mail_id != mail_id or change.takes_effect_at is None:
        return
    now = clock.now()
    if not is_due(change, now):
        left = change.takes_effect_at - now
        queue([effects.complete_email_change(user_id, mail_id, now)], min(left, _LOOK_AGAIN))
        return
    if may_ask(change.requested_by, user, companies):
        # Somebody else may have the address by now. Whoever got it first keeps it.
        with suppress(Conflict):
            _end("user.email_confirmed", user, with_new_email(user, now), effect_id, companies, now)
            return
    _end("user.email_change_cancelled", user, user.changed(now, email_change=None), effect_id, companies, now)


def _end(action: Action, user: User, after: User, request_id: str, companies: Users, now: datetime) -> None:
    align = [effects.align_identity(user.user_id, now)] if after.email != user.email else []

    def write(others: frozenset[str]) -> None:
        follow = [*align, *effects.supersede_invitations(others, now)]
        entry = user_entry(
            action, before=user, after=after, actor=_RECONCILE, now=now, request_id=request_id, effects=follow
        )
        companies.change_user(user, after, entry, ending=others)

    take_email(write)
