"""Request documents and answers of the ERP's messages: pure functions on elements.

Structures and names come from silver.eShop's public documentation and from one logged call (docs/erp.md). Answers that
cannot be parsed raise OutsideMalformed.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from xml.etree.ElementTree import Element, SubElement

from customer_center.companies.erp_values import FaultyRecord, read_number, read_values
from customer_center.companies.model import ErpContact, ErpCustomer
from customer_center.connectors.silver.failures import ERP
from customer_center.connectors.silver.settings import SilverSettings
from customer_center.platform.flags import read_flag
from customer_center.platform.frozen import frozen
from customer_center.platform.xml import add, clean, texts, value

_TEXT_FIELDS = ("name", "telephone", "telefax", "language_code")
# Where the fields of a contact are, in the two structures.
_RAW: Mapping[str, Sequence[str]] = {
    "kind": ["ONLINE_USER_TYPE"],
    "contact_number": ["NUMBER"],
    "name": ["NAME"],
    "telephone": ["PHONE_NUMBER"],
    "telefax": ["FAX_NUMBER"],
    "email": ["E_MAIL"],
    "language_code": ["LANGUAGE_CODE"],
}
_MAPPED: Mapping[str, Sequence[str]] = {
    "kind": ["SesExtension/OnlineUserType"],
    "contact_number": ["ID"],
    "name": ["Name"],
    "telephone": ["Telephone"],
    "telefax": ["Telefax"],
    "email": ["ElectronicMail"],
    "language_code": ["LanguageCode", "SesExtension/LanguageCode"],
}
_CUSTOMER_NAME_LENGTH = 200
_ISO_6523 = r"[0-9]{4}"
_FILTER_CHARACTERS = frozenset("*?|&<>@=()'\"")


@frozen
class ContactList:
    """One answer to SELECTCONTACT, without the contacts that have no number or name."""

    contacts: tuple[ErpContact, ...]
    faulty: tuple[FaultyRecord, ...]
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


def read_customer(
    root: Element, customer_number: str, settings: SilverSettings
) -> tuple[ErpCustomer | None, Sequence[str]]:
    """Return the customer in the answer to SelectCustomer, and the faults of its record.

    The customer is None if the answer does not contain it. Raises OutsideMalformed for two different records of the
    customer, and for a flag in an unknown spelling.
    """
    parties = _parties(root, {"CustomerResponse", "OrderResponse"})
    read = [_customer(party, customer_number) for party in parties if _is_party(party, customer_number, settings)]
    if not read:
        return None, ()
    if any(customer != read[0][0] for customer, _ in read):
        raise ERP.malformed("two-records")
    return read[0]


def _customer(party: Element, customer_number: str) -> tuple[ErpCustomer, Sequence[str]]:
    emails = texts(party, "SesExtension/CustomerCenterMainContactEmail")
    given: dict[str, str | None] = {
        "name": next(texts(party, "PartyName/Name"), ""),
        "main_contact_email": ";".join(emails),
        "customer_posting_group": next(texts(party, "SesExtension/CustomerPostingGroup"), None),
    }
    values, faults = read_values(given, name_length=_CUSTOMER_NAME_LENGTH)
    customer = ErpCustomer(
        customer_number=customer_number,
        name=values["name"] or "",
        customer_center=_flag(party, "SesExtension/CustomerCenter"),
        main_contact_email=values["main_contact_email"],
        customer_posting_group=values["customer_posting_group"],
        blocked=_flag(party, "SesExtension/Blocked", "Blocked", holds=True),
    )
    return customer, faults


def _flag(party: Element, *paths: str, holds: bool = False) -> bool:
    """Return whether the flag is set. No value is "not set". Raises OutsideMalformed for an unknown spelling.

    Flags decide who gets in, so a spelling is never guessed. A flag may stand in several places: an empty place says
    nothing, and two places that differ are an error.
    """
    elements = [element for path in paths for element in party.findall(path)]
    given = [element.text or "" for element in elements if (element.text or "").strip()]
    # Text without a visible character is no known spelling, and not "no value".
    flags = {read_flag(clean(text) or text, holds=holds) for text in given}
    if None in flags or len(flags) > 1 or any(map(len, elements)):
        raise ERP.malformed(f"flag {paths[0].rpartition('/')[2]}")
    return True in flags


def read_invoice(root: Element, customer_number: str, invoice_number: str, settings: SilverSettings) -> bool:
    """Return whether the answer to InvoiceDetail is this invoice, sold (not only billed) to this customer.

    The answer must name the invoice, and no other; every buyer in it must be the customer.
    """
    parties = _parties(root, {"Invoice", "InvoiceDetailResponse", "OrderResponse"})
    if not parties or not all(_is_party(party, customer_number, settings) for party in parties):
        return False
    numbers = set(map(read_number, texts(root, "ID", "InvoiceID")))
    return numbers == {invoice_number} or not (numbers or settings.invoice_number_required)


def _parties(root: Element, known_roots: Collection[str]) -> Sequence[Element]:
    """Return the Party of every buyer. There is none in an empty root, and in a known root without a record."""
    buyers = [root] if root.tag == "BuyerCustomerParty" else root.findall("BuyerCustomerParty")
    if not buyers and len(root) and root.tag not in known_roots:
        raise ERP.malformed("unknown-structure")
    return [party for buyer in buyers for party in buyer.findall("Party")]


def _is_party(party: Element, customer_number: str, settings: SilverSettings) -> bool:
    """Return whether the party is the customer.

    A party may have several identifications (UBL: 0..n), for example a DUNS number. The customer number is the first
    one whose scheme is not that of another register. Any further number may be another customer's.
    """
    identifications = (
        element for element in party.findall("PartyIdentification/ID") if not _is_of_another_register(element, settings)
    )
    return next(filter(None, (read_number(element.text or "") for element in identifications)), "") == customer_number


def _is_of_another_register(identification: Element, settings: SilverSettings) -> bool:
    schemes = [identification.get(name, "").strip().casefold() for name in ("schemeID", "schemeName")]
    return any(scheme in settings.other_party_schemes or re.fullmatch(_ISO_6523, scheme) for scheme in schemes)


def read_contacts(root: Element, max_count: int, settings: SilverSettings) -> ContactList:
    """Read an answer to SELECTCONTACT in any of three documented structures. Of equal numbers, the first one counts."""
    raw = root.tag == "WC_USER_MANAGEMENT"
    elements = [element for element in root.findall("CONTACT" if raw else "ErpContact/Contact") if len(element)]
    known = raw or root.tag in {"ContactResponse", "OrderResponse"} or root.find("ErpContact") is not None
    if len(root) and not known:
        raise ERP.malformed("unknown-structure")
    paths = _RAW if raw else _MAPPED
    skipped = set(map(_kind, settings.skipped_contact_types))
    first: dict[str, ErpContact] = {}
    faulty = []
    for element in elements:
        if _kind(value(element, *paths["kind"])) in skipped:
            continue
        contact, faults = read_contact(element, paths)
        if contact and contact.contact_number in first:
            faults = [*faults, "contact_number-repeated"]
        if faults:
            number = contact.contact_number if contact else read_number(value(element, *paths["contact_number"]) or "")
            faulty.append(FaultyRecord(number, faults))
        if contact:
            first.setdefault(contact.contact_number, contact)
    return ContactList(
        contacts=tuple(first.values()),
        faulty=tuple(faulty),
        full=is_full(len(elements), max_count, raw=raw),
    )


def read_contact(element: Element, paths: Mapping[str, Sequence[str]]) -> tuple[ErpContact | None, Sequence[str]]:
    """Return the contact, and its faults. The contact is None without a usable number or without a name."""
    given: dict[str, str | None] = {field: next(texts(element, *paths[field]), None) for field in _TEXT_FIELDS}
    values, faults = read_values({**given, "email": ";".join(texts(element, *paths["email"]))})
    number = read_number(value(element, *paths["contact_number"]) or "")
    missing = [name for name, text in (("contact_number", number), ("name", values["name"])) if not text]
    if missing:
        return None, [*faults, *(f"{name}-missing" for name in missing)]
    contact = ErpContact(
        contact_number=number,
        name=values["name"] or "",
        telephone=values["telephone"],
        telefax=values["telefax"],
        email=values["email"],
        language_code=values["language_code"],
    )
    return contact, faults


def _kind(text: str | None) -> str:
    """Return the type of a contact without leading zeros and case: `00` is `0`."""
    return re.sub(r"^0+(?=.)", "", (text or "").strip().casefold())


def is_full(listed: int, max_count: int, *, raw: bool) -> bool:
    """Return whether the ERP may have cut the list at MAXCOUNT.

    In the two mapped structures, an unknown number of company contacts is removed after the cut. There a list counts as
    full from half of MAXCOUNT. An ERP that lists more than MAXCOUNT ignores the limit, so its list is complete.
    """
    least = max_count if raw else max_count // 2
    return least <= listed <= max_count


def read_created_contact(root: Element) -> str:
    """Return the contact number in the answer to CREATECONTACT, at any place in the document."""
    for text in (*texts(root, ".//CONTACT_NUMBER"), *texts(root, "CONTACT/NUMBER")):
        if number := read_number(text):
            return number
    raise ERP.malformed("no-contact-number")
