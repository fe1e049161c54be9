"""Secrets: SSM parameters of type SecureString that hold JSON, cached for five minutes (docs/specification.md, 9.1)."""

import json
from datetime import datetime
from functools import lru_cache
from typing import Any

from customer_center.platform import aws
from customer_center.platform.clock import epoch

_KEPT_SECONDS = 300


def secret(name: str, now: datetime) -> Any:  # noqa: ANN401 # JSON
    """Return the value of the SSM parameter with that name. The value is at most five minutes old."""
    return _read(name, epoch(now) // _KEPT_SECONDS)


@lru_cache(maxsize=2)
def _read(name: str, period: int) -> Any:  # noqa: ANN401, ARG001 # JSON; `period` is for the cache
    parameter = aws.ssm().get_parameter(Name=name, WithDecryption=True)["Parameter"]
    return json.loads(parameter["Value"])
