"""XML as it arrives from outside: bytes to elements and text, with nothing in between that a sender could abuse."""

import unicodedata
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from customer_center.connectors.silver.failures import malformed

_BEYOND_XML = frozenset("\ufffe\uffff")


def parse(document: bytes) -> Element:
    """Return the document's root, its tags without namespaces. Raises OutsideMalformed.

    DTDs are forbidden, and with them every kind of entity. The document's own encoding declaration counts.
    """
    try:
        root: Element = fromstring(document, forbid_dtd=True)
    except DefusedXmlException as error:
        raise malformed("dtd-or-entity") from error
    except (ParseError, ValueError, LookupError) as error:  # the latter two: encodings that expat or Python lack
        raise malformed("not-xml") from error
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    return root


def clean(text: str) -> str:
    """Return the text trimmed and without control characters and what XML cannot carry; line ends become blanks."""
    kept = (" " if char in "\t\n\r" else char for char in text if char in "\t\n\r" or _is_printable(char))
    return "".join(kept).strip()


def _is_printable(char: str) -> bool:
    return unicodedata.category(char) not in {"Cc", "Cs"} and char not in _BEYOND_XML


def value(element: Element, *paths: str) -> str | None:
    """Return the cleaned text of the first of these paths that has any; None when all are missing or empty."""
    for path in paths:
        if text := clean(element.findtext(path) or ""):
            return text
    return None
