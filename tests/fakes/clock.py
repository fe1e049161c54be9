"""A clock that tests own: it stands still until somebody sleeps or `advance` is called."""

from datetime import UTC, datetime, timedelta

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


class FakeClock:
    """A `Clock` at `now`; `slept` remembers every wait that took time."""

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
