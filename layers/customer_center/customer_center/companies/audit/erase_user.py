"""Erase a person (GDPR, article 17): delete account and login, and blank the journal (docs/specification.md, 7.6)."""

from collections.abc import Collection
from datetime import timedelta
from functools import partial

from customer_center.companies import effects
from customer_center.companies.audit.trail import may_be_mentioned
from customer_center.companies.entries import person
from customer_center.companies.login import change_login
from customer_center.companies.model import Erasure, Member, attempt_key, check_not_self, is_colleague
from customer_center.companies.ports import Administration, AuditTrail, Identities
from customer_center.platform.clock import Clock
from customer_center.platform.errors import NotFound, PreconditionFailed, crossed_by_others
from customer_center.platform.journal import Entry, new_entry

# By then an erasure is complete, or its message is a dead letter, or a restore lost the record of its end.
_BEGUN_AGAIN_AFTER = timedelta(days=1)


def erase_user(
    user_id: str,
    actor: Member,
    request_id: str,
    *,
    if_versions: Collection[int] | None,
    companies: Administration,
    trail: AuditTrail,
    identities: Identities,
    clock: Clock,
) -> Erasure:
    """Delete a user and blank their personal values in the journal. The user may already be deleted.

    Effects blank the journal page by page, beginning with that of the entry `user.erased`; the entry itself contains no
    personal data. A repeat changes nothing and returns whether the journal is blanked; if it is not blanked after a
    day, the repeat begins the erasure again. Raises NotFound for an id that was never a user of the company (unless it
    cannot be told, see `trail.may_be_mentioned`), Conflict `own-account` or `last-main-contact`, PreconditionFailed,
    InProgress.
    """
    company_id = actor.company.company_id
    if not is_colleague(user_id, company_id):
        raise NotFound
    user = companies.user(user_id)
    if user is None:
        return _erase_deleted(user_id, actor, request_id, companies, trail, clock)
    check_not_self(actor.user, user)
    if if_versions is not None and user.version not in if_versions:
        raise PreconditionFailed
    erasure = Erasure(user_id, clock.now())
    with crossed_by_others(if_versions):
        companies.delete_user(
            user,
            _entry(erasure, actor, request_id),
            attempt=attempt_key(actor.company.customer_number, user.email),
            erasure=erasure,
        )
    change_login(partial(identities.delete, user_id), user_id)
    return erasure


def _erase_deleted(
    user_id: str, actor: Member, request_id: str, companies: Administration, trail: AuditTrail, clock: Clock
) -> Erasure:
    known, now = companies.erasure(user_id), clock.now()
    if known and (known.completed_at or now < known.erased_at + _BEGUN_AGAIN_AFTER):
        return known
    if known is None and not may_be_mentioned(user_id, trail):
        raise NotFound
    erasure = Erasure(user_id, now)
    companies.begin_erasure(erasure, _entry(erasure, actor, request_id), replaces=known)
    return erasure


def _entry(erasure: Erasure, actor: Member, request_id: str) -> Entry:
    user_id, now = erasure.user_id, erasure.erased_at
    return new_entry(
        partition=actor.company.company_id,
        now=now,
        actor=person(actor.user),
        action="user.erased",
        subject=user_id,
        request_id=request_id,
        effects=[effects.align_identity(user_id, now), effects.erase_from_journal(user_id, now, now)],
    )
