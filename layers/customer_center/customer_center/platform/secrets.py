"""Secrets: SSM parameters of type SecureString that hold JSON, cached for five minutes (docs/specification.md, 9.1)."""

import json
import random
from collections.abc import Callable
from datetime import datetime
from functools import cache
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from customer_center.platform import aws
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
    deleted is not kept. `chance` returns numbers from 0 to 1 for the jitter.
    """
    moment = now.timestamp()
    held = _all_held().get(name)
    if held and moment < held.until:
        return held.value
    try:
        value = _read(name)
    except (ClientError, BotoCoreError, ValueError) as error:
        code = _code(error)
        if held is None or code == "ParameterNotFound" or moment - held.read_at >= _KEPT_IN_NEED_SECONDS:
            _all_held().pop(name, None)
            raise
        logger.warning("secret could not be read again", parameter=name, code=code)
        _hold(name, _Held(held.value, held.read_at, moment + _ASK_AGAIN_SECONDS * (0.5 + chance() / 2)))
        return held.value
    _hold(name, _Held(value, moment, moment + _KEPT_SECONDS - _JITTER_SECONDS * chance()))
    return value


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
