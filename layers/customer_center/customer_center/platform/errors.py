"""Every refusal and failure this package raises on purpose: one small tree.

`code` is the stable machine word of the problem+json answer, `values` fill the placeholders of its text
(`platform/texts.py`). `platform/http.py` holds the one table from these classes to HTTP statuses.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Self


@dataclass(frozen=True, slots=True)
class FieldError:
    """One wrong place in a request body or query: a JSON pointer (RFC 6901) and a code (`texts.FIELDS`)."""

    pointer: str
    code: str


@dataclass(frozen=True, slots=True)
class RateLimit:
    """How much of a limit is left, as the RateLimit headers say it (draft-ietf-httpapi-ratelimit-headers-11).

    `quota` in `window` seconds, of which `remaining` are left until `reset` seconds from now.
    """

    policy: str
    quota: int
    window: int
    remaining: int
    reset: int

    @classmethod
    def counted(cls, policy: str, quota: int, window: int, count: int, now: datetime) -> Self:
        """Return what is left when that many were counted in the window; windows follow each other in UTC."""
        return cls(policy, quota, window, max(0, quota - count), window - int(now.timestamp()) % window)


class CustomerCenterError(Exception):
    """The root: something was refused or failed for a reason with a name."""

    def __init__(self, code: str, **values: str) -> None:
        super().__init__(code)
        self.code = code
        self.values = values


class MalformedRequest(CustomerCenterError):
    """The request could not be read at all: broken JSON, a forged cursor."""


class BodyTooLarge(CustomerCenterError):
    """The body is larger than a request may be."""


class Unauthorized(CustomerCenterError):
    """Nobody we know sent this: a key or a signature is missing or wrong, whatever is wrong with it."""

    def __init__(self, code: str, scheme: str = "Bearer") -> None:
        super().__init__(code)
        self.scheme = scheme


class InvalidInput(CustomerCenterError):
    """The request was read and breaks a rule; `errors` says where."""

    def __init__(self, code: str = "invalid-input", errors: Sequence[FieldError] = (), **values: str) -> None:
        super().__init__(code, **values)
        self.errors = tuple(errors)


class Forbidden(CustomerCenterError):
    """The caller is known and may not do this."""


class NotFound(CustomerCenterError):
    """There is no such thing, or it is another company's, which looks the same."""

    def __init__(self, code: str = "not-found", **values: str) -> None:
        super().__init__(code, **values)


class Conflict(CustomerCenterError):
    """The state of things does not allow this now."""


class Gone(CustomerCenterError):
    """It was there and is used up."""


class PreconditionFailed(CustomerCenterError):
    """The caller edited an older version than the current one (RFC 9110, If-Match)."""

    def __init__(self, code: str = "version-changed", **values: str) -> None:
        super().__init__(code, **values)


class PreconditionRequired(CustomerCenterError):
    """The change needs the version it is meant for (RFC 6585, 428)."""

    def __init__(self, code: str = "precondition-required", **values: str) -> None:
        super().__init__(code, **values)


class RetryLater(CustomerCenterError):
    """Refused for now; `retry_after` says in how many seconds to come again."""

    def __init__(self, code: str, retry_after: int, **values: str) -> None:
        super().__init__(code, **values)
        self.retry_after = max(1, retry_after)


class InProgress(RetryLater):
    """The same work is under way in another request."""


class TooManyRequests(RetryLater):
    """A limit is used up; one may come again when all of `limits` that are have something left again."""

    def __init__(self, code: str, limits: Sequence[RateLimit], **values: str) -> None:
        super().__init__(code, max(limit.reset for limit in limits if not limit.remaining), **values)
        self.limits = tuple(limits)


class OutsideSystemError(CustomerCenterError):
    """An outside system did not do its part; nothing of ours was changed."""


class OutsideUnavailable(OutsideSystemError, RetryLater):
    """It could not be reached, or it is known to be offline."""


class OutsideTimeout(OutsideSystemError):
    """It did not answer in time."""


class OutsideMalformed(OutsideSystemError):
    """It answered with something that cannot be read."""
