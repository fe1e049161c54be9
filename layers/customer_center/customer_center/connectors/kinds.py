"""The kinds of products. A new kind needs a folder here and a place in `KINDS` (docs/connectors.md)."""

from types import MappingProxyType

from customer_center.connectors.vendasta.kind import VENDASTA
from customer_center.connectors.webhook.kind import WEBHOOK
from customer_center.customers.product_ports import ProductKinds

KINDS: ProductKinds = MappingProxyType({each.name: each for each in (WEBHOOK, VENDASTA)})
"""Every kind of product, by name."""
