"""What the rules of this room need from outside, as Protocols. Adapters: `store.py`, `connectors/`, `mail/`."""

from collections.abc import Sequence
from typing import Protocol

from customer_center.companies.model import ErpContact, ErpCustomer


class ErpGateway(Protocol):
    """The ERP (seed 000). Every call raises OutsideUnavailable, OutsideTimeout or OutsideMalformed when it fails.

    Reads may run any number of times.
    """

    def select_customer(self, customer_number: str) -> ErpCustomer | None:
        """Return the customer, None when the ERP has no such number."""

    def select_contacts(self, customer_number: str) -> Sequence[ErpContact]:
        """Return all persons the ERP lists for the customer; skipped contact types (company contacts) are left out."""

    def find_invoice(self, customer_number: str, invoice_number: str) -> bool:
        """Tell whether this invoice exists and was sold to exactly this customer; False for anything else."""

    def create_contact(self, customer_number: str, contact: ErpContact) -> str:
        """Create a contact of the customer and return its contact number; `contact.contact_number` is ignored."""


class Breaker(Protocol):
    """Remembers, for all sandboxes, that an outside system is offline."""

    def open_for(self) -> float:
        """Return for how many more seconds the system counts as offline; 0 when calls may go out."""

    def trip(self) -> None:
        """Count the system as offline from now on, for the configured time."""
