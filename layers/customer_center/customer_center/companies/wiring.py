"""The records of this deployment, made from the environment once per sandbox, when a request first needs them."""

from dataclasses import dataclass
from functools import cache

from customer_center.companies.store import CompanyStore
from customer_center.platform import aws
from customer_center.platform.config import from_environment
from customer_center.platform.journal import Journal


@dataclass(frozen=True, slots=True)
class _Tables:
    companies_table: str
    journal_table: str


@cache
def companies() -> CompanyStore:
    """Return the companies, users and contacts of this deployment."""
    return CompanyStore(client=aws.dynamodb(), table=from_environment(_Tables).companies_table, journal=journal())


@cache
def journal() -> Journal:
    """Return the journal of this deployment."""
    return Journal(client=aws.dynamodb(), table=from_environment(_Tables).journal_table)
