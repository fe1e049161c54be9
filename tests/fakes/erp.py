"""The ERP as a real implementation with a memory, for tests of use cases. It passes `contract/test_erp_gateway.py`."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from customer_center.companies.model import ErpContact, ErpCustomer
from customer_center.platform.errors import CustomerCenterError, OutsideMalformed


class FakeErp:
    """An `ErpGateway` over dicts.

    `customers` by number, `contacts` (persons) by customer number, `invoices` from invoice number to the customer who
    bought. `error`, when set, is raised by every call; `calls` remembers what was asked. `on_contact` is called after
    each contact of a list. Without `one_contact` the ERP cannot be asked for one contact.
    """

    def __init__(self) -> None:
        self.customers: dict[str, ErpCustomer] = {}
        self.contacts: dict[str, list[ErpContact]] = {}
        self.invoices: dict[str, str] = {}
        self.error: CustomerCenterError | None = None
        self.calls: list[tuple[str, ...]] = []
        self.on_contact: Callable[[ErpContact], object] | None = None
        self.one_contact = True

    def add(self, customer: ErpCustomer, *, contacts: Sequence[ErpContact] = (), invoices: Sequence[str] = ()) -> None:
        """Put a customer with its contacts and invoices into the ERP, in place of one with the same number."""
        number = customer.customer_number
        self.customers[number] = customer
        self.contacts[number] = list(contacts)
        self.invoices.update(dict.fromkeys(invoices, number))

    def select_customer(self, customer_number: str) -> ErpCustomer | None:
        self._called("select_customer", customer_number)
        return self.customers.get(customer_number.strip())

    def select_contacts(self, customer_number: str) -> Iterator[ErpContact]:
        self._called("select_contacts", customer_number)
        for contact in tuple(self.contacts.get(customer_number.strip(), ())):
            yield contact
            if self.on_contact:
                self.on_contact(contact)

    def current_contact(self, customer_number: str, known: ErpContact) -> ErpContact | None:
        self._called("current_contact", customer_number, known.contact_number)
        if not self.one_contact:
            return known
        listed = self.contacts.get(customer_number.strip(), ())
        return next((contact for contact in listed if contact.contact_number == known.contact_number), None)

    def find_contact(self, customer_number: str, contact_number: str) -> ErpContact | None:
        self._called("find_contact", customer_number, contact_number)
        listed = self.contacts.get(customer_number.strip(), ())
        return next((contact for contact in listed if contact.contact_number == contact_number.strip()), None)

    def find_invoice(self, customer_number: str, invoice_number: str) -> bool:
        self._called("find_invoice", customer_number, invoice_number)
        customer = customer_number.strip()
        return customer in self.customers and self.invoices.get(invoice_number.strip()) == customer

    def create_contact(self, customer_number: str, contact: ErpContact) -> str:
        self._called("create_contact", customer_number)
        if customer_number.strip() not in self.customers:
            raise OutsideMalformed("erp-malformed")  # the ERP refuses; it has no word of its own for that
        known = self.contacts.setdefault(customer_number.strip(), [])
        number = f"KT{900_001 + sum(map(len, self.contacts.values()))}"
        known.append(replace(contact, contact_number=number))
        return number

    def _called(self, *call: str) -> None:
        self.calls.append(call)
        if self.error is not None:
            raise self.error
