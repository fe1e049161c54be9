"""Tables as spreadsheet programs take and give them."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customer_center.platform.spreadsheet import written

# Text of people: what the API lets in has no control characters; the guard is for what an ERP may send besides.
CELLS = st.text(st.characters(exclude_categories=["Cs"]))
TABLES = st.lists(st.lists(CELLS, min_size=2, max_size=2))


def _read(text):
    return list(csv.reader(io.StringIO(text, newline="")))


@given(TABLES)
def test_a_table_is_read_as_written_but_for_its_guards(rows):
    header, *read = _read(written(["one", "two"], rows))
    assert header == ["one", "two"]
    unguarded = [[cell[1:] if cell[:1] == "'" and cell[1:2] in "=+-@\t\r" else cell for cell in row] for row in read]
    given_ = [[cell[1:] if cell[:1] == "'" and cell[1:2] in "=+-@\t\r" else cell for cell in row] for row in rows]
    assert unguarded == given_


@given(TABLES)
def test_no_cell_is_run_as_a_formula(rows):
    for row in _read(written(["one", "two"], rows))[1:]:
        assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in row)


@pytest.mark.parametrize(
    ("cell", "safe"),
    [
        ("=1+1", "'=1+1"),
        ("+49 30", "'+49 30"),
        ("-1", "'-1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("a=1", "a=1"),
        ("", ""),
        ("'quoted", "'quoted"),
    ],
)
def test_what_begins_like_a_formula_is_made_text(cell, safe):
    assert _read(written(["one"], [[cell]]))[1] == [safe] if cell else [""]


def test_lines_end_and_cells_are_quoted_as_rfc_4180_says():
    assert (
        written(["a", "b"], [['x "y"', "1,2"], ["line\nbreak", ""]]) == 'a,b\r\n"x ""y""","1,2"\r\n"line\nbreak",\r\n'
    )
