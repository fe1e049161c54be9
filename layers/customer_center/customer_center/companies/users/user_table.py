"""Users as rows of a table, in the format of the import (`import_bodies.py`)."""

from collections.abc import Sequence

from customer_center.companies.currencies import decimals_of
from customer_center.companies.model import Money, User
from customer_center.platform.email_address import shown_email

USER_COLUMNS = (
    "salutation",
    "name",
    "email",
    "roles",
    "language",
    "contact_number",
    "budget_per_order",
    "budget_per_month",
    "currency",
)


def user_row(user: User) -> Sequence[str]:
    """Return the user's cells, in the order of `USER_COLUMNS`. Several roles are separated by `|`."""
    per_order, per_month = user.budgets.per_order, user.budgets.per_month
    budget = per_order or per_month
    return (
        user.salutation,
        user.name,
        shown_email(user.email),
        "|".join(sorted(user.roles)),
        user.language,
        user.contact_number or "",
        _amount(per_order),
        _amount(per_month),
        budget.currency if budget else "",
    )


def _amount(money: Money | None) -> str:
    return f"{money.amount:.{decimals_of(money.currency)}f}" if money else ""
