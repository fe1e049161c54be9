"""Machines as callers: one strongly consistent read of the key's record decides (DESIGN §3)."""

from collections.abc import Callable
from typing import Protocol

from customer_center.clients.model import SHOWN, ClientKey, Scope, matching
from customer_center.platform.errors import Forbidden, Unauthorized
from customer_center.platform.http import Caller, Request
from customer_center.platform.log import logger


class Keys(Protocol):
    """The one read that admitting a machine takes."""

    def key(self, key_id: str) -> ClientKey | None:
        """Return the key as it is now (strongly consistent), None when there is none."""


class ClientCaller:
    """A machine whose client key has a scope. The gateway lets these routes' requests through: it knows people only."""

    security = "client_key"

    def __init__(self, keys: Callable[[], Keys], scope: Scope) -> None:
        self._keys = keys
        self.scope = scope

    def admit(self, request: Request) -> ClientKey:
        """Return the caller's key.

        Raises Unauthorized, one and the same whatever is wrong with what was shown, and Forbidden `scope-missing`.
        """
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        shown = SHOWN.fullmatch(token.strip())
        if scheme.lower() != "bearer" or shown is None:
            raise Unauthorized("unauthorized")
        key = self._keys().key(shown["key_id"])
        secret = matching(shown["secret"], key)
        if key is None or secret is None:
            raise Unauthorized("unauthorized")
        if self.scope not in key.scopes:
            raise Forbidden("scope-missing", scope=self.scope)
        # Who rotates a key sees here when the old secret is no longer in use (docs/runbook.md).
        logger.info("admitted", key_id=key.key_id, secret_hint=secret.hint)
        return key


def client(keys: Callable[[], Keys], scope: Scope) -> Caller:
    """Return the kind of caller of a route for machines."""
    return ClientCaller(keys, scope)
