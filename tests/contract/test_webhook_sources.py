"""What keeping sources of webhooks promises, of the fake and of the store in DynamoDB."""

from dataclasses import replace

import pytest

from customer_center.platform.errors import PreconditionFailed
from customer_center.platform.idempotency import AlreadyDone, Idempotency
from customer_center.platform.journal import Actor, Journal, new_entry
from customer_center.webhooks.model import Source, StoredSource
from customer_center.webhooks.store import SourceStore
from tests.fakes.clock import NOON
from tests.fakes.webhooks import FakeSources

SOURCE = Source("src_1", "product", "/sources/src_1", "AG-100", "newsletter", {"unknown_fields": "note"})
STORED = StoredSource(SOURCE, ("abcd", "efgh"), NOON, NOON)


def entry(subject="src_1"):
    of = {"partition": "account#AG-100", "actor": Actor("client", "key"), "action": "webhook_source.added"}
    return new_entry(**of, now=NOON, subject=subject, request_id="request")


@pytest.fixture(params=["fake", "moto", "emulator", "dynamodb_local"])
def sources(request, create_table):
    if request.param == "fake":
        return FakeSources()
    dynamodb = request.getfixturevalue(f"{request.param}_client")("dynamodb")
    customers, journal = (create_table(dynamodb, name) for name in ("CustomersTable", "JournalTable"))
    return SourceStore(client=dynamodb, table=customers, journal=Journal(client=dynamodb, table=journal))


def test_a_source_is_read_as_it_was_written(sources):
    sources.add(STORED, entry())
    assert sources.source("src_1") == sources.source("src_1", current=False) == STORED
    assert sources.source("src_2") is None
    with pytest.raises(PreconditionFailed):
        sources.add(STORED, entry())


def test_an_account_has_its_own_sources_oldest_first(sources):
    for source_id, account in (("src_2", "AG-100"), ("src_1", "AG-100"), ("src_3", "AG-2")):
        source = replace(SOURCE, source_id=source_id, account=account)
        sources.add(replace(STORED, source=source), entry(source_id))
    assert [stored.source.source_id for stored in sources.sources("AG-100")] == ["src_1", "src_2"]
    assert sources.sources("AG-3") == []


def test_a_source_is_changed_and_removed_by_one_of_two(sources):
    sources.add(STORED, entry())
    after = STORED.with_hints(("new", "abcd"), NOON)
    sources.change(STORED, after, entry())
    for stale in (sources.change, lambda before, *_: sources.remove(before, entry())):
        with pytest.raises(PreconditionFailed):
            stale(STORED, after, entry())
    assert sources.source("src_1") == after
    sources.remove(after, entry())
    assert sources.source("src_1") is None
    assert sources.sources("AG-100") == []


def test_a_source_is_added_once_for_one_request(sources):
    request = Idempotency("key", "hash")
    sources.remembering(request).add(STORED, entry())
    assert sources.remembered(request, NOON).subject == "src_1"
    with pytest.raises(AlreadyDone):
        sources.remembering(request).add(replace(STORED, source=replace(SOURCE, source_id="src_2")), entry("src_2"))
    assert sources.source("src_2") is None
