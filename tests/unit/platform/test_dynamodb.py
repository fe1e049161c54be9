"""Values in DynamoDB's notation, named refusals of transactions, and cursors that cannot be forged."""

from decimal import Decimal

import pytest
from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from customer_center.platform.dynamodb import Action, condition_failed, cursor_of, from_item, key_of, to_item, transact
from customer_center.platform.errors import InProgress, MalformedRequest, Overloaded
from tests.fakes.clock import FakeClock

SCALARS = st.none() | st.booleans() | st.integers(-(10**37), 10**37) | st.text() | st.decimals(-1000, 1000, places=2)
SETS = st.sets(st.text(min_size=1), min_size=1)
VALUES = st.recursive(SCALARS | SETS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=10)


def unordered(written):
    """A set in DynamoDB has no order."""
    match written:
        case {"SS": members, **nothing} if not nothing:
            return {"SS": sorted(members)}
        case dict():
            return {name: unordered(member) for name, member in written.items()}
        case list():
            return [unordered(member) for member in written]
        case _:
            return written


@given(VALUES)
def test_values_are_written_as_boto3_writes_them_and_read_as_they_were(value):
    item = to_item({"it": value})
    if value is None:
        assert item == {}
    else:
        assert item["it"] == unordered(TypeSerializer().serialize(value))
        assert from_item(item)["it"] == value == TypeDeserializer().deserialize(item["it"])


def test_whole_numbers_are_read_as_int_and_others_as_they_stand():
    read = from_item({"whole": {"N": "7"}, "hundred": {"N": "1E+2"}, "half": {"N": "0.5"}})
    assert read == {"whole": 7, "hundred": 100, "half": Decimal("0.5")}
    assert [type(value) for value in read.values()] == [int, int, Decimal]


@pytest.mark.parametrize("value", [0.5, b"bytes", object()])
def test_what_is_not_meant_to_be_kept_is_a_mistake_of_ours(value):
    with pytest.raises(TypeError):
        to_item({"it": value})


def test_an_empty_set_is_left_out():
    assert to_item({"it": set(), "too": frozenset()}) == {}


class StubDynamo:
    """Answers each transaction with the next list of reasons; an empty one is success."""

    class TransactionCanceledException(ClientError):
        """The same value, converted by boto3."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.exceptions = self
        self.sent = 0
        self.tokens = set()

    def transact_write_items(self, *, TransactItems, ClientRequestToken):  # noqa: N803 # AWS's names
        self.sent += 1
        self.tokens.add(ClientRequestToken)
        reasons = self.answers.pop(0)
        if isinstance(reasons, str):
            raise ClientError({"Error": {"Code": reasons, "Message": ""}}, "TransactWriteItems")
        if reasons:
            answer = {
                "Error": {"Code": "TransactionCanceledException", "Message": ""},
                "CancellationReasons": [{"Code": reason} for reason in reasons],
            }
            raise self.TransactionCanceledException(answer, "TransactWriteItems")


CONFLICT = ["None", "TransactionConflict"]
ACTIONS = [Action({"Put": {}}, KeyError("first")), Action({"Put": {}}, KeyError("second"))]


def test_a_transaction_that_goes_through_returns():
    assert transact(StubDynamo([]), ACTIONS) is None


@pytest.mark.parametrize(
    ("reasons", "refusal"),
    [
        (["ConditionalCheckFailed", "None"], "first"),
        (["None", "ConditionalCheckFailed"], "second"),
        (["ConditionalCheckFailed", "ConditionalCheckFailed"], "first"),
        (["TransactionConflict", "ConditionalCheckFailed"], "second"),
    ],
)
def test_a_failed_condition_raises_its_own_refusal(reasons, refusal):
    with pytest.raises(KeyError, match=refusal):
        transact(StubDynamo(reasons), ACTIONS)


def test_two_at_the_same_item_are_tried_again():
    stub, clock = StubDynamo(CONFLICT, CONFLICT, CONFLICT, []), FakeClock()
    transact(stub, ACTIONS, clock)
    assert stub.sent == 4
    assert sum(clock.slept) < 1.5


def test_after_four_tries_somebody_else_is_still_at_it():
    stub, clock = StubDynamo(*[CONFLICT] * 5), FakeClock()
    with pytest.raises(InProgress) as waits:
        transact(stub, ACTIONS, clock)
    assert (stub.sent, waits.value.retry_after) == (4, 1)


OVERLOADS = [
    ["ThrottlingError", "None"],
    ["None", "ProvisionedThroughputExceeded"],
    ["TransactionConflict", "ThrottlingError"],
    "ThrottlingException",
    "RequestLimitExceeded",
    "ProvisionedThroughputExceededException",
    "TransactionInProgressException",
    "InternalServerError",
]


@pytest.mark.parametrize("reasons", OVERLOADS, ids=str)
def test_a_throttled_transaction_is_tried_again_with_the_same_token(reasons):
    """With another token, a try after an error that came after the write would fail at its own conditions."""
    stub, clock = StubDynamo(reasons, reasons, reasons, []), FakeClock()
    transact(stub, ACTIONS, clock)
    assert (stub.sent, len(stub.tokens)) == (4, 1)
    assert len(set(clock.slept)) == 3


@pytest.mark.parametrize("reasons", OVERLOADS, ids=str)
def test_a_transaction_that_stays_throttled_is_given_up_within_its_time(reasons):
    stub, clock = StubDynamo(*[reasons] * 500), FakeClock()
    with pytest.raises(Overloaded) as waits:
        transact(stub, ACTIONS, clock)
    assert stub.sent > 4
    assert sum(clock.slept) <= 5
    assert (waits.value.code, waits.value.retry_after) == ("overloaded", 5)


def test_a_failed_condition_counts_more_than_a_throttle():
    with pytest.raises(KeyError, match="second"):
        transact(StubDynamo(["ThrottlingError", "ConditionalCheckFailed"]), ACTIONS, FakeClock())


@pytest.mark.parametrize(
    "reasons",
    [["ValidationError", "None"], ["ItemCollectionSizeLimitExceeded", "None"], "ValidationException", "AccessDenied"],
    ids=str,
)
def test_any_other_reason_stays_what_it_is(reasons):
    stub = StubDynamo(reasons)
    with pytest.raises(ClientError):
        transact(stub, ACTIONS, FakeClock())
    assert stub.sent == 1


def test_a_condition_without_a_refusal_stays_what_it_is():
    with pytest.raises(ClientError):
        transact(StubDynamo(["ConditionalCheckFailed"]), [Action({"Put": {}})], FakeClock())


@pytest.mark.parametrize(("code", "failed"), [("ConditionalCheckFailedException", True), ("Throttling", False)])
def test_a_failed_condition_of_a_single_write_is_known(code, failed):
    assert condition_failed(ClientError({"Error": {"Code": code}}, "UpdateItem")) is failed


WITHIN = {"sk": "user#"}


@given(st.text(max_size=200))
def test_a_cursor_comes_back_as_the_key_it_was(rest):
    key = to_item({"pk": "com_1", "sk": f"user#{rest}"})
    assert key_of(cursor_of(key), within=WITHIN, pk="com_1") == key


@given(st.text(max_size=300))
def test_any_other_text_is_refused_and_nothing_else_happens(text):
    with pytest.raises(MalformedRequest, match="cursor-invalid"):
        key_of(text, within=WITHIN, pk="com_1")


def test_no_cursor_is_the_beginning_and_no_key_the_end():
    assert key_of(None, within=WITHIN, pk="com_1") is None
    assert cursor_of(None) is None


def test_values_come_back_as_they_were():
    values = {"text": "ä", "number": 7, "yes": True, "map": {"a": None, "b": [1, "x"]}, "set": {"a", "b"}, "no": None}
    assert from_item(to_item(values)) == {name: value for name, value in values.items() if name != "no"}
