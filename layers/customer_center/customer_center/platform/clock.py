"""The clock, as a port. Rules get the current time as an argument, so that tests can set it."""

import time
from datetime import UTC, datetime
from typing import Protocol

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Clock(Protocol):
    """Returns the current time, and waits."""

    def now(self) -> datetime:
        """Return the current time in UTC, as an aware datetime."""

    def sleep(self, seconds: float) -> None:
        """Wait that many seconds. Return at once if the number is zero or negative."""


class SystemClock:
    """The clock of the machine."""

    def now(self) -> datetime:
        """Return the current time in UTC, in whole milliseconds, so that stored and answered times are equal."""
        now = datetime.now(UTC)
        return now.replace(microsecond=now.microsecond // 1000 * 1000)

    def sleep(self, seconds: float) -> None:
        """Wait that many seconds. Return at once if the number is zero or negative."""
        time.sleep(max(0.0, seconds))


def iso(moment: datetime) -> str:
    """Return the moment as ISO 8601 in UTC with milliseconds, sortable as text: `2026-11-23T10:00:00.000Z`."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def from_iso(text: str) -> datetime:
    """Return the aware datetime of a text that `iso` wrote. Raises ValueError for a text that is not ISO 8601."""
    return datetime.fromisoformat(text).astimezone(UTC)


def epoch(moment: datetime) -> int:
    """Return whole seconds since 1970, the format of DynamoDB's TTL."""
    return int(moment.timestamp())
