"""AWS clients. They share one session; each client is made at its first use.

The clients are botocore's. boto3 has the same ones, but its import adds S3 transfer and resources to every cold start.
`aws_models` describes only the operations that our code calls; `make aws-models` writes it.
"""

import random
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.config import Config
from botocore.handlers import BUILTIN_HANDLERS
from botocore.loaders import Loader
from botocore.session import Session

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp import CognitoIdentityProviderClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_sesv2 import SESV2Client
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_ssm import SSMClient

_MODELS = Path(__file__).parent / "aws_models"
# The services as botocore's events name them: by their hyphenated service id.
_SERVICES = ("cognito-identity-provider", "dynamodb", "sesv2", "sqs", "ssm")
_TRIES = 3
_CONFIG = Config(
    # Short enough that three tries fit into one API request (the gateway gives up after 30 s).
    connect_timeout=2,
    read_timeout=5,
    retries={"mode": "standard", "total_max_attempts": _TRIES},
    # Without this text, botocore composes a user agent for every call, which takes a quarter of the call's CPU time.
    user_agent="customer-center",
)


def _handlers() -> Iterator[tuple[str, Any]]:
    """Yield botocore's own handlers that are for every service or for one of ours.

    Most of the 130 are for S3 and other services that we do not call. Registering them takes 2 % of a cold start.
    """
    for event, handler, *_ in BUILTIN_HANDLERS:
        _, _, service = event.partition(".")
        if not service or service.split(".")[0] in _SERVICES:
            yield event, handler


@cache
def _session() -> Session:
    session = Session(include_builtin_handlers=False)
    for event, handler in _handlers():
        session.register(event, handler)
    session.register_component("data_loader", Loader([str(_MODELS)], include_default_search_paths=False))
    return session


def _client(service: str) -> Any:  # noqa: ANN401 # one of the clients below
    return _session().create_client(service, config=_CONFIG)


@cache
def dynamodb() -> "DynamoDBClient":
    """Return the DynamoDB client of this sandbox."""
    client = _client("dynamodb")
    client.meta.events.register("needs-retry.dynamodb", _retry_after_transaction_conflict)
    return client  # type: ignore[no-any-return] # as named


def _retry_after_transaction_conflict(
    response: tuple[object, dict[str, Any]] | None, attempts: int, **_: object
) -> float | None:
    """Return the seconds to wait before a retry if a write conflicted with a transaction; None for no retry.

    botocore does not retry such a write. `platform/dynamodb.py` retries our own transactions after a conflict.
    """
    conflict = response is not None and response[1].get("Error", {}).get("Code") == "TransactionConflictException"
    return random.uniform(0, 0.05 * 2**attempts) if conflict and attempts < _TRIES else None  # noqa: S311 # jitter


@cache
def sqs() -> "SQSClient":
    """Return the SQS client of this sandbox."""
    return _client("sqs")  # type: ignore[no-any-return] # as named


@cache
def sesv2() -> "SESV2Client":
    """Return the SES v2 client of this sandbox."""
    return _client("sesv2")  # type: ignore[no-any-return] # as named


@cache
def cognito() -> "CognitoIdentityProviderClient":
    """Return the Cognito user pool client of this sandbox."""
    return _client("cognito-idp")  # type: ignore[no-any-return] # as named


@cache
def ssm() -> "SSMClient":
    """Return the SSM client of this sandbox."""
    return _client("ssm")  # type: ignore[no-any-return] # as named
