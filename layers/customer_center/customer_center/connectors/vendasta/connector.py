"""Tells Vendasta of a change, and lists what it holds (seed 003, "Syncing to Product")."""

import re
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, override

from customer_center.connectors.vendasta.client import RejectedError, UnavailableError, VendastaClient
from customer_center.connectors.vendasta.mapping import attributes, held_attributes, held_values
from customer_center.connectors.vendasta.wire import Changed
from customer_center.customers.fields import Value
from customer_center.customers.model import Customer, Product, source_of
from customer_center.customers.product_ports import (
    Conflicting,
    Delivered,
    Held,
    Outcome,
    Pulled,
    PullingConnector,
    Push,
    Refused,
    TryLater,
)
from customer_center.platform.clock import Clock
from customer_center.platform.ids import ULID_PATTERN
from customer_center.platform.outbound_urls import retry_after
from customer_center.platform.secrets import SecretNotFoundError

_OUR_ID = re.compile(f"cus_{ULID_PATTERN}")
# Vendasta takes nothing at all now.
_OUTAGES = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})


class VendastaConnector(PullingConnector):
    """Calls Vendasta's Customer API for products. `client` returns a client for one push, or one page, of a product."""

    learns_ids = True

    def __init__(self, *, client: Callable[[Product], VendastaClient], clock: Clock) -> None:
        self._client = client
        self._clock = clock

    @override
    def push(self, product: Product, push: Push) -> Outcome:
        try:
            client = self._client(product)
            return _deleted(client, push) if push.kind == "deleted" else _told(client, product, push)
        except RejectedError as error:
            return Refused(str(error))
        except (UnavailableError, SecretNotFoundError) as error:
            return self._later(error)

    @override
    def held(self, product: Product, customer: Customer) -> Mapping[str, Value]:
        return held_values(customer, source_of(product.product))

    @override
    def pull(self, product: Product, cursor: str | None) -> Pulled | TryLater:
        try:
            page = self._client(product).page(cursor)
        except (RejectedError, UnavailableError, SecretNotFoundError) as error:
            return self._later(error)
        held = [
            Held(record.customer_id, _own_id(record.vendor_customer_id), held_attributes(record))
            for record in page.customers
        ]
        return Pulled(held, page.next_cursor if page.has_more and page.next_cursor else None)

    @override
    def expected(self, product: Product, customer: Customer) -> Mapping[str, Any]:
        return attributes(customer, source_of(product.product))

    def _later(self, error: Exception) -> TryLater:
        if isinstance(error, SecretNotFoundError):
            # A crash came between the product's record and its key: whoever connects it again mends that.
            return TryLater("no-private-key")
        if not isinstance(error, UnavailableError):
            return TryLater(str(error))
        seconds = retry_after(error.retry_after, self._clock.now())
        return TryLater(str(error), seconds, is_outage=error.status in _OUTAGES)


def _own_id(text: str) -> str | None:
    """Return our id. Where there is none, Vendasta repeats its own."""
    return text if _OUR_ID.fullmatch(text) else None


def _told(client: VendastaClient, product: Product, push: Push) -> Outcome:
    """Update the customer, or create it if there is none with our id: what a lost answer created is found so."""
    own_id, values = push.customer.customer_id, attributes(push.customer, source_of(product.product))
    changed = client.update(own_id, values)
    if changed is None and push.external_id and client.associate(push.external_id, own_id):
        changed = client.update(own_id, values)
    if changed and changed.customer.is_conflict and not changed.conflicting_customer_id:
        # A duplicate that is none any more. It stays hidden, so a customer that is seen takes its place.
        client.delete(own_id)
        changed = None
    return _outcome(changed or client.create(own_id, values))


def _outcome(changed: Changed) -> Outcome:
    if changed.customer.is_conflict:
        return Conflicting((changed.conflicting_customer_id,))
    return Delivered(changed.customer.customer_id)


def _deleted(client: VendastaClient, push: Push) -> Outcome:
    """Delete the customer. One that was never associated goes by Vendasta's own id."""
    if not client.delete(push.customer.customer_id) and push.external_id:
        client.delete(push.external_id)
    return Delivered()
