"""A product that is down, paused, gone or new gets everything that it has missed, once, and holds nobody back."""

from dataclasses import replace
from datetime import timedelta

import pytest

from customer_center.customers.control_product import (
    ProductRequest,
    pause_product,
    redrive_product,
    resume_product,
)
from customer_center.customers.follow_change import follow_change
from customer_center.customers.model import LEASE
from customer_center.customers.outage import ATTEMPTS, CUSTOMERS, ProductStatus, Since
from customer_center.customers.product_ports import Conflicting, Delivered, Refused, TryLater, Unchanged, Unsubscribed
from customer_center.customers.push_customer import Postponed
from customer_center.customers.put_product import remove_product
from customer_center.platform.errors import InProgress, PreconditionFailed
from tests.builders.customers_room import ACCOUNT, MACHINE, CustomersRoom
from tests.fakes.clock import NOON

HANGS = TryLater("no-answer-in-time")
BUSY = TryLater("http-429", 60, is_outage=True)


@pytest.fixture
def room():
    return CustomersRoom("a", "b")


def created(room, number, **values):
    """Create customers as product a, one after another."""
    customers = []
    for each in range(number):
        customers.append(room.create("a", last_name=f"Name {each}", **values).customer_id)
        room.clock.advance(seconds=0.01)
    return customers


def down(room, product="b", outcome=HANGS):
    """Let every call to the product fail until `up`. Return what is called."""
    calls = []

    def during(told, push):
        if told.product == product:
            calls.append(push.customer.customer_id)
            room.connector.outcomes[product] = [outcome]

    room.connector.during = during
    return calls


def up(room, product="b"):
    room.connector.during = None
    room.connector.outcomes[product] = []


def holds(room, product="b"):
    """Return what the product was told last of each customer."""
    pushes = [(told[0], push) for told, push in zip(room.connector.told, room.connector.pushes, strict=True)]
    return {push.customer.customer_id: push.customer.values["last_name"] for name, push in pushes if name == product}


def forget(room):
    """Forget what products were told."""
    room.connector.told.clear()
    room.connector.pushes.clear()


# An outage


@pytest.mark.parametrize("outcome", [HANGS, TryLater("http-500")])
def test_three_customers_in_a_row_that_cannot_be_told_are_an_outage(room, outcome):
    calls = down(room, outcome=outcome)
    created(room, CUSTOMERS - 1)
    room.follow_up()
    assert not room.status("b").is_waiting(room.clock.now())
    created(room, 10)
    room.gather()
    room.deliver_pointers()
    # Two of the first come again, the third is the outage, and everything else is dropped.
    assert room.status("b").is_waiting(room.clock.now())
    assert len(calls) <= 2 * CUSTOMERS
    assert (room.status("b").last_error, room.status("b").last_success) == (outcome.reason, None)


@pytest.mark.parametrize("outcome", [BUSY, TryLater("http-503", is_outage=True)])
def test_a_product_that_says_so_itself_is_down_at_once(room, outcome):
    calls = down(room, outcome=outcome)
    created(room, 10)
    room.follow_up()
    assert len(calls) == 1
    assert room.pointers == []
    wait = room.status("b").next_attempt_at - room.clock.now()
    assert wait == timedelta(seconds=outcome.seconds or 10)


def test_a_failure_of_one_customer_is_no_outage(room):
    room.connector.outcomes["b"] = [HANGS, Delivered(), HANGS, Delivered(), HANGS]
    created(room, 5)
    room.follow_up()
    assert not room.status("b").is_waiting(room.clock.now())


def test_attempts_come_twice_as_late_each_time_up_to_an_hour(room):
    down(room)
    created(room, 10)
    room.follow_up()
    waits = []
    for _ in range(14):
        status = room.status("b")
        waits.append((status.next_attempt_at - room.clock.now()).total_seconds())
        room.clock.advance(seconds=waits[-1] + 0.1)
        room.every_minute()
        room.tell()
    assert waits[:5] == [10, 20, 40, 80, 160]
    assert waits[-2:] == [3600, 3600]


def test_a_product_that_hangs_holds_nobody_back_and_is_called_a_few_times_only():
    """Issue: 200 customers change twice; the hung one got no more calls than workers run at once, plus ten."""
    room = CustomersRoom("a", "b", "c", "d")
    customers = created(room, 200)
    room.follow_up()
    room.later(60)
    calls = down(room)
    for change in ("First", "Last"):
        for number, customer_id in enumerate(customers):
            room.edit(customer_id, "a", last_name=f"{change} {number}")
        room.follow_up()
        room.later(30)
        room.every_minute()
        room.tell()
    expected = {customer_id: f"Last {number}" for number, customer_id in enumerate(customers)}
    assert [holds(room, product) for product in "cd"] == [expected, expected]
    assert len(calls) <= 1 + 10
    up(room)
    forget(room)
    room.later(3600)
    room.every_minute()
    room.settle()
    # Afterwards it gets the last states, once each.
    assert holds(room, "b") == expected
    assert len(room.known_to("b")) == 200
    assert room.products.behind() == []


def test_after_the_wait_only_the_walk_calls_until_a_call_succeeds(room):
    calls = down(room, outcome=BUSY)
    created(room, 10)
    room.follow_up()
    room.later(61)
    created(room, 10)
    room.gather()
    room.deliver_pointers()
    assert len(calls) == 1
    room.deliver_pages()
    assert len(calls) == 2
    assert room.status("b").is_waiting(room.clock.now())


def test_a_pointer_that_waited_before_an_outage_lowers_what_the_walk_begins_from(room):
    (early,) = created(room, 1)
    room.gather()
    waiting, room.pointers = room.pointers, []
    room.later(60)
    room.connector.outcomes["b"] = [BUSY]
    created(room, 1)
    room.follow_up()
    behind = room.status("b").behind
    room.pointers = waiting
    room.follow_up()
    assert room.status("b").behind.feed < behind.feed
    room.later(61)
    room.settle()
    assert early in holds(room)


def test_a_success_that_was_on_its_way_does_not_end_the_wait(room):
    room.connector.outcomes["b"] = [BUSY]
    created(room, 1)
    room.follow_up()
    status = room.status("b")
    assert status.succeeded(room.clock.now()).is_waiting(room.clock.now())


def test_a_later_answer_lengthens_the_wait_and_none_shortens_it(room):
    now = room.clock.now()
    waiting = ProductStatus(ACCOUNT, "b").missing(Since(feed="1")).failed("x", "busy", now, seconds=60, is_outage=True)
    assert waiting.failed("y", "busy", now, seconds=90, is_outage=True).next_attempt_at == now + timedelta(seconds=90)
    assert waiting.failed("y", "hangs", now).next_attempt_at == now + timedelta(seconds=60)


def test_one_customer_that_always_fails_stops_no_product(room):
    """Its calls begin the walk each time; from a longer wait on, others are tried too."""
    (bad,) = created(room, 1)

    def during(told, push):
        room.connector.outcomes["b"] = [HANGS] if push.customer.customer_id == bad else []

    room.connector.during = during
    room.connector.outcomes["b"] = [replace(HANGS, is_outage=True)]
    room.follow_up()
    others = created(room, 5)
    for _ in range(30):
        room.follow_up()
        room.every_minute()
        room.later(60)
    assert set(others) <= set(holds(room))
    assert room.products.behind() == []
    assert [row.customer_id for row in failures(room)] == [bad]


# A customer that the product does not take


def failures(room):
    return room.products.failures(room.products.product(ACCOUNT, "b"), limit=100).rows


def test_a_refused_customer_is_a_failure_until_it_is_taken(room):
    (customer_id,) = created(room, 1)
    room.connector.outcomes["b"] = [Refused("http-422")]
    room.follow_up()
    (failure,) = failures(room)
    assert (failure.customer_id, failure.reason, failure.remote_ids) == (customer_id, "http-422", ())
    room.control(redrive_product, "b")
    room.settle()
    assert failures(room) == []
    assert holds(room) == {customer_id: "Name 0"}


def test_a_refused_customer_is_tried_again_at_its_next_change(room):
    (customer_id,) = created(room, 1)
    room.connector.outcomes["b"] = [Refused("http-422")]
    room.follow_up()
    room.edit(customer_id, last_name="Better")
    room.follow_up()
    assert failures(room) == []


def test_eight_failed_calls_while_others_succeed_are_a_failure(room):
    (bad,) = created(room, 1)

    def during(told, push):
        room.connector.outcomes["b"] = [HANGS] if push.customer.customer_id == bad else []

    room.connector.during = during
    room.follow_up()
    for _ in range(ATTEMPTS - 2):
        room.later(120)
        created(room, 1)
        room.follow_up()
    assert failures(room) == []
    room.later(120)
    room.follow_up()
    assert [row.customer_id for row in failures(room)] == [bad]
    assert room.pointers == []


def test_eight_failed_calls_while_nobody_succeeds_are_an_outage(room):
    down(room)
    created(room, 1)
    room.follow_up()
    for _ in range(ATTEMPTS - 1):
        room.later(900)
        room.tell()
    assert room.pointers == []
    assert failures(room) == []
    assert not room.status("b").behind.is_empty


def test_a_customer_that_the_product_has_already_is_a_failure_with_its_ids(room):
    (customer_id,) = created(room, 1)
    room.connector.outcomes["b"] = [Conflicting(["b-1", "b-2"])]
    room.follow_up()
    (failure,) = failures(room)
    assert (failure.customer_id, failure.reason, failure.remote_ids) == (customer_id, "conflict", ("b-1", "b-2"))


def test_what_a_product_has_already_counts_as_told(room):
    created(room, 1)
    room.connector.outcomes["b"] = [Unchanged()]
    room.follow_up()
    room.control(redrive_product, "b")
    room.settle()
    assert len(room.known_to("b")) == 1


# The product's own id


def test_an_id_that_a_product_answers_is_its_external_id(room):
    (customer_id,) = created(room, 1)
    room.connector.outcomes["b"] = [Delivered("b-1")]
    room.follow_up()
    room.hear("b", ids=("b-1", None), last_name="Neumann")
    assert room.shown(customer_id)["last_name"] == "Neumann"
    room.edit(customer_id, last_name="Later")
    room.follow_up()
    assert room.connector.pushes[-1].external_id == "b-1"


def test_an_id_that_belongs_to_another_customer_is_a_failure(room):
    other, customer_id = created(room, 2)
    room.connector.outcomes["b"] = [Delivered("b-1"), Delivered("b-1")]
    room.follow_up()
    assert [(row.customer_id, row.reason) for row in failures(room)] == [(customer_id, "external-id-taken")]
    assert room.customers.customer_id_of(ACCOUNT, "b", "b-1") == other


def test_a_connector_learns_that_an_earlier_call_is_in_doubt(room):
    created(room, 1)
    room.connector.outcomes["b"] = [HANGS]
    room.follow_up()
    room.follow_up()
    assert [push.in_doubt for push in room.connector.pushes if push.kind == "created"][-2:] == [False, True]


# Pause, resume, gone


def test_a_paused_product_is_told_nothing_and_then_what_it_missed_once(room):
    customers = created(room, 3)
    room.follow_up()
    room.control(pause_product, "b")
    forget(room)
    for name in ("First", "Last"):
        for customer_id in customers:
            room.edit(customer_id, "a", last_name=name)
        room.settle()
    assert room.known_to("b") == []
    room.control(resume_product, "b")
    room.settle()
    assert [values["last_name"] for _, values in room.known_to("b")] == ["Last"] * 3
    assert room.products.behind() == []


def test_a_pause_and_its_end_may_be_asked_for_twice(room):
    assert room.control(pause_product, "b") == room.control(pause_product, "b")
    room.control(resume_product, "b")
    assert room.control(resume_product, "b").paused_at is None


def test_what_changes_long_after_a_pause_began_causes_no_message(room):
    room.control(pause_product, "b")
    room.later(7200)
    (customer_id,) = created(room, 1)
    room.gather()
    assert {pointer.data["product"] for pointer in room.pointers} == {"a"}
    room.control(resume_product, "b")
    room.settle()
    assert list(holds(room)) == [customer_id]


@pytest.mark.parametrize("back", ["connected", "resumed"])
def test_a_product_that_was_gone_gets_what_it_missed(room, back):
    room.connector.outcomes["b"] = [Unsubscribed()]
    customers = created(room, 3)
    room.settle()
    assert len(room.known_to("b")) == 1
    if back == "connected":
        room.connect("b")
    else:
        room.control(resume_product, "b")
    room.settle()
    assert sorted(holds(room)) == sorted(customers)


# Walks


def test_a_new_product_is_told_all_customers():
    """Page by page, also those that change meanwhile."""
    room = CustomersRoom("a")
    customers = created(room, 250)
    room.settle()
    room.connect("b")
    room.gather()
    room.deliver_pages()
    room.edit(customers[0], last_name="Changed")
    room.settle()
    assert holds(room) == {each: f"Name {n}" for n, each in enumerate(customers)} | {customers[0]: "Changed"}
    assert room.products.behind() == []


def test_a_walk_goes_on_where_it_was_after_a_crash():
    room = CustomersRoom("a")
    created(room, 250)
    room.settle()
    room.connect("b")
    room.gather()
    room.deliver_pages()
    room.deliver_pointers()
    room.pages = []
    room.every_minute()
    # Somebody else may still go on with it.
    assert (len(holds(room)), room.pages) == (100, [])
    room.later(121)
    room.every_minute()
    room.settle()
    assert room.products.behind() == []
    assert (len(holds(room)), len(room.known_to("b"))) == (250, 250)


def test_an_outage_in_the_middle_of_a_walk_loses_nobody():
    room = CustomersRoom("a")
    customers = created(room, 250)
    room.settle()
    room.connect("b")
    room.connector.outcomes["b"] = [*[Delivered()] * 120, BUSY]
    for _ in range(20):
        room.settle()
    assert sorted(holds(room)) == sorted(customers)
    assert room.products.behind() == []


def test_a_product_with_other_rules_for_consent_is_told_all_customers_again(room):
    """Also those whose consent was known when the rule was another."""
    customers = created(room, 3)
    room.settle()
    forget(room)
    room.connect("b", on_withdrawal="delete")
    room.settle()
    assert room.known_to("b") == []
    room.connect("c", without_consent="skip")
    room.settle()
    assert room.known_to("c") == []
    room.connect("c", without_consent="send")
    room.settle()
    assert sorted(holds(room, "c")) == sorted(customers)


@pytest.mark.parametrize("end", ["delete", "leave"])
def test_who_was_away_longer_than_the_feed_is_kept_still_learns_of_deletions_and_departures(room, end):
    kept, gone = created(room, 2)
    room.settle()
    room.partner()
    room.control(pause_product, "b")
    getattr(room, end)(gone)
    room.edit(kept, last_name="Changed")
    room.settle()
    # After 30 days only the rows of deleted customers are left.
    room.products.rows = {place: True for place, is_kept in room.products.rows.items() if is_kept}
    assert len(room.products.rows) == 1
    forget(room)
    room.clock.advance(seconds=40 * 86400)
    room.control(resume_product, "b")
    room.settle()
    assert sorted(kind for kind, _ in room.known_to("b")) == ["deleted", "updated"]


def test_two_walks_at_once_move_on_one_page(room):
    status = room.status("b").begun(Since(listed=""), NOON)
    assert room.products.save_status(room.status("b"), status)
    after = status.walked(Since(listed="x"), NOON)
    assert room.products.save_status(status, after)
    assert not room.products.save_status(status, after)


def test_a_walk_waits_for_rows_that_are_still_being_written(room):
    """A row may be acknowledged five seconds after its position; who reads up to ten seconds ago misses none."""
    created(room, 1)
    room.control(pause_product, "b")
    room.follow_up()
    room.control(resume_product, "b")
    room.gather()
    room.tell()
    assert not room.status("b").behind.is_empty
    room.later(11)
    room.tell()
    room.later(11)
    room.tell()
    assert room.status("b").behind.is_empty
    assert len(holds(room)) == 1


# The feed


def follow(room, customer_id):
    ports = {"customers": room.customers, "products": room.products, "clock": room.clock}
    follow_change(ACCOUNT, customer_id, send=room.send, **ports)


def test_a_row_that_took_long_to_write_is_written_again_with_a_later_position(room, monkeypatch):
    (customer_id,) = created(room, 1)
    add, slow = room.products.add_to_feed, [6]

    def add_slowly(*args, **given):
        add(*args, **given)
        room.later(slow.pop() if slow else 1)

    monkeypatch.setattr(room.products, "add_to_feed", add_slowly)
    follow(room, customer_id)
    rows = sorted(room.products.rows)
    assert len(rows) == 2
    assert {pointer.data["position"] for pointer in room.pointers} == {rows[-1][1]}


def test_a_table_that_stays_slow_makes_the_message_come_again(room, monkeypatch):
    (customer_id,) = created(room, 1)
    monkeypatch.setattr(room.products, "add_to_feed", lambda *args, **given: room.later(6))
    with pytest.raises(InProgress):
        follow(room, customer_id)
    assert room.pointers == []


# What is written


def test_a_success_is_noted_at_most_once_a_minute(room):
    customers = created(room, 3)
    room.follow_up()
    version = room.status("b").version
    for customer_id in customers:
        room.edit(customer_id, last_name="Changed")
        room.follow_up()
    assert room.status("b").version == version
    room.later(61)
    room.edit(customers[0], last_name="Again")
    room.follow_up()
    assert room.status("b").version == version + 1
    assert room.status("b").last_success == room.clock.now()


def test_an_action_is_meant_for_one_version(room):
    request = ProductRequest(ACCOUNT, "b", MACHINE, "request", if_versions={7})
    with pytest.raises(PreconditionFailed):
        pause_product(request, products=room.products, clock=room.clock)


def test_a_lease_outlives_a_worker():
    assert timedelta(seconds=30) * 4 == LEASE


def test_a_pointer_to_a_customer_that_is_being_told_comes_again(room):
    (customer_id,) = created(room, 1)
    delivery = room.customers.delivery(customer_id, ACCOUNT, "b")
    assert room.customers.save_delivery(delivery, delivery.leased({}, room.clock.now()))
    with pytest.raises(Postponed):
        room.push("b", customer_id)


@pytest.mark.parametrize(("if_versions", "answer"), [(None, InProgress), ({1}, PreconditionFailed)])
def test_a_removal_that_a_pause_overtakes_is_refused_as_its_caller_named_a_version_or_not(room, if_versions, answer):
    remove = room.secrets.remove
    room.secrets.remove = lambda secret_id: (room.control(pause_product, "b"), remove(secret_id))
    at = {"products": room.products, "secrets": room.secrets, "clock": room.clock}
    with pytest.raises(answer):
        remove_product(ACCOUNT, "b", MACHINE, "request", if_versions=if_versions, **at)
    room.secrets.remove = remove
    room.disconnect("b")
    assert room.products.product(ACCOUNT, "b") is None
