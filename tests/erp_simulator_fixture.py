"""The ERP simulator for tests: started in a thread on a free port, and a gateway that speaks with it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from requests import Session

from customer_center.connectors.silver.gateway import SilverGateway
from customer_center.connectors.silver.settings import SilverSettings
from customer_center.platform.clock import SystemClock
from local.simulators.erp.server import PASSWORD, USER, ErpSimulator


@contextmanager
def running_simulator() -> Iterator[ErpSimulator]:
    """Yield a simulator that serves; switch it through its attributes or over HTTP."""
    simulator = ErpSimulator()
    simulator.start()
    try:
        yield simulator
    finally:
        simulator.stop()


@contextmanager
def direct_session() -> Iterator[Session]:
    """Yield a session that ignores the machine's proxies and is closed in the end."""
    with Session() as session:
        session.trust_env = False
        yield session


def silver_settings(simulator: ErpSimulator, transport: str, **changes) -> SilverSettings:
    """Return settings for this simulator."""
    path = "/soap" if transport == "soap" else "/xml/{message}"
    values = {"url": simulator.url + path, "transport": transport, "user": USER, "password": PASSWORD, **changes}
    return SilverSettings(**values)


class MemoryBreaker:
    """A `Breaker` in memory: open for a minute after each trip, or until `close`."""

    def __init__(self, seconds: float = 60.0) -> None:
        self.trips = 0
        self.seconds = seconds
        self._open = False

    def open_for(self) -> float:
        return self.seconds if self._open else 0.0

    def trip(self) -> None:
        self.trips += 1
        self._open = True

    def close(self) -> None:
        self._open = False


class WakefulClock(SystemClock):
    """The machine's clock, but nobody sleeps: `slept` tells for how long they would have."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    def now(self) -> datetime:
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


def silver_gateway(settings: SilverSettings, session: Session | None = None, **ports) -> SilverGateway:
    """Return a gateway whose ports, unless given, never trip for long and never wait."""
    values = {"breaker": MemoryBreaker(), "clock": WakefulClock(), **ports}
    return SilverGateway(settings=settings, session=(lambda: session) if session else None, **values)
