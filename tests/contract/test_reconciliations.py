"""What keeping reconciliations promises, of the fake and of the store in DynamoDB."""

from datetime import timedelta

import pytest

from customer_center.customers.reconciliation import Finding, Reconciliation
from customer_center.customers.reconciliation_store import ReconciliationStore
from customer_center.platform.idempotency import AlreadyDone, Idempotency
from customer_center.platform.journal import Actor, new_entry
from tests.fakes.clock import NOON
from tests.fakes.reconciliations import FakeReconciliations

STARTED = Reconciliation(reconciliation_id="rec_1", account_id="AG-1", product="b", repair=True, started_at=NOON)
FOUND = [
    Finding("differing", "cus_1", "B-1", ("first_name", "phone"), repaired=True),
    Finding("extra", None, "B-2"),
    Finding("missing", "cus_3"),
]


@pytest.fixture
def reconciliations(fake_or_store):
    return fake_or_store(FakeReconciliations, ReconciliationStore)


def an_entry():
    actor = Actor("client", "key")
    return new_entry(
        partition="account#AG-1", now=NOON, actor=actor, action="product.reconciled", subject="rec_1", request_id="r"
    )


def test_a_reconciliation_is_kept_with_how_far_it_has_come(reconciliations):
    reconciliations.add(STARTED, an_entry())
    assert reconciliations.reconciliation("rec_1") == STARTED
    assert reconciliations.reconciliation("rec_2") is None
    next_page = STARTED.after_page(FOUND, 100, "cursor", NOON)
    assert reconciliations.advance(STARTED, next_page) is True
    assert reconciliations.reconciliation("rec_1") == next_page
    assert next_page.counts == {"held": 100, "differing": 1, "extra": 1, "missing": 1, "repaired": 1}
    done = next_page.after_page([], 5, None, NOON).after_page([], 0, None, NOON + timedelta(minutes=1))
    assert reconciliations.advance(next_page, done) is True
    assert reconciliations.reconciliation("rec_1") == done
    assert (done.step, done.counts["held"], done.finished_at) == ("account", 105, NOON + timedelta(minutes=1))


def test_of_two_workers_one_advances(reconciliations):
    reconciliations.add(STARTED, an_entry())
    one, other = (STARTED.after_page([], held, "cursor", NOON) for held in (1, 2))
    assert [reconciliations.advance(STARTED, after) for after in (one, other)] == [True, False]
    assert reconciliations.reconciliation("rec_1") == one


def test_a_repeated_request_adds_one(reconciliations):
    request = Idempotency("key", "hash")
    reconciliations.remembering(request).add(STARTED, an_entry())
    with pytest.raises(AlreadyDone):
        reconciliations.remembering(request).add(STARTED, an_entry())
    assert reconciliations.remembered(request, NOON).subject == "rec_1"


def test_differences_come_by_pages_each_once(reconciliations):
    for _ in range(2):
        reconciliations.note_found("rec_1", FOUND, NOON)
    reconciliations.note_found("rec_2", FOUND[:1], NOON)
    first = reconciliations.findings("rec_1", limit=2)
    assert (first.rows, first.more) == (FOUND[:2], True)
    rest = reconciliations.findings("rec_1", limit=2, after=first.rows[-1].key)
    assert rest.rows == FOUND[2:]
    assert reconciliations.findings("rec_3", limit=2).rows == []


def test_what_the_product_holds_is_noted_whatever_the_number(reconciliations):
    ids = [f"cus_{number}" for number in range(130)]
    reconciliations.note_seen("rec_1", [*ids, ids[0]], NOON)
    assert reconciliations.seen("rec_1", [*ids, "cus_none"]) == set(ids)
    assert reconciliations.seen("rec_2", ids) == set()
    assert reconciliations.seen("rec_1", []) == set()
    assert reconciliations.findings("rec_1", limit=10).rows == []


def test_products_are_reconciled_regularly_until_they_are_not(reconciliations):
    for _ in range(2):
        reconciliations.schedule("AG-2", "b")
        reconciliations.schedule("AG-1", "b")
    assert reconciliations.scheduled() == [("AG-1", "b"), ("AG-2", "b")]
    for _ in range(2):
        reconciliations.unschedule("AG-1", "b")
    assert reconciliations.scheduled() == [("AG-2", "b")]
