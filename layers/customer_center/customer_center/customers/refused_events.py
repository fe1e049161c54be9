"""Events that can never be applied, as they are noted for 14 days: why, and where, without values."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from customer_center.platform.errors import FieldError
from customer_center.platform.frozen import frozen
from customer_center.platform.paging import Part


@frozen
class RefusedEvent:
    """An event of a source of webhooks that was refused. `position` is its place in the source's list."""

    source_id: str
    event_id: str
    code: str
    errors: Sequence[FieldError]
    received_at: datetime
    position: str


class RefusedEvents(Protocol):
    """The refused events of all sources."""

    def refused_events(self, source_id: str, *, limit: int, before: str | None = None) -> Part[RefusedEvent]:
        """Return up to `limit` refused events of a source, newest first, from before that position."""
