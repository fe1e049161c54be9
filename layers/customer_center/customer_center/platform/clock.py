"""The clock, as a port: rules take the moment as an argument, so that tests set it."""

import time
from datetime import UTC, datetime
from typing import Protocol

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Clock(Protocol):
    """Returns the time and waits."""

    def now(self) -> datetime:
        """Return the current time, aware, in UTC."""

    def sleep(self, seconds: float) -> None:
        """Wait that many seconds; a negative or zero number returns at once."""


class SystemClock:
    """The clock of the machine."""

    def now(self) -> datetime:
        """Return the current time, aware, in UTC, in whole milliseconds: stored and answered times are equal."""
        now = datetime.now(UTC)
        return now.replace(microsecond=now.microsecond // 1000 * 1000)

    def sleep(self, seconds: float) -> None:
        """Wait that many seconds; a negative or zero number returns at once."""
        time.sleep(max(0.0, seconds))


def iso(moment: datetime) -> str:
    """Return the moment as ISO 8601 in UTC with milliseconds, sortable as text: `2026-11-23T10:00:00.000Z`."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def from_iso(text: str) -> datetime:
    """Return the aware moment that `iso` wrote; ValueError for anything else."""
    return datetime.fromisoformat(text).astimezone(UTC)


def epoch(moment: datetime) -> int:
    """Return whole seconds since 1970, the format of DynamoDB's TTL."""
    return int(moment.timestamp())
