"""How the products simulator and the local stack are connected."""

from collections.abc import Mapping

from local.simulators.simulator import Simulator


def _parameters(_: str) -> Mapping[str, str]:
    return {"LoopbackProducts": "true"}


def _connect(url: str, api_url: str) -> None:
    """Connect nothing: products are connected by the API (`PUT /products/{product}`)."""


PRODUCTS = Simulator(
    name="products",
    port=4569,
    ready="/_simulator/products",
    secrets={},
    parameters=_parameters,
    connect=_connect,
)
