"""What a `ProductConnector` promises: the fake, and the webhook connector with the simulated products."""

import threading
from dataclasses import replace

import pytest

from customer_center.connectors.webhook.connector import WebhookConnector
from customer_center.customers.model import Customer, Product
from customer_center.customers.product_ports import Delivered, Push, Refused, TryLater, Unsubscribed
from customer_center.platform.clock import SystemClock
from local.simulators.products.server import ProductsSimulator
from tests.builders.webhooks import OTHER_SECRET, SECRET
from tests.fakes.clock import NOON
from tests.fakes.products import FakeConnector

CUSTOMER = Customer(
    "cus_1", "AG-100", NOON, NOON, values={"last_name": "Muster", "emails": ("a@x.example",)}, version=3
)
PUSH = Push("msg_1", "created", CUSTOMER, None)


@pytest.fixture(scope="module")
def simulator():
    server = ProductsSimulator()
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield server
    server.stopping.set()
    server.shutdown()
    server.server_close()


OUTCOMES = {
    "take": Delivered(),
    "huge": Delivered(),
    "refuse": Refused("http-422"),
    "gone": Unsubscribed(),
    "fail": TryLater("http-500"),
    "redirect": TryLater("http-307"),
    "busy": TryLater("http-429", 1, is_outage=True),
    "hang": TryLater("no-answer-in-time"),
    "drip": TryLater("no-answer-in-time"),
}


class Fake:
    """The fake, told how the product behaves."""

    def push(self, mode, push=PUSH):
        connector = FakeConnector()
        connector.outcomes["b"] = [OUTCOMES[mode]]
        return connector.push(Product("AG-100", "b", "https://b.example", "s", NOON, NOON), push)


class Simulated:
    """The webhook connector, and a product of the simulator."""

    def __init__(self, simulator):
        self.simulator = simulator
        self.simulator.products.clear()
        self.product = simulator.product("b")
        self.product.secret = SECRET

    def push(self, mode, push=PUSH, secret=SECRET):
        self.product.mode = mode
        url = f"http://127.0.0.1:{self.simulator.server_address[1]}/hooks/b"
        connector = WebhookConnector(secrets=lambda _: [secret], clock=SystemClock(), loopback=True, seconds=0.5)
        return connector.push(Product("AG-100", "b", url, "s", NOON, NOON), push)


@pytest.fixture
def simulated(simulator):
    return Simulated(simulator)


@pytest.fixture(params=["fake", "simulator"])
def product(request):
    return Fake() if request.param == "fake" else request.getfixturevalue("simulated")


@pytest.mark.parametrize("mode", ["take", "huge"])
def test_what_the_product_takes_is_delivered(product, mode):
    assert product.push(mode) == Delivered()


def test_what_the_product_refuses_is_refused(product):
    assert product.push("refuse") == Refused("http-422")


def test_a_product_that_is_gone_says_so(product):
    assert product.push("gone") == Unsubscribed()


@pytest.mark.parametrize("mode", ["fail", "redirect", "busy"])
def test_a_product_that_fails_is_tried_later(product, mode):
    assert product.push(mode) == OUTCOMES[mode]


@pytest.mark.parametrize("mode", ["hang", "drip"])
def test_a_product_that_does_not_answer_is_given_up_in_time(product, mode):
    outcome = product.push(mode)
    assert isinstance(outcome, TryLater)


def test_the_simulated_product_holds_what_it_was_told(simulated):
    simulated.push("take")
    ((event,),) = [simulated.product.events]
    assert simulated.product.customers["cus_1"] == event["data"]
    assert (event["type"], event["data"]["version"], event["data"]["last_name"]) == ("customer.created", 3, "Muster")


def test_the_simulated_product_takes_a_repeat_once_and_no_older_version(simulated):
    newer = replace(CUSTOMER, version=5, values={"last_name": "Neumann"})
    for push in (PUSH, PUSH, Push("msg_2", "updated", newer, None), Push("msg_3", "updated", CUSTOMER, None)):
        assert simulated.push("take", push) == Delivered()
    assert len(simulated.product.events) == 3
    assert simulated.product.customers["cus_1"]["last_name"] == "Neumann"


def test_the_simulated_product_forgets_a_deleted_customer(simulated):
    simulated.push("take")
    simulated.push("take", replace(PUSH, push_id="msg_2", kind="deleted"))
    assert simulated.product.customers == {}


def test_the_simulated_product_checks_our_signature(simulated):
    assert simulated.push("take", secret=OTHER_SECRET) == TryLater("http-401")
    assert (simulated.product.forged, simulated.product.events) == (1, [])
