"""Request documents and answers of the ERP's messages: pure functions on elements.

Structures and names come from silver.eShop's public documentation and from one logged call (docs/erp.md). Answers that
cannot be parsed raise OutsideMalformed.
"""

from collections.abc import Collection
from xml.etree.ElementTree import Element, SubElement

from customer_center.companies.model import ErpContact, ErpCustomer
from customer_center.connectors.silver.failures import ERP
from customer_center.connectors.silver.settings import SilverSettings
from customer_center.platform.frozen import frozen
from customer_center.platform.xml import add, clean, value

_NOT_BLOCKED = frozenset({"", "_blank_", "0", "false"})
_FILTER_CHARACTERS = frozenset("*?|&<>@=()'\"")


@frozen
class ContactList:
    """One answer to SELECTCONTACT. `incomplete` counts contacts without a number or name, which were left out."""

    contacts: tuple[ErpContact, ...]
    incomplete: int
    full: bool
    """Whether the ERP may have cut the list at MAXCOUNT."""


def is_plain_number(number: str) -> bool:
    """Return whether the cleaned text is the number of one record: not empty, and no filter of Dynamics NAV (`1..`)."""
    return bool(number) and ".." not in number and _FILTER_CHARACTERS.isdisjoint(number)


def customer_request(customer_number: str) -> Element:
    """Build SelectCustomer."""
    root = Element("BuyerCustomerParty")
    identification = SubElement(SubElement(root, "Party"), "PartyIdentification")
    add(identification, "ID", customer_number)
    return root


def contacts_request(customer_number: str, max_count: int, settings: SilverSettings) -> Element:
    """Build SELECTCONTACT, with the empty elements of the logged request."""
    root = _user_management(settings.select_contact_process, customer_number, settings)
    add(root, "MAXCOUNT", str(max_count))
    for name in ("LAST_DATE_MODIFIED", "LOGIN_ID", "ONLINE_USER_TYPE"):
        SubElement(root, name)
    return root


def invoice_request(customer_number: str, invoice_number: str, settings: SilverSettings) -> Element:
    """Build InvoiceDetail."""
    root = Element("InvoiceDetailRequest")
    add(root, settings.invoice_id_element, invoice_number)
    add(root, "CustomerNumber", customer_number)
    return root


def create_contact_request(customer_number: str, contact: ErpContact, settings: SilverSettings) -> Element:
    """Build CREATECONTACT. We guess that its contact has the same elements as in SELECTCONTACT's answer."""
    root = _user_management(settings.create_contact_process, customer_number, settings)
    element = SubElement(root, "CONTACT")
    add(element, "ONLINE_USER_TYPE", settings.created_contact_type)
    add(element, "E_MAIL", contact.email)
    add(element, "ON_BEHALF_OF", customer_number)
    add(element, "NAME", contact.name)
    add(element, "FAX_NUMBER", contact.telefax)
    add(element, "PHONE_NUMBER", contact.telephone)
    add(element, "LANGUAGE_CODE", contact.language_code)
    return root


def _user_management(process: str, customer_number: str, settings: SilverSettings) -> Element:
    root = Element("WC_USER_MANAGEMENT")
    add(root, "PROCESS_TYPE", process)
    add(root, "WEB_SITE", settings.web_site)
    add(root, "NUMBER", customer_number)
    return root


def read_customer(root: Element, customer_number: str) -> ErpCustomer | None:
    """Return the customer in the answer to SelectCustomer, or None if the answer does not contain this customer."""
    party = _party(root, {"CustomerResponse", "OrderResponse"})
    if party is None or not _is_party(party, customer_number):
        return None
    return ErpCustomer(
        customer_number=customer_number,
        name=value(party, "PartyName/Name") or "",
        customer_center=value(party, "SesExtension/CustomerCenter") == "1",
        main_contact_email=value(party, "SesExtension/CustomerCenterMainContactEmail"),
        customer_posting_group=value(party, "SesExtension/CustomerPostingGroup"),
        blocked=_is_blocked(party),
    )


def _is_blocked(party: Element) -> bool:
    flags = [value(party, "SesExtension/Blocked"), value(party, "Blocked")]
    return any((flag or "").casefold() not in _NOT_BLOCKED for flag in flags)


def read_invoice(root: Element, customer_number: str, invoice_number: str) -> bool:
    """Return whether the answer to InvoiceDetail is this invoice, sold (not only billed) to this customer."""
    party = _party(root, {"Invoice", "InvoiceDetailResponse", "OrderResponse"})
    if party is None or not _is_party(party, customer_number):
        return False
    numbers = {clean(element.text or "") for name in ("ID", "InvoiceID") for element in root.findall(name)}
    return numbers - {""} <= {invoice_number}


def _party(root: Element, known_roots: Collection[str]) -> Element | None:
    """Return the buyer's Party. Return None for an empty root, or for a known root without a Party (no record)."""
    buyer = root if root.tag == "BuyerCustomerParty" else root.find("BuyerCustomerParty")
    if buyer is None and len(root) and root.tag not in known_roots:
        raise ERP.malformed("unknown-structure")
    return None if buyer is None else buyer.find("Party")


def _is_party(party: Element, customer_number: str) -> bool:
    """Return whether every identification is this number. Two different numbers do not identify a customer."""
    return {clean(element.text or "") for element in party.findall("PartyIdentification/ID")} == {customer_number}


def read_contacts(root: Element, max_count: int, settings: SilverSettings) -> ContactList:
    """Read an answer to SELECTCONTACT in any of three documented structures. Of equal numbers, the first one counts."""
    raw = root.tag == "WC_USER_MANAGEMENT"
    elements = [element for element in root.findall("CONTACT" if raw else "ErpContact/Contact") if len(element)]
    known = raw or root.tag in {"ContactResponse", "OrderResponse"} or root.find("ErpContact") is not None
    if len(root) and not known:
        raise ERP.malformed("unknown-structure")
    type_path = "ONLINE_USER_TYPE" if raw else "SesExtension/OnlineUserType"
    persons = [element for element in elements if value(element, type_path) not in settings.skipped_contact_types]
    contacts = [_raw_contact(element) if raw else _mapped_contact(element) for element in persons]
    complete = [contact for contact in contacts if contact.contact_number and contact.name]
    first: dict[str, ErpContact] = {}
    for contact in complete:
        first.setdefault(contact.contact_number, contact)
    return ContactList(
        contacts=tuple(first.values()),
        incomplete=len(contacts) - len(complete),
        full=is_full(len(elements), max_count, raw=raw),
    )


def is_full(listed: int, max_count: int, *, raw: bool) -> bool:
    """Return whether the ERP may have cut the list at MAXCOUNT.

    In the two mapped structures, an unknown number of company contacts is removed after the cut. There a list counts as
    full from half of MAXCOUNT. An ERP that lists more than MAXCOUNT ignores the limit, so its list is complete.
    """
    least = max_count if raw else max_count // 2
    return least <= listed <= max_count


def _raw_contact(element: Element) -> ErpContact:
    return ErpContact(
        contact_number=value(element, "NUMBER") or "",
        name=value(element, "NAME") or "",
        telephone=value(element, "PHONE_NUMBER"),
        telefax=value(element, "FAX_NUMBER"),
        email=value(element, "E_MAIL"),
        language_code=value(element, "LANGUAGE_CODE"),
    )


def _mapped_contact(element: Element) -> ErpContact:
    return ErpContact(
        contact_number=value(element, "ID") or "",
        name=value(element, "Name") or "",
        telephone=value(element, "Telephone"),
        telefax=value(element, "Telefax"),
        email=value(element, "ElectronicMail"),
        language_code=value(element, "LanguageCode", "SesExtension/LanguageCode"),
    )


def read_created_contact(root: Element) -> str:
    """Return the contact number in the answer to CREATECONTACT, at any place in the document."""
    for element in root.iter("CONTACT_NUMBER"):
        if number := clean(element.text or ""):
            return number
    if created := value(root, "CONTACT/NUMBER"):
        return created
    raise ERP.malformed("no-contact-number")
