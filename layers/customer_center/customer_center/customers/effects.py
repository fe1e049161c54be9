"""What must follow a change of a customer or a product: messages with ids only."""

import hashlib
from collections.abc import Mapping
from datetime import datetime

from customer_center.customers.outage import Since
from customer_center.platform.journal import Effect, new_effect

CUSTOMER_CHANGED = "customer_changed"
KEYS_CHANGED = "keys_changed"
CUSTOMER_ERASED = "customer_erased"
PRODUCT_PUSH = "product_push"
PRODUCT_CATCH_UP = "product_catch_up"
PRODUCT_RECONCILIATION = "product_reconciliation"

QUEUES: Mapping[str, str] = {
    **dict.fromkeys((CUSTOMER_CHANGED, KEYS_CHANGED, CUSTOMER_ERASED), "customer_follow_up"),
    PRODUCT_CATCH_UP: "product_push",
    PRODUCT_RECONCILIATION: "product_push",
}
"""The queue of each kind of effect that a change has. The outbox sends them."""

PUSH_QUEUES: Mapping[str, str] = {
    PRODUCT_PUSH: "product_push",
    PRODUCT_CATCH_UP: "product_push",
    PRODUCT_RECONCILIATION: "product_push",
}
"""The queue of what is sent without the outbox: pointers, one for each product, and the next page of a walk, or of a
reconciliation."""


def customer_changed(account_id: str, customer_id: str, now: datetime) -> Effect:
    """Put the customer into the account's feed, and have the account's products told."""
    return new_effect(CUSTOMER_CHANGED, now, account_id=account_id, customer_id=customer_id)


def product_push(account_id: str, product: str, customer_id: str, since: Since, now: datetime) -> Effect:
    """Bring what the product knows of the customer up to date.

    `since` is what a walk must go through again if the pointer is dropped: the change's position in the feed, or the
    page of the list that the pointer comes from.
    """
    places = {"position": since.feed, "listed": since.listed, "failed": since.failed}
    given = {name: place for name, place in places.items() if place is not None}
    return new_effect(PRODUCT_PUSH, now, account_id=account_id, product=product, customer_id=customer_id, **given)


def since_of(pointer: Effect) -> Since:
    """Return what a walk must go through again if this pointer is dropped."""
    return Since(pointer.data.get("position"), pointer.data.get("listed"), pointer.data.get("failed"))


def product_catch_up(account_id: str, product: str, now: datetime, step: int | None = None) -> Effect:
    """Go on with the product's walk by the page number `step`, None for whoever begins."""
    given = {} if step is None else {"step": str(step)}
    return new_effect(PRODUCT_CATCH_UP, now, account_id=account_id, product=product, **given)


def group_of(effect: Effect) -> str | None:
    """Return the message group of an effect about a product: SQS shares its workers out fairly between groups."""
    if "product" not in effect.data:
        return None
    return hashlib.sha256(f"{effect.data['account_id']}\n{effect.data['product']}".encode()).hexdigest()[:32]


def keys_changed(account_id: str, key_id: str, now: datetime) -> Effect:
    """Check again the customers that wait for this match key: an owner has come, gone or changed."""
    return new_effect(KEYS_CHANGED, now, account_id=account_id, key_id=key_id)


def reconcile(reconciliation_id: str, now: datetime) -> Effect:
    """Compare what the product holds with what it should hold, from where the reconciliation stopped."""
    return new_effect(PRODUCT_RECONCILIATION, now, reconciliation_id=reconciliation_id)


def customer_erased(account_id: str, customer_id: str, now: datetime) -> Effect:
    """Clear what is kept of an erased customer."""
    return new_effect(CUSTOMER_ERASED, now, account_id=account_id, customer_id=customer_id)
