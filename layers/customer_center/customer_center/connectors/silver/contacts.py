"""Lists of contacts of any length: SelectContact's answer is read while it arrives, some contacts at a time."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import batched
from xml.etree.ElementTree import Element

from customer_center.companies.erp_values import FaultyRecords
from customer_center.companies.model import ErpContact
from customer_center.connectors.silver import messages, soap
from customer_center.connectors.silver.failures import ERP
from customer_center.connectors.silver.messages import ContactList
from customer_center.connectors.silver.settings import Message, SilverSettings
from customer_center.platform.hashes import Hashes
from customer_center.platform.log import logger
from customer_center.platform.outbound import MAX_ANSWER_BYTES
from customer_center.platform.xml import clean, value
from customer_center.platform.xml_stream import Path, Splitter

_GROWTH = 10
_TOGETHER = 200
"""Number of contacts that are read together, as if they were an answer of their own."""
# A document as text is the return value (Envelope, Body, answer, return) or an item (item, value) of the map there.
_TEXT_DEPTHS = range(3, 7)


def all_contacts(ask: Callable[[int], Iterator[ContactList]], settings: SilverSettings) -> Iterator[ErpContact]:
    """Yield the contacts of a customer, each number once. `ask` sends SelectContact with a MAXCOUNT.

    After a full answer it asks again with a larger MAXCOUNT, until the answer is not full or the limit is reached.
    """
    seen = Hashes()
    max_count = min(settings.max_count, settings.max_count_limit)
    while True:
        faulty, full = FaultyRecords(Message.SELECT_CONTACT), False
        for part in ask(max_count):
            full = part.full
            faulty.add(*part.faulty)
            for contact in part.contacts:
                if seen.add(hash(contact.contact_number)):
                    yield contact
        if not full or max_count >= settings.max_count_limit:
            break
        max_count = min(max_count * _GROWTH, settings.max_count_limit)
    if full:
        logger.warning("erp-contacts-maybe-cut", max_count=max_count)
    faulty.log()


def read_stream(pieces: Iterable[bytes], max_count: int, settings: SilverSettings) -> Iterator[ContactList]:
    """Yield the contacts of an answer to SELECTCONTACT, part by part. The last part has the right value of `full`.

    Every part is read by `messages.read_contacts`. Whether the ERP reported a failure is known only at the end.
    """
    splitter = Splitter(
        is_record=_is_contact, is_document=_is_document, malformed=ERP.malformed, at_most=MAX_ANSWER_BYTES
    )
    waiting: list[Element] = []
    taken, is_raw = 0, True
    for piece in pieces:
        splitter.feed(piece)
        waiting += [_contact(element, above) for element, above in splitter.take()]
        for some in batched(waiting[: len(waiting) // _TOGETHER * _TOGETHER], _TOGETHER, strict=True):
            yield messages.read_contacts(_answer(some), max_count, settings)
            taken += len(some)
        del waiting[: len(waiting) // _TOGETHER * _TOGETHER]
    rest = splitter.close()
    if splitter.repaired:
        logger.warning("erp-document-repaired")
    waiting += [_contact(element, above) for element, above in splitter.take()]
    if waiting:
        yield messages.read_contacts(_answer(waiting), max_count, settings)
        taken += len(waiting)
        is_raw = waiting[0].tag == "CONTACT"
    yield _last(rest, taken, max_count, settings, is_raw=is_raw)


def _last(rest: Element, taken: int, max_count: int, settings: SilverSettings, *, is_raw: bool) -> ContactList:
    """Check the answer without its contacts. A single contact of a SOAP map is still in it."""
    if settings.transport == "soap":
        rest = soap.read_answer(rest, settings.not_found_erp_statuses)
    left = messages.read_contacts(rest, max_count, settings)
    if taken:
        return ContactList(left.contacts, left.faulty, messages.is_full(taken, max_count, raw=is_raw))
    return left


def read_one(
    answer: Element, customer_number: str, contact_number: str, settings: SilverSettings
) -> tuple[ErpContact | None, bool]:
    """Return this contact from an answer to SELECTCONTACT, and whether the answer says that it is the customer's.

    None when the contact is not there, or belongs to another customer. Only raw XML says whose contact it is.
    """
    owners = {element: value(element, "ON_BEHALF_OF") for element in answer.findall("CONTACT")}
    for element, owner in owners.items():
        if owner not in {None, customer_number}:
            answer.remove(element)
    listed = messages.read_contacts(answer, 1, settings).contacts
    contact = next((contact for contact in listed if contact.contact_number == contact_number), None)
    return contact, bool(owners) and None not in owners.values()


def _is_contact(path: Path) -> bool:
    """Return whether the innermost element is a contact, as XML or as an item of an array in a SOAP map."""
    tags = [element.tag for element in path[-3:]]
    if tags[-2:] in (["WC_USER_MANAGEMENT", "CONTACT"], ["ErpContact", "Contact"]):
        return True
    return tags == ["item", "value", "item"] and path[-1].find("key") is None and bool(_key(path[-3]))


def _key(item: Element) -> str:
    """Return the name of contacts if a map's item contains contacts, otherwise nothing."""
    key = clean(item.findtext("key") or "")
    return key if key in {"CONTACT", "Contact"} else ""


def _contact(element: Element, above: Path) -> Element:
    """Return the contact in the form of raw XML."""
    if element.tag != "item":
        return element
    if any("href" in part.attrib for part in element.iter()):
        raise ERP.malformed("soap-multiref")
    contact = Element(_key(above[-2]))
    soap.fill(contact, element, depth=1)
    return contact


def _answer(contacts: Sequence[Element]) -> Element:
    """Return an answer that consists of these contacts."""
    if contacts[0].tag == "CONTACT":
        answer = Element("WC_USER_MANAGEMENT")
        answer.extend(contacts)
        return answer
    answer, listed = Element("ContactResponse"), Element("ErpContact")
    answer.append(listed)
    listed.extend(contacts)
    return answer


def _is_document(path: Path) -> bool:
    """Return whether text of the innermost element may be the answer's document, in a SOAP envelope."""
    if path[0].tag != "Envelope" or len(path) not in _TEXT_DEPTHS:
        return False
    if path[-1].tag == "key":
        return False
    return not any(
        element.tag in soap.ABOUT_THE_CALL or (element.findtext("key") or "") in soap.ABOUT_THE_CALL
        for element in path[3:]
    )
