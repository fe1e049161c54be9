"""Limit the links that nobody sent: a network that tries too many of them is told to come again later (DESIGN §8)."""

from collections.abc import Iterator
from contextlib import contextmanager

from customer_center.companies.model import WrongLinkLimits
from customer_center.companies.ports import Companies
from customer_center.platform.clock import Clock
from customer_center.platform.errors import NotFound, RateLimit, TooManyRequests


@contextmanager
def wrong_links_limited(
    network: str, limits: WrongLinkLimits, told: list[RateLimit], *, companies: Companies, clock: Clock
) -> Iterator[None]:
    """Refuse a network that has used up its wrong links; count one more if what is done inside raises NotFound.

    `told` gets what is left. Good links cost a cheap read and no write; tries at the same moment may exceed the limit
    by as many as there are. Raises TooManyRequests `too-many-requests`.
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
        told.append(left)
