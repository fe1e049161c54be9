"""Request bodies and answers of accounts, as pydantic models."""

from datetime import datetime
from typing import Annotated, Self

from pydantic import ConfigDict, Field, StringConstraints

from customer_center.clients.bodies import PartnerId
from customer_center.customers.accounts import Account
from customer_center.platform.frozen import frozen
from customer_center.platform.wire import Input, Output, Pasted, PastedNumber, Printable

_Name = Annotated[str, StringConstraints(min_length=1, max_length=200), Printable, Pasted]
_Value = Annotated[str, StringConstraints(min_length=1, max_length=254), Printable, PastedNumber]
_Country = Annotated[str, StringConstraints(pattern="^[A-Z]{2}$"), PastedNumber]
_MAX_BLOCKED = 100


class AccountBody(Input):
    """An account of the Customer List.

    `country` (ISO 3166-1, two letters) is that of telephone numbers without a country code. `blocked_values` are
    e-mails and telephone numbers by which nobody is recognised: the account's own, which it enters for customers
    who have none.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "partner_id": "VMF",
                    "name": "Musterhandel GmbH",
                    "country": "DE",
                    "blocked_values": ["info@musterhandel.example"],
                }
            ]
        }
    )

    partner_id: PartnerId
    name: _Name
    country: _Country | None = None
    blocked_values: Annotated[list[_Value], Field(max_length=_MAX_BLOCKED)] = Field(default_factory=list)


@frozen(kw_only=True)
class AccountAnswer(Output):
    """An account of the Customer List."""

    account_id: str
    partner_id: str | None
    name: str | None
    country: str | None
    blocked_values: list[str]
    version: int
    created_at: datetime
    updated_at: datetime

    @classmethod
    def from_account(cls, account: Account) -> Self:
        """Return the answer for an account that has a record."""
        assert account.created_at
        assert account.updated_at
        return cls(
            account_id=account.account_id,
            partner_id=account.partner_id,
            name=account.name,
            country=account.country,
            blocked_values=list(account.blocked_values),
            version=account.version,
            created_at=account.created_at,
            updated_at=account.updated_at,
        )
