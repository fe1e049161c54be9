"""What a `ProductConnector` promises, kept by the one of Vendasta, held against the simulator with its traps."""

from dataclasses import replace

import pytest

from customer_center.connectors.vendasta.client import VendastaClient
from customer_center.connectors.vendasta.connector import VendastaConnector
from customer_center.connectors.vendasta.settings import VendastaSettings
from customer_center.customers.model import Customer, Product
from customer_center.customers.product_ports import Conflicting, Delivered, Push, Refused, TryLater
from customer_center.platform.clock import SystemClock
from customer_center.platform.secrets import SecretNotFoundError
from local.simulators.vendasta.server import API
from tests.builders.rs256 import private_key, private_pem
from tests.fakes.clock import NOON
from tests.fakes.vendasta import MemoryToken
from tests.fakes.vendasta_simulator import APP_ID, add_app, running_simulator

GROUP = "AG-1"
PRODUCT = Product("shop", "vendasta", None, "s", NOON, NOON, kind="vendasta")
OUR_ID = "cus_01kb0000000000000000000001"
ANNA = Customer(
    OUR_ID,
    "shop",
    NOON,
    NOON,
    values={"last_name": "Blum", "emails": ("anna@blum.example",), "phones": ("+1 306 652 5464", "12")},
)


@pytest.fixture(scope="module")
def running():
    with running_simulator() as simulator:
        yield simulator


@pytest.fixture
def simulator(running):
    running.reset()
    add_app(running, accounts=(GROUP,))
    return running


class Vendasta:
    """The connector, and an app of the simulator."""

    def __init__(self, simulator):
        self.simulator, self.kept = simulator, MemoryToken()
        self.connector = VendastaConnector(client=self._client, clock=SystemClock())
        self.key = lambda: private_pem(private_key("app"))

    def _client(self, _):
        settings = VendastaSettings(self.simulator.url + API, APP_ID, GROUP)
        about = {"kept": self.kept, "clock": SystemClock(), "loopback": True, "seconds": 0.5}
        return VendastaClient(settings, private_key=self.key, **about)

    def push(self, kind="created", customer=ANNA, external_id=None, **values):
        if values:
            customer = replace(customer, values={**customer.values, **values})
        return self.connector.push(PRODUCT, Push("msg_1", kind, customer, external_id))

    def create(self, **values):
        """Create a customer as a person does. Return Vendasta's id."""
        return self.simulator.lists.change("create", {"account_id": GROUP, **values}).customer_id

    @property
    def calls(self):
        return [request["call"] for request in self.simulator.requests if request["call"] != "oauth/token"]

    @property
    def records(self):
        """What Vendasta holds, without what was deleted."""
        return [record for record in self.simulator.lists.records if record.deleted.startswith("0001")]


@pytest.fixture
def vendasta(simulator):
    return Vendasta(simulator)


# The trip of a customer


def test_a_customer_is_created_and_vendastas_id_comes_back(vendasta):
    """003: "When a Product creates a customer record internally, that record should be synced to the Customer List."

    003: "the flag should be left as `false` unless the Vendor has explicitly ascertained consent"
    """
    outcome = vendasta.push()
    (record,) = vendasta.records
    assert outcome == Delivered(record.customer_id)
    assert record.vendor_ids == {APP_ID: OUR_ID}
    assert record.values["last_name"] == "Blum"
    assert record.values["phone"] == ["+13066525464"]
    assert record.permission.startswith("0001")


def test_a_customer_is_updated_by_our_id(vendasta):
    vendasta.push()
    assert vendasta.push("updated", last_name="Rot") == Delivered(vendasta.records[0].customer_id)
    assert [record.values["last_name"] for record in vendasta.records] == ["Rot"]
    assert vendasta.calls[2:] == ["update-customer"]


def test_what_was_said_before_and_is_no_more_is_cleared(vendasta):
    vendasta.push()
    vendasta.push("updated", replace(ANNA, values={"last_name": "Blum"}))
    assert (vendasta.records[0].values["email"], vendasta.records[0].values["phone"]) == ([], [])


def test_a_customer_is_deleted_by_our_id(vendasta):
    vendasta.push()
    assert vendasta.push("deleted") == Delivered()
    assert vendasta.records == []


def test_deleting_what_is_not_there_is_no_failure(vendasta):
    assert vendasta.push("deleted") == Delivered()
    assert vendasta.push("deleted", external_id="CUSTOMER-9") == Delivered()


# Customers that Vendasta told us of


def test_a_customer_of_vendasta_gets_our_id_and_is_not_created_again(vendasta):
    """003: "In the case of an addition, the Vendor will then utilize the [Associate Customer Ids](https://\
developers.vendasta.com/vendor/4e54c2707bf93-associate-customer-i-ds) endpoint to register an external id for this\
 customer. This is **required** to be able to interact with this customer record."
    """
    theirs = vendasta.create(last_name="Blum", email=["anna@blum.example"])
    assert vendasta.push("updated", external_id=theirs) == Delivered(theirs)
    (record,) = vendasta.records
    assert record.vendor_ids == {APP_ID: OUR_ID}
    assert vendasta.calls == ["update-customer", "associate-id", "update-customer"]


def test_a_customer_of_vendasta_that_never_got_our_id_is_deleted_by_its_own(vendasta):
    theirs = vendasta.create(last_name="Blum")
    assert vendasta.push("deleted", external_id=theirs) == Delivered()
    assert vendasta.records == []


def test_a_customer_that_was_deleted_there_is_created_again(vendasta):
    theirs = vendasta.create(last_name="Blum")
    vendasta.simulator.lists.change("delete", {"customer_id": theirs})
    outcome = vendasta.push(external_id=theirs)
    assert outcome == Delivered(vendasta.records[0].customer_id)
    assert outcome != Delivered(theirs)


# Traps


def test_a_create_without_an_answer_is_found_before_it_is_repeated(vendasta):
    """Vendasta's API has no key for repeats: a blind repeat would make a second customer."""
    vendasta.simulator.modes.set({"mode": "unanswered", "calls": ["customer"], "times": 1})
    assert vendasta.push() == TryLater("no-connection")
    assert vendasta.push() == Delivered(vendasta.records[0].customer_id)
    assert len(vendasta.records) == 1
    assert vendasta.calls.count("customer") == 1


def test_a_duplicate_is_a_conflict_and_is_not_created_again(vendasta):
    """Trap 11: create answered 200 with `CONFLICT-`.

    003: "It is suggested that Vendors don't proceed with Customer creation if a duplicate is detected."
    """
    theirs = vendasta.create(email=["anna@blum.example"])
    for kind in ("created", "updated", "created"):
        assert vendasta.push(kind) == Conflicting((theirs,))
    assert vendasta.calls.count("customer") == 1
    assert vendasta.push("deleted") == Delivered()
    assert [record.customer_id for record in vendasta.records] == [theirs]


def test_a_duplicate_that_is_none_any_more_is_created_where_it_is_seen(vendasta):
    theirs = vendasta.create(email=["anna@blum.example"])
    vendasta.push()
    vendasta.simulator.lists.change("delete", {"customer_id": theirs})
    outcome = vendasta.push("updated")
    (record,) = vendasta.records
    assert outcome == Delivered(record.customer_id)
    assert not record.is_conflict


def test_names_and_numbers_that_vendasta_refuses_are_not_sent(vendasta):
    """Trap 13: a name with a comma or a semicolon going out."""
    vendasta.push(last_name="Blum, Dr.; geb. Rot", phones=("0351 1234",))
    (record,) = vendasta.records
    assert (record.values["last_name"], record.values["phone"]) == ("Blum Dr. geb. Rot", [])


def test_a_number_that_a_person_wrote_in_vendasta_stays_there(vendasta):
    theirs = vendasta.create(last_name="Blum", phone=["1234567890"])
    said = replace(ANNA, values={"last_name": "Rot", "phones": ("1234567890",)})
    said = replace(said, said_by={"phones": "product:vendasta"})
    vendasta.push("updated", said, external_id=theirs)
    (record,) = vendasta.records
    assert (record.values["last_name"], record.values["phone"]) == ("Rot", ["1234567890"])


def test_a_token_that_ends_in_the_middle_is_exchanged_once(vendasta):
    """Trap 14."""
    vendasta.push()
    vendasta.simulator.tokens.revoke()
    assert vendasta.push("updated") == Delivered(vendasta.records[0].customer_id)
    assert [request["call"] for request in vendasta.simulator.requests].count("oauth/token") == 2


# Failures


@pytest.mark.parametrize(
    ("mode", "outcome"),
    [
        ("failing", TryLater("http-500")),
        ("unauthorized", TryLater("http-401")),
        ("rate-limited", TryLater("http-429", 7, is_outage=True)),
        ("offline", TryLater("no-connection")),
        ("slow", TryLater("no-answer-in-time")),
    ],
)
def test_what_vendasta_cannot_do_now_is_tried_later(vendasta, mode, outcome):
    vendasta.push()
    vendasta.simulator.modes.set({"mode": mode, "calls": ["update-customer"]})
    assert vendasta.push("updated") == outcome
    assert vendasta.connector.pull(PRODUCT, None).held


def test_what_vendasta_refuses_is_refused(vendasta, monkeypatch):
    monkeypatch.setattr("customer_center.connectors.vendasta.mapping.e164", lambda line, _: line)
    assert vendasta.push(phones=("12",)) == Refused("http-400")


def no_key():
    raise SecretNotFoundError("name")


@pytest.mark.parametrize(("key", "reason"), [(no_key, "no-private-key"), (lambda: "none", "private-key-unusable")])
def test_without_a_key_that_signs_it_is_tried_later(vendasta, key, reason):
    vendasta.key = key
    assert vendasta.push() == TryLater(reason)
    assert vendasta.connector.pull(PRODUCT, None) == TryLater(reason)
    assert vendasta.simulator.requests == []


# What Vendasta holds


def test_what_vendasta_holds_is_compared_with_what_it_should_hold(vendasta):
    vendasta.push()
    theirs = vendasta.create(last_name="Rot", phone=["1234567890"])
    page = vendasta.connector.pull(PRODUCT, None)
    own, other = page.held
    assert (own.customer_id, own.remote_id) == (OUR_ID, vendasta.records[0].customer_id)
    assert own.values == vendasta.connector.expected(PRODUCT, ANNA)
    assert (other.customer_id, other.remote_id, other.values["last_name"]) == (None, theirs, "Rot")
    assert page.next_cursor is None


def test_what_vendasta_holds_comes_by_pages(vendasta, monkeypatch):
    monkeypatch.setattr("customer_center.connectors.vendasta.client.PAGE_SIZE", 2)
    theirs = [vendasta.create(last_name=f"{number}") for number in range(3)]
    first = vendasta.connector.pull(PRODUCT, None)
    second = vendasta.connector.pull(PRODUCT, first.next_cursor)
    assert [[held.remote_id for held in page.held] for page in (first, second)] == [theirs[:2], theirs[2:]]
    assert second.next_cursor is None
