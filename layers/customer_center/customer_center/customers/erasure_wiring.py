"""The ids of erased customers of this deployment. The key of their hashes is in SSM, made by the first erasure."""

from datetime import datetime
from functools import cache

from customer_center.customers.erased_id_store import ErasedIdStore
from customer_center.platform import aws
from customer_center.platform.config import from_environment
from customer_center.platform.frozen import frozen
from customer_center.platform.ids import new_secret
from customer_center.platform.secrets import SecretNotFoundError, create_secret, secret
from customer_center.platform.wiring import journal


@frozen
class _Environment:
    customers_table: str
    stage: str


@cache
def _environment() -> _Environment:
    return from_environment(_Environment)


def _parameter() -> str:
    return f"/customer-center/{_environment().stage}/customer-list/erasure-key"


def _key(now: datetime) -> str | None:
    try:
        return str(secret(_parameter(), now))
    except SecretNotFoundError:
        return None


def _new_key(now: datetime) -> str:
    key = _key(now)
    if key is None:
        create_secret(_parameter(), new_secret())
        key = str(secret(_parameter(), now))
    return key


@cache
def erased_ids() -> ErasedIdStore:
    """Return this deployment's ids of erased customers."""
    table = _environment().customers_table
    return ErasedIdStore(client=aws.dynamodb(), table=table, journal=journal(), key=_key, new_key=_new_key)
