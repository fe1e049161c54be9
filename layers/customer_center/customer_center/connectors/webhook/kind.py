"""The kind `webhook`: a product that we tell by signed webhooks at its address."""

from collections.abc import Mapping
from typing import Any

from customer_center.connectors.webhook.connector import WebhookConnector
from customer_center.customers.product_ports import CheckedSettings, Deployment, ProductConnector, ProductKind
from customer_center.platform.errors import FieldError, InvalidInput


def _check(url: str | None, settings: Mapping[str, Any]) -> CheckedSettings:
    errors = [FieldError(f"/settings/{name}", "unknown-field") for name in settings]
    if url is None:
        errors.append(FieldError("/url", "required"))
    if errors:
        raise InvalidInput(errors=errors)
    return CheckedSettings()


def _connector(deployment: Deployment) -> ProductConnector:
    return WebhookConnector(
        secrets=lambda product: list(deployment.secret(product)["secrets"]),
        clock=deployment.clock,
        loopback=deployment.loopback,
    )


WEBHOOK = ProductKind("webhook", _check, _connector, makes_secrets=True)
"""Products that are told by webhooks of ours (docs/products.md)."""
