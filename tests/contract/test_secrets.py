"""Secrets of SSM: they are read decrypted, and again after five minutes."""

import json

import pytest

from customer_center.platform import aws, secrets
from customer_center.platform.secrets import secret
from tests.fakes.clock import NOON, FakeClock

NAME = "/customer-center/test/secret"


@pytest.fixture
def ssm(moto_client, monkeypatch):
    client = moto_client("ssm")
    monkeypatch.setattr(aws, "ssm", lambda: client)
    secrets._read.cache_clear()
    yield client
    secrets._read.cache_clear()


def put(ssm, value):
    ssm.put_parameter(Name=NAME, Type="SecureString", Value=json.dumps(value), Overwrite=True)


def test_a_secret_is_decrypted_and_read(ssm):
    put(ssm, {"secrets": ["whsec_1", "whsec_2"]})
    assert secret(NAME, NOON) == {"secrets": ["whsec_1", "whsec_2"]}


def test_a_changed_secret_is_used_after_five_minutes_at_the_latest(ssm):
    """A secret is cached for five minutes (docs/specification.md, 9.1)."""
    clock = FakeClock()
    put(ssm, "old")
    assert secret(NAME, clock.now()) == "old"
    put(ssm, "new")
    clock.advance(seconds=1)
    assert secret(NAME, clock.now()) == "old"
    clock.advance(minutes=5)
    assert secret(NAME, clock.now()) == "new"


def test_a_secret_that_could_not_be_read_is_asked_for_again(ssm):
    with pytest.raises(ssm.exceptions.ParameterNotFound):
        secret(NAME, NOON)
    put(ssm, "there now")
    assert secret(NAME, NOON) == "there now"
