"""Tables as spreadsheet programs read and write them."""

import csv
import io
import re
import tracemalloc
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customer_center.companies.limits import IMPORT_BYTES
from customer_center.platform.errors import BodyTooLarge, InvalidInput, MalformedRequest
from customer_center.platform.printable import plain
from customer_center.platform.spreadsheet import BYTES_AT_MOST, read, written

# Text of people: what the API lets in has no control characters; the guard is for what an ERP may send besides.
CELLS = st.text(st.characters(exclude_categories=["Cs"]))
WORDS = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffd"))
TABLES = st.lists(st.lists(CELLS, min_size=2, max_size=2))


def _read(table):
    return list(csv.reader(io.StringIO(table.removeprefix("\ufeff"), newline="")))


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
    table = written(["a", "b"], [['x "y"', "1,2"], ["line\nbreak", ""]])
    assert table.removeprefix("\ufeff") == 'a,b\r\n"x ""y""","1,2"\r\n"line\nbreak",\r\n'


def test_a_table_begins_with_a_byte_order_mark_so_that_excel_reads_its_umlauts():
    assert written(["name"], [["Jürgen"]]).encode() == b"\xef\xbb\xbfname\r\nJ\xc3\xbcrgen\r\n"


# Reading

COLUMNS = {"name": ("Nom complet", "Vollständiger Name"), "roles": ("Rolle(n)",), "note": ()}


def _table(text, *, at_most=10):
    body = text if isinstance(text, bytes) else text.encode()
    return read(body, columns=COLUMNS, required=("name",), at_most=at_most)


@given(
    st.lists(st.tuples(WORDS, WORDS), max_size=5),
    st.sampled_from([",", ";", "\t"]),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
def test_what_a_spreadsheet_writes_is_read(rows, delimiter, end, quoting, encoding):
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator=end, quoting=quoting)
    writer.writerows([("name", "roles"), *rows])
    cells = [dict(zip(("name", "roles"), map(_read_cell, row), strict=True)) for row in rows]
    expected = [{name: cell for name, cell in row.items() if cell} for row in cells]
    assert [row.cells for row in _table(text.getvalue().encode(encoding))] == [row for row in expected if row]


def _read_cell(cell):
    return plain(re.sub(r"(^|;)'(?=[=+\-@\t\r])", r"\1", cell))


@given(st.lists(st.tuples(WORDS, WORDS), max_size=5))
def test_what_we_write_is_read_as_it_was(rows):
    """What was exported can be imported again: without the apostrophes that make formulas texts."""
    rows = [tuple(plain(re.sub(r"(^|;)'(?=[=+\-@\t\r])", r"\1", cell)) for cell in row) for row in rows]
    kept = [{name: cell for name, cell in zip(("name", "roles"), row, strict=True) if cell} for row in rows if any(row)]
    assert [row.cells for row in _table(written(["name", "roles"], rows))] == kept


@given(st.binary(max_size=200))
def test_whatever_comes_is_a_table_or_refused(noise):
    for table in (noise, b"name,roles\r\n" + noise):
        with suppress(MalformedRequest, InvalidInput):
            _table(table)


@pytest.mark.parametrize(
    ("table", "code"),
    [
        ("", "csv-invalid"),
        ("\n", "csv-invalid"),
        (";;;\n,,,\n", "csv-invalid"),
        ("other,columns\nx,y", "csv-invalid"),
        ("name|roles\nx|y", "csv-invalid"),
        ('{"name": "x"}', "csv-invalid"),
        ("name" + "," * 100 + "\nx", "csv-invalid"),
        ('name,roles\n"x,y', "csv-row-invalid"),
        ('name,roles\nz,z\n"x"y,z', "csv-row-invalid"),
        ("name\n" + "x" * 200_000, "csv-row-invalid"),
        (b"name,roles\n\x81,x", "csv-encoding"),
        ("name\nŁukasz Żak".encode("cp1250"), "csv-encoding"),
        # Windows-1252, as a gateway hands it over that has read it as UTF-8.
        ("name\n" + "Jörg Größe".encode("cp1252").decode(errors="replace"), "csv-encoding"),
    ],
    ids=range(13),
)
def test_what_is_no_table_is_refused(table, code):
    with pytest.raises(MalformedRequest, match=code):
        _table(table)


def test_a_row_that_cannot_be_read_is_named():
    with pytest.raises(MalformedRequest, match="csv-row-invalid") as refused:
        _table('name,roles\nx,y\n\nx,"y"z\n')
    assert refused.value.values == {"row": "4"}


@pytest.mark.parametrize(
    ("header", "errors"),
    [
        ("name,other", [("/other", "unknown-column")]),
        ("roles,note", [("/name", "required")]),
        ("roles,a/b,~", [("/a~1b", "unknown-column"), ("/~0", "unknown-column"), ("/name", "required")]),
        ("name,Nom complet", [("/name", "duplicate-column")]),
        ("name,password,NAME", [("/password", "unknown-column"), ("/name", "duplicate-column")]),
    ],
)
def test_wrong_columns_are_all_named_with_those_that_are_possible(header, errors):
    with pytest.raises(InvalidInput, match="csv-columns") as refused:
        _table(f"{header}\nx,y")
    assert [(error.pointer, error.code) for error in refused.value.errors] == errors
    assert refused.value.values == {"columns": "name, roles, note"}


READ = [(2, {"name": "Jürgen", "roles": "a;b"}), (3, {"name": "Zoë"})]


@pytest.mark.parametrize(
    "table",
    [
        "name,roles\nJürgen,a;b\nZoë,\n",
        '\ufeffname;roles\r\nJürgen;"a;b"\r\nZoë;\r\n',
        "name\troles\r\nJürgen\ta;b\r\nZoë\t\r\n",
        'name;roles;\r\nJürgen;"a;b";\r\nZoë;;\r\n',
        'name;roles;;;;\r\nJürgen;"a;b";;;;\r\nZoë;;;;;\r\n;;;;;\r\n;;;;;\r\n',
        ';name;;roles\r\n;Jürgen;;"a;b"\r\n;Zoë;;\r\n',
        '"name","roles"\n"Jürgen","a;b"\n"Zoë",""',
        'NAME ; Roles\nJürgen;"a;b"\nZoë',
        '\u200ename\u00a0;roles\u200b\nJürgen ;"a;b\u200e"\n\u00a0Zoë;\u00a0',
        'Vollständiger Name;Rolle(n)\nJürgen;"a;b"\nZoë;',
        'VOLLSTANDIGER_NAME*;ROLLE N\nJürgen;"a;b"\nZoë;',
    ],
    ids=range(11),
)
def test_what_excel_and_libreoffice_write_is_the_same_table(table):
    assert [(row.number, row.cells) for row in _table(table)] == READ
    assert not any(row.surplus for row in _table(table))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_the_encodings_of_excel_are_read(encoding):
    text = "name;roles\r\nJürgen;a|b\r\nZoë \u2013 “Söhne”;\r\n"
    cells = [row.cells for row in _table(text.encode(encoding))]
    assert cells == [{"name": "Jürgen", "roles": "a|b"}, {"name": "Zoë \u2013 “Söhne”"}]


def test_a_line_that_names_the_delimiter_is_not_part_of_the_table():
    """Excel reads such a line and does not show it."""
    rows = _table("sep=;\r\nname;roles\r\nAnna, B.;x\r\n")
    assert [(row.number, row.cells) for row in rows] == [(2, {"name": "Anna, B.", "roles": "x"})]


def test_columns_come_in_any_order_and_case():
    assert _table("Roles, NAME \nbuyer,Anna")[0].cells == {"roles": "buyer", "name": "Anna"}


def test_rows_are_numbered_as_a_spreadsheet_shows_them():
    rows = _table('name,note\nAnna,x\n\n , \n"Bill","two\nlines"\nCem,z\n')
    assert [(row.number, row.cells["name"]) for row in rows] == [(2, "Anna"), (5, "Bill"), (6, "Cem")]
    assert [row.number for row in _table(";\n\nname;note\nAnna;\n")] == [4]


def test_blank_and_missing_cells_are_left_out_and_surplus_ones_told_by_their_column():
    rows = _table("name,roles,note\nAnna\nBill,,x,\nCem,a,b,c,,d" + "\nDea" + "," * 27 + "x")
    assert [(row.cells, row.surplus) for row in rows] == [
        ({"name": "Anna"}, ""),
        ({"name": "Bill", "note": "x"}, ""),
        ({"name": "Cem", "roles": "a", "note": "b"}, "D"),
        ({"name": "Dea"}, "AB"),
    ]
    assert _table("name,,note\nAnna,x,y")[0].surplus == "B"


def test_a_table_has_a_bound_in_which_blank_rows_do_not_count():
    assert len(_table("name\n" + "x\n\n" * 10)) == 10
    with pytest.raises(InvalidInput, match="csv-too-long") as refused:
        _table("name\n" + "x\n" * 11)
    assert refused.value.values == {"rows": "10"}


BIG = {
    "rows": b"name,roles\n" + b"x,y\n" * 240_000,
    "blank-rows": b"name\n" + b"\n" * 990_000,
    "separators": b"name\n" + b"," * 990_000,
    "rows-of-separators": b"name\n" + (b"," * 99 + b"\n") * 9_900,
    "columns": b"name," * 190_000,
    "one-cell": b'name\n"' + b"x" * 990_000,
    "quotes": b"name\n" + b'"' * 990_000,
    "wide-letters": ("name\n" + "\U0001f600" * 240_000).encode(),
    "4-mb": b"name,roles\n" + b"x,y\n" * 1_000_000,
}


@pytest.mark.parametrize("table", BIG.values(), ids=BIG)
def test_a_big_table_is_bounded_before_it_is_read(table):
    """A table of 4 MB took 315 MB of memory."""
    tracemalloc.start()
    try:
        with suppress(MalformedRequest, InvalidInput, BodyTooLarge):
            _table(table)
        assert tracemalloc.get_traced_memory()[1] < 25_000_000
    finally:
        tracemalloc.stop()


def test_a_table_beyond_the_bound_is_not_even_decoded():
    with pytest.raises(BodyTooLarge, match="body-too-large"):
        _table(b"name\n" + b"\n" * BYTES_AT_MOST)


def test_settings_tell_pages_the_size_that_is_checked():
    assert IMPORT_BYTES == BYTES_AT_MOST
