"""The store of this deployment. A sandbox creates it once, from the environment, when a request first needs it."""

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
    """Return this deployment's store of companies, users and contacts."""
    return CompanyStore(client=aws.dynamodb(), table=from_environment(_Tables).companies_table, journal=journal())
