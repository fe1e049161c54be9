"""A circuit breaker in memory."""


class MemoryBreaker:
    """A `Breaker` in memory: open for everybody for a minute after each trip, or until `close`."""

    def __init__(self, seconds: float = 60.0) -> None:
        self.trips = 0
        self.about: list[str | None] = []
        self.seconds = seconds
        self._open = False

    def open_for(self, about: str = "", seconds: float = 0) -> float:
        return self.seconds if self._open else 0.0

    def trip(self, about: str = "", seconds: float = 0) -> None:
        self.trips += 1
        self.about.append(about)
        self._open = True

    def close(self) -> None:
        self._open = False
