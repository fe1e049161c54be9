"""The systems that may send webhooks to `POST /webhooks/{source}`.

To add one, add its record here and its `keys_setting` to the settings in `wiring.py`. A new kind of sender also needs a
file in `formats/`.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from customer_center.platform.frozen import frozen
from customer_center.webhooks.format import Format
from customer_center.webhooks.formats.erp import ERP


@frozen
class Source:
    """One sender. `account` and `product` name the owner of the records in its events; the ERP has neither.

    `keys_setting` names a setting (`platform/config.py`). Its value is the name of the SSM parameter with the keys.
    """

    name: str
    format: Format
    keys_setting: str
    account: str | None = None
    product: str | None = None


type Sources = Mapping[str, Source]

_ALL = (Source("erp", ERP, keys_setting="erp_webhook_secrets_parameter"),)
SOURCES: Sources = MappingProxyType({source.name: source for source in _ALL})


def event_schemas(sources: Sources = SOURCES) -> Mapping[str, Mapping[str, Any]]:
    """Return the JSON Schemas of all events that the sources send, by name."""
    return {name: schema for source in sources.values() for name, schema in source.format.schemas().items()}
