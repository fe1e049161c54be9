"""The answers of the simulated ERP: a request document in, an answer document out, without HTTP.

Like Dynamics NAV, it finds `D00210` when the request says `d00210`, and answers with the stored number. MAXCOUNT cuts
the list before the mapping drops company contacts. SelectContact with the number of a contact answers with this contact
(`answers_one_contact`). InvoiceDetail ignores the customer number of the request.
"""

from collections.abc import Iterable, Mapping
from dataclasses import fields
from xml.etree.ElementTree import Element, SubElement

from local.simulators.erp.population import COMPANY, Contact, Customer, Invoice, generated_contact, population

PATTERN = ("Gxxxxxxx", "Gyyyyyyy")
"""The numbers of two contacts that stand for all generated ones."""
SHAPES = ("raw", "contact_response", "order_response")


class ErpRefusal(Exception):
    """The ERP refuses a request: over SOAP with status 11, over raw XML with an empty document."""


class Erp:
    """The ERP's data, and the answers to its four messages. Not thread-safe: the caller must hold a lock."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget all changes."""
        self.customers = population()
        self.contact_shape = "raw"
        self.answers_one_contact = True
        self._next_contact = 900_001

    def answer(self, message: str, request: Element) -> Element:
        """Return the answer to one message; raise KeyError for an unknown message."""
        answers = {
            "select_customer": self._select_customer,
            "select_contact": self._select_contact,
            "invoice_detail": self._invoice_detail,
            "create_contact": self._create_contact,
        }
        return answers[message](request)

    def change(self, wish: Mapping[str, object]) -> Customer:
        """Add or change the customer with the given `number`.

        `wish` may contain any field of Customer, and `add_contacts`, `remove_contacts` (numbers) and `add_invoices`.
        Contacts and invoices are objects with their fields; an invoice may also be its number only. Raises ValueError
        for an unknown field, TypeError for a wrong type.
        """
        wishes = dict(wish)
        number = str(wishes.pop("number"))
        customer = self.customers.setdefault(number, Customer(number=number, name=""))
        gone = set(_list(wishes.pop("remove_contacts", [])))
        customer.contacts = [contact for contact in customer.contacts if contact.number not in gone]
        customer.contacts += map(_contact, _list(wishes.pop("add_contacts", [])))
        customer.invoices += map(_invoice, _list(wishes.pop("add_invoices", [])))
        if "contacts" in wishes:
            wishes["contacts"] = [_contact(contact) for contact in _list(wishes["contacts"])]
        if "invoices" in wishes:
            wishes["invoices"] = [_invoice(invoice) for invoice in _list(wishes["invoices"])]
        if unknown := wishes.keys() - {field.name for field in fields(Customer)}:
            raise ValueError(f"no such fields: {sorted(unknown)}")
        for name, content in wishes.items():
            setattr(customer, name, content)
        return customer

    def _find(self, number: str | None) -> Customer | None:
        return self.customers.get((number or "").strip().upper())

    def _select_customer(self, request: Element) -> Element:
        root = Element("OrderResponse")
        customer = self._find(request.findtext("Party/PartyIdentification/ID"))
        if customer:
            party = _party(root, "BuyerCustomerParty", customer)
            extension = SubElement(party, "SesExtension")
            _add(extension, "CustomerPostingGroup", customer.posting_group)
            for name in ("CustomerCenter", "CustomerCenterMainContactEmail", "Blocked"):
                content = _EXTENSION[name](customer)
                if content is not None:
                    _add(extension, name, content)
            _party(root, "AccountingCustomerParty", customer)
        return root

    def _select_contact(self, request: Element) -> Element:
        number = request.findtext("NUMBER")
        customer = self._find(number)
        count = int(request.findtext("MAXCOUNT") or 10)
        if customer is None and self.answers_one_contact:
            customer, contacts = self._contact_of_number((number or "").strip().upper())
        elif customer and customer.generated:
            # The server repeats the first one, see `server.py`.
            contacts = [generated_contact(number) for number in PATTERN]
        else:
            contacts = customer.contacts[:count] if customer else []
        if self.contact_shape == "raw":
            return _raw_contacts(contacts, customer.number if customer else "")
        root = "ContactResponse" if self.contact_shape == "contact_response" else "OrderResponse"
        return _mapped_contacts(contacts, root)

    def generated(self, request: Element) -> int:
        """Return how many generated contacts the answer to SelectContact has, 0 for every other answer."""
        customer = self._find(request.findtext("NUMBER")) if message_of(request) == "select_contact" else None
        return min(customer.generated, int(request.findtext("MAXCOUNT") or 10)) if customer else 0

    def _contact_of_number(self, number: str) -> tuple[Customer | None, list[Contact]]:
        """Return the contact with this number, and its customer."""
        for customer in self.customers.values():
            if customer.generated and number[:1] == "G" and 0 < int(number[1:]) <= customer.generated:
                return customer, [generated_contact(number)]
            for contact in customer.contacts:
                if contact.number.upper() == number:
                    return customer, [contact]
        return None, []

    def _invoice_detail(self, request: Element) -> Element:
        root = Element("Invoice")
        asked = (request.findtext("ID") or request.findtext("InvoiceID") or "").strip()
        for customer in self.customers.values():
            for invoice in customer.invoices:
                if invoice.number == asked:
                    _add(root, "ID", invoice.number if invoice.shown is None else invoice.shown)
                    _add(root, "IssueDate", "2026-10-01")
                    _add(root, "InvoiceTypeCode", "SalesInvoice")
                    payer = self.customers.get(invoice.billed_to, customer)
                    _party(root, "AccountingCustomerParty", payer)
                    _party(root, "BuyerCustomerParty", customer)
                    _add(SubElement(root, "InvoiceLine"), "ID", "10000")
        return root

    def _create_contact(self, request: Element) -> Element:
        customer = self._find(request.findtext("NUMBER"))
        wish = request.find("CONTACT")
        if customer is None or wish is None:
            raise ErpRefusal
        number = f"KT{self._next_contact}"
        self._next_contact += 1
        contact = Contact(
            number=number,
            name=wish.findtext("NAME") or "",
            email=wish.findtext("E_MAIL") or "",
            language=wish.findtext("LANGUAGE_CODE") or "",
            telephone=wish.findtext("PHONE_NUMBER") or "",
            telefax=wish.findtext("FAX_NUMBER") or "",
            kind=wish.findtext("ONLINE_USER_TYPE") or "1",
        )
        customer.contacts.append(contact)
        root = Element("WC_USER_MANAGEMENT")
        _add(root, "PROCESS_TYPE", "CREATECONTACT")
        _add(root, "CUSTOMER_NUMBER", customer.number)
        _add(root, "CONTACT_NUMBER", number)
        return root


_EXTENSION = {
    "CustomerCenter": lambda customer: customer.customer_center,
    "CustomerCenterMainContactEmail": lambda customer: customer.main_contact_email,
    "Blocked": lambda customer: customer.blocked,
}


def message_of(request: Element) -> str:
    """Return the name of a message, from its root and PROCESS_TYPE: the SOAP operation does not contain the name."""
    if request.tag == "WC_USER_MANAGEMENT":
        process = request.findtext("PROCESS_TYPE") or ""
        return {"SELECTCONTACT": "select_contact", "CREATECONTACT": "create_contact"}.get(process, "unknown")
    roots = {"BuyerCustomerParty": "select_customer", "InvoiceDetailRequest": "invoice_detail"}
    return roots.get(request.tag, "unknown")


def customer_number_of(request: Element) -> str:
    """Return the customer number of a request, empty when it has none."""
    paths = ("Party/PartyIdentification/ID", "NUMBER", "CustomerNumber")
    return next((text for path in paths if (text := request.findtext(path))), "")


def _raw_contacts(contacts: Iterable[Contact], customer_number: str) -> Element:
    root = Element("WC_USER_MANAGEMENT")
    _add(root, "PROCESS_TYPE", "SELECTCONTACT")
    _add(root, "GUID", "{96284C22-3F6C-4AE4-8CD3-137087BB0B74}\\1202183")
    _add(root, "WEB_SITE", "HOME")
    for contact in contacts:
        element = SubElement(root, "CONTACT")
        _add(element, "ONLINE_USER_TYPE", contact.kind)
        _add(element, "NUMBER", contact.number)
        _add(element, "JOB_TITLE", "")
        _add(element, "E_MAIL", contact.email)
        _add(element, "ON_BEHALF_OF", "" if contact.kind == COMPANY else customer_number)
        _add(element, "NAME", contact.name)
        _add(element, "FAX_NUMBER", contact.telefax)
        _add(element, "PHONE_NUMBER", contact.telephone)
        _add(element, "LANGUAGE_CODE", contact.language)
        for name in ("LOGIN_ID", "PASSWORD_PADDING", "PASSWORD"):
            _add(element, name, "")
        _add(element, "PRIORITY", "3")
    return root


def _mapped_contacts(contacts: Iterable[Contact], root_name: str) -> Element:
    root = Element(root_name)
    listed = SubElement(root, "ErpContact")
    for contact in contacts:
        if contact.kind == COMPANY:
            continue
        element = SubElement(listed, "Contact")
        _add(element, "ID", contact.number)
        _add(element, "Name", contact.name)
        _add(element, "Telephone", contact.telephone)
        _add(element, "Telefax", contact.telefax)
        _add(element, "ElectronicMail", contact.email)
        _add(element, "OtherCommunication", "")
        _add(element, "Note", "")
        extension = SubElement(element, "SesExtension")
        _add(extension, "LanguageCode", contact.language)
        _add(extension, "IsMain", "")
    return root


def _party(root: Element, name: str, customer: Customer) -> Element:
    party = SubElement(SubElement(root, name), "Party")
    _add(SubElement(party, "PartyIdentification"), "ID", customer.number)
    if customer.duns:
        _add(SubElement(party, "PartyIdentification"), "ID", customer.duns)
        party[-1][0].set("schemeID", "DUNS")
    _add(SubElement(party, "PartyName"), "Name", customer.name)
    address = SubElement(party, "PostalAddress")
    _add(address, "StreetName", "Färberstr. 26")
    _add(address, "CityName", "Berlin")
    _add(address, "PostalZone", "12555")
    _add(SubElement(address, "Country"), "IdentificationCode", "DE")
    return party


def _add(parent: Element, name: str, text: str) -> None:
    SubElement(parent, name).text = text


def _list(content: object) -> list[object]:
    if not isinstance(content, list):
        raise TypeError("a list was expected")
    return content


def _contact(content: object) -> Contact:
    if not isinstance(content, dict):
        raise TypeError("a contact is an object")
    return Contact(**content)


def _invoice(content: object) -> Invoice:
    return Invoice(**content) if isinstance(content, dict) else Invoice(number=str(content))
