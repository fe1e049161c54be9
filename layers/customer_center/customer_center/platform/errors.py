"""All errors that this package raises on purpose.

`code` is the stable `code` of the answer (`application/problem+json`); `values` fill the placeholders in its sentence.
The rooms' `texts.py` declare each code with the class it is raised as. `platform/http.py` has the one table from these
classes to HTTP statuses.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Self

from customer_center.platform.frozen import frozen


@frozen
class FieldError:
    """One wrong place in a request body or query: a JSON pointer (RFC 6901) and a field code (`texts.py`)."""

    pointer: str
    code: str


@frozen
class RateLimit:
    """The state of a limit, for the RateLimit headers (draft-ietf-httpapi-ratelimit-headers-11).

    `quota` requests are allowed in `window` seconds. `remaining` of them are left; the window ends in `reset` seconds.
    """

    policy: str
    quota: int
    window: int
    remaining: int
    reset: int

    @classmethod
    def counted(cls, policy: str, quota: int, window: int, count: int, now: datetime) -> Self:
        """Return the state of a limit with `count` requests in the present window. Windows are aligned to UTC."""
        return cls(policy, quota, window, max(0, quota - count), window - int(now.timestamp()) % window)


class CustomerCenterError(Exception):
    """The base class: a request was refused or failed, for the reason that `code` names."""

    def __init__(self, code: str, **values: str) -> None:
        super().__init__(code)
        self.code = code
        self.values = values


class MalformedRequest(CustomerCenterError):
    """The request cannot be read: broken JSON, a forged cursor."""


class BodyTooLarge(CustomerCenterError):
    """The body is too large."""


class Unauthorized(CustomerCenterError):
    """The caller is unknown: a key or a signature is missing or wrong. It does not say what is wrong."""

    def __init__(self, code: str, scheme: str = "Bearer") -> None:
        super().__init__(code)
        self.scheme = scheme


class InvalidInput(CustomerCenterError):
    """The request can be read but breaks a rule; `errors` says where."""

    def __init__(self, code: str = "invalid-input", errors: Sequence[FieldError] = (), **values: str) -> None:
        super().__init__(code, **values)
        self.errors = tuple(errors)


class Forbidden(CustomerCenterError):
    """The caller is known and may not do this."""


class NotFound(CustomerCenterError):
    """It does not exist, or the caller may not know that it does; the two look the same."""

    def __init__(self, code: str = "not-found", **values: str) -> None:
        super().__init__(code, **values)


class Conflict(CustomerCenterError):
    """The present state does not allow the request."""


class Gone(CustomerCenterError):
    """It existed and is used up or expired."""


class PreconditionFailed(CustomerCenterError):
    """If-Match names another version than the current one (RFC 9110, 13.1.1)."""

    def __init__(self, code: str = "version-changed", **values: str) -> None:
        super().__init__(code, **values)


class PreconditionRequired(CustomerCenterError):
    """The change needs If-Match (RFC 6585, 3)."""

    def __init__(self, code: str = "precondition-required", **values: str) -> None:
        super().__init__(code, **values)


class RetryLater(CustomerCenterError):
    """Refused for the moment; the caller may retry after `retry_after` seconds."""

    def __init__(self, code: str, retry_after: int, **values: str) -> None:
        super().__init__(code, **values)
        self.retry_after = max(1, retry_after)


class InProgress(RetryLater):
    """Another request is changing the same at the moment."""


class TooManyRequests(RetryLater):
    """At least one of `limits` is used up; the caller may retry when the last of those is reset."""

    def __init__(self, code: str, limits: Sequence[RateLimit], **values: str) -> None:
        super().__init__(code, max(limit.reset for limit in limits if not limit.remaining), **values)
        self.limits = tuple(limits)


class OutsideSystemError(CustomerCenterError):
    """An outside system failed, and we changed nothing."""


class OutsideUnavailable(OutsideSystemError, RetryLater):
    """The outside system could not be reached, or the breaker is open."""


class OutsideTimeout(OutsideSystemError):
    """The outside system did not answer in time."""


class OutsideMalformed(OutsideSystemError):
    """The outside system's answer cannot be read."""
