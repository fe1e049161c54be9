"""The journal of this deployment, from the environment. Its first use makes it, once per sandbox."""

from functools import cache

from customer_center.platform import aws
from customer_center.platform.config import from_environment
from customer_center.platform.frozen import frozen
from customer_center.platform.journal import Journal


@frozen
class _Settings:
    journal_table: str
    pending_shards: int


@cache
def journal() -> Journal:
    """Return the journal of this deployment."""
    settings = from_environment(_Settings)
    return Journal(client=aws.dynamodb(), table=settings.journal_table, pending_shards=settings.pending_shards)
