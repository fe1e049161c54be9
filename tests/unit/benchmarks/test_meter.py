"""The meter of DynamoDB's units counts as AWS's Developer Guide says, by the guide's own examples.

Its pages: "DynamoDB item sizes and formats", "DynamoDB read and write operations", "Using Global Secondary Indexes"
(section "Provisioned throughput considerations", write capacity units).
"""

import pytest

from benchmarks.meter import Index, index_of, size, write_units

KB = 1024


def item(size_in_bytes):
    """Return an item of exactly that size."""
    return {"it": {"S": "x" * (size_in_bytes - len("it"))}}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        # Text: its bytes in UTF-8.
        ({"S": "größe"}, 7),
        # A number: one byte for two significant digits, zeroes at the ends not counted, and one more.
        ({"N": "27"}, 2),
        ({"N": "100"}, 2),
        ({"N": "1795515330"}, 6),
        # Null and Boolean: one byte.
        ({"NULL": True}, 1),
        ({"BOOL": False}, 1),
        # List and map: three bytes, and one more for each member.
        ({"L": []}, 3),
        ({"L": [{"S": "ab"}, {"S": "c"}]}, 3 + (1 + 2) + (1 + 1)),
        ({"M": {"ab": {"S": "c"}}}, 3 + (1 + 2 + 1)),
        ({"SS": ["ab", "c"]}, 3),
    ],
)
def test_an_attribute_weighs_its_name_and_its_value(value, expected):
    assert size({"four": value}) == 4 + expected


@pytest.mark.parametrize(("size_in_bytes", "units"), [(500, 1), (KB, 1), (KB + 1, 2), (3 * KB + 512, 4)])
def test_a_write_takes_a_unit_per_kilobyte_begun(size_in_bytes, units):
    """The guide's BatchWriteItem: 500 bytes and 3.5 KB count as 1 KB + 4 KB."""
    assert write_units(None, item(size_in_bytes), [], transactional=False) == units


@pytest.mark.parametrize(("size_in_bytes", "units"), [(500, 2), (KB, 2), (3 * KB, 6)])
def test_in_a_transaction_a_write_takes_twice_as_much(size_in_bytes, units):
    assert write_units(None, item(size_in_bytes), [], transactional=True) == units


def test_an_update_takes_the_larger_of_the_item_before_and_after():
    assert write_units(item(3 * KB), item(100), [], transactional=False) == 3
    assert write_units(item(100), item(3 * KB), [], transactional=False) == 3


def test_a_deletion_takes_what_was_there_and_one_unit_for_nothing():
    assert write_units(item(2 * KB), None, [], transactional=False) == 2
    assert write_units(None, None, [], transactional=False) == 1


def test_a_check_and_a_refused_write_take_what_a_write_would():
    same = item(600)
    assert write_units(same, same, [], transactional=True) == 2
    assert write_units(same, same, [], transactional=False) == 1


INDEX = Index(("list", "at"), None)


def row(**values):
    return {"pk": {"S": "1"}, **{name: {"S": value} for name, value in values.items()}}


@pytest.mark.parametrize(
    ("before", "after", "units"),
    [
        # The item comes into the index, being new or getting the attribute: one write.
        (None, row(list="a", at="1"), 1),
        (row(at="1"), row(list="a", at="1"), 1),
        # Its key in the index changes from A to B: one write to delete the old row, one to put the new one.
        (row(list="a", at="1"), row(list="b", at="1"), 2),
        # It leaves the index: one write.
        (row(list="a", at="1"), row(at="1"), 1),
        (row(list="a", at="1"), None, 1),
        # It is not in the index, before or after: none.
        (row(at="1"), row(at="2"), 0),
        # Another value that the row holds changes: one write.
        (row(list="a", at="1", name="x"), row(list="a", at="1", name="y"), 1),
        # Nothing changes: none.
        (row(list="a", at="1"), row(list="a", at="1"), 0),
    ],
)
def test_an_index_row_is_charged_when_it_changes(before, after, units):
    assert write_units(before, after, [INDEX], transactional=False) == 1 + units


def test_an_index_that_does_not_hold_an_attribute_is_not_written_for_it():
    description = {
        "KeySchema": [{"AttributeName": "list"}, {"AttributeName": "at"}],
        "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["name"]},
    }
    index = index_of(description, ["pk"])
    before = row(list="a", at="1", name="x")

    assert write_units(before, {**before, "user": {"S": "u"}}, [index], transactional=False) == 1
    assert write_units(before, {**before, "name": {"S": "y"}}, [index], transactional=False) == 2


def test_an_index_row_takes_a_unit_per_kilobyte_begun_of_what_it_holds():
    large = {**row(list="a", at="1"), "text": {"S": "x" * 2 * KB}}
    narrow = Index(("list", "at"), frozenset({"list", "at", "pk"}))

    assert write_units(None, large, [INDEX], transactional=False) == 3 + 3
    assert write_units(None, large, [narrow], transactional=False) == 3 + 1


def test_an_index_row_is_written_outside_of_the_transaction():
    assert write_units(None, row(list="a", at="1"), [INDEX], transactional=True) == 2 + 1
