"""What keeping accounts promises, of the fake and of the store in DynamoDB."""

import pytest

from customer_center.customers.account_store import AccountStore
from customer_center.customers.accounts import Account
from customer_center.platform.errors import PreconditionFailed
from customer_center.platform.journal import Actor, Journal, new_entry
from tests.fakes.accounts import FakeAccounts
from tests.fakes.clock import NOON

ACCOUNT = "AG-100"


@pytest.fixture
def fake():
    accounts = FakeAccounts()
    return accounts, lambda: accounts.entries


def stored(client, create_table):
    dynamodb = client("dynamodb")
    tables = [create_table(dynamodb, name) for name in ("CustomersTable", "JournalTable")]
    journal = Journal(client=dynamodb, table=tables[1])
    store = AccountStore(client=dynamodb, table=tables[0], journal=journal)
    return store, lambda: journal.newest(f"account#{ACCOUNT}", limit=10).rows


@pytest.fixture
def moto(moto_client, create_table):
    return stored(moto_client, create_table)


@pytest.fixture
def dynamodb_local(dynamodb_local_client, create_table):
    return stored(dynamodb_local_client, create_table)


@pytest.fixture(params=["fake", "moto", "dynamodb_local"])
def world(request):
    return request.getfixturevalue(request.param)


def entry():
    at = {"partition": f"account#{ACCOUNT}", "now": NOON, "subject": ACCOUNT, "request_id": "request"}
    return new_entry(**at, actor=Actor("client", "key"), action="account.added")


def described(before, **given):
    return before.changed(NOON, partner_id="VMF", name="Muster", **given)


@pytest.mark.parametrize("given", [{}, {"country": "DE", "blocked_values": ("info@muster.example", "+49 30 1")}])
def test_an_account_is_read_as_it_was_written(world, given):
    accounts, entries = world
    assert accounts.account(ACCOUNT) is None
    after = described(Account(ACCOUNT), **given)
    accounts.save_account(Account(ACCOUNT), after, entry())
    assert accounts.account(ACCOUNT) == after
    assert accounts.account("AG-2") is None
    assert len(entries()) == 1


def test_a_record_that_was_changed_meanwhile_is_not_overwritten(world):
    accounts, entries = world
    first = described(Account(ACCOUNT))
    accounts.save_account(Account(ACCOUNT), first, entry())
    with pytest.raises(PreconditionFailed):
        accounts.save_account(Account(ACCOUNT), described(Account(ACCOUNT), country="NL"), entry())
    second = described(first, country="NL")
    accounts.save_account(first, second, entry())
    with pytest.raises(PreconditionFailed):
        accounts.save_account(first, described(first, country="DE"), entry())
    assert accounts.account(ACCOUNT) == second
    assert len(entries()) == 2
