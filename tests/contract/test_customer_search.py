"""What keeping the words of customers promises, of the fake and of the store in DynamoDB."""

from dataclasses import replace

import pytest

from customer_center.customers.search_ports import WordNote
from customer_center.customers.word_store import WordStore
from customer_center.platform.errors import PreconditionFailed
from tests.fakes.search import FakeWords

ACCOUNT = "AG-100"


@pytest.fixture
def words(fake_or_store):
    return fake_or_store(FakeWords, WordStore)


def noted(words, number, *given, account=ACCOUNT):
    """Note the words of customer `number` in the place of those before, and return the note."""
    before = words.noted(f"cus_{number}")
    after = WordNote(f"cus_{number}", account, frozenset(given), before.version + 1)
    words.change(replace(before, account_id=before.account_id or account), after)
    return after


def found(words, prefix, *, limit=10, after=None, account=ACCOUNT):
    part = words.beginning(account, prefix, limit=limit, after=after)
    return [(row.word, row.customer_id) for row in part.rows], part.more


def test_words_are_found_by_their_beginning(words):
    noted(words, 1, "anna", "muster", "@anna@muster.example")
    noted(words, 2, "annabel", "mühle", "王小明")
    assert found(words, "ann") == ([("anna", "cus_1"), ("annabel", "cus_2")], False)
    assert found(words, "annab") == ([("annabel", "cus_2")], False)
    assert found(words, "an") == found(words, "ann")
    assert found(words, "@anna@m") == ([("@anna@muster.example", "cus_1")], False)
    assert found(words, "王") == ([("王小明", "cus_2")], False)
    assert found(words, "annabelle") == found(words, "na") == ([], False)
    assert found(words, "ann", account="AG-2") == ([], False)


def test_words_are_found_in_pages(words):
    for number in range(1, 4):
        noted(words, number, "muster")
    assert found(words, "mus", limit=2) == ([("muster", "cus_1"), ("muster", "cus_2")], True)
    assert found(words, "mus", limit=2, after="muster#cus_2") == ([("muster", "cus_3")], False)
    assert found(words, "mus", after="muster#cus_3") == ([], False)
    assert found(words, "mus", after="muster#cus_10") == ([("muster", "cus_2"), ("muster", "cus_3")], False)


def test_a_note_replaces_the_words_before(words):
    assert words.noted("cus_1") == WordNote("cus_1", "")
    noted(words, 1, "anna", "muster")
    after = noted(words, 1, "anna", "neumann")
    assert words.noted("cus_1") == after
    assert found(words, "muster") == ([], False)
    assert found(words, "neumann") == ([("neumann", "cus_1")], False)
    nothing = noted(words, 1)
    assert words.noted("cus_1") == nothing
    assert found(words, "anna") == ([], False)


def test_a_note_that_was_changed_meanwhile_changes_nothing(words):
    first = words.noted("cus_1")
    noted(words, 1, "anna")
    before = words.noted("cus_1")
    after = noted(words, 1, "berta")
    for stale in (first, before):
        with pytest.raises(PreconditionFailed):
            words.change(stale, WordNote("cus_1", ACCOUNT, frozenset({"carla"}), stale.version + 1))
    assert words.noted("cus_1") == after
    assert found(words, "carla") == ([], False)
    assert found(words, "berta") == ([("berta", "cus_1")], False)


def test_ninety_nine_words_change_at_once(words):
    noted(words, 1, *(f"a{number:02}" for number in range(99)))
    assert len(found(words, "a1")[0]) == 10
