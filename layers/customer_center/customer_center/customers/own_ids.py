"""Ids that other systems have of customers: external ids of products, and the ERP's customer codes."""

from customer_center.platform.frozen import frozen


@frozen
class OwnId:
    """An id as another system uses it, and the customer that it names.

    Since the stamp `until` the id names nobody: it was given up, or somebody deleted a customer that we did not know
    (then `customer_id` is None). `to` is the customer code that replaced it.
    """

    customer_id: str | None = None
    until: str | None = None
    to: str | None = None

    def at(self, stamp: str) -> str | None:
        """Return the customer that the id named when an event with this stamp happened."""
        return None if self.is_past(stamp) else self.customer_id

    def is_past(self, stamp: str) -> bool:
        """Return whether the id named nobody any more when an event with this stamp happened."""
        return self.until is not None and self.until < stamp

    def is_deleted(self, stamp: str) -> bool:
        """Return whether an event with this stamp is older than the deletion of a customer that we never knew."""
        return self.customer_id is None and self.until is not None and stamp <= self.until


@frozen
class FreedId:
    """An id that its customer gives up. None as the product: a customer code. `to` is the one that replaces it."""

    product: str | None
    own_id: str
    to: str | None = None
