"""AWS clients: one session, each client made once, when first used."""

from functools import cache
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp import CognitoIdentityProviderClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_sesv2 import SESV2Client
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_ssm import SSMClient

# Short enough that three tries fit into one API request (the gateway gives up after 30 s).
_CONFIG = Config(connect_timeout=2, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 3})


@cache
def dynamodb() -> "DynamoDBClient":
    """Return the DynamoDB client of this sandbox."""
    return boto3.client("dynamodb", config=_CONFIG)


@cache
def sqs() -> "SQSClient":
    """Return the SQS client of this sandbox."""
    return boto3.client("sqs", config=_CONFIG)


@cache
def sesv2() -> "SESV2Client":
    """Return the SES v2 client of this sandbox."""
    return boto3.client("sesv2", config=_CONFIG)


@cache
def cognito() -> "CognitoIdentityProviderClient":
    """Return the Cognito user pool client of this sandbox."""
    return boto3.client("cognito-idp", config=_CONFIG)


@cache
def ssm() -> "SSMClient":
    """Return the SSM client of this sandbox."""
    return boto3.client("ssm", config=_CONFIG)
