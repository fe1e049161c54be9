"""Accounts: businesses whose customer lists these are, and the partners who group them. No I/O, no clock."""

from dataclasses import replace
from datetime import datetime
from typing import Protocol

from customer_center.platform.frozen import frozen
from customer_center.platform.journal import Entry


@frozen
class Account:
    """An account. `partner_id` is the partner that it belongs to.

    `country` (ISO 3166-1, two letters) is that of telephone numbers without a country. `blocked_values` are e-mails and
    telephone numbers, as they were given, by which nobody can be recognised, such as the account's own. `version`
    counts the changes and is the ETag; 0 for an account without a record.
    """

    account_id: str
    partner_id: str | None = None
    name: str | None = None
    country: str | None = None
    blocked_values: tuple[str, ...] = ()
    created_at: datetime | None = None
    updated_at: datetime | None = None
    version: int = 0

    def changed(self, now: datetime, **changes: object) -> "Account":
        """Return the next version of this account, or this one if nothing is changed."""
        after = replace(self, **changes)  # type: ignore[arg-type] # fields by name
        if after == self:
            return self
        return replace(after, version=self.version + 1, created_at=self.created_at or now, updated_at=now)


class Accounts(Protocol):
    """The stored accounts. All reads are strongly consistent."""

    def account(self, account_id: str) -> Account | None:
        """Return the record of an account, or None."""

    def save_account(self, before: Account, after: Account, entry: Entry) -> None:
        """Write the next version of an account. Raises PreconditionFailed if it was changed meanwhile."""


def read_account(account_id: str, accounts: Accounts) -> Account:
    """Return an account. One without a record has no partner and no country, and blocks nothing."""
    return accounts.account(account_id) or Account(account_id)
