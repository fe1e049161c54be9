"""Tells a product of a change by a signed webhook (docs/products.md)."""

import hmac
import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Any, override

from customer_center.customers.consent import shown as shown_consent
from customer_center.customers.fields import FIELDS, shown_value
from customer_center.customers.model import Product
from customer_center.customers.product_ports import (
    Delivered,
    Outcome,
    ProductConnector,
    Push,
    Refused,
    TryLater,
    Unsubscribed,
)
from customer_center.platform.clock import Clock, iso
from customer_center.platform.outbound_urls import (
    CallFailedError,
    Post,
    Reply,
    UrlNotAllowedError,
    post,
    resolved,
    retry_after,
)
from customer_center.platform.secrets import SecretNotFoundError

SECONDS = 10.0
"""How long a product may take to answer."""
REFUSALS = frozenset(
    {
        HTTPStatus.BAD_REQUEST,
        HTTPStatus.CONFLICT,
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        HTTPStatus.UNPROCESSABLE_ENTITY,
    }
)
"""The product says what is wrong with this customer. Other answers are about the product: it may take it later."""
# The product takes nothing at all now.
_OUTAGES = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})


class WebhookConnector(ProductConnector):
    """Posts `{"type", "timestamp", "data"}` to the product's address.

    `secrets` returns the secrets of a product, the newest first; each of them signs. With `loopback`, addresses of the
    loopback may be called.
    """

    def __init__(
        self,
        *,
        secrets: Callable[[Product], Sequence[str]],
        clock: Clock,
        loopback: bool = False,
        call: Post = post,
        seconds: float = SECONDS,
    ) -> None:
        self._secrets = secrets
        self._clock = clock
        self._loopback = loopback
        self._call = call
        self._seconds = seconds

    @override
    def push(self, product: Product, push: Push) -> Outcome:
        body, now = json.dumps(event_of(push)).encode(), self._clock.now()
        try:
            headers = signed_headers(push.push_id, body, self._secrets(product), now)
            reply = self._call(resolved(product.url or "", loopback=self._loopback), body, headers, self._seconds)
        except SecretNotFoundError:
            # A crash came between the product's record and its secret: whoever connects it again mends that.
            return TryLater("no-secret")
        except (UrlNotAllowedError, CallFailedError) as error:
            return TryLater(str(error))
        return _outcome(reply, now)


def _outcome(reply: Reply, now: datetime) -> Outcome:
    """Return what an answer means. Only its status counts, and when it asks to come again."""
    if HTTPStatus.OK <= reply.status < HTTPStatus.MULTIPLE_CHOICES:
        return Delivered()
    if reply.status == HTTPStatus.GONE:
        return Unsubscribed()
    if reply.status in REFUSALS:
        return Refused(f"http-{reply.status}")
    seconds = retry_after(reply.headers.get("retry-after", ""), now)
    return TryLater(f"http-{reply.status}", seconds, is_outage=reply.status in _OUTAGES)


def event_of(push: Push) -> Mapping[str, Any]:
    """Return the event: the whole view of the customer, or, of a deleted or merged one, its ids."""
    customer = push.customer
    data: dict[str, Any] = {
        "customer_id": customer.customer_id,
        "external_id": push.external_id,
        "account_id": customer.account_id,
        "version": customer.version,
    }
    if push.kind == "deleted":
        data |= {"merged_into": customer.merged_into}
    else:
        data |= {"customer_code": customer.customer_code}
        data |= {name: shown_value(name, customer.values.get(name)) for name in FIELDS}
        data |= {"permission_to_contact": customer.permission_to_contact, "consent": shown_consent(customer.consent)}
    return {"type": f"customer.{push.kind}", "timestamp": iso(customer.updated_at), "data": data}


def signed_headers(webhook_id: str, body: bytes, secrets: Sequence[str], now: datetime) -> Mapping[str, str]:
    """Return the headers of Standard Webhooks 1.0.0: a signature by each secret, separated by blanks."""
    timestamp = str(int(now.timestamp()))
    content = f"{webhook_id}.{timestamp}.".encode() + body
    keys = [b64decode(secret.removeprefix("whsec_")) for secret in secrets]
    signatures = [f"v1,{b64encode(hmac.digest(key, content, 'sha256')).decode()}" for key in keys]
    return {
        "Content-Type": "application/json",
        "User-Agent": "customer-center",
        "webhook-id": webhook_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(signatures),
    }
