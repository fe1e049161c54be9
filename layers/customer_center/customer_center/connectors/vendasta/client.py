"""The calls of Vendasta's Customer API v1. All are POST with JSON, and all answer `{"took", "data"}`.

The names are a trap: what is called `customer_id` is our id in Get and Delete, and Vendasta's id in Associate; Create
and Update call our id `id`. Here *our id* is `own_id` in every call.
"""

import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from http import HTTPStatus
from typing import Any, Protocol

from pydantic import ValidationError

from customer_center.connectors.vendasta.settings import VendastaSettings
from customer_center.connectors.vendasta.tokens import GRANT, KeptToken, Tokens, assertion
from customer_center.connectors.vendasta.wire import Changed, Page, Token
from customer_center.platform.clock import Clock
from customer_center.platform.log import logger
from customer_center.platform.outbound_urls import (
    CallFailedError,
    Reply,
    Target,
    UrlNotAllowedError,
    post,
    resolved,
)

SECONDS = 10.0
"""How long Vendasta may take for one call."""
DEADLINE = timedelta(seconds=20)
"""How long all calls of one push may take. Less than the time-out of the function that makes them."""
PAGE_SIZE = 100
_MAX_ANSWER_BYTES = 4 * 1024 * 1024
# Vendasta says what is wrong with this customer. Other answers are about the app, or about Vendasta itself.
_REJECTIONS = frozenset(
    {
        HTTPStatus.BAD_REQUEST,
        HTTPStatus.CONFLICT,
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        HTTPStatus.UNPROCESSABLE_ENTITY,
    }
)


class RejectedError(Exception):
    """Vendasta does not take this customer. The message says why in fixed words."""


class UnavailableError(Exception):
    """Vendasta could not do it now. It may have done it nevertheless. `retry_after` is its header of that name."""

    def __init__(self, reason: str, reply: Reply | None = None) -> None:
        super().__init__(reason)
        self.status = reply.status if reply else None
        self.retry_after = reply.headers.get("retry-after", "") if reply else ""


class Ask(Protocol):
    """Posts, and returns an answer with its body: `platform.outbound_urls.post`."""

    def __call__(
        self, target: Target, body: bytes, headers: Mapping[str, str], seconds: float, *, max_answer_bytes: int
    ) -> Reply:
        """Post the body. Raises CallFailedError."""


class VendastaClient:
    """The customers of one account group. All calls of a client share one deadline.

    Raises RejectedError and UnavailableError. `private_key` returns the app's key, in PEM; it is called only when a
    token is exchanged.
    """

    def __init__(
        self,
        settings: VendastaSettings,
        *,
        private_key: Callable[[], str],
        kept: KeptToken,
        clock: Clock,
        loopback: bool = False,
        ask: Ask = post,
        seconds: float = SECONDS,
        deadline: timedelta = DEADLINE,
    ) -> None:
        self._settings = settings
        self._private_key = private_key
        self._clock = clock
        self._loopback = loopback
        self._ask = ask
        self._seconds = seconds
        self._until = clock.now() + deadline
        of = f"{settings.app_id} {settings.url}"
        self._tokens = Tokens(of, kept=kept, exchange=self._exchange, clock=clock)

    def create(self, own_id: str, values: Mapping[str, Any]) -> Changed:
        """Create a customer. A second call creates a second one."""
        data = self._call("customer", {"id": own_id, **values})
        return _read(Changed, data)

    def get(self, own_id: str) -> Changed | None:
        """Return the newest customer with our id, None if there is none. Vendasta returns duplicates too."""
        data = self._call("customer/get-customer", {"customer_id": own_id})
        return None if data is None else _read(Changed, data)

    def associate(self, customer_id: str, own_id: str) -> bool:
        """Give a customer of Vendasta our id. Return False if there is no such customer."""
        body = {"customer_id": customer_id, "vendor_customer_id": own_id}
        return self._call("customer/associate-id", body) is not None

    def update(self, own_id: str, values: Mapping[str, Any]) -> Changed | None:
        """Update the newest customer with our id; None if there is none."""
        data = self._call("customer/update-customer", {"id": own_id, **values})
        return None if data is None else _read(Changed, data)

    def delete(self, own_id: str) -> bool:
        """Delete the newest customer with our id. Return False if there is none."""
        return self._call("customer/delete-customer", {"customer_id": own_id}) is not None

    def page(self, cursor: str | None) -> Page:
        """Return a page of the list, the oldest customers first."""
        order = {"field": "Created", "direction": "Ascending"}
        body = {"page_size": PAGE_SIZE, "sort_options": order, **({"cursor": cursor} if cursor else {})}
        return _read(Page, self._call("customer/list-customers", body) or {})

    def _call(self, call: str, body: Mapping[str, Any]) -> Any:  # noqa: ANN401 # JSON
        """Return the `data` of an answer, None if Vendasta does not know the customer."""
        body = {"account_id": self._settings.account_group_id, **body}
        token = self._tokens.token()
        reply = self._post(call, body, token)
        if reply.status == HTTPStatus.UNAUTHORIZED:
            # Tokens may end before their time. A second 401 is not about the token.
            reply = self._post(call, body, self._tokens.token(refused=token))
        if reply.status == HTTPStatus.NOT_FOUND and call != "customer":
            return None
        return _data(reply, "http") or {}

    def _exchange(self) -> tuple[str, int]:
        try:
            signed = assertion(self._settings.app_id, self._private_key(), self._clock.now().timestamp())
        except ValueError as error:
            raise UnavailableError("private-key-unusable") from error
        try:
            data = _data(self._post("oauth/token", {"grant_type": GRANT, "assertion": signed}), "token-http")
        except RejectedError as error:
            # That is about the app and its key.
            raise UnavailableError(str(error)) from error
        token = _read(Token, data)
        return token.access_token, token.expires

    def _post(self, call: str, body: Mapping[str, Any], token: str | None = None) -> Reply:
        seconds = min(self._seconds, (self._until - self._clock.now()).total_seconds())
        if seconds <= 0:
            raise UnavailableError("no-answer-in-time")
        headers = {"Content-Type": "application/json", "User-Agent": "customer-center"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        try:
            target = resolved(f"{self._settings.url.rstrip('/')}/{call}", loopback=self._loopback)
            content = json.dumps(body).encode()
            reply = self._ask(target, content, headers, seconds, max_answer_bytes=_MAX_ANSWER_BYTES)
        except (UrlNotAllowedError, CallFailedError) as error:
            raise UnavailableError(str(error)) from error
        logger.info("vendasta called", call=call, status=reply.status)
        return reply


def _data(reply: Reply, kind: str) -> Any:  # noqa: ANN401 # JSON
    if reply.status in _REJECTIONS:
        raise RejectedError(f"{kind}-{reply.status}")
    if not HTTPStatus.OK <= reply.status < HTTPStatus.MULTIPLE_CHOICES:
        raise UnavailableError(f"{kind}-{reply.status}", reply)
    try:
        answer = json.loads(reply.body)
    except (ValueError, RecursionError) as error:
        raise UnavailableError("malformed-answer") from error
    if not isinstance(answer, dict):
        raise UnavailableError("malformed-answer")
    return answer.get("data")


def _read[Model: (Changed, Page, Token)](model: type[Model], data: object) -> Model:
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise UnavailableError("malformed-answer") from error
