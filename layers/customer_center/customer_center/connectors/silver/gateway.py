"""The ERP behind silver.eShop's Web.Connector, as a port of the companies room (`companies.ports.ErpGateway`)."""

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element

from customer_center.companies.erp_values import FaultyRecord, log_faults
from customer_center.companies.model import ErpContact, ErpCustomer
from customer_center.connectors.silver import contacts, messages
from customer_center.connectors.silver.failures import ERP
from customer_center.connectors.silver.settings import Message, SilverSettings
from customer_center.connectors.silver.transport import Transport
from customer_center.platform.breaker import Breaker
from customer_center.platform.clock import Clock
from customer_center.platform.outbound import Outbound
from customer_center.platform.xml import clean

if TYPE_CHECKING:
    from requests import Session


class SilverGateway:
    """Calls the ERP. Not thread-safe. Deadline, retries and breaker come from `platform.outbound`.

    Every call has `settings.deadline` seconds; `use()` makes several calls share them.
    """

    def __init__(
        self,
        *,
        settings: SilverSettings,
        breaker: Breaker,
        clock: Clock,
        session: "Callable[[], Session] | None" = None,
        chance: Callable[[], float] = random.random,
    ) -> None:
        """Open no connection yet. `Outbound` explains `session` and `chance`."""
        self._settings = settings
        self._outbound = Outbound(
            failures=ERP,
            timeout=settings.timeout,
            deadline=settings.deadline,
            breaker=breaker,
            clock=clock,
            session=session,
            chance=chance,
        )
        self._transport = Transport(settings, self._outbound)

    @contextmanager
    def use(self) -> Iterator["SilverGateway"]:
        """Make all calls inside share one deadline, which starts now. One request of a person needs one `use()`."""
        with self._outbound.use():
            yield self

    def select_customer(self, customer_number: str) -> ErpCustomer | None:
        """Return the customer, or None if the ERP has no customer with this number."""
        number = clean(customer_number)
        if not messages.is_plain_number(number):
            return None
        request = messages.customer_request(number)
        customer, faults = self._read(
            Message.SELECT_CUSTOMER,
            request,
            lambda answer: messages.read_customer(answer, number, self._settings),
            about=number,
        )
        log_faults(Message.SELECT_CUSTOMER, FaultyRecord(number, faults))
        return customer

    def select_contacts(self, customer_number: str) -> Iterator[ErpContact]:
        """Yield all persons that the ERP lists for the customer, without the skipped contact types.

        They are yielded while the answer arrives, so an error may come after some of them. The caller may stop early.
        """
        number = clean(customer_number)
        if not messages.is_plain_number(number):
            return
        with self.use():
            yield from contacts.all_contacts(lambda max_count: self._stream_contacts(number, max_count), self._settings)

    def current_contact(self, customer_number: str, known: ErpContact) -> ErpContact | None:
        """Return the contact as the ERP has it now, None when the customer has no such contact any more.

        Without the setting `one_contact` the ERP cannot be asked; then `known` is returned.
        """
        return self._one_contact(customer_number, known.contact_number)[0] if self._settings.one_contact else known

    def find_contact(self, customer_number: str, contact_number: str) -> ErpContact | None:
        """Return this contact of the customer, None when the customer has no such contact.

        The customer's contacts are read until this one is found, without the setting `one_contact` and when the answer
        about the one contact does not say whose contact it is.
        """
        if self._settings.one_contact:
            contact, is_proven = self._one_contact(customer_number, contact_number)
            if contact is None or is_proven:
                return contact
        number = clean(contact_number)
        return next((each for each in self.select_contacts(customer_number) if each.contact_number == number), None)

    def find_invoice(self, customer_number: str, invoice_number: str) -> bool:
        """Return whether this invoice exists and was sold to exactly this customer."""
        customer, invoice = clean(customer_number), clean(invoice_number)
        if not (messages.is_plain_number(customer) and messages.is_plain_number(invoice)):
            return False
        request = messages.invoice_request(customer, invoice, self._settings)
        return self._read(
            Message.INVOICE_DETAIL,
            request,
            lambda answer: messages.read_invoice(answer, customer, invoice, self._settings),
            about=customer,
        )

    def create_contact(self, customer_number: str, contact: ErpContact) -> str:
        """Create a contact of the customer and return its contact number; `contact.contact_number` is ignored.

        Not retried. After OutsideTimeout, OutsideUnavailable or OutsideMalformed, the ERP may or may not have created
        the contact.
        """
        number = clean(customer_number)
        request = messages.create_contact_request(number, contact, self._settings)
        call = self._call(Message.CREATE_CONTACT, request, messages.read_created_contact)
        return self._outbound.write(Message.CREATE_CONTACT, call, about=number)

    def _one_contact(self, customer_number: str, contact_number: str) -> tuple[ErpContact | None, bool]:
        """Return the contact unless it is another customer's, and whether the answer says that it is the customer's."""
        customer, number = clean(customer_number), clean(contact_number)
        if not (messages.is_plain_number(customer) and messages.is_plain_number(number)):
            return None, False
        request = messages.contacts_request(number, 1, self._settings)
        return self._read(
            Message.SELECT_CONTACT,
            request,
            lambda answer: contacts.read_one(answer, customer, number, self._settings),
            about=customer,
        )

    def _stream_contacts(self, number: str, max_count: int) -> Iterator[messages.ContactList]:
        request = messages.contacts_request(number, max_count, self._settings)

        def call(seconds: float) -> Iterator[messages.ContactList]:
            pieces = self._transport.stream(Message.SELECT_CONTACT, request, seconds)
            return contacts.read_stream(pieces, max_count, self._settings)

        return self._outbound.read_stream(Message.SELECT_CONTACT, call, about=number)

    def _read[Read](self, message: Message, request: Element, read: Callable[[Element], Read], *, about: str) -> Read:
        return self._outbound.read(message, self._call(message, request, read), about=about)

    def _call[Read](
        self, message: Message, request: Element, read: Callable[[Element], Read]
    ) -> Callable[[float], Read]:
        return lambda seconds: read(self._transport.call(message, request, seconds))
