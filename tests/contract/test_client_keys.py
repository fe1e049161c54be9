"""What every `ClientKeys` promises: the fake, the store on moto, the store on the emulator."""

from dataclasses import replace
from datetime import timedelta

import pytest

from customer_center.clients.entries import OPERATOR
from customer_center.clients.model import Scope, new_key_secret
from customer_center.clients.store import ClientKeyStore
from customer_center.platform.errors import PreconditionFailed
from customer_center.platform.idempotency import AlreadyDone, Idempotency, Remembered
from customer_center.platform.journal import Journal
from tests.builders.clients import a_key
from tests.builders.companies import an_entry
from tests.builders.journal import entries_of
from tests.contract.conftest import at_once
from tests.fakes.clients import FakeClientKeys
from tests.fakes.clock import NOON

REQUEST = Idempotency("digest", "hash of the request")


def _store(dynamodb, create_table):
    companies, journal = (create_table(dynamodb, name) for name in ("CompaniesTable", "JournalTable"))
    store = ClientKeyStore(client=dynamodb, table=companies, journal=Journal(client=dynamodb, table=journal))
    return store, lambda: entries_of(Journal(client=dynamodb, table=journal), OPERATOR)


@pytest.fixture(params=["fake", "moto", "emulator", "dynamodb_local"])
def kept(request, create_table):
    """The keys, and a function that returns the journal's entries."""
    if request.param == "fake":
        fake = FakeClientKeys()
        return fake, lambda: fake.entries
    return _store(request.getfixturevalue(f"{request.param}_client")("dynamodb"), create_table)


@pytest.fixture
def keys(kept):
    return kept[0]


def _entry(key=None, **given):
    return an_entry(company_id=OPERATOR, subject=key.key_id if key else "something", **given)


FULL = a_key(
    scopes=frozenset(Scope),
    accounts=frozenset({"acc_1", "acc_2"}),
    product="newbase",
    partner_id="VMF",
    secrets=(new_key_secret("one secret", NOON), new_key_secret("two secrets", NOON + timedelta(days=1))),
    revoked_at=NOON + timedelta(days=2),
    ancestors=(a_key(7).key_id, a_key(8).key_id),
    expires_at=NOON + timedelta(days=9),
    version=7,
)


@pytest.mark.parametrize("key", [FULL, a_key(), a_key(secrets=())], ids=["everything", "little", "no-secret"])
def test_a_key_is_kept_as_it_is(keys, key):
    keys.add(key, _entry())
    assert keys.key(key.key_id) == key


def test_a_key_nobody_added_is_none(keys):
    assert keys.key("0" * 26) is None
    assert keys.keys() == []


def test_all_keys_are_listed_oldest_first(keys):
    for serial in (3, 1, 2):
        keys.add(a_key(serial), _entry())
    assert list(keys.keys()) == [a_key(serial) for serial in (1, 2, 3)]


def test_a_key_is_as_its_ancestors_are(keys):
    first, second, third = a_key(1), a_key(2, ancestors=(a_key(1).key_id,)), a_key(3)
    third = replace(third, ancestors=(first.key_id, second.key_id))
    for key in (first, second, third):
        keys.add(key, _entry())
    assert list(keys.keys()) == [first, second, third]
    keys.change(first, first.changed(NOON, revoked_at=NOON, secrets=()), _entry())
    for found in (keys.key(third.key_id), keys.keys()[2]):
        assert found == replace(third, revoked_at=NOON, secrets=())
    assert keys.key(second.key_id).revoked_at == NOON


def test_a_key_whose_issuer_is_gone_is_revoked(keys):
    """A restored table may hold the one and not the other."""
    orphan = a_key(2, ancestors=(a_key(1).key_id,))
    keys.add(orphan, _entry())
    assert keys.key(orphan.key_id).revoked_at
    assert keys.keys()[0].revoked_at


@pytest.mark.parametrize(("scope", "more"), [(Scope.OPERATOR, {Scope.KEYS_MANAGE}), (Scope.COMPANIES_READ, set())])
def test_a_key_of_the_time_when_operators_managed_keys_is_read(moto_client, create_table, scope, more):
    client = moto_client("dynamodb")
    keys, _ = _store(client, create_table)
    keys.add(a_key(scopes=frozenset({scope})), _entry())
    table = keys._table
    key = {"pk": {"S": f"client_key#{a_key().key_id}"}, "sk": {"S": "client_key"}}
    client.update_item(TableName=table, Key=key, UpdateExpression="REMOVE ancestors")
    old = keys.key(a_key().key_id)
    assert old == a_key(scopes=frozenset({scope, *more}))
    keys.change(old, old.changed(NOON), _entry())
    assert keys.key(old.key_id).scopes == {scope, *more}


def test_a_new_operator_key_does_not_manage_keys(keys):
    keys.add(a_key(scopes=frozenset({Scope.OPERATOR})), _entry())
    assert keys.key(a_key().key_id).scopes == {Scope.OPERATOR}


def test_every_change_is_journalled_where_operators_look(kept):
    keys, entries = kept
    key = a_key()
    added, changed = _entry(key), _entry(key, action="client_key.revoked")
    keys.add(key, added)
    keys.change(key, key.changed(NOON, revoked_at=NOON), changed)
    assert [entry.entry_id for entry in entries()] == [added.entry_id, changed.entry_id]
    assert keys.key(key.key_id).revoked_at == NOON


def test_a_key_that_was_changed_meanwhile_is_left_as_it_is(kept):
    keys, entries = kept
    key = a_key()
    keys.add(key, _entry())
    current = key.changed(NOON, secrets=())
    keys.change(key, current, _entry())
    with pytest.raises(PreconditionFailed):
        keys.change(key, key.changed(NOON, name="other"), _entry())
    with pytest.raises(PreconditionFailed):
        keys.add(replace(key, name="other"), _entry())
    assert keys.key(key.key_id) == current
    assert len(entries()) == 2


def test_a_request_is_remembered_by_the_key_it_led_to(keys):
    key = a_key()
    keys.remembering(REQUEST).add(key, _entry(key))
    assert keys.remembered(REQUEST, NOON) == Remembered(REQUEST.request_hash, key.key_id)
    assert keys.remembered(REQUEST, NOON + timedelta(hours=25)) is None
    with pytest.raises(AlreadyDone):
        keys.remembering(REQUEST).add(a_key(2), _entry())
    assert keys.key(a_key(2).key_id) is None


def test_of_two_changes_at_once_one_is_made(emulator_client, create_table):
    keys, _ = _store(emulator_client("dynamodb"), create_table)
    key = a_key()
    keys.add(key, _entry())
    results = at_once(*[lambda name=name: keys.change(key, key.changed(NOON, name=name), _entry()) for name in "ab"])
    assert sorted(map(repr, results)) == sorted(map(repr, [None, PreconditionFailed()]))
