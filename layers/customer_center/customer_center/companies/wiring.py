"""The records of this deployment, made from the environment once per sandbox, when a request first needs them."""

from functools import cache

from customer_center.companies.store import CompanyStore
from customer_center.platform import aws
from customer_center.platform.config import from_environment
from customer_center.platform.frozen import frozen
from customer_center.platform.wiring import journal


@frozen
class _Tables:
    companies_table: str


@cache
def companies() -> CompanyStore:
    """Return the companies, users and contacts of this deployment."""
    return CompanyStore(client=aws.dynamodb(), table=from_environment(_Tables).companies_table, journal=journal())
