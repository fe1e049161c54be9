"""Describe an account to the Customer List: its partner, its country, and what identifies nobody."""

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from customer_center.customers.accounts import Account, Accounts, read_account
from customer_center.customers.effects import keys_changed
from customer_center.customers.identity import Key, KeyRules, blocked_keys, key_id
from customer_center.platform.clock import Clock
from customer_center.platform.errors import FieldError, InvalidInput, NotFound, PreconditionFailed, crossed_by_others
from customer_center.platform.journal import Actor, new_entry

ACCOUNT_ID = re.compile("[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
"""What ids of accounts look like: they are parts of keys."""


def put_account(
    account_id: str,
    *,
    partner_id: str,
    name: str,
    country: str | None,
    blocked_values: Sequence[str],
    actor: Actor,
    request_id: str,
    if_versions: Collection[int] | None,
    accounts: Accounts,
    clock: Clock,
) -> Account:
    """Write the account's record as a whole, and return it. May run any number of times.

    Who waits for a value that is blocked from now on comes forward. Everything else counts for what is said about
    customers from now on. Raises InvalidInput, PreconditionFailed and InProgress.
    """
    if not ACCOUNT_ID.fullmatch(account_id):
        raise InvalidInput(errors=[FieldError("/account_id", "invalid")])
    before, now = read_account(account_id, accounts), clock.now()
    if if_versions is not None and before.version not in if_versions:
        raise PreconditionFailed
    given = {"partner_id": partner_id, "name": name, "country": country, "blocked_values": tuple(blocked_values)}
    after = before.changed(now, **given)
    if after == before:
        return before
    old, new = _shown(before), _shown(after)
    entry = new_entry(
        partition=f"account#{account_id}",
        now=now,
        actor=actor,
        action="account.updated" if before.version else "account.added",
        subject=account_id,
        request_id=request_id,
        changes={field: (old[field], value) for field, value in new.items() if old[field] != value},
        effects=[keys_changed(account_id, key_id(key), now) for key in _newly_blocked(before, after)],
    )
    with crossed_by_others(None):
        accounts.save_account(before, after, entry)
    return after


def _newly_blocked(before: Account, after: Account) -> Sequence[Key]:
    old, new = (blocked_keys(KeyRules(each.country, each.blocked_values)) for each in (before, after))
    return sorted({*new} - {*old})


def described_account(account_id: str, accounts: Accounts) -> Account:
    """Return the record of an account. Raises NotFound for an account without one."""
    account = accounts.account(account_id)
    if account is None:
        raise NotFound
    return account


def _shown(account: Account) -> Mapping[str, Any]:
    return {
        "partner_id": account.partner_id,
        "name": account.name,
        "country": account.country,
        "blocked_values": list(account.blocked_values),
    }
