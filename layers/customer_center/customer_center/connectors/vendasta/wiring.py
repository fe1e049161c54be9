"""The connector of Vendasta in this deployment, with the tokens of its products in SSM."""

from collections.abc import Mapping
from typing import Any, override

from customer_center.connectors.vendasta.client import VendastaClient
from customer_center.connectors.vendasta.connector import VendastaConnector
from customer_center.connectors.vendasta.settings import LIVE, VendastaSettings
from customer_center.connectors.vendasta.tokens import KeptToken
from customer_center.customers.model import Product
from customer_center.customers.product_ports import Deployment
from customer_center.platform.clock import Clock
from customer_center.platform.config import from_environment
from customer_center.platform.frozen import frozen
from customer_center.platform.secrets import SecretNotFoundError, forget_secret, secret, write_secret


@frozen
class _Environment:
    stage: str


class SsmToken(KeptToken):
    """The token of one product as a SecureString. It ends by itself, a day after it was written."""

    def __init__(self, parameter: str, clock: Clock) -> None:
        self._parameter = parameter
        self._clock = clock

    @override
    def read(self) -> Mapping[str, Any] | None:
        try:
            return dict(secret(self._parameter, self._clock.now()))
        except SecretNotFoundError:
            return None

    @override
    def read_again(self) -> Mapping[str, Any] | None:
        forget_secret(self._parameter)
        return self.read()

    @override
    def write(self, token: Mapping[str, Any]) -> None:
        write_secret(self._parameter, dict(token))


def vendasta_connector(deployment: Deployment) -> VendastaConnector:
    """Return the connector of this deployment."""
    tokens = f"/customer-center/{from_environment(_Environment).stage}/customer-list/tokens"

    def client(product: Product) -> VendastaClient:
        settings = VendastaSettings(
            product.url or LIVE, product.settings["app_id"], product.settings["account_group_id"]
        )
        return VendastaClient(
            settings,
            private_key=lambda: str(deployment.secret(product)["private_key"]),
            kept=SsmToken(f"{tokens}/{product.secret_id}", deployment.clock),
            clock=deployment.clock,
            loopback=deployment.loopback,
        )

    return VendastaConnector(client=client, clock=deployment.clock)
