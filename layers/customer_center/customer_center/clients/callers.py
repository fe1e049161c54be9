"""Machines as callers. Each request reads the client key's record, and those of its ancestors (strongly consistent)."""

from collections.abc import Callable, Sequence
from typing import Protocol, override

from customer_center.clients.bodies import AccountQuery
from customer_center.clients.model import SHOWN, ClientKey, Scope, matching
from customer_center.platform.clock import Clock, SystemClock
from customer_center.platform.errors import Forbidden, Unauthorized
from customer_center.platform.frozen import frozen
from customer_center.platform.http import Caller, Request, Security
from customer_center.platform.log import logger


class Keys(Protocol):
    """Reads client keys."""

    def key(self, key_id: str) -> ClientKey | None:
        """Return the key (strongly consistent), or None if there is none. Revoked if one of its ancestors is."""


_SECURITY = Security(
    "client_key",
    {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "cck_<key id>_<secret>",
        "description": "The client key of a machine. An operator issues it (docs/shop-backend.md).",
    },
)


class ClientCaller(Caller):
    """A machine whose client key has the scope. The gateway checks people only, so it does not check these routes."""

    security = (_SECURITY,)
    problems: Sequence[str] = ("unauthorized", "scope-missing")

    def __init__(self, keys: Callable[[], Keys], scope: Scope, clock: Clock) -> None:
        self._keys = keys
        self._clock = clock
        self.scope = scope
        self.requirement = f"Requires a client key with the scope `{scope}`."

    @override
    def admit(self, request: Request) -> ClientKey:
        """Return the caller's key.

        Raises Unauthorized, which does not say what is wrong with the key, and Forbidden `scope-missing`.
        """
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        shown = SHOWN.fullmatch(token.strip())
        if scheme.lower() != "bearer" or shown is None:
            raise Unauthorized("unauthorized")
        key = self._keys().key(shown["key_id"])
        secret = matching(shown["secret"], key, self._clock.now())
        if key is None or secret is None:
            raise Unauthorized("unauthorized")
        if self.scope not in key.scopes:
            raise Forbidden("scope-missing", scope=self.scope)
        # Shows operators whether the old secret of a rotated key is still used (docs/runbook.md).
        logger.info("admitted", key_id=key.key_id, secret_hint=secret.hint)
        return key


@frozen
class AccountClient:
    """A machine that acts for one account: its key, and the account that the request is about."""

    key: ClientKey
    account_id: str


class AccountCaller(ClientCaller):
    """A machine as `ClientCaller` admits it, for one of its key's accounts.

    A key with one account uses it. Otherwise the query names the account as `account_id`; empty, it counts as left out.
    An account that the key does not have is answered like one that does not exist.
    """

    problems = (*ClientCaller.problems, "invalid-input", "not-found")
    query = AccountQuery

    @override
    def admit(self, request: Request) -> AccountClient:  # type: ignore[override] # another argument for the handler
        key = super().admit(request)
        return AccountClient(key, key.account(request.query.get("account_id") or None))


def account_client(keys: Callable[[], Keys], scope: Scope, clock: Clock | None = None) -> Caller:
    """Return the caller of a route for machines with this scope that act for one account."""
    return AccountCaller(keys, scope, clock or SystemClock())


def client(keys: Callable[[], Keys], scope: Scope, clock: Clock | None = None) -> Caller:
    """Return the caller of a route for machines with this scope."""
    return ClientCaller(keys, scope, clock or SystemClock())
