"""Limit the wrong links that a source network may try (docs/specification.md, 5.6)."""

from collections.abc import Iterator
from contextlib import contextmanager

from customer_center.companies.model import WrongLinkLimits
from customer_center.companies.ports import WrongLinks
from customer_center.platform.clock import Clock
from customer_center.platform.errors import CustomerCenterError, NotFound, RateLimit, TooManyRequests


@contextmanager
def wrong_links_limited(
    network: str, limits: WrongLinkLimits, reported: list[RateLimit], *, companies: WrongLinks, clock: Clock
) -> Iterator[None]:
    """Count a wrong link when the `with` block raises NotFound; refuse it when the network has reached the limit.

    A valid link is never refused: a neighbour in the same network may have tried the wrong ones. Links have 256 random
    bits and codes 60, so the limit is not what keeps them from being guessed. It keeps a network that tries from
    learning anything and from causing writes.
    Adds what is left of the limit to `reported`. A valid link costs one eventually consistent read and no write.
    Parallel requests may together exceed the limit. Raises TooManyRequests `too-many-requests`.
    """
    now = clock.now()
    count = companies.wrong_links(network, now, limits)
    left = limits.left(count, now)
    try:
        yield
    except NotFound as error:
        if not left.remaining:
            raise TooManyRequests("too-many-requests", [left]) from error
        companies.count_wrong_link(network, now, limits)
        reported.append(limits.left(count + 1, now))
        raise
    except CustomerCenterError:
        reported.append(left)
        raise
    reported.append(left)
