"""The circuit breaker: one customer's failures are theirs, those of several customers are the system's."""

from datetime import timedelta

import pytest

from customer_center.platform.breaker import CUSTOMERS, DynamoDBBreaker
from tests.fakes.clock import FakeClock


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def companies_table(moto_client, create_table):
    client = moto_client("dynamodb")
    return client, create_table(client, "CompaniesTable")


@pytest.fixture
def breaker(companies_table, clock):
    client, table = companies_table
    return DynamoDBBreaker(client=client, table=table, system="erp", clock=clock, offline_for=timedelta(seconds=60))


def test_one_customers_time_outs_are_nobody_elses(breaker):
    for _ in range(20):
        breaker.trip("10000", 5)
    assert breaker.open_for("10000", 5) == 60
    assert breaker.open_for("20000", 5) == 0


def test_a_customer_number_in_another_case_is_the_same_customer(breaker):
    breaker.trip("abC", 5)
    assert breaker.open_for("ABC", 5) == 60


def test_after_failures_of_several_customers_the_system_is_offline_for_everybody(breaker, clock):
    for serial in range(CUSTOMERS):
        assert breaker.open_for("99999", 5) == 0
        breaker.trip(str(serial), 5)
        clock.advance(seconds=1)
    assert breaker.open_for("99999", 5) == 59
    clock.advance(seconds=60)
    assert breaker.open_for("99999", 5) == 0


def test_failures_of_long_ago_do_not_count(breaker, clock):
    for serial in range(3 * CUSTOMERS):
        breaker.trip(str(serial), 5)
        clock.advance(seconds=61)
    assert breaker.open_for("99999", 5) == 0


def test_who_waited_shortly_says_nothing_about_who_waits_longer(breaker):
    for _ in range(CUSTOMERS):
        breaker.trip("10000", 5)
    assert breaker.open_for("10000", 60) == 0
    breaker.trip("10000", 60)
    assert breaker.open_for("99999", 5) == 0, "it is one customer still"


def test_the_item_does_not_grow(breaker, clock, companies_table):
    for serial in range(50):
        breaker.trip(str(serial), 5)
        clock.advance(seconds=31)
    client, table = companies_table
    (item,) = [item for item in client.scan(TableName=table)["Items"] if item["pk"]["S"] == "breaker#erp"]
    assert len(item) < 10
    assert "10000" not in str(item)


def test_a_breaker_that_an_earlier_version_opened_is_open(breaker, clock, companies_table):
    client, table = companies_table
    until = "2026-11-23T12:00:30.000Z"
    client.put_item(
        TableName=table,
        Item={"pk": {"S": "breaker#erp"}, "sk": {"S": "breaker"}, "offline_until": {"S": until}},
    )
    assert breaker.open_for("10000", 5) == 30
    breaker.trip("10000", 5)
    assert breaker.open_for("20000", 5) == 30
