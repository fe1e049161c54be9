"""Fakes of what the connector of Vendasta needs."""

from collections.abc import Mapping
from typing import Any, override

from customer_center.connectors.vendasta.tokens import KeptToken


class MemoryToken(KeptToken):
    """A token in memory. `cached` is what a sandbox read some minutes ago."""

    def __init__(self) -> None:
        self.stored: Mapping[str, Any] | None = None
        self.cached: Mapping[str, Any] | None = None

    @override
    def read(self) -> Mapping[str, Any] | None:
        return self.cached

    @override
    def read_again(self) -> Mapping[str, Any] | None:
        self.cached = self.stored
        return self.stored

    @override
    def write(self, token: Mapping[str, Any]) -> None:
        self.stored = self.cached = token
