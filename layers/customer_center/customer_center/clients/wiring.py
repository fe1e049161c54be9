"""The client keys of this deployment, from the environment. Their first use makes the store, once per sandbox."""

from functools import cache

from customer_center.clients.store import ClientKeyStore
from customer_center.platform import aws
from customer_center.platform.config import from_environment
from customer_center.platform.frozen import frozen
from customer_center.platform.wiring import journal


@frozen
class _Tables:
    companies_table: str


@cache
def client_keys() -> ClientKeyStore:
    """Return the client keys of this deployment."""
    return ClientKeyStore(client=aws.dynamodb(), table=from_environment(_Tables).companies_table, journal=journal())
