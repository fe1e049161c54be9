"""What contract tests share: AWS as moto plays it and as the emulator plays it, and tables as the template has them."""

from collections.abc import Callable, Iterator
from functools import cache
from itertools import count
from typing import Any

import boto3
import pytest
from moto import mock_aws

from local.stack import REGION, emulated
from tests.emulator import emulator
from tests.template_reader import load_template

_serial = count(1)

type MakeClient = Callable[[str], Any]


@pytest.fixture(scope="session")
def emulator_client() -> Iterator[MakeClient]:
    """Return the clients of one emulator that all contract tests share."""
    with emulator() as endpoint:
        yield cache(emulated(endpoint))


@cache
def _mockable_client(service: str) -> Any:
    # Made once, because making one takes a tenth of a second; moto answers it whenever it is on.
    session = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name=REGION)
    return session.client(service)


@pytest.fixture
def moto_client(monkeypatch: pytest.MonkeyPatch) -> Iterator[MakeClient]:
    """Return the clients of moto, whatever the machine is set up for."""
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
    """Return what creates a table of the template, under a name of its own."""

    def create(dynamodb: Any, resource: str) -> str:
        properties = template_resources()[resource]["Properties"]
        kept = ("BillingMode", "AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes")
        name = f"{resource}-{next(_serial)}"
        dynamodb.create_table(TableName=name, **{key: properties[key] for key in kept})
        return name

    return create
