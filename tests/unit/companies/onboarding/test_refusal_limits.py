"""Refused activations are limited by number and network, by number and day, and by network over all numbers."""

import ipaddress
import json

import pytest

from customer_center.companies.model import RefusalLimits
from customer_center.companies.onboarding.activation import ActivationRules
from customer_center.platform.errors import InvalidInput, TooManyRequests
from tests.builders.companies_room import Room
from tests.builders.erp import INVOICE, a_contact, a_customer


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
        [("refusals-per-network", 2), ("refusals-per-day", 4), ("refusals-all-numbers", 19)],
        [("refusals-per-network", 1), ("refusals-per-day", 3), ("refusals-all-numbers", 18)],
        [("refusals-per-network", 0), ("refusals-per-day", 2), ("refusals-all-numbers", 17)],
        [("refusals-per-network", 0), ("refusals-per-day", 2)],
    ]


def test_an_activation_that_is_not_refused_leaves_as_many_as_before(room, customer):
    assert _visit(room) == [("refusals-per-network", 3), ("refusals-per-day", 5), ("refusals-all-numbers", 20)]


def test_contact_numbers_cannot_be_tried_one_after_the_other(room):
    """The answer tells whether the ERP has this e-mail for this contact."""
    contacts = [a_contact(f"KT{serial}", email="somebody@baecker.example") for serial in range(4)]
    room.erp.add(a_customer(), contacts=contacts, invoices=[INVOICE])
    left = [_visit(room, contact_number=contact.contact_number)[0] for contact in contacts]
    assert left == [("refusals-per-network", 2), ("refusals-per-network", 1), *[("refusals-per-network", 0)] * 2]


def test_the_limit_that_holds_longest_says_when_to_come_again(room, customer):
    room.clock.advance(seconds=60)
    for network in ("a", "a", "a", "b", "b"):
        _visit(room, invoice_number="wrong", network=network)
    with pytest.raises(TooManyRequests) as refused:
        room.activate(network="a")
    assert refused.value.retry_after == 12 * HOUR - 60
    assert [limit.reset for limit in refused.value.limits] == [840, 12 * HOUR - 60]


# One network over all customer numbers


def _sprayed(room, numbers, network="203.0.113.0/24"):
    """Try one invoice against many customer numbers, and return the codes of the refusals."""
    refused = []
    for number in numbers:
        with pytest.raises((InvalidInput, TooManyRequests)) as refusal:
            room.activate(customer_number=f"{number}", network=network)
        refused.append(refusal.value.code)
    return refused


def test_one_invoice_against_many_numbers_is_refused_before_the_erp_is_asked(room, customer):
    room.activation_rules = ActivationRules(refusal_seconds=0)
    codes = _sprayed(room, range(20000, 20140))
    assert codes == ["activation-refused"] * 20 + ["too-many-refusals"] * 120
    with pytest.raises(TooManyRequests):
        room.activate(network="203.0.113.0/24")
    assert room.activate(network="198.51.100.0/24")


def test_many_activations_from_one_network_that_succeed_are_no_spraying(room):
    room.activation_rules = ActivationRules(refusal_seconds=0)
    for serial in range(30):
        number = f"{30000 + serial}"
        room.erp.add(a_customer(customer_number=number), invoices=[INVOICE])
        room.activate(customer_number=number, network="203.0.113.0/24")


def test_a_crash_leaves_a_count_and_never_a_free_try(room, customer, monkeypatch):
    limits = RefusalLimits(per_network_and_hour=2)
    room.activation_rules = ActivationRules(limits=limits, refusal_seconds=0)

    def crashed(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(room.erp, "find_invoice", crashed)
    for number in ("20000", "30000"):
        with pytest.raises(KeyboardInterrupt):
            room.activate(customer_number=number)
    monkeypatch.undo()
    with pytest.raises(TooManyRequests):
        room.activate()


def test_each_refusal_counts_for_the_alarm_and_nothing_else_does(room, customer, capsys):
    limits = RefusalLimits(per_network=2)
    room.activation_rules = ActivationRules(limits=limits, refusal_seconds=0)
    room.activate()
    assert capsys.readouterr().out == ""
    for _ in range(3):
        with pytest.raises((InvalidInput, TooManyRequests)):
            room.activate(invoice_number="wrong")
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["RefusedActivations"] for line in lines] == [1, 1, 1]
    (metric,) = lines[0]["_aws"]["CloudWatchMetrics"]
    assert metric["Namespace"] == "CustomerCenter"
    assert all(name in lines[0] for name in metric["Dimensions"][0])


@pytest.mark.parametrize(
    "network",
    [
        "203.0.113.0/24",
        "0.0.0.0/24",
        "2001:db8:1::/48",
        "2001:db8::/48",
        "2001::/48",
        "::/48",
        "0:0:5::/48",
        "0:1::/48",
    ],
)
def test_around_a_network_is_a_wide_one(network):
    inner = ipaddress.ip_network(network)
    wide = ipaddress.ip_network(RefusalLimits.wide_network(network))
    assert wide == inner.supernet(new_prefix=16 if inner.version == 4 else 32)


def test_a_text_that_is_no_network_stands_for_itself():
    assert RefusalLimits.wide_network("nonsense") == "nonsense"
