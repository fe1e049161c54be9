"""The kinds of senders of webhooks. A new kind needs a file in `formats/` and a place in `FORMATS`."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from customer_center.webhooks.format import Format
from customer_center.webhooks.formats.erp import ERP
from customer_center.webhooks.formats.product import PRODUCT
from customer_center.webhooks.formats.vendasta import VENDASTA

type Formats = Mapping[str, Format]

FORMATS: Formats = MappingProxyType({each.name: each for each in (ERP, PRODUCT, VENDASTA)})
"""Every kind of sender, by name."""


def event_schemas(formats: Formats = FORMATS) -> Mapping[str, Mapping[str, Any]]:
    """Return the JSON Schemas of all events that sources send as JSON, by name."""
    described = (each for each in formats.values() if each.media_type == "application/json")
    return {name: schema for each in described for name, schema in each.schemas().items()}
