"""Customers without account: they belong to a partner, which groups accounts. No I/O, no clock.

They are stored under an account id that no account can have. So all that is done for an account's customers is done
for them, and no account ever sees them.
"""

_PREFIX = "partner#"


def without_account(partner_id: str) -> str:
    """Return what stands for the account of a partner's customers without account."""
    return f"{_PREFIX}{partner_id}"


def partner_of(account_id: str) -> str | None:
    """Return the partner whose customers without account these are; None for an account."""
    return account_id.removeprefix(_PREFIX) if account_id.startswith(_PREFIX) else None
