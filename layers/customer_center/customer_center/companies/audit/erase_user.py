"""Erase a person (GDPR, article 17): delete account and login, and blank the journal (docs/specification.md, 7.6)."""

from datetime import datetime, timedelta
from functools import partial

from customer_center.companies import effects
from customer_center.companies.audit.redact_entries import is_redacted
from customer_center.companies.audit.trail import entries_about
from customer_center.companies.colleagues import crossed_by_others
from customer_center.companies.entries import person
from customer_center.companies.login import change_login
from customer_center.companies.model import Member, attempt_key, check_not_self, is_colleague
from customer_center.companies.ports import Administration, AuditTrail, Identities
from customer_center.platform.clock import Clock
from customer_center.platform.errors import NotFound, PreconditionFailed
from customer_center.platform.frozen import frozen
from customer_center.platform.journal import Entry, new_entry

ERASED = "user.erased"
# How long point-in-time recovery keeps data; how long queues, dead-letter queues and failed records keep ids
# (template.yaml).
_IN_BACKUPS = timedelta(days=35)
_IN_QUEUES = timedelta(days=14)


@frozen
class Certificate:
    """The state of an erasure: its time, whether the journal is already blanked, and when the last copies expire."""

    user_id: str
    erased_at: datetime
    complete: bool

    @property
    def backups_until(self) -> datetime:
        """When the last backup that may hold the person's data expires."""
        return self.erased_at + _IN_BACKUPS

    @property
    def queues_until(self) -> datetime:
        """When the last message that may hold the person's id expires."""
        return self.erased_at + _IN_QUEUES


def erase_user(
    user_id: str,
    actor: Member,
    request_id: str,
    *,
    if_version: int | None,
    companies: Administration,
    trail: AuditTrail,
    identities: Identities,
    clock: Clock,
) -> Certificate:
    """Delete a user and blank their personal values in the journal. The user may already be deleted.

    An effect of the entry `user.erased` blanks the journal; the entry itself contains no personal data. A repeat
    changes nothing and returns whether the journal is blanked. Raises NotFound for an id that was never a user of the
    company, Conflict `own-account` or `last-main-contact`, PreconditionFailed, InProgress.
    """
    company_id = actor.company.company_id
    if not is_colleague(user_id, company_id):
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
    user_id: str, actor: Member, request_id: str, companies: Administration, trail: AuditTrail, clock: Clock
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
