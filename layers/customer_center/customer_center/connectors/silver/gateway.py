"""The ERP behind silver.eShop's Web.Connector, as the companies room wants it (`companies.ports.ErpGateway`)."""

import math
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from xml.etree.ElementTree import Element

from customer_center.companies.model import ErpContact, ErpCustomer
from customer_center.companies.ports import Breaker
from customer_center.connectors.silver import messages
from customer_center.connectors.silver.documents import clean
from customer_center.connectors.silver.failures import ErpFault, timed_out
from customer_center.connectors.silver.settings import Message, SilverSettings
from customer_center.connectors.silver.transport import Session, Transport
from customer_center.platform.clock import Clock
from customer_center.platform.errors import OutsideSystemError, OutsideTimeout, OutsideUnavailable
from customer_center.platform.log import logger

_JITTER_SECONDS = 0.2
_GROWTH = 10


class SilverGateway:
    """Asks the ERP. Reads are tried twice, creating a contact once. Not thread-safe.

    Every call has `settings.deadline` seconds; `use()` makes several calls share them. While the breaker is open,
    calls fail at once. A read that found the ERP offline or silent twice trips it; an answer that says it failed is
    repeated and no reason to trip, one that cannot be read neither.
    """

    def __init__(
        self,
        *,
        settings: SilverSettings,
        breaker: Breaker,
        clock: Clock,
        session: Session | None = None,
        chance: Callable[[], float] = random.random,
    ) -> None:
        """Keep what the calls need; nothing is opened yet. `chance` returns numbers from 0 to 1, for the jitter."""
        self._settings = settings
        self._breaker = breaker
        self._clock = clock
        self._transport = Transport(settings, session, clock)
        self._chance = chance
        self._deadline: datetime | None = None

    @contextmanager
    def use(self) -> Iterator["SilverGateway"]:
        """Let all calls inside share one deadline, counted from here: one request of one person."""
        outer, self._deadline = self._deadline, self._deadline or self._new_deadline()
        try:
            yield self
        finally:
            self._deadline = outer

    def select_customer(self, customer_number: str) -> ErpCustomer | None:
        """Return the customer, None when the ERP has no such number."""
        number = clean(customer_number)
        if not messages.is_plain_number(number):
            return None
        request = messages.customer_request(number)
        with self.use():
            return self._read(Message.SELECT_CUSTOMER, request, lambda answer: messages.read_customer(answer, number))

    def select_contacts(self, customer_number: str) -> Sequence[ErpContact]:
        """Return all persons the ERP lists for the customer; skipped contact types (company contacts) are left out."""
        number = clean(customer_number)
        if not messages.is_plain_number(number):
            return ()
        with self.use():
            listed = self._all_contacts(number)
        if listed.incomplete:
            logger.warning("erp-contacts-incomplete", left_out=listed.incomplete)
        return listed.contacts

    def find_invoice(self, customer_number: str, invoice_number: str) -> bool:
        """Tell whether this invoice exists and was sold to exactly this customer; False for anything else."""
        customer, invoice = clean(customer_number), clean(invoice_number)
        if not (messages.is_plain_number(customer) and messages.is_plain_number(invoice)):
            return False
        request = messages.invoice_request(customer, invoice, self._settings)
        with self.use():
            return self._read(
                Message.INVOICE_DETAIL, request, lambda answer: messages.read_invoice(answer, customer, invoice)
            )

    def create_contact(self, customer_number: str, contact: ErpContact) -> str:
        """Create a contact of the customer and return its contact number; `contact.contact_number` is ignored.

        Tried once: after OutsideTimeout, OutsideUnavailable or OutsideMalformed the ERP may have the contact or not.
        """
        request = messages.create_contact_request(clean(customer_number), contact, self._settings)
        with self.use():
            self._check_breaker()
            return self._try(Message.CREATE_CONTACT, request, messages.read_created_contact)

    def _all_contacts(self, number: str) -> messages.ContactList:
        """Ask with growing MAXCOUNT until the list is whole or the limit is reached."""
        limit = self._settings.max_count_limit
        max_count = min(self._settings.max_count, limit)
        while True:
            request = messages.contacts_request(number, max_count, self._settings)
            read = partial(messages.read_contacts, max_count=max_count, settings=self._settings)
            listed = self._read(Message.SELECT_CONTACT, request, read)
            if not listed.full:
                return listed
            if max_count >= limit:
                logger.warning("erp-contacts-maybe-cut", max_count=max_count)
                return listed
            max_count = min(max_count * _GROWTH, limit)

    def _read[Read](self, message: Message, request: Element, read: Callable[[Element], Read]) -> Read:
        self._check_breaker()
        try:
            return self._try(message, request, read)
        except (OutsideUnavailable, OutsideTimeout):
            wait = self._chance() * _JITTER_SECONDS
            if wait >= self._remaining():
                raise
        self._clock.sleep(wait)
        try:
            return self._try(message, request, read)
        except ErpFault:
            raise
        except (OutsideUnavailable, OutsideTimeout) as error:
            self._breaker.trip()
            if isinstance(error, OutsideUnavailable):
                error.retry_after = max(error.retry_after, math.ceil(self._breaker.open_for()))
            raise

    def _try[Read](self, message: Message, request: Element, read: Callable[[Element], Read]) -> Read:
        seconds = min(self._settings.timeout, self._remaining())
        if seconds <= 0:
            raise timed_out("deadline")
        try:
            return read(self._transport.call(message, request, seconds))
        except OutsideSystemError as error:
            logger.warning(
                "erp-call-failed", erp_message=message, code=error.code, notes=getattr(error, "__notes__", [])
            )
            raise

    def _check_breaker(self) -> None:
        if (seconds := self._breaker.open_for()) > 0:
            raise OutsideUnavailable("erp-unavailable", retry_after=math.ceil(seconds))

    def _new_deadline(self) -> datetime:
        return self._clock.now() + timedelta(seconds=self._settings.deadline)

    def _remaining(self) -> float:
        assert self._deadline is not None  # every call runs inside `use`
        return (self._deadline - self._clock.now()).total_seconds()
