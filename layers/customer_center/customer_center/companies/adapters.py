"""The adapters of this room, made from the environment, once per sandbox and only when a request needs them."""

from dataclasses import dataclass
from functools import cache

from customer_center.companies.store import CompanyStore
from customer_center.connectors.cognito.identities import CognitoIdentities
from customer_center.platform import aws
from customer_center.platform.config import from_environment
from customer_center.platform.journal import Journal


@dataclass(frozen=True, slots=True)
class _Tables:
    companies_table: str
    journal_table: str


@dataclass(frozen=True, slots=True)
class _UserPool:
    user_pool_id: str
    user_pool_client_id: str


@cache
def companies() -> CompanyStore:
    """Return the companies of this deployment."""
    tables = from_environment(_Tables)
    journal = Journal(client=aws.dynamodb(), table=tables.journal_table)
    return CompanyStore(client=aws.dynamodb(), table=tables.companies_table, journal=journal)


@cache
def identities() -> CognitoIdentities:
    """Return the logins of this deployment."""
    pool = from_environment(_UserPool)
    return CognitoIdentities(client=aws.cognito(), user_pool_id=pool.user_pool_id, client_id=pool.user_pool_client_id)
