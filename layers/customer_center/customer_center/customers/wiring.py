"""The stored customers, products and accounts of this deployment, from the environment.

Their first use makes each store, once per sandbox.
"""

from functools import cache

from customer_center.customers.account_store import AccountStore
from customer_center.customers.product_store import ProductStore
from customer_center.customers.reconciliation_store import ReconciliationStore
from customer_center.customers.store import CustomerStore
from customer_center.customers.word_store import WordStore
from customer_center.platform import aws
from customer_center.platform.config import from_environment
from customer_center.platform.frozen import frozen
from customer_center.platform.wiring import journal


@frozen
class _Tables:
    customers_table: str


@cache
def customers() -> CustomerStore:
    """Return this deployment's store of customers."""
    return CustomerStore(client=aws.dynamodb(), table=from_environment(_Tables).customers_table, journal=journal())


@cache
def accounts() -> AccountStore:
    """Return this deployment's store of accounts."""
    return AccountStore(client=aws.dynamodb(), table=from_environment(_Tables).customers_table, journal=journal())


@cache
def words() -> WordStore:
    """Return the words that find this deployment's customers."""
    return WordStore(client=aws.dynamodb(), table=from_environment(_Tables).customers_table, journal=journal())


@cache
def products() -> ProductStore:
    """Return this deployment's store of products."""
    return ProductStore(client=aws.dynamodb(), table=from_environment(_Tables).customers_table, journal=journal())


@cache
def reconciliations() -> ReconciliationStore:
    """Return this deployment's store of reconciliations."""
    table = from_environment(_Tables).customers_table
    return ReconciliationStore(client=aws.dynamodb(), table=table, journal=journal())
