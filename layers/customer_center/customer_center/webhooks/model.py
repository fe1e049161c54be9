"""The systems that may send webhooks to `POST /webhooks/{source}`: a source is a record.

The ERP is a source by the template's parameters (`wiring.py`). Others are added by the API.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from datetime import datetime
from typing import Any

from customer_center.platform.frozen import frozen
from customer_center.platform.ids import ULID_PATTERN

SOURCE_ID = re.compile(f"src_{ULID_PATTERN}")
ERP_SOURCE = "erp"
"""The id of the source of the shop's own ERP. It is made of parameters, and has no record."""
MAX_SECRETS = 2
"""Two, so that a sender can switch to a new secret while the old one is still valid."""


@frozen
class Source:
    """One sender. `account` and `product` own the records in its events; the ERP's source has neither.

    `keys_parameter` is the name of the SSM parameter with its keys. `format` is a name in `FORMATS`. `settings` are
    those of the format, by name; JSON values.
    """

    source_id: str
    format: str
    keys_parameter: str
    account: str | None = None
    product: str | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def notes_unknown_fields(self) -> bool:
        """Whether fields that we do not know are ignored and noted. Otherwise their event is refused."""
        return self.settings.get("unknown_fields") == "note"


@frozen
class StoredSource:
    """The record of a source that was added by the API. It holds the last characters of its secrets as hints."""

    source: Source
    hints: Sequence[str]
    created_at: datetime
    updated_at: datetime
    version: int = 1

    def with_hints(self, hints: Sequence[str], now: datetime) -> "StoredSource":
        """Return the next version, with other secrets."""
        return replace(self, hints=tuple(hints), updated_at=now, version=self.version + 1)
