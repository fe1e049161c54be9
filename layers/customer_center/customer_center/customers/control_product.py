"""Pause a product, have it told again, and give it a new secret."""

from collections.abc import Collection
from dataclasses import replace

from customer_center.customers.effects import product_catch_up
from customer_center.customers.entries import ProductAction, product_entry
from customer_center.customers.model import Product
from customer_center.customers.outage import ProductStatus, Since
from customer_center.customers.product_ports import ProductKinds, Products, ProductSecrets
from customer_center.customers.put_product import ConnectedProduct, connected_product
from customer_center.platform.clock import Clock
from customer_center.platform.errors import NotFound, PreconditionFailed, crossed_by_others
from customer_center.platform.frozen import frozen
from customer_center.platform.ids import new_webhook_secret
from customer_center.platform.journal import Actor
from customer_center.platform.stamps import iso_nanoseconds, nanoseconds

MAX_SECRETS = 2
"""So many secrets of a product sign at once: the newest, and the one before it."""


@frozen
class ProductRequest:
    """Who asks for something about a product of the account, and which versions of it may be changed."""

    account_id: str
    product: str
    actor: Actor
    request_id: str
    if_versions: Collection[int] | None = None


def pause_product(request: ProductRequest, *, products: Products, clock: Clock) -> Product:
    """Tell the product nothing until it is resumed. Nothing is lost meanwhile. May run any number of times.

    Raises NotFound, PreconditionFailed and InProgress.
    """
    found, status = _found(request, products)
    now = clock.now()
    if found.paused_at:
        return found
    since = Since(feed=iso_nanoseconds(nanoseconds(now)))
    after = found.changed(now, paused_at=now)
    walk = (status, replace(status.missing(since), version=status.version + 1))
    return _written("product.paused", found, after, walk, request, products, clock)


def resume_product(request: ProductRequest, *, products: Products, clock: Clock) -> Product:
    """Tell the product again, first what it missed: after a pause, after it was gone, or at once in an outage.

    May run any number of times. Raises NotFound, PreconditionFailed and InProgress.
    """
    found, status = _found(request, products)
    now = clock.now()
    after = found.changed(now, paused_at=None, gone_at=None)
    return _written("product.resumed", found, after, (status, status.begun(Since(), now)), request, products, clock)


def redrive_product(request: ProductRequest, *, products: Products, clock: Clock) -> Product:
    """Tell the product again what it did not take: its list of failures, and what it missed in an outage, at once.

    May run any number of times. Raises NotFound, PreconditionFailed and InProgress.
    """
    found, status = _found(request, products)
    now = clock.now()
    walk = (status, status.begun(Since(failed=""), now))
    return _written("product.redriven", found, found.changed(now), walk, request, products, clock)


def rotate_product(
    request: ProductRequest, *, kinds: ProductKinds, products: Products, secrets: ProductSecrets, clock: Clock
) -> ConnectedProduct:
    """Make a new secret. The one before signs too until the next rotation.

    The record is written first: of two rotations at once, one is refused. After a crash between both, the secrets are
    as before, and a repeat makes a new one. Raises NotFound, also for a kind whose secrets are not made by us,
    PreconditionFailed and InProgress.
    """
    found, _ = _found(request, products)
    if not kinds[found.kind].makes_secrets:
        raise NotFound
    kept = list(secrets.current(found)["secrets"]) if secrets.has(found.secret_id) else []
    secret = new_webhook_secret()
    after = _written("product.rotated", found, found.changed(clock.now()), None, request, products, clock)
    secrets.write(found.secret_id, {"secrets": [secret, *kept][:MAX_SECRETS]})
    return ConnectedProduct(after, secret)


def _found(request: ProductRequest, products: Products) -> tuple[Product, ProductStatus]:
    found = connected_product(request.account_id, request.product, products)
    if request.if_versions is not None and found.version not in request.if_versions:
        raise PreconditionFailed
    return found, products.status(request.account_id, request.product)


def _written(
    action: ProductAction,
    before: Product,
    after: Product,
    status: tuple[ProductStatus, ProductStatus] | None,
    request: ProductRequest,
    products: Products,
    clock: Clock,
) -> Product:
    now = clock.now()
    effects = [product_catch_up(request.account_id, request.product, now)] if action != "product.rotated" else []
    entry = product_entry(action, before, after, request.actor, now, request.request_id, effects)
    with crossed_by_others(None):
        products.change_product(before, after, entry, status)
    return after
