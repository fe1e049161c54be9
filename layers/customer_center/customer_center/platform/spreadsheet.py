"""Tables for spreadsheet programs: CSV (RFC 4180)."""

import csv
import io
import re
from collections.abc import Collection, Iterable, Mapping, Sequence

from customer_center.platform.errors import InvalidInput, MalformedRequest
from customer_center.platform.frozen import frozen
from customer_center.platform.http import Csv

# Spreadsheet programs run a cell that begins with one of these characters as a formula (OWASP, "CSV Injection"). An
# apostrophe before the character makes the cell a text. Where the decimal sign is a comma, these programs start a new
# cell at every semicolon, even inside quotes.
_FORMULA = re.compile(r"(^|;)(?=[=+\-@\t\r])")


def written(header: Sequence[str], rows: Iterable[Sequence[str]]) -> Csv:
    """Return the table with its header. Cells that a spreadsheet program would run as formulas are made texts."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows([_harmless(cell) for cell in row] for row in rows)
    return Csv(text.getvalue())


def _harmless(cell: str) -> str:
    return _FORMULA.sub(r"\1'", cell)


@frozen
class Row:
    """One row: its number in the spreadsheet (the header is row 1), and its cells by column, without blank cells.

    `surplus` is true if the row has text beyond the last column.
    """

    number: int
    cells: Mapping[str, str]
    surplus: bool = False


def read(table: bytes, *, columns: Collection[str], required: Collection[str], at_most: int) -> Sequence[Row]:
    """Return the rows of a UTF-8 table, without blank rows. Commas or semicolons separate the cells.

    Raises MalformedRequest `csv-invalid` if the table cannot be parsed or its columns are wrong. Raises InvalidInput
    `csv-too-long` for more than `at_most` rows.
    """
    try:
        # Spreadsheet programs write a byte order mark. Where the decimal sign is a comma, they write semicolons.
        text = table.decode("utf-8-sig")
        if "\ufffd" in text:
            # The gateway decodes bodies as text and replaces bytes that are not UTF-8 by this character.
            raise MalformedRequest("csv-invalid")
        first_line = text.partition("\n")[0]
        delimiter = ";" if first_line.count(";") > first_line.count(",") else ","
        header, *lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    except (ValueError, csv.Error):
        # Not chained, because the error's text repeats the input.
        raise MalformedRequest("csv-invalid") from None
    names = [name.strip().lower() for name in header]
    if len(set(names)) != len(names) or not set(required) <= set(names) <= set(columns):
        raise MalformedRequest("csv-invalid")
    rows = [_row(number, names, line) for number, line in enumerate(lines, start=2) if any(map(str.strip, line))]
    if len(rows) > at_most:
        raise InvalidInput("csv-too-long", rows=str(at_most))
    return rows


def _row(number: int, names: Sequence[str], line: Sequence[str]) -> Row:
    cells = {name: cell.strip() for name, cell in zip(names, line, strict=False) if cell.strip()}
    return Row(number, cells, surplus=any(map(str.strip, line[len(names) :])))
