"""What becomes of effects whose kind no room declares, and of pending entries when the number of shards changes."""

from datetime import timedelta
from itertools import count

import pytest

from customer_center.platform.dynamodb import from_item, transact
from customer_center.platform.journal import MAX_SHARDS, Effect, Journal
from customer_center.platform.outbox import Queues, UndeclaredEffectError, queue_effects, sweep
from tests.builders.companies import an_entry
from tests.fakes.clock import NOON

LATER = NOON.replace(hour=23)
MAIL = Effect("e1", "mail", {"user_id": "usr_x"})


class StubSqs:
    """Takes every message."""

    def __init__(self):
        self.taken, self.delays = [], []

    def send_message_batch(self, *, QueueUrl, Entries):  # noqa: N803 # AWS's names
        self.taken += [(QueueUrl, entry["Id"]) for entry in Entries]
        self.delays += [entry["DelaySeconds"] for entry in Entries]
        return {}


@pytest.fixture(params=["moto", "emulator", "dynamodb_local"])
def dynamodb(request):
    return request.getfixturevalue(f"{request.param}_client")("dynamodb")


@pytest.fixture
def table(dynamodb, create_table):
    return create_table(dynamodb, "JournalTable")


@pytest.fixture
def journal(dynamodb, table):
    return Journal(client=dynamodb, table=table)


@pytest.fixture
def sqs():
    return StubSqs()


@pytest.fixture
def queues(sqs):
    return Queues(client=sqs, urls={"mail": "mail-url"})


def written(dynamodb, journal, *effects):
    entry = an_entry(effects=effects)
    transact(dynamodb, [journal.write(entry)])
    return entry


def pending(journal):
    return {entry.entry_id for entry in journal.pending(before=LATER)}


def test_an_effect_that_no_room_declares_is_refused_before_anything_is_queued(dynamodb, journal, queues, sqs):
    entry = written(dynamodb, journal, MAIL, Effect("e2", "carrier_pigeon", {}))

    failed = queue_effects([entry], queues=queues, journal=journal)

    assert isinstance(failed[entry.entry_id], UndeclaredEffectError)
    assert str(failed[entry.entry_id]) == "no queue is declared for effects of kind carrier_pigeon"

    assert sqs.taken == []
    assert pending(journal) == {entry.entry_id}


def test_an_undeclared_effect_stays_pending_until_a_release_declares_it(dynamodb, journal, queues, sqs):
    stuck = written(dynamodb, journal, Effect("e2", "carrier_pigeon", {}))
    written(dynamodb, journal, MAIL)

    sweep(queues=queues, journal=journal, now=LATER, after=LATER - LATER)

    assert sqs.taken == [("mail-url", "e1")]
    assert pending(journal) == {stuck.entry_id}

    declared = Queues(client=sqs, urls={"mail": "mail-url", "carrier_pigeon": "loft-url"})
    sweep(queues=declared, journal=journal, now=LATER, after=LATER - LATER)

    assert sqs.taken[1:] == [("loft-url", "e2")]
    assert pending(journal) == set()


@pytest.mark.parametrize(("wanted", "delay"), [(0, 0), (0.2, 1), (599.5, 600), (7200, 900)])
def test_an_effect_may_be_delivered_later_within_the_limit_of_sqs(queues, sqs, wanted, delay):
    queues.send([MAIL], timedelta(seconds=wanted))
    assert sqs.delays == [delay]


@pytest.mark.parametrize("shards", [1, 8, MAX_SHARDS])
def test_entries_are_spread_over_the_configured_number_of_shards(dynamodb, table, shards):
    writing = Journal(client=dynamodb, table=table, pending_shards=shards)
    for _ in range(30):
        written(dynamodb, writing, MAIL)

    items = [from_item(item) for item in dynamodb.scan(TableName=table)["Items"]]

    # The rows of entries that are pending now were written like this: the rule of a given number never changes.
    assert all(item["pending"] == str(sum(item["sk"].encode()) % shards) for item in items)
    assert {item["pending"] for item in items} <= {str(shard) for shard in range(shards)}


@pytest.mark.parametrize(("before", "after"), [(8, MAX_SHARDS), (MAX_SHARDS, 8), (MAX_SHARDS, 1)])
def test_no_entry_is_left_behind_when_the_number_of_shards_changes(dynamodb, table, queues, sqs, before, after):
    """While a deployment runs, functions with either number add entries and sweep those of the others."""
    journals = [Journal(client=dynamodb, table=table, pending_shards=shards) for shards in (before, after)]
    mails = (Effect(f"e{number}", "mail", {}) for number in count())
    entries = {written(dynamodb, journal, next(mails)).entry_id for journal in journals for _ in range(20)}

    for journal in journals:
        assert pending(journal) == entries
    sweep(queues=queues, journal=journals[1], now=LATER, after=LATER - LATER)

    assert len(sqs.taken) == len(entries)
    assert pending(journals[0]) == set()


@pytest.mark.parametrize("shards", [0, -1, MAX_SHARDS + 1])
def test_a_number_of_shards_that_would_not_be_swept_is_refused(dynamodb, table, shards):
    with pytest.raises(ValueError, match=f"must be from 1 to {MAX_SHARDS}"):
        Journal(client=dynamodb, table=table, pending_shards=shards)
