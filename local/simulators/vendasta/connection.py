"""How the Vendasta simulator and the local stack are connected."""

from collections.abc import Mapping

from local.simulators.simulator import Simulator


def _parameters(_: str) -> Mapping[str, str]:
    return {}


def _connect(url: str, api_url: str) -> None:
    """Connect nothing: apps and their addresses are set at `/_simulator/apps`, sources of webhooks by our API."""


VENDASTA = Simulator(
    name="vendasta",
    port=4570,
    ready="/_simulator/requests",
    secrets={},
    parameters=_parameters,
    connect=_connect,
)
