"""docs/cost.md: that it is what `make cost` writes, and that its sums add up."""

import pytest

from generate import cost
from tests.template_reader import load_template, resources_of


def test_the_document_is_what_the_command_writes():
    assert cost.DOCUMENT.read_text() == cost.document(), "make cost writes it anew"


@pytest.mark.parametrize("companies", cost.COMPANIES)
def test_every_price_is_a_line_of_the_bill(companies):
    assert cost.usage(companies).keys() == cost.PRICES.keys() == cost.monthly(companies, allowances=True).keys()


def test_nothing_gets_cheaper_with_more_companies():
    for name in cost.PRICES:
        bill = [cost.monthly(companies, allowances=False)[name] for companies in cost.COMPANIES]
        assert bill == sorted(bill), name


def test_what_is_free_is_taken_off_and_never_gives_money_back():
    for companies in cost.COMPANIES:
        full, reduced = cost.monthly(companies, allowances=False), cost.monthly(companies, allowances=True)
        assert all(0 <= reduced[name] <= full[name] for name in cost.PRICES)


def test_a_company_is_billed_for_its_users():
    """10,000 companies of five users, ten thousand users free."""
    assert cost.monthly(10_000, allowances=True)["Cognito"] == pytest.approx(40_000 * 0.0055)


def test_idle_costs_only_what_waits_and_watches():
    idle = {name for name, usd in cost.monthly(0, allowances=True).items() if usd >= 0.005}

    assert idle == {"Alarms", "SQS", "DynamoDB reads"}


def test_every_alarm_of_the_template_is_billed():
    assert cost.usage(0)["Alarms"] == len(resources_of(load_template(), "AWS::CloudWatch::Alarm"))
