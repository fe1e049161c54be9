"""Products of the kind `vendasta` through their functions: settings by the API, pushes to the simulator."""

import json
from itertools import count

import pytest

from local.simulators.vendasta.server import API
from tests.builders.rs256 import private_key, private_pem
from tests.fakes.vendasta_simulator import APP_ID, add_app, running_simulator
from tests.integration.aws import event_of
from tests.integration.functions.requests_of_samples import with_body, with_header
from tests.integration.functions.stage import queue_event
from tests.integration.population import SOURCE_KEYS

PUT = "products/put_vendasta"
GROUP = "AG-1"
KEY = private_pem(private_key("app"))
SETTINGS = {"app_id": APP_ID, "account_group_id": GROUP, "private_key": KEY}
ANNA = {"first_name": "Anna", "last_name": "Blum, Dr.", "emails": ["anna@blum.example"], "phones": ["+1 306 652 5464"]}
_serial = count(1)
LOCAL = {"LoopbackProducts": "true"}


@pytest.fixture(autouse=True)
def _secrets(company):
    """Remove the secrets that the tests before made: moto's memory of SSM outlives a test."""
    ssm = company.aws.client("ssm")
    for parameter in ssm.get_parameters_by_path(Path="/customer-center/test/customer-list", Recursive=True)[
        "Parameters"
    ]:
        if parameter["Name"] != SOURCE_KEYS:
            ssm.delete_parameter(Name=parameter["Name"])


@pytest.fixture(scope="module")
def running():
    with running_simulator() as simulator:
        yield simulator


@pytest.fixture
def simulator(running):
    running.reset()
    add_app(running, accounts=(GROUP,))
    return running


@pytest.fixture
def connected(company, simulator):
    """The product `vendasta`, whose customers are in the simulator."""
    body = {"kind": "vendasta", "url": simulator.url + API, "settings": SETTINGS}
    assert company.call(with_body(PUT, **body), **LOCAL).status == 200
    return company


def parameters(company):
    """Return what is stored in SSM below the Customer List, by the last two parts of the name."""
    ssm = company.aws.client("ssm")
    found = ssm.get_parameters_by_path(
        Path="/customer-center/test/customer-list", Recursive=True, WithDecryption=True, MaxResults=10
    )["Parameters"]
    return {tuple(each["Name"].split("/")[-2:]): (each["Type"], json.loads(each["Value"])) for each in found}


def follow_up(company):
    """Run what follows a change: outbox, follow-up, pushes to Vendasta. Return the failed messages."""
    company.run("OutboxFunction", company.stream_event())
    changed = company.aws.messages("CustomerFollowUpQueue")
    company.run("CustomerFollowUpFunction", queue_event("customer_follow_up/customer_changed", *changed))
    pointers = company.aws.messages("ProductPushQueue")
    own = [pointer for pointer in pointers if pointer["data"]["product"] == "vendasta"]
    event = queue_event("product_push/pointer", *own)
    return company.run("ProductPushFunction", event, **LOCAL)["batchItemFailures"]


def created(company, **changed):
    own = {"external_id": f"v-{next(_serial)}", "customer_code": None}
    event = with_body("customers/create", **ANNA | own | changed)
    event["headers"].pop("idempotency-key", None)
    reply = company.call(event)
    assert reply.status == 201
    return reply.body["customer_id"]


# Settings


def test_the_key_is_kept_as_a_secret_and_shown_nowhere(company):
    reply = company.call(with_body(PUT, settings=SETTINGS))
    assert reply.body["settings"] == {"app_id": APP_ID, "account_group_id": GROUP}
    assert (reply.body["kind"], reply.body["secret"]) == ("vendasta", None)
    ((_, kept),) = [item for item in parameters(company).items() if item[0][0] == "products"]
    assert kept == ("SecureString", {"private_key": KEY})
    for told in (reply.text, company.sandboxes.log.getvalue(), str(company.aws.items())):
        assert "PRIVATE KEY" not in told
        assert KEY[100:140] not in told


@pytest.mark.parametrize("own", ["", "arn:aws:kms:eu-central-1:123456789012:key/1"], ids=["AWS's", "own"])
def test_what_the_api_keeps_as_a_secret_is_encrypted_with_the_deployments_own_key_if_it_has_one(company, own):
    company.call(with_body(PUT, settings=SETTINGS), KmsKeyArn=own)
    described = company.aws.client("ssm").describe_parameters()["Parameters"]
    keys = [each["KeyId"] for each in described if "/products/" in each["Name"]]
    assert keys == [own or "alias/aws/ssm"]


def test_settings_can_be_changed_without_sending_the_key_again(company):
    company.call(with_body(PUT, settings=SETTINGS))
    before = parameters(company)
    changed = {"app_id": "MP-other", "account_group_id": GROUP}
    assert company.call(with_body(PUT, settings=changed)).body["settings"] == changed
    assert parameters(company) == before


def test_a_new_product_needs_a_key(company):
    settings = {"app_id": APP_ID, "account_group_id": GROUP}
    company.refuses(with_body(PUT, settings=settings), 422, "invalid-input", ("/settings/private_key", "required"))


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"app_id": None}, "required"),
        ({"app_id": " "}, "too-short"),
        ({"app_id": 7}, "text"),
        ({"app_id": ["MP-1"]}, "text"),
        ({"account_group_id": "A" * 201}, "too-long"),
        ({"account_group_id": "AG-\n1"}, "invalid"),
        ({"account_group_id": "AG-Ä"}, "invalid"),
        ({"private_key": "secret"}, "private-key"),
        ({"private_key": 7}, "private-key"),
        ({"private_key": private_pem(private_key("short", 1024))}, "private-key"),
        ({"password": "secret"}, "unknown-field"),
    ],
)
def test_wrong_settings_are_refused_with_their_pointers(company, wrong, code):
    ((name, _),) = wrong.items()
    event = with_body(PUT, settings=SETTINGS | wrong)
    company.refuses(event, 422, "invalid-input", (f"/settings/{name}", code))


def test_all_wrong_settings_are_named_at_once(company):
    event = with_body(PUT, url="https://10.0.0.1/", settings={"secret": 1, "private_key": ""})
    errors = [
        ("/url", "url-not-allowed"),
        ("/settings/secret", "unknown-field"),
        ("/settings/private_key", "private-key"),
        ("/settings/app_id", "required"),
        ("/settings/account_group_id", "required"),
    ]
    company.refuses(event, 422, "invalid-input", *errors)


# Pushes, through the real entry point


def test_a_customer_reaches_vendasta_and_its_id_is_known_here(connected, simulator):
    customer_id = created(connected)
    assert follow_up(connected) == []
    (record,) = simulator.lists.records
    assert record.vendor_ids == {APP_ID: customer_id}
    assert (record.values["last_name"], record.values["phone"]) == ("Blum Dr.", ["+13066525464"])
    found = [item for item in connected.aws.items() if item[1].endswith(f"#vendasta#{record.customer_id}")]
    assert len(found) == 1


def test_sandboxes_share_a_token_of_vendasta(connected, simulator):
    for number in range(3):
        created(connected, emails=[f"{number}@blum.example"])
        assert follow_up(connected) == []
    assert [request["call"] for request in simulator.requests].count("oauth/token") == 1
    ((_, token),) = [item for item in parameters(connected).items() if item[0][0] == "tokens"]
    assert token[0] == "SecureString"
    assert token[1]["access_token"] not in connected.sandboxes.log.getvalue()
    assert token[1]["access_token"] not in str(connected.aws.items())


def test_a_token_that_ends_early_is_renewed_for_all(connected, simulator):
    """Trap 14: a 401 in the middle is one new token."""
    created(connected)
    follow_up(connected)
    simulator.tokens.revoke()
    created(connected, emails=["b@blum.example"])
    assert follow_up(connected) == []
    created(connected, emails=["c@blum.example"])
    assert follow_up(connected) == []
    assert [request["call"] for request in simulator.requests].count("oauth/token") == 2


def test_a_create_without_an_answer_makes_no_second_customer(connected, simulator):
    created(connected)
    simulator.modes.set({"mode": "unanswered", "calls": ["customer"], "times": 1})
    connected.run("OutboxFunction", connected.stream_event())
    changed = connected.aws.messages("CustomerFollowUpQueue")
    connected.run("CustomerFollowUpFunction", queue_event("customer_follow_up/customer_changed", *changed))
    pointers = [each for each in connected.aws.messages("ProductPushQueue") if each["data"]["product"] == "vendasta"]
    event = queue_event("product_push/pointer", *pointers)
    connected.run("ProductPushFunction", event, **LOCAL)
    assert connected.run("ProductPushFunction", event, **LOCAL)["batchItemFailures"] == []
    assert [request["call"] for request in simulator.requests].count("customer") == 1
    assert len(simulator.lists.records) == 1


def test_a_duplicate_is_created_once(connected, simulator):
    """Trap 11: create answered 200 with `CONFLICT-`."""
    simulator.lists.change("create", {"account_id": GROUP, "email": ["anna@blum.example"]})
    customer_id = created(connected)
    assert follow_up(connected) == []
    edit = with_body("customers/edit", last_name="Rot")
    edit["pathParameters"] = {"customer_id": customer_id}
    edit["headers"]["if-match"] = "*"
    assert connected.call(edit).status == 200
    assert follow_up(connected) == []
    # A new product is filled, so that Vendasta is told of the account's other customers too.
    made = [request for request in simulator.requests if request["call"] == "customer"]
    assert [request["body"]["id"] for request in made].count(customer_id) == 1


# Comparing both lists


RECONCILE, GET = "products/reconcile", "products/get_reconciliation"


def reconcile(company, **body):
    """Start a reconciliation and do all of it. Return its report."""
    event = with_body(RECONCILE, **body)
    started = company.call(event, **LOCAL)
    assert started.status == 202
    company.run("OutboxFunction", company.stream_event())
    run_messages(company)
    asked = event_of(GET)
    asked["pathParameters"]["reconciliation_id"] = started.body["reconciliation_id"]
    return company.call(asked).body


def run_messages(company):
    """Run what waits for products in Vendasta, until nothing does."""
    while waiting := company.aws.messages("ProductPushQueue"):
        own = [message for message in waiting if message["data"].get("product", "vendasta") == "vendasta"]
        company.run("ProductPushFunction", queue_event("product_push/pointer", *own), **LOCAL)


def test_what_vendasta_holds_is_compared_and_repaired(connected, simulator):
    customer_id = created(connected)
    follow_up(connected)
    run_messages(connected)
    mine = next(record for record in simulator.lists.records if customer_id in record.vendor_ids.values())
    mine.values["last_name"] = "Other"
    simulator.lists.change("create", {"account_id": GROUP, "last_name": "Stranger"})
    report = reconcile(connected, repair=False)
    found = {(each["difference"], each["customer_id"], *each["fields"]) for each in report["items"]}
    assert ("differing", customer_id, "last_name") in found
    assert ("extra", None) in found
    assert (report["status"], report["counts"]["repaired"]) == ("done", 0)
    assert "Other" not in str(report)
    assert reconcile(connected, repair=True)["counts"]["repaired"] >= 1
    run_messages(connected)
    assert mine.values["last_name"] == "Blum Dr."


def test_a_repeated_request_starts_one_reconciliation(connected):
    event = with_header(event_of(RECONCILE), "idempotency-key", "key-1")
    first, again = (connected.call(event, **LOCAL).body["reconciliation_id"] for _ in range(2))
    assert first == again


def test_a_product_that_only_takes_webhooks_is_not_compared(company):
    company.call(event_of("products/put_product"))
    event = event_of(RECONCILE)
    event["pathParameters"]["product"] = "crm"
    company.refuses(event, 409, "product-not-readable")


def test_an_unknown_reconciliation_is_not_found(company):
    company.refuses(event_of(GET), 404, "not-found")
    company.refuses(event_of(RECONCILE), 404, "not-found")


def test_a_wrong_wish_is_refused(connected):
    connected.refuses(with_body(RECONCILE, repair="yes"), 422, "invalid-input", ("/repair", "boolean"))


def test_every_day_each_product_is_compared_without_repairs(connected):
    assert connected.run("ProductPushFunction", event_of("product_push/reconcile_on_schedule"), **LOCAL) == {}
    assert "product_reconciliation" in connected.effects()
    kept = [item for key, item in connected.aws.items().items() if key[2] == "reconciliation"]
    assert [item["repair"] for item in kept] == [{"BOOL": False}]
