"""Tables for spreadsheet programs: CSV (RFC 4180), as we write it and as Excel and LibreOffice write it."""

import csv
import io
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import islice

from customer_center.platform.errors import BodyTooLarge, FieldError, InvalidInput, MalformedRequest
from customer_center.platform.frozen import frozen
from customer_center.platform.http import Csv
from customer_center.platform.printable import plain
from customer_center.platform.search import words

# Spreadsheet programs run a cell that begins with one of these characters as a formula (OWASP, "CSV Injection"). An
# apostrophe before the character makes the cell a text. Where the decimal sign is a comma, these programs start a new
# cell at every semicolon, even inside quotes.
_FORMULA = re.compile(r"(^|;)(?=[=+\-@\t\r])")
_GUARDED = re.compile(r"(^|;)'(?=[=+\-@\t\r])")

BYTES_AT_MOST = 1_000_000
"""The size of a table that is read. It is checked first, as text and cells take many times as much memory."""
_COLUMNS_AT_MOST = 100
# Some of a table's text that stands in for a header that nobody knows.
_SHOWN = 50
_DELIMITERS = ",;\t"
_BYTE_ORDER_MARK = "\ufeff"
# A line of Excel that names the delimiter; the program does not show it.
_SEPARATOR_LINE = re.compile(r'"?sep=([,;\t|])"?[,;\t]*\r?(?:\n|\Z)', re.IGNORECASE)
# Signs of Windows-1252 in names besides its letters. Others mean that the table has another encoding.
_SIGNS_OF_CP1252 = frozenset("€\u2013\u2014\u2018\u2019\u201a“”„…°\u00b4·«»\u00a0")


def written(header: Sequence[str], rows: Iterable[Sequence[str]]) -> Csv:
    """Return the table with its header. Cells that a spreadsheet program would run as formulas are made texts.

    The table begins with a byte order mark: without it, Excel takes UTF-8 for Windows-1252.
    """
    text = io.StringIO()
    text.write(_BYTE_ORDER_MARK)
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows([_harmless(cell) for cell in row] for row in rows)
    return Csv(text.getvalue())


def _harmless(cell: str) -> str:
    return _FORMULA.sub(r"\1'", cell)


@frozen
class Row:
    """One row: its number in the spreadsheet, and its cells by column, without blank cells.

    `surplus` is the letter of the first column that has text but no header, empty if there is none.
    """

    number: int
    cells: Mapping[str, str]
    surplus: str = ""


def read(
    table: bytes, *, columns: Mapping[str, Collection[str]], required: Collection[str], at_most: int
) -> Sequence[Row]:
    """Return the rows of a table, without blank rows and columns.

    `columns` maps each column's name to other headers that mean the same. Case, accents, blanks and signs of a header
    do not matter. Commas, semicolons or tabs separate the cells; the encoding is UTF-8, UTF-16 with a byte order mark,
    or Windows-1252. The apostrophes by which `written` makes texts of formulas are taken away again.

    Raises BodyTooLarge; MalformedRequest `csv-encoding`, `csv-invalid` or, with the row, `csv-row-invalid`;
    InvalidInput `csv-columns` with all wrong columns, `csv-too-long` for more than `at_most` rows.
    """
    if len(table) > BYTES_AT_MOST:
        raise BodyTooLarge("body-too-large")
    lines = _lines(_decoded(table))
    for _, header in lines:
        if any(header):
            break
    else:
        raise MalformedRequest("csv-invalid")
    names = _names(header, columns, required)
    filled = ((at, line) for at, line in lines if any(line))
    rows = [_row(at, names, line) for at, line in islice(filled, at_most + 1)]
    if len(rows) > at_most:
        raise InvalidInput("csv-too-long", rows=str(at_most))
    return rows


def _decoded(table: bytes) -> str:
    """Return the table's text. Raises MalformedRequest `csv-encoding`."""
    try:
        text = table.decode("utf-16" if table.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig")
    except ValueError:
        text = _decoded_as_cp1252(table)
    if "\ufffd" in text:
        # The gateway decodes bodies of the type `text/csv` and replaces bytes that are not UTF-8 by this character.
        raise MalformedRequest("csv-encoding")
    return text


def _decoded_as_cp1252(table: bytes) -> str:
    try:
        text = table.decode("cp1252")
    except ValueError:
        # Not chained, because the error's text repeats the input.
        raise MalformedRequest("csv-encoding") from None
    unlikely = {char for char in text if not char.isascii() and not (char.isalpha() or char in _SIGNS_OF_CP1252)}
    if unlikely or "ª" in text or "º" in text:
        raise MalformedRequest("csv-encoding")
    return text


def _lines(text: str) -> Iterator[tuple[int, Sequence[str]]]:
    """Yield each row's number and its cells. One row is read at a time, as a table may have many blank ones."""
    named = _SEPARATOR_LINE.match(text)
    delimiter = named[1] if named else _delimiter(text)
    reader = csv.reader(
        io.StringIO(text[named.end() :] if named else text, newline=""), delimiter=delimiter, strict=True
    )
    number = 0
    while True:
        number += 1
        try:
            line = next(reader)
        except StopIteration:
            return
        except csv.Error:
            raise MalformedRequest("csv-row-invalid", row=str(number)) from None
        yield number, [plain(_GUARDED.sub(r"\1", cell)) for cell in line]


def _delimiter(text: str) -> str:
    """Return the delimiter of the first line with text, which is the header."""
    first = next((line for line in re.finditer(r"[^\r\n]+", text) if line[0].strip(_DELIMITERS + ' "')), None)
    unquoted = re.sub(r'"[^"]*"', "", first[0]) if first else ""
    return max(_DELIMITERS, key=unquoted.count)


def _names(
    header: Sequence[str], columns: Mapping[str, Collection[str]], required: Collection[str]
) -> Sequence[str | None]:
    """Return the column's name for each header, None for a blank header. Raises InvalidInput with all wrong columns."""
    if len(header) > _COLUMNS_AT_MOST:
        raise MalformedRequest("csv-invalid")
    meant = {_key(word): name for name, others in columns.items() for word in (name, *others)}
    names = [meant.get(_key(cell)) if cell else None for cell in header]
    known = Counter(name for name in names if name)
    if not known:
        raise MalformedRequest("csv-invalid")
    wrong = [
        FieldError(_pointer(cell), "unknown-column")
        for cell, name in zip(header, names, strict=True)
        if cell and name is None
    ]
    wrong += [FieldError(f"/{name}", "duplicate-column") for name, times in known.items() if times > 1]
    wrong += [FieldError(f"/{name}", "required") for name in required if name not in known]
    if wrong:
        raise InvalidInput("csv-columns", wrong, columns=", ".join(columns))
    return names


def _key(header: str) -> str:
    return "".join(words(header))


def _pointer(header: str) -> str:
    return "/" + header[:_SHOWN].replace("~", "~0").replace("/", "~1")


def _row(number: int, names: Sequence[str | None], line: Sequence[str]) -> Row:
    cells: dict[str, str] = {}
    surplus = ""
    for place, cell in enumerate(line):
        name = names[place] if place < len(names) else None
        if cell and name:
            cells[name] = cell
        elif cell and not surplus:
            surplus = _letters(place)
    return Row(number, cells, surplus)


def _letters(place: int) -> str:
    """Return the letters by which spreadsheet programs name a column: A for 0, AA for 26."""
    high, low = divmod(place, 26)
    return (_letters(high - 1) if high else "") + chr(ord("A") + low)
