"""Refused activations are limited by network and by day (RateLimit headers draft 11)."""

import pytest

from customer_center.companies.model import RefusalLimits
from customer_center.companies.onboarding.activation import ActivationRules
from customer_center.platform.errors import InvalidInput, TooManyRequests
from tests.builders.companies_room import Room
from tests.builders.erp import INVOICE, a_customer


@pytest.fixture
def room():
    return Room()


HOUR = 3600


def _visit(room, **given):
    """Activate with these limits, and return the limits that the answer reports."""
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
