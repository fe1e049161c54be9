"""Secrets: SecureStrings of SSM that hold JSON, cached for five minutes (docs/specification.md, 9.1)."""

import json
from datetime import datetime
from functools import lru_cache
from typing import Any

from customer_center.platform import aws
from customer_center.platform.clock import epoch

_KEPT_SECONDS = 300


def secret(name: str, now: datetime) -> Any:  # noqa: ANN401 # JSON
    """Return the value of the parameter of that name, as it was at most five minutes ago."""
    return _read(name, epoch(now) // _KEPT_SECONDS)


@lru_cache(maxsize=2)
def _read(name: str, period: int) -> Any:  # noqa: ANN401, ARG001 # JSON; another period is another read
    parameter = aws.ssm().get_parameter(Name=name, WithDecryption=True)["Parameter"]
    return json.loads(parameter["Value"])
