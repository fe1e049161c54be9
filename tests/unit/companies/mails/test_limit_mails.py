"""Mails, tries and requests to the ERP are limited by company and hour (RateLimit headers draft 11)."""

from dataclasses import replace
from datetime import timedelta

import pytest

from customer_center.companies.mails.limit_mails import use_limited
from customer_center.companies.model import HourlyLimits, Usage
from customer_center.platform.errors import Conflict, InProgress, NotFound, RateLimit, TooManyRequests
from customer_center.platform.idempotency import AlreadyDone
from tests.builders.companies import OTHER_COMPANY_ID, a_company
from tests.builders.companies_room import Room

HOUR = 3600
MAIL = Usage(mails=1)
ROW = Usage(mails=1, tries=1)
DRY_ROW = Usage(tries=1)
ERP = Usage(erp=1)


class Post:
    """A company whose people may cause three mails, four tries and two requests to the ERP an hour."""

    def __init__(self):
        self.room = Room()
        self.company = a_company()
        self.limits = HourlyLimits(mails=3, tries=4, erp=2)
        self.told = []

    def limited(self, company=None):
        """Begin a request."""
        self.told = []
        return use_limited(
            company or self.company, self.limits, self.told, companies=self.room.companies, clock=self.room.clock
        )

    def takes(self, each=MAIL, rows=1, once=None, *, company=None):
        """Make a request that goes well, and return how many rows it may have."""
        with self.limited(company) as allowance:
            return allowance.take(each, rows, once)

    def fails(self, error, each=MAIL):
        """Make a request that takes and then fails."""
        with pytest.raises(type(error)):
            self.fail(error, each)

    def fail(self, error, *taken):
        """Make a request that takes and then raises the error."""
        with self.limited() as allowance:
            allowance.take(*taken)
            raise error

    def left(self, policy="mails-per-hour"):
        """Return what the last request was told to be left."""
        return {limit.policy: limit.remaining for limit in self.told}[policy]


@pytest.fixture
def post():
    return Post()


def test_each_mail_counts_until_the_hour_is_over(post):
    post.room.clock.advance(minutes=20)
    assert post.takes() == 1
    assert post.told == [RateLimit("mails-per-hour", quota=3, window=HOUR, remaining=2, reset=40 * 60)]
    post.takes(Usage(mails=2))
    assert post.left() == 0
    with pytest.raises(TooManyRequests, match="too-many-requests") as refused:
        post.takes()
    assert (refused.value.retry_after, [limit.policy for limit in refused.value.limits]) == (
        40 * 60,
        ["mails-per-hour"],
    )
    post.room.clock.advance(minutes=40)
    assert post.takes() == 1


def test_changes_that_cause_no_mail_do_not_push_the_count_out(post):
    """The newest 1,000 journal entries were counted once: 1,008 edits made every mail before them uncounted."""
    post.takes(Usage(mails=3))
    for _ in range(1_008):
        post.room.companies.entries.append("an edit")
    with pytest.raises(TooManyRequests):
        post.takes()


def test_of_many_rows_as_many_are_allowed_as_are_left(post):
    post.takes()
    assert post.takes(ROW, rows=100) == 2
    assert (post.left(), post.left("tries-per-hour")) == (0, 2)


def test_parallel_imports_do_not_spend_the_same_rest(post):
    with post.limited() as first, post.limited() as second:
        assert first.take(ROW, rows=2) == 2
        assert second.take(ROW, rows=200) == 1


def test_what_an_import_did_not_use_is_given_back(post):
    with post.limited() as allowance:
        allowance.take(ROW, rows=3)
        allowance.give_back(Usage(mails=2, tries=3))
    # The tries did not count this request in the end, so that they are not reported.
    assert post.told == [RateLimit("mails-per-hour", quota=3, window=HOUR, remaining=2, reset=HOUR)]
    assert post.takes(DRY_ROW, rows=9) == 4
    assert post.takes(MAIL, rows=9) == 2


def test_what_is_given_back_later_belongs_to_the_hour_in_which_it_was_taken(post):
    with post.limited() as allowance:
        allowance.take(ROW, rows=3)
        post.room.clock.advance(minutes=61)
        post.takes()
        allowance.give_back(Usage(mails=3, tries=3))
    assert post.takes(MAIL, rows=9) == 2


@pytest.mark.parametrize("error", [InProgress("in-progress", 1), Conflict("own-account"), AlreadyDone()])
def test_a_request_that_did_nothing_costs_nothing(post, error):
    for _ in range(10):
        post.fails(error)
    assert post.takes(MAIL, rows=9) == 3
    assert post.takes(DRY_ROW, rows=9) == 4


def test_a_crash_keeps_the_count(post):
    """What was written before the crash is not known."""
    post.fails(ZeroDivisionError())
    assert post.takes(MAIL, rows=9) == 2


@pytest.mark.parametrize(
    "error",
    [Conflict("email-in-use"), Conflict("contact-in-use"), NotFound("contact-not-found")],
    ids=lambda it: it.code,
)
def test_a_refusal_that_tells_something_is_a_try_and_the_answer_hides_it_beyond_the_limit(post, error):
    for _ in range(4):
        post.fails(error)
    with pytest.raises(TooManyRequests, match="too-many-requests") as refused:
        post.fail(error, MAIL)
    assert [limit.policy for limit in refused.value.limits] == ["tries-per-hour"]
    assert post.takes(MAIL, rows=9) == 3


def test_a_refusal_before_anything_was_taken_is_a_try_too(post):
    with pytest.raises(Conflict), post.limited():
        raise Conflict("email-in-use")
    assert post.takes(DRY_ROW, rows=9) == 3


def test_an_import_that_fails_as_a_whole_gives_its_rows_back_but_has_asked_the_erp(post):
    for _ in range(2):
        with pytest.raises(InProgress):
            post.fail(InProgress("in-progress", 1), DRY_ROW, 4, ERP)
    with pytest.raises(TooManyRequests) as refused:
        post.takes(DRY_ROW, 4, ERP)
    assert [limit.policy for limit in refused.value.limits] == ["erp-requests-per-hour"]
    assert post.takes(DRY_ROW, 4) == 4


def test_requests_to_the_erp_have_a_limit_of_their_own(post):
    post.takes(ERP)
    post.takes(Usage(mails=1, erp=1))
    with pytest.raises(TooManyRequests):
        post.takes(ERP)
    assert post.takes(MAIL) == 1


def test_a_company_does_not_use_up_the_limits_of_another(post):
    post.takes(MAIL, rows=3)
    assert post.takes(MAIL, rows=9, company=a_company(company_id=OTHER_COMPANY_ID)) == 3


def test_more_than_the_whole_limit_is_never_allowed(post):
    with pytest.raises(TooManyRequests):
        post.takes(Usage(mails=4))


def test_while_a_companys_mails_are_stopped_it_causes_none_and_may_do_the_rest(post):
    now = post.room.clock.now()
    stopped = replace(post.company, mails_stopped_until=now + timedelta(hours=3))
    with pytest.raises(TooManyRequests, match="mails-stopped") as refused:
        post.takes(company=stopped)
    assert refused.value.retry_after == 3 * HOUR + 1
    assert post.takes(DRY_ROW, company=stopped) == 1
    post.room.clock.advance(hours=3)
    assert post.takes(company=stopped) == 1
