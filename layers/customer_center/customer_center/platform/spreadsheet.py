"""Tables as spreadsheets write and read them: CSV (RFC 4180)."""

import csv
import io
from collections.abc import Iterable, Sequence

from customer_center.platform.http import Csv

# A cell that begins so is run as a formula (OWASP, "CSV Injection"); behind an apostrophe it is text.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def written(header: Sequence[str], rows: Iterable[Sequence[str]]) -> Csv:
    """Return the table with its header, no cell of which a spreadsheet program runs."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows([_harmless(cell) for cell in row] for row in rows)
    return Csv(text.getvalue())


def _harmless(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA) else cell
