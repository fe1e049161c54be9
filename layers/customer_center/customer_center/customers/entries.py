"""Journal entries of changes to customers and products. A customer's entries are a partition of their own."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Literal

from customer_center.customers.consent import shown as shown_consent
from customer_center.customers.effects import customer_changed, customer_erased, keys_changed
from customer_center.customers.fields import FIELDS
from customer_center.customers.identity import Identity
from customer_center.customers.model import Customer, Product
from customer_center.platform.clock import iso
from customer_center.platform.journal import Actor, Effect, Entry, new_entry

type CustomerAction = Literal[
    "customer.created",
    "customer.updated",
    "customer.superseded",
    "customer.released",
    "customer.renumbered",
    "customer.associated",
    "customer.dissociated",
    "customer.deleted",
    "customer.erased",
    "customer.merged",
    "customer.unmerged",
    "customer.left",
    "customer.joined",
]
type ProductAction = Literal[
    "product.added",
    "product.updated",
    "product.paused",
    "product.resumed",
    "product.redriven",
    "product.rotated",
    "product.removed",
]

CUSTOMER_SYNC = Actor("system", "customer_sync")
CUSTOMER_FOLLOW_UP = Actor("system", "customer_follow_up")


def customer_entry(
    action: CustomerAction,
    before: Customer | None,
    after: Customer,
    actor: Actor,
    now: datetime,
    request_id: str,
    identities: Sequence[tuple[Identity, Identity]] = (),
) -> Entry:
    """Return the entry of a change to a customer, with its effects. It names changed fields only.

    Nobody is told a hidden customer, until it is deleted or merged. Of `identities`, which the change writes, those
    with other customers that wait are followed up.
    """
    old, new = _visible(before), _visible(after)
    is_told = (not after.hidden or after.is_gone) and not after.partner_id
    effects = [customer_changed(after.account_id, after.customer_id, now)] if is_told else []
    effects += _of_keys(after, identities, now)
    return new_entry(
        partition=after.customer_id,
        now=now,
        actor=actor,
        action=action,
        subject=after.customer_id,
        request_id=request_id,
        changes={name: (old.get(name), new.get(name)) for name in {**old, **new} if old.get(name) != new.get(name)},
        effects=effects,
    )


def move_entry(
    action: Literal["customer.left", "customer.joined"],
    before: Customer,
    after: Customer,
    actor: Actor,
    now: datetime,
    request_id: str,
    identities: Sequence[tuple[Identity, Identity]],
) -> Entry:
    """Return the entry of a customer that leaves its account or joins one, with its effects.

    The products of the account that it leaves are told, also those of a hidden one: one of them may have made it.
    """
    entry = customer_entry(action, before, after, actor, now, request_id, identities)
    accounts = [None if each.partner_id else each.account_id for each in (before, after)]
    left = [] if before.partner_id else [customer_changed(before.account_id, before.customer_id, now)]
    return replace(
        entry,
        changes={"account_id": (accounts[0], accounts[1]), **entry.changes},
        effects=[*left, *entry.effects],
    )


def erasure_entry(
    after: Customer, actor: Actor, now: datetime, request_id: str, identities: Sequence[tuple[Identity, Identity]] = ()
) -> Entry:
    """Return the entry of an erasure, with its effects. It has no values."""
    effects = [] if after.partner_id else [customer_changed(after.account_id, after.customer_id, now)]
    effects += [customer_erased(after.account_id, after.customer_id, now), *_of_keys(after, identities, now)]
    return new_entry(
        partition=after.customer_id,
        now=now,
        actor=actor,
        action="customer.erased",
        subject=after.customer_id,
        request_id=request_id,
        effects=effects,
    )


def _of_keys(after: Customer, identities: Sequence[tuple[Identity, Identity]], now: datetime) -> list[Effect]:
    return [
        keys_changed(identity.account_id, identity.key_id, now)
        for before, identity in identities
        if identity.concerns_others(before, after.customer_id)
    ]


def external_id_entry(
    customer: Customer, product: str, old: str | None, new: str | None, actor: Actor, now: datetime, request_id: str
) -> Entry:
    """Return the entry of another external id of the customer, with its effect: the product is told what it lacks."""
    return new_entry(
        partition=customer.customer_id,
        now=now,
        actor=actor,
        action="customer.associated" if new else "customer.dissociated",
        subject=customer.customer_id,
        request_id=request_id,
        changes={f"external_id.{product}": (old, new)},
        effects=[customer_changed(customer.account_id, customer.customer_id, now)],
    )


def product_entry(
    action: ProductAction,
    before: Product | None,
    after: Product | None,
    actor: Actor,
    now: datetime,
    request_id: str,
    effects: Sequence[Effect] = (),
) -> Entry:
    """Return the entry of a change to an account's products."""
    named = after or before
    assert named is not None
    old, new = ((_settings(it) if it else {}) for it in (before, after))
    return new_entry(
        partition=f"account#{named.account_id}",
        now=now,
        actor=actor,
        action=action,
        subject=named.product,
        request_id=request_id,
        changes={name: (old.get(name), new.get(name)) for name in {**old, **new} if old.get(name) != new.get(name)},
        effects=effects,
    )


def _settings(product: Product) -> Mapping[str, Any]:
    rules: dict[str, Any] = {"without_consent": product.without_consent, "on_withdrawal": product.on_withdrawal}
    paused_at = iso(product.paused_at) if product.paused_at else None
    rules |= {"paused_at": paused_at}
    return {"kind": product.kind, "url": product.url, "settings": dict(product.settings) or None, **rules}


def _visible(customer: Customer | None) -> Mapping[str, Any]:
    if customer is None:
        return {}
    shown = {name: _plain(customer.values[name]) for name in FIELDS if name in customer.values}
    deleted_at = iso(customer.deleted_at) if customer.deleted_at else None
    consent = {f"consent.{channel}": said for channel, said in shown_consent(customer.consent).items() if said}
    merged = [member.customer_id for member in customer.members] or None
    partner = {"partner_id": customer.partner_id}
    links = {"merged_into": customer.merged_into, "merged_customer_ids": merged}
    conflict = {"hidden": customer.hidden or None, "conflict_id": customer.conflict_id}
    own = {"customer_code": customer.customer_code, "deleted_at": deleted_at}
    return {**shown, **consent, **conflict, **links, **own, **partner}


def _plain(value: object) -> object:
    return list(value) if isinstance(value, tuple) else dict(value) if isinstance(value, Mapping) else value
