"""Tables as spreadsheet programs read and write them."""

import csv
import io
import re
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customer_center.platform.errors import InvalidInput, MalformedRequest
from customer_center.platform.spreadsheet import read, written

# Text of people: what the API lets in has no control characters; the guard is for what an ERP may send besides.
CELLS = st.text(st.characters(exclude_categories=["Cs"]))
WORDS = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffd"))
TABLES = st.lists(st.lists(CELLS, min_size=2, max_size=2))


def _read(text):
    return list(csv.reader(io.StringIO(text, newline="")))


@given(TABLES)
def test_a_table_is_read_as_written_but_for_its_guards(rows):
    header, *read = _read(written(["one", "two"], rows))
    assert header == ["one", "two"]
    assert _unguarded(read) == _unguarded(rows)


def _unguarded(rows):
    return [[re.sub(r"(^|;)'(?=[=+\-@\t\r])", r"\1", cell) for cell in row] for row in rows]


@given(TABLES)
def test_no_cell_is_run_as_a_formula(rows):
    """Nor a part of one: spreadsheet programs in many languages begin a new cell at each semicolon."""
    for row in _read(written(["one", "two"], rows))[1:]:
        parts = [part for cell in row for part in cell.split(";")]
        assert not any(part.startswith(("=", "+", "-", "@", "\t", "\r")) for part in parts)


@pytest.mark.parametrize(
    ("cell", "safe"),
    [
        ("=1+1", "'=1+1"),
        ("+49 30", "'+49 30"),
        ("-1", "'-1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("a=1", "a=1"),
        ("Otto;=1+1", "Otto;'=1+1"),
        ("Otto; Mehl", "Otto; Mehl"),
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


# Reading

COLUMNS = ("name", "roles", "note")


def _table(text, *, at_most=10):
    body = text if isinstance(text, bytes) else text.encode()
    return read(body, columns=COLUMNS, required=("name",), at_most=at_most)


@given(
    st.lists(st.tuples(WORDS, WORDS), max_size=5),
    st.sampled_from([",", ";"]),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]),
    st.sampled_from(["utf-8", "utf-8-sig"]),
)
def test_what_a_spreadsheet_writes_is_read(rows, delimiter, end, quoting, encoding):
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator=end, quoting=quoting)
    writer.writerows([("name", "roles"), *rows])
    cells = [dict(zip(("name", "roles"), map(str.strip, row), strict=True)) for row in rows]
    expected = [{name: cell for name, cell in row.items() if cell} for row in cells]
    assert [row.cells for row in _table(text.getvalue().encode(encoding))] == [row for row in expected if row]


@given(st.binary(max_size=200))
def test_whatever_comes_is_a_table_or_refused(noise):
    for table in (noise, b"name,roles\r\n" + noise):
        with suppress(MalformedRequest, InvalidInput):
            _table(table)


@pytest.mark.parametrize(
    "table",
    [
        "",
        "\n",
        "name,name\nx,y",
        "name,other\nx,y",
        "roles,note\nx,y",
        "name|roles\nx|y",
        'name,roles\n"x,y',
        'name,roles\n"x"y,z',
        b"name,roles\n\xff\xfe,x",
        "name,roles\nx,y".encode("utf-16"),
        "name\n" + "x" * 200_000,
        '{"name": "x"}',
        # Windows-1252, as a gateway hands it over that has read it as UTF-8.
        "name\n" + "Jörg Größe".encode("cp1252").decode(errors="replace"),
    ],
    ids=range(13),
)
def test_what_is_no_table_with_these_columns_is_refused(table):
    with pytest.raises(MalformedRequest, match="csv-invalid"):
        _table(table)


def test_columns_come_in_any_order_and_case():
    assert _table("Roles, NAME \nbuyer,Anna")[0].cells == {"roles": "buyer", "name": "Anna"}


def test_rows_are_numbered_as_a_spreadsheet_shows_them():
    rows = _table('name,note\nAnna,x\n\n , \n"Bill","two\nlines"\nCem,z\n')
    assert [(row.number, row.cells["name"]) for row in rows] == [(2, "Anna"), (5, "Bill"), (6, "Cem")]


def test_blank_and_missing_cells_are_left_out_and_surplus_ones_told():
    rows = _table("name,roles,note\nAnna\nBill,,x,\nCem,a,b,c")
    assert [(row.cells, row.surplus) for row in rows] == [
        ({"name": "Anna"}, False),
        ({"name": "Bill", "note": "x"}, False),
        ({"name": "Cem", "roles": "a", "note": "b"}, True),
    ]


def test_a_table_has_a_bound_in_which_blank_rows_do_not_count():
    assert len(_table("name\n" + "x\n\n" * 10)) == 10
    with pytest.raises(InvalidInput, match="csv-too-long") as refused:
        _table("name\n" + "x\n" * 11)
    assert refused.value.values == {"rows": "10"}
