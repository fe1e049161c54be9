"""Blank the personal values of an erased person in the journal, page by page (docs/specification.md, 7.6 and 7.31)."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from customer_center.companies import effects
from customer_center.companies.audit.trail import READ, read_about
from customer_center.companies.ports import AuditTrail, Erasures
from customer_center.platform import redaction
from customer_center.platform.clock import Clock
from customer_center.platform.journal import Effect, Entry
from customer_center.platform.log import logger

BLANK = redaction.BLANK
PAGE = 10_000
"""The number of the company's entries in a page. 300,000 entries are 30 messages."""
# The company's data: the state and the rights of an account. Every other field is personal, even if it is added later.
_NOT_PERSONAL = frozenset({"status", "roles", "budget_per_order", "budget_per_month", "invitation"})


def redact_entries(
    user_id: str,
    erased_at: datetime,
    after: str | None,
    *,
    has_time: Callable[[], bool],
    trail: AuditTrail,
    companies: Erasures,
    queue: Callable[[list[Effect]], None],
    clock: Clock,
) -> None:
    """Blank the personal values, before and after, in every entry about this user of the page after the id `after`.

    Then queue an effect for the next page, or record at the end of the trail that the erasure of `erased_at` is
    complete. A page ends early when `has_time` returns False. May run any number of times, because blanked entries are
    skipped. After a crash the page is repeated, and no page before it.
    """
    for _ in range(PAGE // READ):
        if not has_time():
            break
        entries, after = read_about(user_id, after, trail)
        for entry in entries:
            if not is_redacted(entry):
                trail.redact(entry, redacted(entry))
        if after is None:
            companies.complete_erasure(user_id, erased_at, clock.now())
            logger.info("erasure complete", user_id=user_id)
            return
    queue([effects.erase_from_journal(user_id, erased_at, clock.now(), after)])
    # docs/runbook.md refers to this log line.
    logger.info("erasure goes on", user_id=user_id, after=after)


def is_redacted(entry: Entry) -> bool:
    """Return whether the entry holds no personal value."""
    return redaction.is_redacted(entry, _NOT_PERSONAL)


def redacted(entry: Entry) -> Mapping[str, Sequence[Any]]:
    """Return the changes of an entry with personal values blanked."""
    return redaction.redacted(entry, _NOT_PERSONAL)
