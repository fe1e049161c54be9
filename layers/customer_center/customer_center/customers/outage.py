"""How telling a product goes: when it is behind, since when, and when it is tried again. No I/O, no clock.

A failed call says little about a product. Three customers in a row that could not be told, or a product that says so
itself, are an **outage**: until its next attempt the product is told nothing, and its pointers are dropped. `behind`
says from where a walk must begin so that nothing is missing. Only a walk that has told everything ends it.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from customer_center.platform.frozen import frozen
from customer_center.platform.stamps import stamped_at

CUSTOMERS = 3
"""So many different customers in a row that could not be told are an outage."""
ATTEMPTS = 8
"""So many failed calls about one customer, while others could be told, are a failure of this customer."""
MARGIN = timedelta(seconds=10)
"""Rows of the feed are complete up to this time ago: a row that took longer than five seconds is written again."""
FEED_KEPT = timedelta(days=30)
"""How long rows of the feed are kept. Those of deleted customers are kept for good."""
WALK_LEASE = timedelta(minutes=2)
"""How long nobody else goes on with a walk after a page."""
# By then what was dropped can be read in the feed.
_FIRST_WAIT = 10
_LONGEST_WAIT = 3600
# From this wait on, several customers are tried: the first may be the reason why nothing goes on.
_SEVERAL_FROM = 60
_SUCCESS_NOTED = timedelta(minutes=1)


@frozen
class Since:
    """From where a product may miss something; a pointer names its own place. All bounds are exclusive; None: nothing.

    `feed` is a position in the account's feed, `listed` one in the list by creation, `failed` the id of a customer in
    the product's list of failures.
    """

    feed: str | None = None
    listed: str | None = None
    failed: str | None = None

    @property
    def is_empty(self) -> bool:
        """Whether nothing is missing."""
        return self == Since()

    def lowered(self, other: "Since") -> "Since":
        """Return what contains both."""
        return Since(
            _lower(self.feed, other.feed), _lower(self.listed, other.listed), _lower(self.failed, other.failed)
        )


def _lower(one: str | None, other: str | None) -> str | None:
    return min((place for place in (one, other) if place is not None), default=None)


@frozen
class Failure:
    """A customer whose last version a product did not take, and why, without values.

    `remote_ids` are the product's own ids of the customers that it found to be this one. It is tried again at its next
    change, or when somebody asks for it.
    """

    customer_id: str
    reason: str
    at: datetime
    remote_ids: Sequence[str] = ()


@frozen
class ProductStatus:
    """How telling a product goes. Technical facts: no journal entry is written for them.

    Before `next_attempt_at` nothing is told. `wait` is the last wait in seconds; 0 once a call has succeeded since.
    `failing` are the customers in a row that could not be told. Until `walking_until` the walk goes on with the page
    number `step`, which no other walk has. `version` counts the writes.
    """

    account_id: str
    product: str
    behind: Since = Since()
    next_attempt_at: datetime | None = None
    wait: int = 0
    failing: Sequence[str] = ()
    walking_until: datetime | None = None
    step: int = 0
    last_success: datetime | None = None
    last_error: str | None = None
    last_error_at: datetime | None = None
    version: int = 0

    def is_waiting(self, now: datetime) -> bool:
        """Return whether nobody may call the product now because of an outage."""
        return self.next_attempt_at is not None and now < self.next_attempt_at

    @property
    def is_recovering(self) -> bool:
        """Whether no call has succeeded since an outage began. Only the walk may try, so that few calls are in vain."""
        return self.wait > 0 and not self.behind.is_empty

    @property
    def behind_since(self) -> datetime | None:
        """Since when the product may miss changes. None: it misses none, or only what it refused."""
        return stamped_at(self.behind.feed) if self.behind.feed else None

    def missing(self, since: Since) -> "ProductStatus":
        """Return the status when what `since` names may not be told. It is equal if that is known."""
        behind = self.behind.lowered(since)
        return self if behind == self.behind else replace(self, behind=behind, version=self.version + 1)

    def begun(self, since: Since, now: datetime) -> "ProductStatus":
        """Return the status when a walk has to begin at once, for a product that is told something again."""
        return replace(
            self,
            behind=self.behind.lowered(since),
            next_attempt_at=now,
            wait=0,
            failing=(),
            walking_until=None,
            step=self.step + 1,
            version=self.version + 1,
        )

    def succeeded(self, now: datetime) -> "ProductStatus":
        """Return the status after a call succeeded. It is equal if nobody learns anything from that."""
        fresh = self.last_success is not None and now - self.last_success < _SUCCESS_NOTED
        ended = self.is_recovering and not self.is_waiting(now)
        if fresh and not self.failing and not ended:
            return self
        noted = replace(self, last_success=now, failing=(), version=self.version + 1)
        return replace(noted, wait=0, next_attempt_at=now) if ended else noted

    def failed(
        self, customer_id: str, reason: str, now: datetime, *, seconds: int = 0, is_outage: bool = False
    ) -> "ProductStatus":
        """Return the status after a call failed: perhaps an outage, whose next attempt is not before `seconds`."""
        failing = tuple(dict.fromkeys((*self.failing, customer_id)))
        noted = replace(self.erred(reason, now), failing=failing)
        enough = 1 if self.is_recovering and self.wait < _SEVERAL_FROM else CUSTOMERS
        if self.is_waiting(now):
            # Another worker was quicker. Only a later time counts.
            again = max(self.next_attempt_at or now, now + timedelta(seconds=seconds))
            return replace(noted, failing=(), next_attempt_at=again)
        return noted.down(now, seconds) if is_outage or len(failing) >= enough else noted

    def erred(self, reason: str, now: datetime) -> "ProductStatus":
        """Return the status after an error that says nothing about the product."""
        return replace(self, last_error=reason, last_error_at=now, version=self.version + 1)

    def down(self, now: datetime, seconds: int = 0) -> "ProductStatus":
        """Return the status in an outage. The next attempt is after `seconds`, else twice as late as before.

        That is ten seconds at first, and an hour at most.
        """
        wait = min(self.wait * 2 or _FIRST_WAIT, _LONGEST_WAIT)
        again = now + timedelta(seconds=seconds or wait)
        return replace(self, failing=(), wait=wait, next_attempt_at=again, version=self.version + 1)

    def walked(self, behind: Since, now: datetime) -> "ProductStatus":
        """Return the status after a page of the walk; `behind` is what is left of it."""
        after = replace(self, behind=behind, step=self.step + 1, version=self.version + 1)
        after = replace(after, walking_until=now + WALK_LEASE)
        return replace(after, walking_until=None, wait=0) if behind.is_empty else after
