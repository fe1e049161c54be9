"""Clocks for tests."""

from datetime import UTC, datetime, timedelta

from customer_center.platform.clock import SystemClock

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


class FakeClock:
    """A `Clock` that stands still until somebody sleeps or calls `advance`; `slept` lists every wait."""

    def __init__(self, now: datetime = NOON) -> None:
        self.slept: list[float] = []
        self._now = now

    def now(self) -> datetime:
        return self._now

    def sleep(self, seconds: float) -> None:
        if seconds > 0:
            self.slept.append(seconds)
            self.advance(seconds=seconds)

    def advance(self, **duration: float) -> None:
        """Move on by that much, in the words of `timedelta`."""
        self._now += timedelta(**duration)


class WakefulClock(SystemClock):
    """The machine's clock, without sleeping: `slept` lists the waits that were asked for, in seconds."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    def now(self) -> datetime:
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
