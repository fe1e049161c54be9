"""The client keys of this deployment, made from the environment, once per sandbox and when a request needs them."""

from dataclasses import dataclass
from functools import cache

from customer_center.clients.store import ClientKeyStore
from customer_center.platform import aws
from customer_center.platform.config import from_environment
from customer_center.platform.journal import Journal


@dataclass(frozen=True, slots=True)
class _Tables:
    companies_table: str
    journal_table: str


@cache
def client_keys() -> ClientKeyStore:
    """Return the client keys of this deployment."""
    tables = from_environment(_Tables)
    journal = Journal(client=aws.dynamodb(), table=tables.journal_table)
    return ClientKeyStore(client=aws.dynamodb(), table=tables.companies_table, journal=journal)
