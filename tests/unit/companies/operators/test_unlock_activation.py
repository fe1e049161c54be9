"""An operator unlocks the activation of a customer number."""

import pytest

from customer_center.companies.model import RefusalLimits
from customer_center.platform.errors import (
    InvalidInput,
    TooManyRequests,
)
from tests.builders.companies import COMPANY_ID, a_company
from tests.builders.companies_room import OPERATOR, Room
from tests.builders.erp import NUMBER, a_customer


@pytest.fixture
def room():
    return Room()


def _locked(room):
    """Use up the refusals of the customer number."""
    room.activation_rules = room.activation_rules.__class__(limits=RefusalLimits(per_network=2))
    room.erp.add(a_customer(), invoices=["103019"])
    for _ in range(2):
        with pytest.raises(InvalidInput):
            room.activate(invoice_number="wrong")
    with pytest.raises(TooManyRequests):
        room.activate()


def test_an_unlocked_number_can_be_activated_again(room):
    _locked(room)
    room.unlock()
    assert room.activate_confirmed().company.customer_number == NUMBER


def test_of_a_number_without_a_company_the_operators_journal_tells(room):
    assert room.unlock() is None
    (entry,) = room.companies.entries
    assert (entry.partition, entry.action, entry.subject) == ("operator", "activation.unlocked", NUMBER)
    assert entry.actor == OPERATOR


def test_of_a_number_with_a_company_its_own_journal_tells(room):
    room.companies.add(a_company())
    assert room.unlock().company_id == COMPANY_ID
    assert room.companies.entries[0].partition == COMPANY_ID
