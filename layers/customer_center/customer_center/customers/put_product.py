"""Connect a product to an account: from then on it is told of changes (seed 003, "Contact Syncing")."""

import re
from collections.abc import Collection, Mapping
from dataclasses import field, replace
from typing import Any, Literal

from customer_center.customers.catch_up_product import everything
from customer_center.customers.effects import product_catch_up
from customer_center.customers.entries import product_entry
from customer_center.customers.model import Product
from customer_center.customers.outage import Since
from customer_center.customers.product_ports import CheckedSettings, ProductKind, ProductKinds, Products, ProductSecrets
from customer_center.platform.clock import Clock
from customer_center.platform.errors import FieldError, InvalidInput, NotFound, PreconditionFailed, crossed_by_others
from customer_center.platform.frozen import frozen
from customer_center.platform.ids import new_ulid, new_webhook_secret
from customer_center.platform.journal import Actor
from customer_center.platform.outbound_urls import UrlNotAllowedError, check_url

PRODUCT_NAME = re.compile("[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
"""What names of products look like."""


@frozen
class ProductWish:
    """What a product should be like: its kind, its address and settings, and what it is told without consent."""

    url: str | None = None
    kind: str = "webhook"
    settings: Mapping[str, Any] = field(default_factory=dict, repr=False)
    without_consent: Literal["send", "skip"] = "send"
    on_withdrawal: Literal["flag", "delete"] = "flag"


@frozen
class ConnectedProduct:
    """A product, and its secret if it was made now. Secrets are shown once."""

    product: Product
    secret: str | None = field(default=None, repr=False)


def put_product(
    account_id: str,
    product: str,
    wish: ProductWish,
    actor: Actor,
    request_id: str,
    *,
    kinds: ProductKinds,
    loopback: bool = False,
    products: Products,
    secrets: ProductSecrets,
    clock: Clock,
) -> ConnectedProduct:
    """Add the product, or change its settings and what it is told without consent. May run any number of times.

    A product that is added, or is told by other rules, is told all customers by a walk that the change causes. After
    any change it is tried at once, also in an outage. The record is written before the secret, so that two requests at
    once cannot each show a secret. If a crash comes between them, a repeat makes the secret. A product that had
    answered "gone" is told again. The kind of a product does not change. Raises InvalidInput and InProgress. With
    `loopback`, addresses of the loopback are allowed.
    """
    before, now = products.product(account_id, product), clock.now()
    kind, checked = _checked(product, wish, before, kinds, loopback=loopback)
    after = before or Product(account_id, product, wish.url, new_ulid(now), now, now, kind=kind.name)
    is_secret_there = before is not None and secrets.has(after.secret_id)
    if kind.secret_pointer and checked.secret is None and not is_secret_there:
        raise InvalidInput(errors=[FieldError(kind.secret_pointer, "required")])
    after = replace(
        after,
        url=wish.url,
        settings=checked.settings,
        without_consent=wish.without_consent,
        on_withdrawal=wish.on_withdrawal,
        gone_at=None,
    )
    if before and after != before:
        after = replace(after, version=before.version + 1, updated_at=now)
    status = products.status(account_id, product)
    # Who is told by other rules has to be told everything again.
    whole = before is None or _rules(before) != _rules(after)
    walk = (status, status.begun(everything(now) if whole else Since(), now))
    effects = [product_catch_up(account_id, product, now)]
    with crossed_by_others(None):
        if before is None:
            entry = product_entry("product.added", None, after, actor, now, request_id, effects)
            products.add_product(after, entry, walk)
        elif after != before:
            entry = product_entry("product.updated", before, after, actor, now, request_id, effects)
            products.change_product(before, after, entry, walk)
    if checked.secret is not None:
        secrets.write(after.secret_id, checked.secret)
    if not kind.makes_secrets or is_secret_there:
        return ConnectedProduct(after)
    secret = new_webhook_secret()
    secrets.write(after.secret_id, {"secrets": [secret]})
    return ConnectedProduct(after, secret)


def remove_product(
    account_id: str,
    product: str,
    actor: Actor,
    request_id: str,
    *,
    if_versions: Collection[int] | None,
    products: Products,
    secrets: ProductSecrets,
    clock: Clock,
) -> None:
    """Remove the product and its secret. It is told nothing more.

    The secret goes first: a crash leaves a product that a repeat removes. Raises NotFound, PreconditionFailed and
    InProgress.
    """
    found = connected_product(account_id, product, products)
    if if_versions is not None and found.version not in if_versions:
        raise PreconditionFailed
    entry = product_entry("product.removed", found, None, actor, clock.now(), request_id)
    secrets.remove(found.secret_id)
    with crossed_by_others(if_versions):
        products.remove_product(found, entry)


def connected_product(account_id: str, product: str, products: Products) -> Product:
    """Return a product of the account. Raises NotFound."""
    found = products.product(account_id, product)
    if found is None:
        raise NotFound
    return found


def _rules(product: Product) -> tuple[str, str]:
    return product.without_consent, product.on_withdrawal


def _checked(
    product: str, wish: ProductWish, before: Product | None, kinds: ProductKinds, *, loopback: bool
) -> tuple[ProductKind, CheckedSettings]:
    """Return the kind, and what it says about the settings. Raises InvalidInput with everything that is wrong."""
    kind = kinds.get(wish.kind)
    errors = [] if PRODUCT_NAME.fullmatch(product) else [FieldError("/product", "invalid")]
    if kind is None or (before and before.kind != kind.name):
        errors.append(FieldError("/kind", "unknown-value", limit=before.kind if before else ", ".join(kinds)))
    if wish.url is not None:
        try:
            check_url(wish.url, loopback=loopback)
        except UrlNotAllowedError:
            errors.append(FieldError("/url", "url-not-allowed"))
    checked = CheckedSettings()
    try:
        checked = kind.check(wish.url, wish.settings) if kind else checked
    except InvalidInput as error:
        errors += error.errors
    if errors or kind is None:
        raise InvalidInput(errors=errors)
    return kind, checked
