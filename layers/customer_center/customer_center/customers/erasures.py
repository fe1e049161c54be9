"""Erasures of persons: what is left of a customer, and the ids that never name anybody again."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal, Protocol

from customer_center.platform.frozen import frozen

type ProductState = Literal["done", "pending", "unreachable"]
"""Whether a product took the deletion; `unreachable` is one that was removed, or wants to be told nothing more."""


@frozen
class Erasure:
    """The certificate of an erasure: what was erased, when, and which product took the deletion.

    From `erased_at` on nobody sees the customer. `cleared_at`: our own items and the journal have no value any more.
    `conflicting` are customers who were in an open conflict with the person when it was erased, and are not erased.
    """

    erasure_id: str
    customer_id: str
    erased_at: datetime
    cleared_at: datetime | None
    products: Mapping[str, ProductState]
    conflicting: Sequence[str] = ()

    @property
    def is_complete(self) -> bool:
        """Whether nothing is left to do."""
        return self.cleared_at is not None and "pending" not in self.products.values()


def erasure_id_of(customer_id: str) -> str:
    """Return the id of the erasure of a customer."""
    return f"ers_{customer_id.removeprefix('cus_')}"


def customer_id_of(erasure_id: str) -> str:
    """Return the id of the customer that an erasure is about."""
    return f"cus_{erasure_id.removeprefix('ers_')}"


class ErasedIds(Protocol):
    """Ids of erased customers in other systems, as keyed hashes: events with them make nobody."""

    def note(self, account_id: str, product: str | None, own_id: str, now: datetime) -> None:
        """Note an external id of the product, or, with None, a customer code. May run any number of times."""

    def has(self, account_id: str, product: str | None, own_id: str, now: datetime) -> bool:
        """Return whether the id was noted (strongly consistent)."""
