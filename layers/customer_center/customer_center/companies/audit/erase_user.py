"""Erasing a person (GDPR, article 17): account and login go, and the journal is blanked of them (DESIGN §7)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from customer_center.companies import effects
from customer_center.companies.audit.redact_entries import entries_about, is_redacted
from customer_center.companies.colleagues import change_login, crossed_by_others
from customer_center.companies.entries import person
from customer_center.companies.ids import company_of
from customer_center.companies.model import Member, attempt_key, check_not_self
from customer_center.companies.ports import AuditTrail, Companies, Identities
from customer_center.platform.clock import Clock
from customer_center.platform.errors import NotFound, PreconditionFailed
from customer_center.platform.journal import Entry, new_entry

ERASED = "user.erased"
# Point-in-time recovery, and the longest that a queue, a dead letter or a failed record is kept (template.yaml).
_IN_BACKUPS = timedelta(days=35)
_IN_QUEUES = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Certificate:
    """What is said of an erasure: since when, whether the journal is blanked already, and what fades by itself."""

    user_id: str
    erased_at: datetime
    complete: bool

    @property
    def backups_until(self) -> datetime:
        """When the last backup that may hold the person is gone."""
        return self.erased_at + _IN_BACKUPS

    @property
    def queues_until(self) -> datetime:
        """When the last message that may name the person's id is gone."""
        return self.erased_at + _IN_QUEUES


def erase_user(
    user_id: str,
    actor: Member,
    request_id: str,
    *,
    if_version: int | None,
    companies: Companies,
    trail: AuditTrail,
    identities: Identities,
    clock: Clock,
) -> Certificate:
    """Forget a user as deleting does, and blank what the journal says of them; also of one deleted before.

    The journal is blanked through an effect of the entry `user.erased`, which holds nothing personal itself. A repeat
    changes nothing, and tells whether that is complete. Raises NotFound for whom the company never had, Conflict
    `own-account` or `last-main-contact`, PreconditionFailed, InProgress.
    """
    company_id = actor.company.company_id
    if company_of(user_id) != company_id:
        raise NotFound
    user = companies.user(user_id)
    if user is None:
        return _erase_deleted(user_id, actor, request_id, companies, trail, clock)
    check_not_self(actor.user, user)
    if if_version is not None and if_version != user.version:
        raise PreconditionFailed
    entry = _entry(user_id, actor, request_id, clock.now())
    with crossed_by_others(if_version):
        companies.delete_user(user, entry, attempt=attempt_key(actor.company.customer_number, user.email))
    change_login(partial(identities.delete, user_id), user_id)
    return Certificate(user_id, entry.at, complete=False)


def _erase_deleted(
    user_id: str, actor: Member, request_id: str, companies: Companies, trail: AuditTrail, clock: Clock
) -> Certificate:
    about = list(entries_about(user_id, trail))
    if not about:
        raise NotFound
    for entry in about:
        if entry.action == ERASED:
            return Certificate(user_id, entry.at, complete=all(map(is_redacted, about)))
    entry = _entry(user_id, actor, request_id, clock.now())
    companies.record(entry)
    return Certificate(user_id, entry.at, complete=False)


def _entry(user_id: str, actor: Member, request_id: str, now: datetime) -> Entry:
    return new_entry(
        partition=actor.company.company_id,
        now=now,
        actor=person(actor.user),
        action=ERASED,
        subject=user_id,
        request_id=request_id,
        effects=[effects.align_identity(user_id, now), effects.erase_from_journal(user_id, now)],
    )
