"""XML of outside systems that is too long for memory: records are taken out of the document while it arrives."""

from collections.abc import Callable, Sequence
from xml.etree.ElementTree import Element, tostring
from xml.parsers import expat  # documents with a DTD are refused below, so there are no entities to expand

from customer_center.platform.xml import Repair

type Path = Sequence[Element]
"""The open elements, from the root to the innermost one."""

# What an element costs in memory, beside its text.
_ELEMENT_BYTES = 100


class Splitter:
    """Parses one document piece by piece. Finished records are taken out of it, so that it stays small.

    `is_record` gets the path of a finished element and says whether it is a record. `is_document` says whether the text
    of the innermost element is a document of its own, whose records are taken out too; the rest of that document
    becomes the text. Both are repaired (`platform.xml.Repair`).

    Tags lose their namespaces. Raises `malformed("dtd-or-entity")` for a document with a DTD,
    `malformed("too-large")` when more than `at_most` bytes are kept, and `malformed("not-xml")` for other errors.
    """

    def __init__(
        self,
        *,
        is_record: Callable[[Path], bool],
        malformed: Callable[[str], Exception],
        at_most: int,
        is_document: Callable[[Path], bool] = lambda _: False,
    ) -> None:
        self._is_record = is_record
        self._is_document = is_document
        self._malformed = malformed
        self._at_most = at_most
        self._records: list[tuple[Element, Path]] = []
        self._path: list[Element] = []
        self._texts: list[list[str]] = []
        # For each open element, what was kept before it began.
        self._marks: list[int] = []
        self._kept = 0
        self._root: Element | None = None
        self._inner: Splitter | None = None
        self._repair = Repair()
        self._nothing: bytes | str = b""
        self._parser = expat.ParserCreate(namespace_separator="}")
        self._parser.buffer_text = True
        self._parser.StartDoctypeDeclHandler = self._doctype
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text

    def feed(self, piece: bytes | str) -> None:
        """Parse the next piece."""
        self._nothing = piece[:0]
        self._parse(piece, last=False)

    @property
    def repaired(self) -> bool:
        """Whether the document had something that XML does not allow."""
        return self._repair.changed

    def take(self) -> list[tuple[Element, Path]]:
        """Return the records that were finished since the last call, each with the path above it."""
        taken, self._records = self._records, []
        return taken

    def close(self) -> Element:
        """End the document, and return its root without the records."""
        self._parse(self._nothing, last=True)
        assert self._root is not None  # a document without a root is not well-formed
        return self._root

    def _parse(self, piece: bytes | str, *, last: bool) -> None:
        try:
            self._parser.Parse(self._repair.feed(piece, last=last), last)
        except (expat.ExpatError, ValueError, LookupError) as error:  # the last two: unknown encodings
            raise self._malformed("not-xml") from error

    def _doctype(self, *_: object) -> None:
        raise self._malformed("dtd-or-entity")

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        element = Element(tag.rpartition("}")[2], attributes)
        if self._path:
            self._path[-1].append(element)
        self._path.append(element)
        self._texts.append([])
        self._marks.append(self._kept)
        self._keep(_ELEMENT_BYTES + len(tag) + sum(map(len, attributes)) + sum(map(len, attributes.values())))

    def _text(self, text: str) -> None:
        if len(self._path[-1]):
            return  # between elements: only blanks, in the documents that we read
        if self._inner is None and self._is_document(self._path):
            text = "".join([*self._texts[-1], text]).lstrip()
            self._texts[-1] = []
            if text.startswith("<"):
                self._inner = Splitter(
                    is_record=self._is_record, malformed=self._malformed, at_most=self._at_most - self._kept
                )
        if self._inner:
            self._inner.feed(text)
            self._records += self._inner.take()
            return
        self._texts[-1].append(text)
        self._keep(len(text))

    def _end(self, _: str) -> None:
        element, mark = self._path[-1], self._marks.pop()
        element.text = "".join(self._texts.pop())
        if self._inner:
            element.text = tostring(self._inner.close(), encoding="unicode")
            self._records += self._inner.take()
            self._repair.changed |= self._inner.repaired
            self._inner = None
        if self._is_record(self._path):
            above = self._path[:-1]
            above[-1].remove(element)
            self._records.append((element, above))
            self._kept = mark
        self._path.pop()
        if not self._path:
            self._root = element

    def _keep(self, size: int) -> None:
        self._kept += size
        if self._kept > self._at_most:
            raise self._malformed("too-large")
