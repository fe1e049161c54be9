"""XML of outside systems: safe parsing, and well-formed output."""

import unicodedata
from collections.abc import Callable
from xml.etree.ElementTree import Element, ParseError, SubElement, tostring

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

_NOT_IN_XML = frozenset("\ufffe\uffff")


def parse(document: bytes, malformed: Callable[[str], Exception]) -> Element:
    """Return the document's root. Tags lose their namespaces. The encoding is the one that the document declares.

    Raises `malformed("dtd-or-entity")` for a document with a DTD or entities, `malformed("not-xml")` for other errors.
    """
    try:
        root: Element = fromstring(document, forbid_dtd=True)
    except DefusedXmlException as error:
        raise malformed("dtd-or-entity") from error
    except (ParseError, ValueError, LookupError) as error:  # the last two: unknown encodings
        raise malformed("not-xml") from error
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    return root


def clean(text: str) -> str:
    """Return the trimmed text. Tabs and line ends become blanks; other controls and non-XML characters are removed."""
    kept = (" " if char in "\t\n\r" else char for char in text if char in "\t\n\r" or _is_printable(char))
    return "".join(kept).strip()


def _is_printable(char: str) -> bool:
    return unicodedata.category(char) not in {"Cc", "Cs"} and char not in _NOT_IN_XML


def value(element: Element, *paths: str) -> str | None:
    """Return the cleaned text of the first path that has text, or None if all are missing or empty."""
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
