"""Secrets: SSM parameters of type SecureString that hold JSON, cached for five minutes (docs/specification.md, 9.1)."""

import json
import random
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from customer_center.platform import aws
from customer_center.platform.config import from_environment
from customer_center.platform.frozen import frozen
from customer_center.platform.log import logger

_KEPT_SECONDS = 300
# Sandboxes that started together must not read together: SSM allows 40 reads a second.
_JITTER_SECONDS = 120
# While SSM fails, the last value is used for at most this long after it was read, and SSM is asked again soon.
_KEPT_IN_NEED_SECONDS = 3600
_ASK_AGAIN_SECONDS = 30
# More than any deployment has. The limit is there so that a long-lived sandbox cannot grow without end.
_AT_MOST = 500


@frozen
class _Environment:
    """`kms_key_arn` is the deployment's own KMS key; empty: the key of AWS. Functions that write no secret lack it."""

    kms_key_arn: str = ""


class SecretNotFoundError(LookupError):
    """There is no SSM parameter with that name."""


@frozen
class _Held:
    value: Any
    read_at: float
    until: float


@cache
def _all_held() -> dict[str, _Held]:
    """Return the secrets of this sandbox by name, the one that was read first first."""
    return {}


def secret(name: str, now: datetime, chance: Callable[[], float] = random.random) -> Any:  # noqa: ANN401 # JSON
    """Return the value of the SSM parameter with that name, read at most five minutes ago.

    While SSM fails, or the new value is no JSON, the last value is returned for up to an hour. A parameter that was
    deleted is not kept: raises SecretNotFoundError. `chance` returns numbers from 0 to 1 for the jitter.
    """
    moment = now.timestamp()
    held = _all_held().get(name)
    if held and moment < held.until:
        return held.value
    try:
        value = _read(name)
    except (ClientError, BotoCoreError, ValueError) as error:
        code = _code(error)
        if code == "ParameterNotFound":
            _all_held().pop(name, None)
            raise SecretNotFoundError(name) from error
        if held is None or moment - held.read_at >= _KEPT_IN_NEED_SECONDS:
            _all_held().pop(name, None)
            raise
        logger.warning("secret could not be read again", parameter=name, code=code)
        _hold(name, _Held(held.value, held.read_at, moment + _ASK_AGAIN_SECONDS * (0.5 + chance() / 2)))
        return held.value
    _hold(name, _Held(value, moment, moment + _KEPT_SECONDS - _JITTER_SECONDS * chance()))
    return value


def current_secret(name: str) -> Any:  # noqa: ANN401 # JSON
    """Return the value of the SSM parameter with that name, never cached. Raises SecretNotFoundError."""
    try:
        return _read(name)
    except ClientError as error:
        if _code(error) != "ParameterNotFound":
            raise
        raise SecretNotFoundError(name) from error


def write_secret(name: str, value: object) -> None:
    """Write a SecureString that holds the value as JSON, new or not. Other sandboxes read it within five minutes.

    The deployment's own KMS key encrypts it, if there is one.
    """
    _write(name, value, overwrite=True)
    _all_held().pop(name, None)


def create_secret(name: str, value: object) -> None:
    """Write a SecureString like `write_secret`, unless there is one with that name."""
    try:
        _write(name, value, overwrite=False)
    except ClientError as error:
        if _code(error) != "ParameterAlreadyExists":
            raise
    _all_held().pop(name, None)


def _write(name: str, value: object, *, overwrite: bool) -> None:
    key = from_environment(_Environment).kms_key_arn
    encrypted: Mapping[str, Any] = {"KeyId": key} if key else {}
    aws.ssm().put_parameter(Name=name, Value=json.dumps(value), Type="SecureString", Overwrite=overwrite, **encrypted)


def forget_secret(name: str) -> None:
    """Have the parameter read anew at its next use, because another sandbox may have written it."""
    _all_held().pop(name, None)


def has_secret(name: str) -> bool:
    """Return whether there is an SSM parameter with that name. The answer is never cached."""
    try:
        aws.ssm().get_parameter(Name=name)
    except ClientError as error:
        if _code(error) != "ParameterNotFound":
            raise
        return False
    return True


def remove_secret(name: str) -> None:
    """Delete an SSM parameter. May run any number of times. Other sandboxes may use it for five minutes more."""
    try:
        aws.ssm().delete_parameter(Name=name)
    except ClientError as error:
        if _code(error) != "ParameterNotFound":
            raise
    _all_held().pop(name, None)


def _hold(name: str, held: _Held) -> None:
    others = _all_held()
    others.pop(name, None)
    while len(others) >= _AT_MOST:
        del others[next(iter(others))]
    others[name] = held


def _read(name: str) -> Any:  # noqa: ANN401 # JSON
    parameter = aws.ssm().get_parameter(Name=name, WithDecryption=True)["Parameter"]
    return json.loads(parameter["Value"])


def _code(error: Exception) -> str:
    return str(error.response["Error"]["Code"]) if isinstance(error, ClientError) else type(error).__name__
