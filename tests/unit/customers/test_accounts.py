"""An account's record: who it belongs to, and what its values mean."""

import pytest

from customer_center.customers.accounts import Account, read_account
from customer_center.customers.put_account import described_account, put_account
from customer_center.platform.errors import InProgress, NotFound, PreconditionFailed
from tests.builders.customers_room import ACCOUNT, MACHINE
from tests.fakes.accounts import FakeAccounts
from tests.fakes.clock import FakeClock


class Room:
    def __init__(self):
        self.accounts, self.clock = FakeAccounts(), FakeClock()

    def put(self, if_versions=None, **given):
        values = {"partner_id": "VMF", "name": "Muster", "country": "DE", "blocked_values": ["info@muster.example"]}
        at = {"actor": MACHINE, "request_id": "request", "accounts": self.accounts, "clock": self.clock}
        return put_account(ACCOUNT, **values | given, if_versions=if_versions, **at)


@pytest.fixture
def room():
    return Room()


def test_an_account_without_a_record_has_no_country_and_blocks_nothing(room):
    assert read_account(ACCOUNT, room.accounts) == Account(ACCOUNT)
    with pytest.raises(NotFound):
        described_account(ACCOUNT, room.accounts)


def test_an_account_is_read_as_it_was_described(room):
    put = room.put()
    assert described_account(ACCOUNT, room.accounts) == read_account(ACCOUNT, room.accounts) == put
    assert (put.partner_id, put.name, put.country, put.blocked_values, put.version) == (
        "VMF",
        "Muster",
        "DE",
        ("info@muster.example",),
        1,
    )
    assert put.created_at == put.updated_at == room.clock.now()


def test_a_repeat_changes_nothing(room):
    first = room.put()
    room.clock.advance(seconds=10)
    assert room.put() == first
    assert len(room.accounts.entries) == 1


def test_a_record_is_replaced_as_a_whole_and_the_journal_says_what_changed(room):
    made = room.put().created_at
    room.clock.advance(seconds=10)
    after = room.put(country=None, blocked_values=[])
    assert (after.country, after.blocked_values, after.version) == (None, (), 2)
    assert (after.created_at, after.updated_at) == (made, room.clock.now())
    assert [entry.action for entry in room.accounts.entries] == ["account.added", "account.updated"]
    assert room.accounts.entries[1].changes == {
        "country": ("DE", None),
        "blocked_values": (["info@muster.example"], []),
    }


def test_a_change_may_be_meant_for_one_version(room):
    room.put()
    with pytest.raises(PreconditionFailed):
        room.put(if_versions=[2], name="Other")
    assert room.put(if_versions=[1], name="Other").version == 2


def test_of_two_requests_at_once_one_is_told_to_come_again(room, monkeypatch):
    monkeypatch.setattr(room.accounts, "account", lambda account_id: None)
    room.put()
    with pytest.raises(InProgress):
        room.put(name="Other")
