"""The logins of this deployment, from the environment. Their first use makes the adapter, once per sandbox."""

from functools import cache

from customer_center.connectors.cognito.identities import CognitoIdentities
from customer_center.platform import aws
from customer_center.platform.config import from_environment
from customer_center.platform.frozen import frozen


@frozen
class _UserPool:
    user_pool_id: str
    user_pool_client_id: str


@cache
def identities() -> CognitoIdentities:
    """Return the logins of this deployment."""
    pool = from_environment(_UserPool)
    return CognitoIdentities(client=aws.cognito(), user_pool_id=pool.user_pool_id, client_id=pool.user_pool_client_id)
