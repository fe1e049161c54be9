"""XML from and for outside systems: safe to read, well-formed when written."""

import unicodedata
from collections.abc import Callable
from xml.etree.ElementTree import Element, ParseError, SubElement, tostring

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

_NOT_IN_XML = frozenset("\ufffe\uffff")


def parse(document: bytes, malformed: Callable[[str], Exception]) -> Element:
    """Return the document's root; tags have no namespaces. The document's own encoding declaration counts.

    Raises what `malformed` returns: for `dtd-or-entity`, because DTDs and entities are forbidden, or for `not-xml`.
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
    """Return the text trimmed, without control characters and characters that XML excludes; line ends become blanks."""
    kept = (" " if char in "\t\n\r" else char for char in text if char in "\t\n\r" or _is_printable(char))
    return "".join(kept).strip()


def _is_printable(char: str) -> bool:
    return unicodedata.category(char) not in {"Cc", "Cs"} and char not in _NOT_IN_XML


def value(element: Element, *paths: str) -> str | None:
    """Return the cleaned text at the first of these paths that has any; None when all are missing or empty."""
    for path in paths:
        if text := clean(element.findtext(path) or ""):
            return text
    return None


def add(parent: Element, name: str, text: str | None = "") -> Element:
    """Append an element with the cleaned text to the parent, and return it."""
    element = SubElement(parent, name)
    element.text = clean(text or "")
    return element


def serialized(root: Element) -> bytes:
    """Return the document in UTF-8, with an XML declaration."""
    document: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return document
