"""XML of outside systems: safe parsing, and well-formed output."""

import codecs
import re
import sys
from collections.abc import Callable, Iterator
from functools import cache
from html.entities import name2codepoint
from typing import Final
from xml.etree.ElementTree import Element, ParseError, SubElement, tostring

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from customer_center.platform.printable import cleaned

_STAND_IN: Final = "\x81"
"""Stands for a character that XML does not allow. XML allows this one, and `clean` removes it."""

_HEAD = 300
"""Number of bytes in which a document declares its encoding."""
# Patterns are compiled by their first use (`_pattern`): most documents need no repair, and cold starts should not wait.
_DECLARATION = r"<\?xml\b[^>]*\?>"
_BEFORE = "\ufeff \t\r\n"
"""What may stand before a document."""
_DECLARED_ENCODING = rb"<\?xml\b[^>]*?\bencoding\s*=\s*[\"']([A-Za-z0-9._-]+)[\"']"
_BYTE_ORDER_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_NOT_IN_XML = "[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"
# Sections in which references and tags are plain text.
_PLAIN = r"<!\[CDATA\[|<!--"
_ENDS = {"<![CDATA[": "]]>", "<!--": "-->"}
# A reference other than the five of XML, an ampersand that begins no reference, and a "less than" that begins no tag.
_WRONG = (
    r"&(?!(?:amp|lt|gt|quot|apos);)"
    r"(?:(?:\#(?P<decimal>[0-9]{1,9})|\#x(?P<hexadecimal>[0-9A-Fa-f]{1,8})|(?P<name>[A-Za-z][A-Za-z0-9]{0,30}));)?"
    r"|<(?![^\W\d]|[/!?:])"
)
# What may go on in the next piece: the beginning of a reference, or of a tag or section.
_LONGEST = 40
_UNFINISHED = r"(?:&[#A-Za-z0-9]{0,31}|<|<!(?:\[[A-Z]{0,5}|-)?)\Z"


@cache
def _pattern[Text: (str, bytes)](text: Text) -> re.Pattern[Text]:
    return re.compile(text)


def parse(document: bytes | str, malformed: Callable[[str], Exception], repaired: Callable[[], object]) -> Element:
    """Return the document's root. Tags lose their namespaces. Bytes have the encoding that the document declares.

    One wrong character in one record must not cost all the others. A document that is no XML is therefore repaired,
    `repaired` is called, and the document is parsed once more. The repair replaces, in text, what XML does not allow:
    control characters (also as a reference), a lone `&` or `<`, and entities of HTML. Bytes that are not in the
    declared encoding are read as Windows-1252.

    Raises `malformed("dtd-or-entity")` for a document with a DTD or entities, `malformed("not-xml")` for other errors.
    """
    try:
        try:
            root: Element = fromstring(document, forbid_dtd=True)
        except ParseError:
            root = fromstring(Repair().feed(document, last=True), forbid_dtd=True)
            repaired()
    except DefusedXmlException as error:
        raise malformed("dtd-or-entity") from error
    except (ParseError, ValueError, LookupError) as error:  # the last two: unknown encodings
        raise malformed("not-xml") from error
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    return root


class Repair:
    """Replaces what XML does not allow in a document that arrives in pieces. `parse` says what that is.

    The repaired document has no XML declaration, because it is text. `changed` is whether anything was replaced, except
    bytes in a wrong encoding.
    """

    def __init__(self) -> None:
        self.changed = False
        self._head = b""
        self._decoder: codecs.IncrementalDecoder | None = None
        self._begun = False
        self._waiting = ""
        self._ends_with = ""

    def feed(self, piece: bytes | str, *, last: bool = False) -> str:
        """Return the next part of the repaired document. Raises LookupError for an unknown encoding.

        The pieces are all bytes, in the encoding that the document declares, or all text.
        """
        text = self._waiting + (piece if isinstance(piece, str) else self._decoded(piece, last=last))
        if not self._begun and (text or last):
            text = text.lstrip(_BEFORE)
            if declaration := _pattern(_DECLARATION).match(text):
                text = text[declaration.end() :].lstrip(_BEFORE)
            self._begun = bool(text)
        fit = _pattern(_NOT_IN_XML).sub(_STAND_IN, text)
        self.changed |= fit != text
        return "".join(self._parts(fit, last=last))

    def _decoded(self, piece: bytes, *, last: bool) -> str:
        if self._decoder is None:
            self._head += piece
            if len(self._head) < _HEAD and not last:
                return ""
            piece, self._head = self._head, b""
            marked = next((name for mark, name in _BYTE_ORDER_MARKS if piece.startswith(mark)), None)
            declared = _pattern(_DECLARED_ENCODING).search(piece, 0, _HEAD)
            name = marked or (declared[1].decode("ascii") if declared else "utf-8")
            self._decoder = codecs.getincrementaldecoder(name)(_WINDOWS_1252)
        return self._decoder.decode(piece, last)

    def _parts(self, text: str, *, last: bool) -> Iterator[str]:
        """Yield the parts of the text, repaired outside sections. Its end may wait for the next piece."""
        self._waiting = ""
        start = 0
        while start < len(text):
            if self._ends_with:
                end = text.find(self._ends_with, start)
                if end < 0:
                    stop = len(text) if last else max(start, len(text) - len(self._ends_with) + 1)
                    self._waiting = text[stop:]
                    yield text[start:stop]
                    return
                stop = end + len(self._ends_with)
                self._ends_with = ""
                yield text[start:stop]
            else:
                opening = _pattern(_PLAIN).search(text, start)
                unfinished = (
                    None if opening or last else _pattern(_UNFINISHED).search(text, max(start, len(text) - _LONGEST))
                )
                ordinary = text[start : opening.start() if opening else unfinished.start() if unfinished else None]
                repaired = _pattern(_WRONG).sub(_well_formed, ordinary)
                self.changed |= repaired != ordinary
                yield repaired
                self._waiting = unfinished[0] if unfinished else ""
                self._ends_with = _ENDS[opening[0]] if opening else ""
                stop = opening.end() if opening else len(text)
                yield opening[0] if opening else ""
            start = stop


def _as_windows_1252(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)
    return error.object[error.start : error.end].decode("cp1252", "replace"), error.end


_WINDOWS_1252 = "customer_center.windows-1252"
codecs.register_error(_WINDOWS_1252, _as_windows_1252)


def _well_formed(found: re.Match[str]) -> str:
    if found[0] == "<":
        return "&lt;"
    if name := found["name"]:
        return chr(name2codepoint[name]) if name in name2codepoint else f"&amp;{name};"
    if number := found["decimal"] or found["hexadecimal"]:
        code = int(number, 10 if found["decimal"] else 16)
        return found[0] if code <= sys.maxunicode and not _pattern(_NOT_IN_XML).match(chr(code)) else _STAND_IN
    return "&amp;"


def clean(text: str) -> str:
    """Return the text as one line that can be shown (`platform.printable.cleaned`)."""
    return cleaned(text)


def texts(element: Element, *paths: str) -> Iterator[str]:
    """Yield the uncleaned texts at these paths that have a visible character, path by path. Elements may repeat."""
    for path in paths:
        for found in element.findall(path):
            if found.text and clean(found.text):
                yield found.text


def value(element: Element, *paths: str) -> str | None:
    """Return the cleaned text of the first element that has text, path by path, or None if there is none."""
    return next(map(clean, texts(element, *paths)), None)


def add(parent: Element, name: str, text: str | None = "") -> Element:
    """Append an element with the cleaned text to the parent, and return it."""
    element = SubElement(parent, name)
    element.text = clean(text or "")
    return element


def serialized(root: Element) -> bytes:
    """Return the document in UTF-8, with an XML declaration."""
    document: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return document
