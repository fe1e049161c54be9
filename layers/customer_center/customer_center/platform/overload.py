"""Errors of AWS services that only time mends: throttling, failures of a service, no connection."""

from botocore.exceptions import ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as BotoConnectionError

# docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html, and botocore's list (_retry.json).
_CODES = frozenset(
    {
        "InternalFailure",
        "InternalServerError",
        "LimitExceededException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "ServiceUnavailable",
        "ServiceUnavailableException",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
        "TransactionInProgressException",
    }
)
# Why DynamoDB cancelled a transaction (API reference, TransactWriteItems).
_REASONS = frozenset({"ProvisionedThroughputExceeded", "ThrottlingError"})

# A service cannot be reached, or does not answer in time.
_UNREACHABLE = (BotoConnectionError, HTTPClientError)

AWS_ERRORS = (ClientError, *_UNREACHABLE)
"""The errors of botocore that may be an overload."""


def is_overload(error: Exception) -> bool:
    """Return whether a service throttled the request, failed by itself or was not reached. A later try may succeed.

    A change may have been made if the service failed, or was not reached.
    """
    if not isinstance(error, ClientError):
        return isinstance(error, _UNREACHABLE)
    codes = {reason.get("Code") for reason in error.response.get("CancellationReasons", [])}
    throttled = bool(codes & _REASONS) and "ValidationError" not in codes
    return throttled or error.response.get("Error", {}).get("Code") in _CODES
