"""The ERP simulator, started in a thread on a free port, and a gateway that talks to it."""

from collections.abc import Iterator
from contextlib import contextmanager

from requests import Session

from customer_center.connectors.silver.gateway import SilverGateway
from customer_center.connectors.silver.settings import SilverSettings
from local.simulators.erp.server import PASSWORD, USER, ErpSimulator
from tests.fakes.breaker import MemoryBreaker
from tests.fakes.clock import WakefulClock


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


def silver_gateway(settings: SilverSettings, session: Session | None = None, **ports) -> SilverGateway:
    """Return a gateway whose ports, unless given, never trip for long and never wait."""
    values = {"breaker": MemoryBreaker(), "clock": WakefulClock(), **ports}
    return SilverGateway(settings=settings, session=(lambda: session) if session else None, **values)
