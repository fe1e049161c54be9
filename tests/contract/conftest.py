"""Fixtures of the contract tests: AWS in moto, the emulator and DynamoDB Local, with the template's tables."""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import cache
from itertools import count
from typing import Any

import boto3
import pytest
from moto import mock_aws

from customer_center.companies.ports import AuditTrail, Companies, CompanyExists
from customer_center.companies.store import CompanyStore
from customer_center.platform.errors import CustomerCenterError
from customer_center.platform.idempotency import AlreadyDone
from customer_center.platform.journal import Entry, Journal
from local.stack import REGION, emulated
from tests.builders.companies import COMPANY_ID, OTHER_COMPANY_ID, a_company, an_entry
from tests.builders.journal import entries_of
from tests.dynamodb_local import MissingError, dynamodb_local
from tests.emulator import emulator
from tests.fakes.companies import FakeCompanies, FakeTrail
from tests.template_reader import load_template

_serial = count(1)

type MakeClient = Callable[[str], Any]


@pytest.fixture(scope="session")
def emulator_client() -> Iterator[MakeClient]:
    """Return a function that makes clients of one emulator, which all contract tests of a worker share."""
    with emulator() as endpoint:
        yield cache(emulated(endpoint))


@pytest.fixture(scope="session")
def dynamodb_local_client(emulator_client: MakeClient) -> Iterator[MakeClient]:
    """Return a function that makes clients of AWS's own DynamoDB Local; other services are the emulator's."""
    with ExitStack() as running:
        try:
            endpoint = running.enter_context(dynamodb_local())
        except MissingError as error:
            (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(str(error))
        local = cache(emulated(endpoint))
        yield lambda service: (local if service == "dynamodb" else emulator_client)(service)


@cache
def _mockable_client(service: str) -> Any:
    # Created once, because it takes a tenth of a second. moto answers its calls while it is active.
    session = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name=REGION)
    return session.client(service)


@pytest.fixture
def moto_client(monkeypatch: pytest.MonkeyPatch) -> Iterator[MakeClient]:
    """Return a function that makes clients of moto, whatever the machine's own AWS settings are."""
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_DYNAMODB", "AWS_ENDPOINT_URL_SQS"):
        monkeypatch.delenv(name, raising=False)
    with mock_aws():
        yield _mockable_client


@cache
def template_resources() -> Any:
    """Return the template's resources, read once."""
    return load_template()["Resources"]


@pytest.fixture
def create_table() -> Callable[[Any, str], str]:
    """Return a function that creates a table of the template under a new name."""

    def create(dynamodb: Any, resource: str) -> str:
        properties = template_resources()[resource]["Properties"]
        kept = ("BillingMode", "AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes")
        name = f"{resource}-{next(_serial)}"
        dynamodb.create_table(TableName=name, **{key: properties[key] for key in kept if key in properties})
        return name

    return create


@dataclass
class World:
    """An implementation of `Companies` with its journal, all its items, and its single writes."""

    companies: Companies
    trail: AuditTrail
    entries: Callable[[], Sequence[Entry]]
    everything: Callable[[], object]
    writes: list[str] | None = None

    def founded(self, *users, company=None):
        """Activate the company for these users; the first one creates it."""
        company = company or a_company()
        for user in users:
            existing = self.companies.company_of_number(company.customer_number)
            joining = {user.user_id} if user.is_main_contact else set()
            after = replace(existing or company, main_contacts=(existing or company).main_contacts | joining)
            self.companies.complete_activation(
                user, after, an_entry(company_id=user.company_id), existing=existing, contact=None
            )
        return self.companies.company(company.company_id)

    @contextmanager
    def refuses(self, error, match=None):
        """Expect the error, and that nothing is written."""
        before = self.everything()
        with pytest.raises(error, match=match) as refused:
            yield refused
        assert self.everything() == before

    @contextmanager
    def refuses_quietly(self):
        """Expect that nothing is written."""
        before = self.everything()
        yield
        assert self.everything() == before

    @contextmanager
    def journals(self, entry):
        """Expect exactly this entry to be added."""
        before = self.entries()
        yield
        assert [_plain(each) for each in self.entries() if each not in before] == [_plain(entry)]


def _plain(entry):
    return replace(entry, changes={name: list(pair) for name, pair in entry.changes.items()})


def _fake_world():
    fake = FakeCompanies()
    return World(fake, FakeTrail(fake), lambda: list(fake.entries), lambda: deepcopy(vars(fake)))


@contextmanager
def _store_world(dynamodb, create_table):
    tables = [create_table(dynamodb, name) for name in ("CompaniesTable", "JournalTable")]
    journal = Journal(client=dynamodb, table=tables[1])
    store = CompanyStore(client=dynamodb, table=tables[0], journal=journal)

    def everything():
        return [sorted(map(repr, dynamodb.scan(TableName=table)["Items"])) for table in tables]

    def entries():
        return [entry for company_id in (COMPANY_ID, OTHER_COMPANY_ID) for entry in entries_of(journal, company_id)]

    world = World(store, journal, entries, everything, [])

    def written(model, **_):
        world.writes.append(model.name)

    events = [f"before-call.dynamodb.{operation}" for operation in ("PutItem", "UpdateItem", "DeleteItem")]
    for event in events:
        dynamodb.meta.events.register(event, written)
    yield world
    for event in events:
        dynamodb.meta.events.unregister(event, written)


@pytest.fixture
def moto_world(moto_client, create_table):
    with _store_world(moto_client("dynamodb"), create_table) as world:
        yield world


@pytest.fixture
def emulator_world(emulator_client, create_table):
    with _store_world(emulator_client("dynamodb"), create_table) as world:
        yield world


@pytest.fixture
def dynamodb_local_world(dynamodb_local_client, create_table):
    with _store_world(dynamodb_local_client("dynamodb"), create_table) as world:
        yield world


@pytest.fixture
def fake_world():
    return _fake_world()


@pytest.fixture(params=["fake", "moto", "emulator", "dynamodb_local"])
def world(request):
    return request.getfixturevalue(f"{request.param}_world")


@pytest.fixture(params=["moto", "emulator", "dynamodb_local"])
def store_world(request):
    return request.getfixturevalue(f"{request.param}_world")


@pytest.fixture(params=["fake", "moto", "emulator", "dynamodb_local"])
def fake_or_store(request, create_table):
    """Return a function that returns the fake, or the store over the customers table, its client in three kinds."""

    def made(fake, store):
        if request.param == "fake":
            return fake()
        dynamodb = request.getfixturevalue(f"{request.param}_client")("dynamodb")
        tables = [create_table(dynamodb, name) for name in ("CustomersTable", "JournalTable")]
        return store(client=dynamodb, table=tables[0], journal=Journal(client=dynamodb, table=tables[1]))

    return made


def at_once(*calls) -> list[Any]:
    """Make all calls at the same time; return for each what it returned or which of our errors it raised."""

    def tried(call):
        try:
            return call()
        except (CustomerCenterError, CompanyExists, AlreadyDone) as error:
            return error

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(tried, calls))
