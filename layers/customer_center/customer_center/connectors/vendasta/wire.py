"""What Vendasta answers (marketplace-api.yaml of vendasta/marketplace-documentation, 2025-07-15), as far as we use it.

Fields that may be null or missing count as empty. Others are ignored.
"""

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict

CONFLICT = "CONFLICT-"
"""How the ids of duplicates begin. They are answered with 200, and nobody sees them in Vendasta."""
# Go's zero time: Vendasta writes it where there is no time.
_ZERO_YEAR = "0001-"


def _text(value: object) -> object:
    return "" if value is None else value


def _texts(value: object) -> object:
    if value is None or value == "":
        return ()
    return (value,) if isinstance(value, str) else value


type Text = Annotated[str, BeforeValidator(_text)]
type Texts = Annotated[tuple[str, ...], BeforeValidator(_texts)]


class _Wire(BaseModel):
    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)


class Record(_Wire):
    """One customer. `vendor_customer_id` is our id; without one, Vendasta repeats its own."""

    customer_id: str
    vendor_customer_id: Text = ""
    first_name: Text = ""
    last_name: Text = ""
    address: Text = ""
    city: Text = ""
    state: Text = ""
    country: Text = ""
    email: Texts = ()
    phone: Texts = ()
    permission_to_contact: Text = ""

    @property
    def is_conflict(self) -> bool:
        """Whether it is a duplicate of another one."""
        return self.customer_id.startswith(CONFLICT)

    @property
    def may_be_contacted(self) -> bool:
        """Whether there is consent: here it is a time, and a time in the year 1 means none."""
        return bool(self.permission_to_contact) and not self.permission_to_contact.startswith(_ZERO_YEAR)


class Changed(_Wire):
    """The customer after a call, and the id of another one that has an e-mail or telephone number of it."""

    customer: Record
    conflicting_customer_id: Text = ""


class Page(_Wire):
    """One page of an account group's list. Duplicates and deleted customers are not on it."""

    customers: tuple[Record, ...] = ()
    next_cursor: Text = ""
    has_more: bool = False


class Token(_Wire):
    """An access token, and when it ends, in seconds since 1970."""

    access_token: str
    expires: int
