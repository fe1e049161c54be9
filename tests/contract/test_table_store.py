"""What every room's store can do with its own table, whatever else is in it."""

from datetime import timedelta

import pytest

from customer_center.platform.dynamodb import from_item
from customer_center.platform.idempotency import AlreadyDone, Idempotency, Remembered
from customer_center.platform.journal import Journal
from customer_center.platform.table_store import TableStore
from tests.builders.companies import an_entry
from tests.builders.journal import entries_of
from tests.fakes.clock import NOON

REQUEST = Idempotency("digest", "hash of the request")
DAY = timedelta(days=1)


@pytest.fixture(params=["moto", "emulator", "dynamodb_local"])
def dynamodb(request):
    return request.getfixturevalue(f"{request.param}_client")("dynamodb")


@pytest.fixture
def make_store(dynamodb, create_table):
    """Return what makes the store of a room with a table of its own; all rooms share the journal."""
    journal = Journal(client=dynamodb, table=create_table(dynamodb, "JournalTable"))

    def make():
        return TableStore(client=dynamodb, table=create_table(dynamodb, "CompaniesTable"), journal=journal)

    return make


def test_an_applied_event_is_known_by_its_source_and_id_in_this_room(make_store):
    store, other_room = make_store(), make_store()

    store.note_applied("erp", "msg_1", NOON)
    store.note_applied("erp", "msg_1", NOON)

    assert store.was_applied("erp", "msg_1")
    assert not store.was_applied("erp", "msg_2")
    assert not store.was_applied("vendasta", "msg_1")
    assert not other_room.was_applied("erp", "msg_1")


def test_the_note_of_an_applied_event_is_kept_for_two_weeks(make_store, dynamodb):
    store = make_store()
    store.note_applied("erp", "msg_1", NOON)

    (item,) = dynamodb.scan(TableName=store._table)["Items"]

    expires_at = int((NOON + 14 * DAY).timestamp())
    assert from_item(item) == {"pk": "webhook#erp#msg_1", "sk": "webhook", "expires_at": expires_at}


def test_a_request_is_remembered_with_the_entry_of_its_change(make_store):
    store = make_store()
    entry = an_entry(subject="what it changed")

    store.remembering(REQUEST)._commit([], [entry])

    assert store.remembered(REQUEST, NOON) == Remembered("hash of the request", "what it changed")
    assert store.remembered(REQUEST, NOON + DAY) is None
    with pytest.raises(AlreadyDone):
        store.remembering(REQUEST)._commit([], [an_entry()])
    assert entries_of(store._journal, entry.partition) == [entry]


def test_a_store_that_was_not_asked_to_remembers_nothing(make_store):
    store = make_store()
    store.remembering(REQUEST)

    store._commit([], [an_entry()])

    assert store.remembered(REQUEST, NOON) is None
