"""The journal, the outbox and the breaker on the DynamoDB and SQS of moto and of the emulator."""

import json
from datetime import UTC, datetime, timedelta
from itertools import count, pairwise

import pytest
from botocore.exceptions import ClientError

from customer_center.platform.breaker import DynamoDBBreaker
from customer_center.platform.dynamodb import Action, from_item, transact
from customer_center.platform.ids import new_ulid
from customer_center.platform.journal import Actor, Effect, Journal, from_image, new_effect
from customer_center.platform.outbox import NotQueuedError, Queues, queue_effects, sweep
from tests.builders.companies import COMPANY_ID, OTHER_COMPANY_ID, an_entry
from tests.builders.journal import entries_of
from tests.fakes.clock import NOON, FakeClock

_serial = count(1)


@pytest.fixture(params=["moto", "emulator", "dynamodb_local"])
def client(request):
    return request.getfixturevalue(f"{request.param}_client")


@pytest.fixture
def dynamodb(client):
    return client("dynamodb")


@pytest.fixture
def table(dynamodb, create_table):
    return create_table(dynamodb, "JournalTable")


@pytest.fixture
def journal(dynamodb, table):
    return Journal(client=dynamodb, table=table)


def _effects(*kinds):
    return tuple(new_effect(kind, NOON, user_id=f"user-{next(_serial)}") for kind in kinds)


def _written(dynamodb, journal, *entries):
    for entry in entries:
        transact(dynamodb, [journal.write(entry)])
    return entries


def _pending(journal, before):
    return [entry.entry_id for entry in journal.pending(before=before)]


# The journal


ENTRIES = [
    an_entry(),
    an_entry(at=datetime(2026, 1, 2, 3, 4, 5, 678000, UTC), actor=Actor("person", "usr_x"), action="user.changed"),
    an_entry(
        actor=Actor("visitor"),
        changes={
            "name": ["Anna", "Änna 🪑"],
            "contact_number": [None, "KT1"],
            "roles": [["buyer"], ["approver", "buyer"]],
            "email": ["x", ""],
        },
        effects=(Effect("e1", "mail", {"template": "invitation", "user_id": "usr_x"}), Effect("e2", "identity", {})),
    ),
]


@pytest.mark.parametrize("entry", ENTRIES)
def test_an_entry_is_read_as_written(dynamodb, journal, entry):
    _written(dynamodb, journal, entry)
    assert entries_of(journal, entry.partition) == [entry]


@pytest.mark.parametrize("entry", ENTRIES)
def test_an_entry_is_read_from_a_stream_record(dynamodb, journal, table, entry):
    _written(dynamodb, journal, entry)
    (image,) = dynamodb.scan(TableName=table)["Items"]
    assert from_image(json.loads(json.dumps(image))) == entry


def test_entries_of_a_company_come_oldest_first(dynamodb, journal):
    moments = [NOON + timedelta(minutes=minute) for minute in (3, 1, 2)]
    entries = _written(dynamodb, journal, *(an_entry(at=moment) for moment in moments))
    _written(dynamodb, journal, an_entry(company_id=OTHER_COMPANY_ID))
    assert entries_of(journal, COMPANY_ID) == [entries[1], entries[2], entries[0]]


def test_an_entry_is_written_with_its_change_or_not_at_all(dynamodb, journal, table):
    nowhere = {"pk": {"S": "x"}, "sk": {"S": "x"}}
    check = {"TableName": table, "Key": nowhere, "ConditionExpression": "attribute_exists(pk)"}
    with pytest.raises(ZeroDivisionError):
        transact(dynamodb, [journal.write(an_entry()), Action({"ConditionCheck": check}, ZeroDivisionError())])
    assert entries_of(journal, COMPANY_ID) == []


def test_only_entries_with_effects_are_pending(dynamodb, journal, table):
    _, second = _written(dynamodb, journal, an_entry(), an_entry(effects=_effects("mail")))
    assert _pending(journal, NOON + timedelta(minutes=1)) == [second.entry_id]
    assert ["pending" in from_item(item) for item in dynamodb.scan(TableName=table)["Items"]].count(True) == 1


def test_pending_entries_are_found_from_a_moment_on(dynamodb, journal):
    (entry,) = _written(dynamodb, journal, an_entry(at=NOON, effects=_effects("mail")))
    assert _pending(journal, NOON) == []
    assert _pending(journal, NOON + timedelta(milliseconds=1)) == [entry.entry_id]
    assert list(journal.pending(before=NOON + timedelta(days=1))) == [entry]


def test_pending_entries_are_found_in_every_shard_oldest_first(dynamodb, journal):
    moments = [NOON + timedelta(seconds=second) for second in range(40)]
    entries = _written(dynamodb, journal, *(an_entry(at=moment, effects=_effects("mail")) for moment in moments))
    found = _pending(journal, NOON + timedelta(hours=1))
    assert sorted(found) == sorted(entry.entry_id for entry in entries)
    falls = sum(one > next_one for one, next_one in pairwise(found))
    assert falls < 8, "one more for each further shard"


def test_a_cleared_entry_is_not_pending(dynamodb, journal):
    entry, other = _written(dynamodb, journal, *(an_entry(effects=_effects("mail")) for _ in range(2)))
    for _ in range(2):
        journal.clear_pending(entry)
        assert _pending(journal, NOON + timedelta(hours=1)) == [other.entry_id]
    assert entry in entries_of(journal, COMPANY_ID)


def test_clearing_an_entry_that_is_gone_makes_none(journal):
    journal.clear_pending(an_entry(effects=_effects("mail")))
    assert entries_of(journal, COMPANY_ID) == []


# The outbox


@pytest.fixture
def sqs(client):
    return client("sqs")


@pytest.fixture
def urls(sqs):
    kinds = ("mail", "identity", "erp_contact")
    return {kind: sqs.create_queue(QueueName=f"{kind}-{next(_serial)}")["QueueUrl"] for kind in kinds}


@pytest.fixture
def queues(sqs, urls):
    return Queues(client=sqs, urls=urls)


def _received(sqs, url):
    found = []
    while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        found += [Effect(**json.loads(message["Body"])) for message in messages]
    return sorted(found, key=lambda effect: effect.effect_id)


def _sorted(effects):
    return sorted(effects, key=lambda effect: effect.effect_id)


def test_each_effect_goes_to_the_queue_of_its_kind(sqs, urls, queues):
    effects = _effects("mail", "identity", "mail", "erp_contact")
    queues.send(list(effects))
    for kind, url in urls.items():
        assert _received(sqs, url) == _sorted(effect for effect in effects if effect.kind == kind)


@pytest.mark.parametrize("number", [0, 1, 10, 11, 25])
def test_any_number_of_effects_goes_in_batches_of_ten(sqs, urls, queues, number):
    effects = _effects(*["mail"] * number)
    queues.send(list(effects))
    assert _received(sqs, urls["mail"]) == _sorted(effects)


def test_queued_effects_are_not_pending_any_more(dynamodb, journal, sqs, urls, queues):
    (entry,) = _written(dynamodb, journal, an_entry(effects=_effects("mail", "identity")))
    for _ in range(2):
        queue_effects([entry], queues=queues, journal=journal)
        assert _pending(journal, NOON + timedelta(hours=1)) == []
    assert len(_received(sqs, urls["mail"])) == 2, "at least once"


class StubSqs:
    """A queue that refuses the messages of certain effects, or raises an error."""

    def __init__(self, refused=(), error=None):
        self.refused = set(refused)
        self.error = error
        self.taken = []

    def send_message_batch(self, *, QueueUrl, Entries):  # noqa: N803 # AWS's names
        if self.error:
            raise self.error
        failed = [entry["Id"] for entry in Entries if entry["Id"] in self.refused]
        self.taken += [entry["Id"] for entry in Entries if entry["Id"] not in failed]
        return {"Failed": [{"Id": name, "Code": "InternalError", "SenderFault": False} for name in failed]}


def _stubbed(**given):
    stub = StubSqs(**given)
    return stub, Queues(client=stub, urls=dict.fromkeys(("mail", "identity", "erp_contact"), "https://sqs.example"))


def test_an_effect_that_sqs_does_not_take_is_not_lost(dynamodb, journal):
    effects = _effects("mail", "mail")
    (entry,) = _written(dynamodb, journal, an_entry(effects=effects))
    stub, queues = _stubbed(refused=[effects[1].effect_id])
    failed = queue_effects([entry], queues=queues, journal=journal)
    assert isinstance(failed[entry.entry_id], NotQueuedError)
    assert str(failed[entry.entry_id]) == "InternalError"
    assert stub.taken == [effects[0].effect_id]
    assert _pending(journal, NOON + timedelta(hours=1)) == [entry.entry_id]


def test_a_queue_that_refuses_the_whole_call_is_the_same():
    error = ClientError({"Error": {"Code": "QueueDoesNotExist", "Message": ""}}, "SendMessageBatch")
    _, queues = _stubbed(error=error)
    with pytest.raises(NotQueuedError, match="QueueDoesNotExist"):
        queues.send(list(_effects("mail")))


def test_the_effects_of_many_entries_go_together_in_tens_and_all_lose_their_pending(dynamodb, journal):
    entries = _written(dynamodb, journal, *(an_entry(effects=_effects("mail", "identity")) for _ in range(12)))
    calls = []

    class CountingSqs(StubSqs):
        def send_message_batch(self, *, QueueUrl, Entries):  # noqa: N803 # AWS's names
            calls.append((QueueUrl, len(Entries)))
            return super().send_message_batch(QueueUrl=QueueUrl, Entries=Entries)

    queues = Queues(client=CountingSqs(), urls={"mail": "a", "identity": "b"})
    assert queue_effects(entries, queues=queues, journal=journal) == {}
    assert calls == [("a", 10), ("a", 2), ("b", 10), ("b", 2)]
    assert _pending(journal, NOON + timedelta(hours=1)) == []


def test_one_effect_that_sqs_refuses_keeps_only_its_own_entry(dynamodb, journal):
    entries = _written(dynamodb, journal, *(an_entry(effects=_effects("mail")) for _ in range(5)))
    _, queues = _stubbed(refused=[entries[3].effects[0].effect_id])
    assert queue_effects(entries, queues=queues, journal=journal).keys() == {entries[3].entry_id}
    assert _pending(journal, NOON + timedelta(hours=1)) == [entries[3].entry_id]


# The sweeper


def test_the_sweeper_queues_what_waits_for_long(dynamodb, journal, sqs, urls, queues):
    now = NOON + timedelta(minutes=10)
    ages = [1, 2, 3, 9]
    entries = [an_entry(at=now - timedelta(minutes=age), effects=_effects("mail")) for age in ages]
    _written(dynamodb, journal, *entries)
    oldest = sweep(queues=queues, journal=journal, now=now, after=timedelta(minutes=2))
    assert oldest == timedelta(minutes=9)
    assert _received(sqs, urls["mail"]) == _sorted(effect for entry in entries[2:] for effect in entry.effects)
    assert sorted(_pending(journal, now)) == sorted(entry.entry_id for entry in entries[:2])


def test_nothing_to_sweep(journal, queues):
    assert sweep(queues=queues, journal=journal, now=NOON, after=timedelta(minutes=2)) == timedelta()


def test_a_call_that_sqs_refuses_as_a_whole_leaves_its_entries_pending(dynamodb, journal):
    entries = _written(dynamodb, journal, *(an_entry(effects=_effects("mail")) for _ in range(5)))
    stub, queues = _stubbed()
    take = stub.send_message_batch

    def refuse(**_):
        raise ClientError({"Error": {"Code": "ThrottlingException", "Message": ""}}, "SendMessageBatch")

    stub.send_message_batch = refuse
    now = NOON + timedelta(minutes=5)
    assert sweep(queues=queues, journal=journal, now=now, after=timedelta()) == timedelta(minutes=5)
    assert sorted(_pending(journal, now)) == sorted(entry.entry_id for entry in entries)
    stub.send_message_batch = take
    sweep(queues=queues, journal=journal, now=now, after=timedelta())
    assert len(stub.taken) == 5
    assert _pending(journal, now) == []


def test_one_entry_that_cannot_be_queued_does_not_keep_the_others(dynamodb, journal):
    entries = _written(dynamodb, journal, *(an_entry(effects=_effects("mail")) for _ in range(5)))
    stuck = entries[2]
    stub, queues = _stubbed(refused=[stuck.effects[0].effect_id])
    now = NOON + timedelta(minutes=5)
    assert sweep(queues=queues, journal=journal, now=now, after=timedelta()) == timedelta(minutes=5)
    assert len(stub.taken) == 4
    assert _pending(journal, now) == [stuck.entry_id]
    stub.refused.clear()
    sweep(queues=queues, journal=journal, now=now, after=timedelta())
    assert _pending(journal, now) == []


# The breaker


@pytest.fixture
def breakers(dynamodb, create_table):
    """Return a function that makes a system's breaker as each sandbox does, and their common clock."""
    table, clock = create_table(dynamodb, "CompaniesTable"), FakeClock()

    def make(system="erp"):
        return DynamoDBBreaker(
            client=dynamodb, table=table, system=system, clock=clock, offline_for=timedelta(seconds=60)
        )

    return make, clock, table


def test_a_breaker_is_closed_until_it_trips(breakers):
    make, _, _ = breakers
    assert make().open_for("10000", 5) == 0


def test_all_sandboxes_see_that_a_system_is_offline_and_it_lapses_by_itself(breakers):
    make, clock, _ = breakers
    make().trip("10000", 5)
    assert make().open_for("10000", 5) == 60
    clock.advance(seconds=59.5)
    assert make().open_for("10000", 5) == 0.5
    clock.advance(seconds=0.5)
    assert make().open_for("10000", 5) == 0
    clock.advance(days=3)
    assert make().open_for("10000", 5) == 0


def test_a_second_trip_counts_anew(breakers):
    make, clock, _ = breakers
    make().trip("10000", 5)
    clock.advance(seconds=50)
    make().trip("10000", 5)
    assert make().open_for("10000", 5) == 60


def test_each_system_has_its_own_breaker(breakers):
    make, _, _ = breakers
    make("erp").trip("10000", 5)
    assert make("other").open_for("10000", 5) == 0


def test_a_breaker_leaves_the_table_some_day(breakers, dynamodb):
    make, clock, table = breakers
    make().trip("10000", 5)
    (item,) = dynamodb.scan(TableName=table)["Items"]
    assert from_item(item)["expires_at"] > clock.now().timestamp() + 60


def test_effect_ids_fit_a_batch():
    """SQS: up to 80 letters, digits, dashes and underscores."""
    assert new_ulid(NOON).isalnum()
    assert len(new_ulid(NOON)) <= 80
