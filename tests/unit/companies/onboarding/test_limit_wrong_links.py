"""Links that nobody sent are limited by network (RateLimit headers draft 11)."""

from contextlib import suppress

import pytest

from customer_center.companies.model import WrongLinkLimits
from customer_center.companies.onboarding.limit_wrong_links import wrong_links_limited
from customer_center.platform.errors import Gone, NotFound, RateLimit, TooManyRequests
from tests.builders.companies_room import Room


@pytest.fixture
def room():
    return Room()


HOUR = 3600


NETWORK = "203.0.113.0/24"


class Door:
    """A route behind the limit of wrong links."""

    def __init__(self, room):
        self.room = room
        self.limits = WrongLinkLimits(per_network=2, window_seconds=HOUR)

    def tries(self, error=None, network=NETWORK):
        """Try a link that raises the error, and return the remaining tries."""
        told = []
        companies, clock = self.room.companies, self.room.clock
        with (
            suppress(NotFound, Gone),
            wrong_links_limited(network, self.limits, told, companies=companies, clock=clock),
        ):
            if error:
                raise error
        return told[0].remaining


@pytest.fixture
def door(room):
    return Door(room)


def test_wrong_links_are_counted_and_then_refused_without_saying_why(door):
    assert [door.tries(NotFound()), door.tries(NotFound())] == [1, 0]
    for _ in range(2):
        with pytest.raises(TooManyRequests, match="too-many-requests") as refused:
            door.tries(NotFound())
        assert refused.value.retry_after == refused.value.limits[0].reset == HOUR


@pytest.mark.parametrize("error", [None, Gone("invitation-expired")], ids=["good", "old"])
def test_a_link_that_we_sent_is_never_refused_because_a_neighbour_tried_others(door, error):
    """A company's people share one network (docs/specification.md, 5.6)."""
    for _ in range(2):
        door.tries(NotFound())
    assert door.tries(error) == 0


def test_beyond_the_limit_nothing_is_written(door):
    for _ in range(2):
        door.tries(NotFound())
    with pytest.raises(TooManyRequests):
        door.tries(NotFound())
    assert door.room.companies.wrong_links(NETWORK, door.room.clock.now(), door.limits) == 2


def test_good_links_and_old_ones_of_ours_are_not_counted(door):
    assert [door.tries(), door.tries(Gone("invitation-expired")), door.tries()] == [2, 2, 2]


def test_another_network_and_the_next_window_begin_anew(door):
    for _ in range(2):
        door.tries(NotFound())
    assert door.tries(network="198.51.100.0/24") == 2
    door.room.clock.advance(seconds=HOUR)
    assert door.tries() == 2


def test_what_is_told_is_the_window_it_is_counted_in(room):
    room.clock.advance(minutes=20)
    limit = WrongLinkLimits(per_network=20, window_seconds=HOUR).left(5, room.clock.now())
    assert limit == RateLimit("wrong-links", quota=20, window=HOUR, remaining=15, reset=40 * 60)
