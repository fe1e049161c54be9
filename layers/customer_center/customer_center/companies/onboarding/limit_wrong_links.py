"""Limit the wrong links that a source network may try (docs/specification.md, 5.6)."""

from collections.abc import Iterator
from contextlib import contextmanager

from customer_center.companies.model import WrongLinkLimits
from customer_center.companies.ports import WrongLinks
from customer_center.platform.clock import Clock
from customer_center.platform.errors import NotFound, RateLimit, TooManyRequests


@contextmanager
def wrong_links_limited(
    network: str, limits: WrongLinkLimits, reported: list[RateLimit], *, companies: WrongLinks, clock: Clock
) -> Iterator[None]:
    """Count a wrong link when the `with` block raises NotFound; refuse a network that has reached the limit.

    Adds what is left of the limit to `reported`. A valid link costs one eventually consistent read and no write.
    Parallel requests may together exceed the limit. Raises TooManyRequests `too-many-requests`.
    """
    now = clock.now()
    count = companies.wrong_links(network, now, limits)
    left = limits.left(count, now)
    if not left.remaining:
        raise TooManyRequests("too-many-requests", [left])
    try:
        yield
    except NotFound:
        companies.count_wrong_link(network, now, limits)
        left = limits.left(count + 1, now)
        raise
    finally:
        reported.append(left)
