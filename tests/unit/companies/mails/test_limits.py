"""What is limited, what is counted for it, and what an answer tells of it (DESIGN §8; RateLimit headers draft 11)."""

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest

from customer_center.companies.mails.limit_mails import limit_mails
from customer_center.companies.model import RefusalLimits, WrongLinkLimits
from customer_center.companies.onboarding.activation import ActivationRules
from customer_center.companies.onboarding.limit_wrong_links import wrong_links_limited
from customer_center.platform.errors import Gone, InvalidInput, NotFound, RateLimit, TooManyRequests
from customer_center.platform.journal import Actor, new_effect
from tests.builders import (
    COMPANY_ID,
    INVOICE,
    NUMBER,
    OTHER_COMPANY_ID,
    Room,
    a_company,
    a_customer,
    a_main_contact,
    an_entry,
)

HOUR = 3600
NETWORK = "203.0.113.0/24"


@pytest.fixture
def room():
    return Room()


# Refused activations


def _visit(room, **given):
    """Activate with these limits, and return what the answer would tell."""
    limits = RefusalLimits(per_network=3, network_window_seconds=900, per_day=5)
    room.activation_rules = ActivationRules(limits=limits, refusal_seconds=0)
    told = []
    try:
        room.activate(limits=told, **given)
    except (InvalidInput, TooManyRequests) as refusal:
        told.extend(getattr(refusal, "limits", ()))
    return [(limit.policy, limit.remaining) for limit in told]


@pytest.fixture
def customer(room):
    room.erp.add(a_customer(), invoices=[INVOICE])


def test_a_refused_activation_says_how_many_more_may_be(room, customer):
    left = [_visit(room, invoice_number="wrong") for _ in range(4)]
    assert left == [
        [("refusals-per-network", 2), ("refusals-per-day", 4)],
        [("refusals-per-network", 1), ("refusals-per-day", 3)],
        [("refusals-per-network", 0), ("refusals-per-day", 2)],
        [("refusals-per-network", 0), ("refusals-per-day", 2)],
    ]


def test_an_activation_that_is_not_refused_leaves_as_many_as_before(room, customer):
    assert _visit(room) == [("refusals-per-network", 3), ("refusals-per-day", 5)]


def test_the_limit_that_holds_longest_says_when_to_come_again(room, customer):
    room.clock.advance(seconds=60)
    for network in ("a", "a", "a", "b", "b"):
        _visit(room, invoice_number="wrong", network=network)
    with pytest.raises(TooManyRequests) as refused:
        room.activate(network="a")
    assert refused.value.retry_after == 12 * HOUR - 60
    assert [limit.reset for limit in refused.value.limits] == [840, 12 * HOUR - 60]


# Links that nobody sent


class Door:
    """A route behind the limit of wrong links."""

    def __init__(self, room):
        self.room = room
        self.limits = WrongLinkLimits(per_network=2, window_seconds=HOUR)

    def tries(self, error=None, network=NETWORK):
        """Try a link that ends in the error, and return what is told to be left."""
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


def test_wrong_links_are_counted_and_then_no_link_is_tried(door):
    assert [door.tries(NotFound()), door.tries(NotFound())] == [1, 0]
    with pytest.raises(TooManyRequests, match="too-many-requests") as refused:
        door.tries(AssertionError())
    assert refused.value.retry_after == refused.value.limits[0].reset == HOUR


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


# Mails that people cause


class Post:
    """A company whose people send mails, three an hour."""

    def __init__(self, room):
        self.room = room
        self.actor = a_main_contact()
        room.companies.add(a_company(), self.actor)

    def sends(self, number=1, *, actor=None, company_id=COMPANY_ID, minutes=0):
        """Journal a change that sends so many mails, that long ago."""
        at = self.room.clock.now() - timedelta(minutes=minutes)
        mails = tuple(new_effect("mail", at, template="invitation") for _ in range(number))
        actor = actor or Actor("person", self.actor.user_id)
        entry = an_entry(company_id=company_id, at=at, actor=actor, effects=(*mails, new_effect("identity", at)))
        self.room.companies.entries.append(entry)

    def asks(self, mails=1):
        """Ask for mails; return how many are within the limit, and what is told."""
        told = []
        within = limit_mails(COMPANY_ID, mails, 3, told, trail=self.room.trail, clock=self.room.clock)
        return within, told[0]


@pytest.fixture
def post(room):
    return Post(room)


def test_mails_of_the_last_hour_are_counted_by_what_the_journal_says(post):
    assert post.asks() == (1, RateLimit("mails-per-hour", quota=3, window=HOUR, remaining=2, reset=HOUR))
    post.sends(minutes=50)
    post.sends(minutes=10)
    assert post.asks() == (1, RateLimit("mails-per-hour", quota=3, window=HOUR, remaining=0, reset=600))


def test_beyond_the_limit_the_answer_says_when_the_oldest_mail_counts_no_more(post):
    post.sends(2, minutes=45)
    post.sends(minutes=5)
    with pytest.raises(TooManyRequests, match="too-many-requests") as refused:
        post.asks()
    assert refused.value.retry_after == 15 * 60
    post.room.clock.advance(minutes=15, seconds=1)
    assert post.asks()[0] == 1


def test_of_many_mails_as_many_go_out_as_are_left(post):
    post.sends()
    assert post.asks(mails=100) == (2, replace(post.asks()[1], remaining=0))


@pytest.mark.parametrize(
    "given",
    [
        {"actor": Actor("visitor")},
        {"actor": Actor("system", "erp")},
        {"actor": Actor("client", "key")},
        {"company_id": OTHER_COMPANY_ID},
        {"number": 0},
        {"minutes": 61},
    ],
    ids=["a-visitors", "the-erps", "an-operators", "another-companys", "no-mail", "an-hour-ago"],
)
def test_other_mails_and_changes_do_not_count(post, given):
    for _ in range(5):
        post.sends(**given)
    assert post.asks()[1].remaining == 2


def test_an_invitation_is_such_a_mail(post):
    post.room.erp.add(a_customer())
    post.room.request(post.actor)
    assert post.asks()[1].remaining == 1
    assert post.room.companies.company_of_number(NUMBER)
