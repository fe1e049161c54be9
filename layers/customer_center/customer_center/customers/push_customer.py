"""Bring what one product knows of one customer up to date (seed 003, "Syncing to Product")."""

import hashlib
from collections.abc import Callable
from dataclasses import replace

from customer_center.customers.follow_erasure import forget
from customer_center.customers.model import GONE, Customer, Delivery, Product
from customer_center.customers.outage import ATTEMPTS, Failure, ProductStatus, Since
from customer_center.customers.ports import Change, Customers
from customer_center.customers.product_ports import (
    Conflicting,
    Delivered,
    Outcome,
    ProductConnector,
    Products,
    Push,
    Refused,
    TryLater,
    Unchanged,
    Unsubscribed,
)
from customer_center.platform.clock import Clock
from customer_center.platform.errors import Conflict, InProgress, PreconditionFailed
from customer_center.platform.log import logger
from customer_center.platform.stamps import nanoseconds, stamp_above


class Postponed(Exception):
    """The product has to be told later, after `retry_after` seconds: it could not take it, or is being told now."""

    def __init__(self, reason: str, retry_after: int = 0) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


def push_customer(
    account_id: str,
    product_name: str,
    customer_id: str,
    since: Since,
    *,
    customers: Customers,
    products: Products,
    connectors: Callable[[str], ProductConnector],
    clock: Clock,
    is_probe: bool = False,
) -> ProductStatus | None:
    """Tell the product the customer as it is now, unless it knows it. Return the product's status if an outage begins.

    May run any number of times, and two workers may run at once: a lease lets one tell, and the other finds the product
    up to date later. What is told is noted before the call, so that an echo during the call states nothing. After a
    crash the same version is told again under the same id. A product that is told nothing now is behind `since`, and a
    walk tells it the customer: that is a probe as long as the product is recovering. Raises Postponed; then the pointer
    has to come again.
    """
    product = products.product(account_id, product_name)
    if product is None:
        return None
    status, now = products.status(account_id, product_name), clock.now()
    is_down = status.is_waiting(now) or (status.is_recovering and not is_probe)
    if product.gone_at or product.paused_at or is_down:
        missing(status, since, products)
        return None
    connector = connectors(product.kind)
    told = _leased(product, customer_id, since, connector, customers, clock)
    if told is None:
        return None
    push, delivery = told
    answered = connector.push(product, push)
    # Before the delivery: after a crash between both the product is told again, and the list is right in the end.
    _list(answered, product, delivery, products, clock)
    noted, outcome = _note(answered, product, push.customer, customers, clock)
    if outcome != answered:
        _list(outcome, product, delivery, products, clock)
    if push.customer.erased_at:
        _forget(customer_id, product, customers)
    logger.info("product told", product=product_name, customer_id=customer_id, outcome=type(outcome).__name__)
    if isinstance(outcome, TryLater):
        return _failed(outcome, product, noted, status, since, products, clock)
    if isinstance(outcome, Unsubscribed):
        _end(product, since, products, clock)
    else:
        _succeeded(status, products, clock)
    return None


def _list(outcome: Outcome, product: Product, delivery: Delivery, products: Products, clock: Clock) -> None:
    """Put the customer into the product's list of failures, or take it out. `delivery` is the one before the call."""
    match outcome:
        case Refused(reason):
            products.note_failure(product, Failure(delivery.customer_id, reason, clock.now()))
        case Conflicting(remote_ids):
            failure = Failure(delivery.customer_id, "conflict", clock.now(), tuple(remote_ids))
            products.note_failure(product, failure)
        case Delivered() | Unchanged() if delivery.attempts or delivery.refused or delivery.is_in_doubt:
            products.remove_failure(product, delivery.customer_id)


def _leased(
    product: Product,
    customer_id: str,
    since: Since,
    connector: ProductConnector,
    customers: Customers,
    clock: Clock,
) -> tuple[Push, Delivery] | None:
    """Lease the delivery. Return what the product has to be told, and the delivery before; None if it knows the view.

    Raises Postponed if another worker is telling it.
    """
    customer, now = customers.customer(customer_id), clock.now()
    if customer is None:
        return None
    customer = customer.as_seen_by(product.account_id)
    delivery = customers.delivery(customer_id, product.account_id, product.product)
    # What counts is what the product can hold: it cannot be told more, and it may send that back.
    view = product.view_of(replace(customer, values=connector.held(product, customer)), delivery)
    kind = delivery.owes(view) if view else None
    if since.failed is not None and kind is None and delivery.refused and GONE not in (view or {GONE: ""}):
        # Somebody asks for it again, although it was told.
        kind = "updated"
    if connector.learns_ids and kind is None and delivery.has_it and not delivery.told_at and GONE not in (view or {}):
        # It made the customer, and does not know our id yet.
        kind = "updated"
    if view is None or kind is None:
        return None
    if delivery.leased_until and now < delivery.leased_until:
        raise Postponed("another worker is telling it", (delivery.leased_until - now).seconds + 1)
    if not customers.save_delivery(delivery, delivery.leased(view, now)):
        raise Postponed("the delivery has changed")
    push_id = _push_id(product.product, customer, kind)
    own_id = _own_id(delivery, kind, customers)
    return Push(push_id, kind, customer, own_id, in_doubt=delivery.is_in_doubt), delivery


def _own_id(delivery: Delivery, kind: str, customers: Customers) -> str | None:
    """Return the product's own id of the customer. A deletion must not name who has the id since."""
    own_id = delivery.external_id
    if own_id is None or kind != "deleted":
        return own_id
    owner = customers.customer_id_of(delivery.account_id, delivery.product, own_id)
    return own_id if owner in (None, delivery.customer_id) else None


def missing(status: ProductStatus, since: Since, products: Products) -> None:
    """Note that the product may miss what `since` names. Nothing is written if that is known."""
    while (after := status.missing(since)) != status and not products.save_status(status, after):
        status = products.status(status.account_id, status.product)


def _push_id(product: str, customer: Customer, kind: str) -> str:
    """Return the id of what a product is told of a version of the customer. A product recognises a repeat by it."""
    text = f"{product}\n{customer.customer_id}\n{customer.version}\n{kind}"
    return f"msg_{hashlib.sha256(text.encode()).hexdigest()[:32]}"


def _note(
    outcome: Outcome, product: Product, customer: Customer, customers: Customers, clock: Clock
) -> tuple[Delivery, Outcome]:
    """Note what came of a call, and return it. Whatever the product sent during the call stays."""
    now = clock.now()
    while True:
        current = customers.delivery(customer.customer_id, product.account_id, product.product)
        # Later than the call before, which another worker made, whose clock may be ahead.
        stamp = stamp_above(nanoseconds(now), "told", [current.told_at])
        after = _noted(outcome, current, stamp)
        if isinstance(outcome, TryLater):
            after = replace(after, attempts=current.attempts + 1, failing_since=current.failing_since or now)
        if customer.erased_at or after.external_id == current.external_id:
            if customers.save_delivery(current, after):
                return after, outcome
            continue
        # The product has told its own id of the customer: events with that id are about this customer from now on.
        claims = [(product.product, after.external_id or "")]
        try:
            customers.save(Change(customer, customer, delivery=(current, after), claims=claims), None)
        except InProgress:
            continue
        except Conflict:
            outcome = Refused("external-id-taken")
            continue
        return after, outcome


def _forget(customer_id: str, product: Product, customers: Customers) -> None:
    """Forget what the product knew of an erased customer, unless the follow-up of the erasure has yet to do that."""
    customer = customers.customer(customer_id)
    if customer and customer.cleared_at:
        forget(customers.delivery(customer_id, product.account_id, product.product), customers)


def _noted(outcome: Outcome, delivery: Delivery, stamp: str) -> Delivery:
    match outcome:
        case Delivered(remote_id):
            return delivery.delivered(stamp, remote_id)
        case Unchanged():
            return delivery.delivered(stamp)
        case Refused(reason):
            return delivery.released(refused=reason)
        case Conflicting():
            # It may hold what it was told all the same, and has to be told when the customer is deleted.
            return replace(delivery.delivered(stamp), refused="conflict")
        case _:
            return delivery.released()


def _failed(
    outcome: TryLater,
    product: Product,
    delivery: Delivery,
    status: ProductStatus,
    since: Since,
    products: Products,
    clock: Clock,
) -> ProductStatus | None:
    """Note a failed call. Return the status if an outage begins. Raises Postponed if the pointer has to come again."""
    customer_id, reason = delivery.customer_id, outcome.reason
    worn_out = delivery.attempts >= ATTEMPTS and not outcome.is_outage
    while True:
        now, alone = clock.now(), worn_out and _others_succeeded(status, delivery)
        after = status.erred(reason, now)
        if not alone:
            after = status.failed(customer_id, reason, now, seconds=outcome.seconds, is_outage=outcome.is_outage)
        if worn_out and not alone and not after.is_waiting(now):
            after = after.down(now, outcome.seconds)
        if after.is_waiting(now):
            after = after.missing(since)
        if products.save_status(status, after):
            break
        status = products.status(product.account_id, product.product)
    if after.is_waiting(now):
        # docs/runbook.md refers to this log line.
        logger.warning("product behind", product=product.product, reason=reason, wait=after.wait)
        return None if status.is_waiting(now) else after
    if worn_out:
        products.note_failure(product, Failure(customer_id, reason, now))
        return None
    raise Postponed(reason, outcome.seconds)


def _others_succeeded(status: ProductStatus, delivery: Delivery) -> bool:
    """Return whether the product could be told others since this customer's calls fail."""
    since, last = delivery.failing_since, status.last_success
    return since is not None and last is not None and last > since


def _succeeded(status: ProductStatus, products: Products, clock: Clock) -> None:
    """Note that the product takes what it is told, unless that is known. If others write too, theirs says the same."""
    after = status.succeeded(clock.now())
    if after != status and not products.save_status(status, after):
        status = products.status(status.account_id, status.product)
        if (after := status.succeeded(clock.now())) != status:
            products.save_status(status, after)


def _end(product: Product, since: Since, products: Products, clock: Clock) -> None:
    """Note that the product wants to be told nothing more. It may miss everything from this customer on."""
    missing(products.status(product.account_id, product.product), since, products)
    now = clock.now()
    try:
        products.change_product(product, product.changed(now, gone_at=now), None)
    except PreconditionFailed:
        logger.info("product has changed", product=product.product)
