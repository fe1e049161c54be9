"""The mails that people cause are limited by company and hour (RateLimit headers draft 11)."""

from dataclasses import replace
from datetime import timedelta

import pytest

from customer_center.companies.mails.limit_mails import limit_mails
from customer_center.platform.errors import RateLimit, TooManyRequests
from customer_center.platform.journal import Actor, new_effect
from tests.builders.companies import COMPANY_ID, OTHER_COMPANY_ID, a_company, a_main_contact, an_entry
from tests.builders.companies_room import Room
from tests.builders.erp import NUMBER, a_customer


@pytest.fixture
def room():
    return Room()


HOUR = 3600


class Post:
    """A company whose people send mails, three an hour."""

    def __init__(self, room):
        self.room = room
        self.actor = a_main_contact()
        room.companies.add(a_company(), self.actor)

    def sends(self, number=1, *, actor=None, company_id=COMPANY_ID, minutes=0):
        """Add a journal entry with `number` mails, `minutes` ago."""
        at = self.room.clock.now() - timedelta(minutes=minutes)
        mails = tuple(new_effect("mail", at, template="invitation") for _ in range(number))
        actor = actor or Actor("person", self.actor.user_id)
        entry = an_entry(company_id=company_id, at=at, actor=actor, effects=(*mails, new_effect("identity", at)))
        self.room.companies.entries.append(entry)

    def asks(self, mails=1):
        """Ask for mails; return how many are within the limit, and the reported limit."""
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
