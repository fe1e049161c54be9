"""Tables for spreadsheet programs: CSV (RFC 4180)."""

import csv
import io
import re
from collections.abc import Collection, Iterable, Mapping, Sequence

from customer_center.platform.errors import InvalidInput, MalformedRequest
from customer_center.platform.frozen import frozen
from customer_center.platform.http import Csv

# Spreadsheet programs run a cell that begins like this as a formula (OWASP, "CSV Injection"); after an apostrophe it is
# text. In countries with a decimal comma they begin a new cell at each semicolon, quoted or not.
_FORMULA = re.compile(r"(^|;)(?=[=+\-@\t\r])")


def written(header: Sequence[str], rows: Iterable[Sequence[str]]) -> Csv:
    """Return the table with its header. No cell of it is run as a formula."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows([_harmless(cell) for cell in row] for row in rows)
    return Csv(text.getvalue())


def _harmless(cell: str) -> str:
    return _FORMULA.sub(r"\1'", cell)


@frozen
class Row:
    """One row: its number in the spreadsheet (the header is 1), and its cells by column, without blank ones.

    `surplus` says that it has more cells than there are columns.
    """

    number: int
    cells: Mapping[str, str]
    surplus: bool = False


def read(table: bytes, *, columns: Collection[str], required: Collection[str], at_most: int) -> Sequence[Row]:
    """Return the rows of a UTF-8 table with commas or semicolons between the cells, without blank rows.

    Raises MalformedRequest `csv-invalid` for anything else and for other columns; InvalidInput `csv-too-long` for more
    than `at_most` rows.
    """
    try:
        # Spreadsheet programs write a byte order mark. With a decimal comma they separate cells by semicolons.
        text = table.decode("utf-8-sig")
        if "\ufffd" in text:
            # The gateway decodes bodies as text and replaces bytes that are not UTF-8 by this character.
            raise MalformedRequest("csv-invalid")
        first_line = text.partition("\n")[0]
        delimiter = ";" if first_line.count(";") > first_line.count(",") else ","
        header, *lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    except (ValueError, csv.Error):
        # The error's text would repeat the input, so it is not chained.
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
