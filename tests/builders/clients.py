"""Client keys with every value filled in."""

from customer_center.clients.model import ClientKey, Scope, new_key_secret
from tests.fakes.clock import NOON


def a_key(serial: int = 1, **given) -> ClientKey:
    """Return a key for the shop's backend with one secret."""
    values = {
        "key_id": f"{serial:026}",
        "name": "shop",
        "scopes": frozenset({Scope.COMPANIES_READ}),
        "secrets": (new_key_secret("a secret", NOON),),
        "created_at": NOON,
        "updated_at": NOON,
    }
    return ClientKey(**values | given)
