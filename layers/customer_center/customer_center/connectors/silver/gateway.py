"""The ERP behind silver.eShop's Web.Connector, as a port of the companies room (`companies.ports.ErpGateway`)."""

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element

from customer_center.companies.erp_values import FaultyRecord, log_faults
from customer_center.companies.model import ErpContact, ErpCustomer
from customer_center.connectors.silver import messages
from customer_center.connectors.silver.failures import ERP
from customer_center.connectors.silver.settings import Message, SilverSettings
from customer_center.connectors.silver.transport import Transport
from customer_center.platform.breaker import Breaker
from customer_center.platform.clock import Clock
from customer_center.platform.log import logger
from customer_center.platform.outbound import Outbound
from customer_center.platform.xml import clean

if TYPE_CHECKING:
    from requests import Session

_GROWTH = 10


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
            number,
        )
        log_faults(Message.SELECT_CUSTOMER, FaultyRecord(number, faults))
        return customer

    def select_contacts(self, customer_number: str) -> Sequence[ErpContact]:
        """Return all persons that the ERP lists for the customer, without the skipped contact types."""
        number = clean(customer_number)
        if not messages.is_plain_number(number):
            return ()
        with self.use():
            listed = self._all_contacts(number)
        log_faults(Message.SELECT_CONTACT, *listed.faulty)
        return listed.contacts

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
            customer,
        )

    def create_contact(self, customer_number: str, contact: ErpContact) -> str:
        """Create a contact of the customer and return its contact number; `contact.contact_number` is ignored.

        Not retried. After OutsideTimeout, OutsideUnavailable or OutsideMalformed, the ERP may or may not have created
        the contact.
        """
        request = messages.create_contact_request(clean(customer_number), contact, self._settings)
        call = self._call(Message.CREATE_CONTACT, request, messages.read_created_contact)
        return self._outbound.write(Message.CREATE_CONTACT, call, about=_about(clean(customer_number)))

    def _all_contacts(self, number: str) -> messages.ContactList:
        """Request the list with a growing MAXCOUNT until it is complete or the limit is reached."""
        limit = self._settings.max_count_limit
        max_count = min(self._settings.max_count, limit)
        while True:
            request = messages.contacts_request(number, max_count, self._settings)
            read = partial(messages.read_contacts, max_count=max_count, settings=self._settings)
            listed = self._read(Message.SELECT_CONTACT, request, read, number)
            if not listed.full:
                return listed
            if max_count >= limit:
                logger.warning("erp-contacts-maybe-cut", max_count=max_count)
                return listed
            max_count = min(max_count * _GROWTH, limit)

    def _read[Read](
        self, message: Message, request: Element, read: Callable[[Element], Read], customer_number: str
    ) -> Read:
        return self._outbound.read(message, self._call(message, request, read), about=_about(customer_number))

    def _call[Read](
        self, message: Message, request: Element, read: Callable[[Element], Read]
    ) -> Callable[[float], Read]:
        return lambda seconds: read(self._transport.call(message, request, seconds))


def _about(customer_number: str) -> str:
    # Without case, so that one customer is one for the breaker.
    return customer_number.casefold()
