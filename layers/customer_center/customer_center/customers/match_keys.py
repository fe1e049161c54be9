"""What a change of a customer does to its match keys: which it owns, which it waits for, and in which conflict.

Every change of a customer passes through `with_keys` before it is written. Races end well because every identity that
a decision rests on is written by it, under the condition that it was not changed since it was read: a customer that has
a key is its owner or waits for it. A customer that changes in what makes it conflict (its code, whom it is kept
separate from) writes the identities of its keys again. Who loses such a race reads again (`until_written`).
"""

import random
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Literal

from customer_center.customers.identity import (
    MAX_WAITING,
    ConflictStatus,
    Identity,
    IdentityConflict,
    Key,
    KeysByField,
    all_keys,
    concern_keys,
    key_id,
    keys_by_field,
)
from customer_center.customers.model import Customer
from customer_center.customers.ports import Change, Customers
from customer_center.platform.clock import Clock
from customer_center.platform.errors import Conflict, InProgress
from customer_center.platform.frozen import frozen
from customer_center.platform.ids import new_ulid

PATIENCE = timedelta(seconds=10)
"""How long a change is tried again while others change the same items."""
_FIRST_WAIT, _LONGEST_WAIT = 0.02, 0.5


def until_written[Result](attempt: Callable[[], Result], clock: Clock) -> Result:
    """Return the result of `attempt`, which reads, decides and writes; run it again while others change the same items.

    Raises InProgress after ten seconds. What depends on the version that a caller named belongs into `attempt`: only
    what is read again says whether that is still the current one.
    """
    give_up_at = clock.now() + PATIENCE
    longest = _FIRST_WAIT
    while True:
        try:
            return attempt()
        except InProgress:
            if clock.now() >= give_up_at:
                raise
        # At random, so that those who collided do not collide again.
        clock.sleep(random.uniform(0, longest))  # noqa: S311 # no secret
        longest = min(2 * longest, _LONGEST_WAIT)


def with_keys(
    change: Change,
    *,
    customers: Customers,
    now: datetime,
    closing: ConflictStatus = "ended",
    check: bool = False,
) -> Change:
    """Return the change with the identities and the conflict that follow from it.

    A new customer that conflicts is hidden and waits for all its keys; a hidden one that conflicts no more is listed.
    A listed one stays listed: members that conflict are withheld. `closing` is the status of a conflict that is over.
    With `check`, the keys are looked at although the values are the same. Otherwise nothing is read if the keys cannot
    have changed. Raises Conflict `too-many-waiting` if too many customers wait for a key already.
    """
    before, after = change.before, change.after
    if after.partner_id or (not check and before and not _may_differ(before, after)):
        # Customers without account are not matched.
        return change
    wanted = _wanted(after, customers)
    identities = read_identities(after, [before.keys if before else (), all_keys(wanted)], customers)
    settled = settle(before, after, identities, wanted=wanted, customers=customers, now=now, closing=closing)
    return replace(
        change, after=settled.customer, identities=changed_identities(identities, settled), conflict=settled.conflict
    )


def wanted_keys(customer: Customer, customers: Customers) -> Sequence[Key]:
    """Return the keys of everything that the customer shows or withholds."""
    return all_keys(_wanted(customer, customers))


def _wanted(customer: Customer, customers: Customers) -> KeysByField:
    # Without such a value the account's rules need not be read.
    if customer.is_gone or not concern_keys({}, customer.newest):
        return {}
    return keys_by_field(customer.newest, customers.key_rules(customer.account_id))


def read_identities(customer: Customer, keys: Iterable[Sequence[Key]], customers: Customers) -> Mapping[Key, Identity]:
    """Return who has these keys now, by key."""
    ids = {key: key_id(key) for each in keys for key in each}
    identities = customers.identities(customer.account_id, sorted({*ids.values()})) if ids else {}
    return {key: identities[id_] for key, id_ in ids.items()}


@frozen
class Settled:
    """A customer with its keys owned or waited for, its conflict before and after, and who has each key then.

    `touched` are keys whose identities are written although their owners stay: the customer changed in what makes it
    conflict.
    """

    customer: Customer
    conflict: tuple[IdentityConflict | None, IdentityConflict] | None
    identities: Mapping[Key, Identity]
    touched: Collection[Key]


def settle(
    before: Customer | None,
    after: Customer,
    identities: Mapping[Key, Identity],
    *,
    wanted: KeysByField | None = None,
    given_up: Collection[Key] = (),
    taken_over: Collection[Key] = (),
    others: Sequence[Customer] = (),
    customers: Customers,
    now: datetime,
    closing: ConflictStatus = "ended",
) -> Settled:
    """Return what the customer's keys and its conflict are after a change. `identities` has all keys before and after.

    `wanted` are the keys of what it shows or withholds, if the caller has read them. Of the keys that it owned, it has
    to claim those in `given_up` again; those in `taken_over` are its own without asking. `others` are customers that
    the same transaction changes.
    """
    wanted = _wanted(after, customers) if wanted is None else wanted
    keys = [key for key in all_keys(wanted) if not identities[key].is_common]
    owned = ({*before.keys} - {*before.waiting} if before else set[Key]()) - {*given_up} | {*taken_over}
    claimed = {key: identities[key] for key in keys if key not in owned}
    contested = _contested(after, claimed, others, customers)
    candidates = _by_candidate(contested)
    hidden = bool(candidates) and (before is None or before.hidden) if not after.is_gone else after.hidden
    waiting = [key for key in keys if hidden or key in contested]
    conflict = _conflict(before, after, candidates, customers, now, closing, kind="hidden" if hidden else "withheld")
    conflict_id = conflict[1].conflict_id if conflict and candidates else before.conflict_id if before else None
    settled = replace(
        after if after.is_gone else _shown(after, wanted, () if hidden else waiting),
        keys=tuple(keys),
        waiting=tuple(waiting),
        hidden=hidden,
        conflict_id=conflict_id if candidates else None,
        conflicting=tuple(candidates),
    )
    settled = _next(before, settled, now)
    is_other = before is not None and _excuses(before) != _excuses(settled)
    touched = [key for key, each in identities.items() if is_other and after.customer_id in each.owners]
    return Settled(settled, conflict, {key: _with(each, key, settled) for key, each in identities.items()}, touched)


def _next(before: Customer | None, after: Customer, now: datetime) -> Customer:
    """Return the customer with the version and the revision that follow `before`."""
    if before is None or after.is_gone:
        return after
    same = replace(after.versioned(before, now), revision=before.revision)
    return same if same == before else replace(same, revision=before.revision + 1)


def _may_differ(before: Customer, after: Customer) -> bool:
    return (
        (before.deleted_at, before.hidden, _excuses(before)) != (after.deleted_at, after.hidden, _excuses(after))
    ) or concern_keys(before.newest, after.newest)


def _contested(
    customer: Customer, claimed: Mapping[Key, Identity], others: Sequence[Customer], customers: Customers
) -> Mapping[Key, Sequence[str]]:
    """Return the owners that the customer conflicts with, by key, of the keys that it does not own yet."""
    owners = {
        key: [owner for owner in identity.owners if owner != customer.customer_id] for key, identity in claimed.items()
    }
    known = {other.customer_id: other for other in others}
    asked = sorted({owner for each in owners.values() for owner in each} - known.keys())
    read = {other.customer_id: other for other in (customers.customers_with(asked) if asked else ())}
    conflicting = {each for each, other in (read | known).items() if _conflict_of(customer, other)}
    contested = {key: [owner for owner in each if owner in conflicting] for key, each in owners.items()}
    return {key: each for key, each in contested.items() if each}


def _conflict_of(customer: Customer, owner: Customer) -> bool:
    """Return whether two customers with one key may be the same. Two that one source tells apart are not."""
    # Each pair is noted on the one that was in conflict.
    return not customer.is_kept_separate_from(owner) and not ({*customer.known_to} & {*owner.known_to})


def _excuses(customer: Customer) -> object:
    """Return what makes the customer conflict with nobody, or with some customers only."""
    return {*customer.known_to}, customer.kept_from


def _by_candidate(contested: Mapping[Key, Sequence[str]]) -> Mapping[str, Sequence[Key]]:
    candidates: dict[str, list[Key]] = {}
    for key in sorted(contested):
        for owner in contested[key]:
            candidates.setdefault(owner, []).append(key)
    return {owner: tuple(candidates[owner]) for owner in sorted(candidates)}


def _conflict(
    before: Customer | None,
    after: Customer,
    candidates: Mapping[str, Sequence[Key]],
    customers: Customers,
    now: datetime,
    closing: ConflictStatus,
    *,
    kind: Literal["hidden", "withheld"],
) -> tuple[IdentityConflict | None, IdentityConflict] | None:
    """Return the customer's conflict before and after the change; None if nothing changes in it."""
    open_id = before.conflict_id if before else None
    found = customers.conflict(after.account_id, open_id) if open_id else None
    if not candidates:
        return (found, found.closed(closing, now)) if found else None
    conflict = found or IdentityConflict(
        f"cfl_{new_ulid(now)}", after.account_id, after.customer_id, kind, {}, created_at=now, updated_at=now
    )
    changed = conflict.with_candidates(kind, candidates, now)
    return None if changed == found else (found, changed)


def _shown(customer: Customer, keys: KeysByField, waiting: Collection[Key]) -> Customer:
    """Return the customer with its members shown or withheld: those whose keys it waits for are withheld."""
    newest = customer.newest
    withheld = {name: newest[name] for name, members in keys.items() if any(key in waiting for key in members.values())}
    rest = {
        name: (tuple(member for member in value if keys[name].get(member) not in waiting) or None)
        if isinstance(value, tuple)
        else None
        for name, value in withheld.items()
    }
    values = {name: value for name, value in {**newest, **rest}.items() if value is not None}
    return replace(customer, values=values, withheld=withheld)


def changed_identities(before: Mapping[Key, Identity], *settled: Settled) -> Sequence[tuple[Identity, Identity]]:
    """Return the identities before and after, of those that a change writes. Each of `settled` goes on from the last.

    Raises Conflict `too-many-waiting`.
    """
    touched = {key for each in settled for key in each.touched}
    changed = []
    for key in sorted(before):
        was, is_now = before[key], settled[-1].identities[key]
        if len(is_now.waiting) > max(MAX_WAITING, len(was.waiting)):
            raise Conflict("too-many-waiting")
        if is_now != was or key in touched:
            changed.append((was, replace(is_now, version=was.version + 1)))
    return tuple(changed)


def _with(identity: Identity, key: Key, customer: Customer) -> Identity:
    """Return who has the key once the customer is as it is."""
    if customer.is_gone or key not in customer.keys:
        return identity.left_by(customer.customer_id)
    if key in customer.waiting:
        assert customer.conflict_id is not None
        return identity.awaited_by(customer.customer_id, customer.conflict_id)
    return identity.owned_by(customer.customer_id)
