"""The products of this deployment: their secrets in SSM, and a connector for each kind, made at its first use."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, override

from customer_center.customers.model import Product
from customer_center.customers.product_ports import Deployment, ProductConnector, ProductKinds, ProductSecrets
from customer_center.platform.clock import SystemClock
from customer_center.platform.config import from_environment
from customer_center.platform.frozen import frozen
from customer_center.platform.secrets import current_secret, has_secret, remove_secret, secret, write_secret


@frozen
class _Environment:
    stage: str
    loopback_products: bool


@cache
def _environment() -> _Environment:
    return from_environment(_Environment)


class SsmProductSecrets(ProductSecrets):
    """The secrets of products as SecureStrings below one path of SSM."""

    def __init__(self, path: str) -> None:
        self._path = path

    def _parameter(self, secret_id: str) -> str:
        return f"{self._path}/products/{secret_id}"

    @override
    def has(self, secret_id: str) -> bool:
        return has_secret(self._parameter(secret_id))

    @override
    def read(self, product: Product) -> Mapping[str, Any]:
        return dict(secret(self._parameter(product.secret_id), SystemClock().now()))

    @override
    def current(self, product: Product) -> Mapping[str, Any]:
        return dict(current_secret(self._parameter(product.secret_id)))

    @override
    def write(self, secret_id: str, secret: Mapping[str, Any]) -> None:
        write_secret(self._parameter(secret_id), dict(secret))

    @override
    def remove(self, secret_id: str) -> None:
        remove_secret(self._parameter(secret_id))


@cache
def product_secrets() -> SsmProductSecrets:
    """Return the secrets of this deployment's products."""
    return SsmProductSecrets(f"/customer-center/{_environment().stage}/customer-list")


def loopback_allowed() -> bool:
    """Return whether products may have addresses of the loopback, as on one machine."""
    return _environment().loopback_products


def connectors(kinds: ProductKinds) -> Callable[[str], ProductConnector]:
    """Return what gives the connector of a kind of product. It makes each at its first use, once."""

    @cache
    def of_kind(kind: str) -> ProductConnector:
        deployment = Deployment(product_secrets().read, SystemClock(), loopback=loopback_allowed())
        return kinds[kind].connector(deployment)

    return of_kind
