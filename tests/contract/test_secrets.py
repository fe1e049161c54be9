"""Secrets of SSM: they are read decrypted, and again after five minutes."""

import json

import pytest
from botocore.exceptions import ClientError

from customer_center.platform import aws, secrets
from customer_center.platform.secrets import (
    SecretNotFoundError,
    create_secret,
    forget_secret,
    has_secret,
    remove_secret,
    secret,
    write_secret,
)
from tests.fakes.clock import NOON, FakeClock

NAME = "/customer-center/test/secret"


@pytest.fixture
def ssm(moto_client, monkeypatch):
    client = moto_client("ssm")
    monkeypatch.setattr(aws, "ssm", lambda: client)
    secrets._all_held.cache_clear()
    yield client
    secrets._all_held.cache_clear()


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


def test_a_secret_that_another_sandbox_has_written_is_read_when_it_is_forgotten(ssm):
    put(ssm, "old")
    secret(NAME, NOON)
    put(ssm, "new")
    forget_secret(NAME)
    assert secret(NAME, NOON) == "new"


def test_a_secret_that_could_not_be_read_is_asked_for_again(ssm):
    with pytest.raises(SecretNotFoundError):
        secret(NAME, NOON)
    put(ssm, "there now")
    assert secret(NAME, NOON) == "there now"


class FailingSsm:
    """SSM that fails with a code, until it is told another one."""

    def __init__(self, client):
        self.exceptions = client.exceptions
        self._client = client
        self.code = None
        self.asked = 0

    def get_parameter(self, **request):
        self.asked += 1
        if self.code:
            raise ClientError({"Error": {"Code": self.code, "Message": ""}}, "GetParameter")
        return self._client.get_parameter(**request)


@pytest.fixture
def failing(ssm, monkeypatch):
    failing = FailingSsm(ssm)
    monkeypatch.setattr(aws, "ssm", lambda: failing)
    return failing


@pytest.mark.parametrize("code", ["ThrottlingException", "InternalServerError", "AccessDeniedException"])
def test_a_secret_is_kept_while_ssm_fails_and_read_again_soon_after(ssm, failing, code):
    clock = FakeClock()
    put(ssm, "old")
    secret(NAME, clock.now())
    put(ssm, "new")
    failing.code = code
    clock.advance(minutes=6)
    assert secret(NAME, clock.now()) == "old"
    asked = failing.asked
    clock.advance(seconds=10)
    assert secret(NAME, clock.now()) == "old"
    assert failing.asked == asked
    failing.code = None
    clock.advance(seconds=30)
    assert secret(NAME, clock.now()) == "new"


def test_a_secret_is_kept_for_an_hour_at_most(ssm, failing):
    clock = FakeClock()
    put(ssm, "old")
    secret(NAME, clock.now())
    failing.code = "InternalServerError"
    clock.advance(minutes=59)
    assert secret(NAME, clock.now()) == "old"
    clock.advance(minutes=2)
    with pytest.raises(ClientError):
        secret(NAME, clock.now())


def test_a_secret_that_was_deleted_is_not_kept(ssm):
    clock = FakeClock()
    put(ssm, "old")
    secret(NAME, clock.now())
    ssm.delete_parameter(Name=NAME)
    clock.advance(minutes=6)
    with pytest.raises(SecretNotFoundError):
        secret(NAME, clock.now())


def test_a_new_value_that_is_no_json_does_not_replace_the_old_one(ssm):
    clock = FakeClock()
    put(ssm, "old")
    secret(NAME, clock.now())
    ssm.put_parameter(Name=NAME, Type="SecureString", Value="{", Overwrite=True)
    clock.advance(minutes=6)
    assert secret(NAME, clock.now()) == "old"


def test_sandboxes_that_started_together_read_again_at_different_times(ssm, failing):
    """SSM allows 40 reads a second, and a thousand sandboxes may have started in the same second."""
    clock = FakeClock()
    put(ssm, "it")
    again = set()
    for chance in (0, 0.25, 0.5, 0.75, 1):
        secrets._all_held.cache_clear()
        start = clock.now()
        secret(NAME, start, lambda chance=chance: chance)
        asked = failing.asked
        while failing.asked == asked:
            clock.advance(seconds=10)
            secret(NAME, clock.now())
        again.add((clock.now() - start).total_seconds())
    assert again == {180, 210, 240, 270, 300}


def test_hundreds_of_secrets_are_held_at_once_and_no_more_than_that(ssm, failing):
    names = [f"{NAME}/{number}" for number in range(300)]
    for name in names:
        ssm.put_parameter(Name=name, Type="SecureString", Value="1")
        secret(name, NOON)
    asked = failing.asked
    assert [secret(name, NOON) for name in names] == [1] * 300
    assert failing.asked == asked
    for number in range(1000):
        secrets._hold(str(number), secrets._Held(1, 0, 0))
    assert len(secrets._all_held()) == 500


def test_a_secret_is_written_read_replaced_and_removed(ssm):
    """Whoever writes a secret uses it at once; other sandboxes within five minutes."""
    assert not has_secret(NAME)
    write_secret(NAME, {"secrets": ["one"]})
    assert has_secret(NAME)
    assert secret(NAME, NOON) == {"secrets": ["one"]}
    write_secret(NAME, {"secrets": ["two"]})
    assert secret(NAME, NOON) == {"secrets": ["two"]}
    assert ssm.get_parameter(Name=NAME)["Parameter"]["Type"] == "SecureString"
    remove_secret(NAME)
    remove_secret(NAME)
    assert not has_secret(NAME)
    with pytest.raises(SecretNotFoundError):
        secret(NAME, NOON)


def test_of_two_who_create_a_secret_both_use_the_first(ssm):
    create_secret(NAME, "one")
    create_secret(NAME, "two")
    assert secret(NAME, NOON) == "one"
