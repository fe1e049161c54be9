"""Limit the mails that a company's users cause in an hour, counted from the journal (docs/specification.md, 8.8)."""

from dataclasses import replace
from datetime import timedelta

from customer_center.companies.ports import AuditTrail
from customer_center.platform.clock import Clock
from customer_center.platform.errors import RateLimit, TooManyRequests
from customer_center.platform.journal import Entry

_WINDOW = timedelta(hours=1)
# Maximum number of entries read. With more changes than this in an hour, older mails of that hour do not count.
_ENTRIES = 1000


def limit_mails(
    company_id: str, mails: int, per_hour: int, reported: list[RateLimit], *, trail: AuditTrail, clock: Clock
) -> int:
    """Return how many of the mails the company's limit allows, and add to `reported` what is left after them.

    Raises TooManyRequests `too-many-requests` when the limit allows none. Nothing is written, because the journal's
    entries are counted. Parallel requests may together exceed the limit.
    """
    now = clock.now()
    recent = trail.newest(company_id, limit=_ENTRIES, since=now - _WINDOW).rows
    # Newest first; one entry may send several mails.
    times = [entry.at for entry in recent for _ in range(_mails(entry))]
    left = max(0, per_hour - len(times))
    # The oldest mail leaves the window first.
    reset = max(1, int(((times[-1] if times else now) + _WINDOW - now).total_seconds()))
    limit = RateLimit("mails-per-hour", per_hour, int(_WINDOW.total_seconds()), left, reset)
    if not left:
        raise TooManyRequests("too-many-requests", [limit])
    within = min(mails, left)
    reported.append(replace(limit, remaining=left - within))
    return within


def _mails(entry: Entry) -> int:
    """Return how many mails a user caused by this change. Mails of activations and of the ERP do not count here."""
    return sum(effect.kind == "mail" for effect in entry.effects) if entry.actor.kind == "person" else 0
