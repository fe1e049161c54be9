"""All errors that this package raises on purpose.

`code` is the stable error code in the answer (`application/problem+json`). `values` fill the placeholders in the code's
sentence. Each room's `texts.py` declares its codes and the class of each code. One table in `platform/http.py` maps
these classes to HTTP statuses.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from types import MappingProxyType
from typing import Self

from customer_center.platform.frozen import frozen


@frozen
class FieldError:
    """A wrong field in a request's body or query: its JSON pointer (RFC 6901) and a field code (`texts.py`).

    `limit` is what the field's sentence says about it: the length, the range or the values that are allowed.
    """

    pointer: str
    code: str
    limit: str = ""


@frozen
class RateLimit:
    """The state of a rate limit, for the RateLimit headers (draft-ietf-httpapi-ratelimit-headers-11).

    `quota` requests are allowed in `window` seconds. `remaining` requests are left. The window ends in `reset` seconds.
    """

    policy: str
    quota: int
    window: int
    remaining: int
    reset: int

    @classmethod
    def counted(cls, policy: str, quota: int, window: int, count: int, now: datetime) -> Self:
        """Return the state of a limit after `count` requests in the current window. Windows are aligned to UTC."""
        return cls(policy, quota, window, max(0, quota - count), window - int(now.timestamp()) % window)


class CustomerCenterError(Exception):
    """The base class of all errors. A request was refused or failed; `code` names the reason."""

    def __init__(self, code: str, **values: str) -> None:
        super().__init__(code)
        self.code = code
        self.values = values


class MalformedRequest(CustomerCenterError):
    """The request cannot be parsed, for example because of broken JSON or a forged cursor."""


class BodyTooLarge(CustomerCenterError):
    """The body is too large."""


class Unauthorized(CustomerCenterError):
    """The caller is not authenticated: a key or signature is missing or wrong. The answer does not say which."""

    def __init__(self, code: str, scheme: str = "Bearer") -> None:
        super().__init__(code)
        self.scheme = scheme


class InvalidInput(CustomerCenterError):
    """The request can be parsed but breaks a rule. `errors` lists the wrong fields."""

    def __init__(self, code: str = "invalid-input", errors: Sequence[FieldError] = (), **values: str) -> None:
        super().__init__(code, **values)
        self.errors = tuple(errors)


class Forbidden(CustomerCenterError):
    """The caller is authenticated but may not do this."""


class NotFound(CustomerCenterError):
    """The resource does not exist, or the caller may not see it. Both cases get the same answer."""

    def __init__(self, code: str = "not-found", **values: str) -> None:
        super().__init__(code, **values)


class Conflict(CustomerCenterError):
    """The current state does not allow the request. `errors` may name the fields that are in conflict.

    `members` are further members of the answer (RFC 9457, 3.2), the id of what the request conflicts with for example.
    """

    def __init__(
        self,
        code: str,
        errors: Sequence[FieldError] = (),
        members: Mapping[str, str] = MappingProxyType({}),
        **values: str,
    ) -> None:
        super().__init__(code, **values)
        self.errors = tuple(errors)
        self.members = members


class Gone(CustomerCenterError):
    """The resource existed but is used up or expired."""


class PreconditionFailed(CustomerCenterError):
    """The version in If-Match is not the current version (RFC 9110, 13.1.1)."""

    def __init__(self, code: str = "version-changed", **values: str) -> None:
        super().__init__(code, **values)


class PreconditionRequired(CustomerCenterError):
    """The request needs the header If-Match (RFC 6585, 3)."""

    def __init__(self, code: str = "precondition-required", **values: str) -> None:
        super().__init__(code, **values)


class RetryLater(CustomerCenterError):
    """The request is refused for now. The caller may retry after `retry_after` seconds."""

    def __init__(self, code: str, retry_after: int, **values: str) -> None:
        super().__init__(code, **values)
        self.retry_after = max(1, retry_after)


class InProgress(RetryLater):
    """Another request is changing the same resource now."""


class Overloaded(RetryLater):
    """The database throttles or fails for now. A change was not written, or a repeat will find it done."""

    def __init__(self, code: str = "overloaded", retry_after: int = 5, **values: str) -> None:
        super().__init__(code, retry_after, **values)


class TooManyRequests(RetryLater):
    """At least one of `limits` is used up. The caller may retry when all used-up limits are reset."""

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
    """The outside system's answer cannot be parsed."""


@contextmanager
def crossed_by_others(if_versions: Collection[int] | None) -> Iterator[None]:
    """Raise InProgress instead of PreconditionFailed when the caller named no version.

    Both errors mean that somebody else changed the resource at the same time. A caller who named no version may repeat
    the same request. A caller who named a version must first read the resource again.
    """
    try:
        yield
    except PreconditionFailed as error:
        if if_versions is None:
            raise InProgress("in-progress", retry_after=1) from error
        raise
