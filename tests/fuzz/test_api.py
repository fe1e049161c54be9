"""Every operation of docs/openapi.json gets requests that the document allows and forbids, from every kind of caller.

Each answer must have a status, media type, headers and a schema that the document names. schemathesis makes the
requests from the document, so a new route is tested as soon as it is documented. The real handlers answer them, with
AWS in memory and the simulated ERP, each from the same state. The requests are the same in every run.
"""

import json
import logging
from collections import defaultdict
from datetime import UTC, datetime
from http import HTTPStatus

import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st
from moto import mock_aws
from requests.auth import AuthBase

from customer_center.customers.model import Product
from customer_center.customers.product_store import ProductStore
from customer_center.customers.reconciliation import Reconciliation
from customer_center.customers.reconciliation_store import ReconciliationStore
from customer_center.platform.journal import Journal
from customer_center.platform.log import logger
from tests.builders.companies import an_entry
from tests.builders.webhooks import signed
from tests.fakes.erp_simulator import running_simulator
from tests.fuzz.gateway import Gateway, handlers_of
from tests.fuzz.requests_of_document import CHECKS, SAME, document
from tests.integration.aws import REGION, Aws, event_of, forget
from tests.integration.population import ACCOUNT, BUYER, HTTP_SAMPLES, populate
from tests.template_reader import events_of, functions_of

URL = "https://api.example.com"
# A method that a route does not have is 404 at the gateway, as any route that does not exist.
EVERYTHING = document({"coverage": {"unexpected-methods": []}})
SOMETHING = document({"coverage": {"enabled": False}, "examples": {"enabled": False}})
SENSIBLE = document({})

# The requests of the sample events are valid


def samples():
    """Return the sample events of each route."""
    found = defaultdict(list)
    for event in map(event_of, HTTP_SAMPLES):
        found[event["routeKey"]].append(event)
    return found


SAMPLES = samples()
# Ids that exist, by the name of the path parameter.
KNOWN = defaultdict(set)
for event in (event for events in SAMPLES.values() for event in events):
    for name, value in event.get("pathParameters", {}).items():
        KNOWN[name].add(value)


def username_of(event):
    """Return the user id of the sample event's caller, or None when it is no person."""
    return event["requestContext"].get("authorizer", {"jwt": {"claims": {}}})["jwt"]["claims"].get("username")


class Signed(AuthBase):
    """The ERP, which signs what it sends."""

    def __call__(self, request):
        body = request.body or b""
        text = body if isinstance(body, str) else body.decode(errors="replace")
        request.headers.update(signed(text, datetime.now(UTC)))
        return request


def who_may(route):
    """Return the authorization of the caller in the route's sample event."""
    (event, *_) = SAMPLES[route]
    username = username_of(event)
    return shown(f"Bearer {username}" if username else event["headers"].get("authorization"))


def shown(authorization):
    """Return the header that carries a person's token or a client key."""
    return {"headers": {"Authorization": authorization}} if authorization else {}


OTHERS = {
    "nobody": {},
    "somebody without permission": shown(f"Bearer {BUYER}"),
    "a client": who_may("GET /companies"),
    "a token that is none": shown("Bearer none"),
    "no bearer": shown("Basic bm9ib2R5Og=="),
}


# Where they are sent

AS_IT_IS = object()


@pytest.fixture(scope="module")
def aws():
    with pytest.MonkeyPatch.context() as patch, running_simulator() as erp, mock_aws():
        patch.delenv("AWS_ENDPOINT_URL", raising=False)
        # Many requests read the whole list, each into empty tables.
        main = erp.erp.customers["10000"]
        main.contacts = [contact for contact in main.contacts if contact.number in KNOWN["contact_number"]]
        yield Aws(erp.url)


@pytest.fixture(scope="module")
def population(aws):
    """The contents of the tables that the sample events need, and a product that can be read, with a comparison."""
    populate(aws)
    at = {"client": aws.client("dynamodb"), "table": aws.physical("CustomersTable")}
    at["journal"] = Journal(client=at["client"], table=aws.physical("JournalTable"))
    now, (reconciliation_id,) = datetime.now(UTC), KNOWN["reconciliation_id"]
    product = Product(ACCOUNT, "vendasta", "https://vendasta.example.com", "vendasta-key", now, now, kind="vendasta")
    ProductStore(**at).add_product(product, an_entry(company_id=ACCOUNT))
    started = Reconciliation(
        reconciliation_id=reconciliation_id, account_id=ACCOUNT, product="vendasta", repair=False, started_at=now
    )
    ReconciliationStore(**at).add(started, an_entry(company_id=ACCOUNT))
    return aws.snapshot()


@pytest.fixture(scope="module")
def handlers(aws):
    """The functions behind the gateway, started once: equal names of variables have equal values."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
            patch.setenv(name, REGION)
        for name, function in functions_of(aws.template).items():
            if events_of(function, "HttpApi"):
                for variable, value in aws.environment(name).items():
                    patch.setenv(variable, value)
        patch.setattr(logger, "level", logging.CRITICAL)
        forget()
        yield handlers_of(aws.template)
        forget()


@pytest.fixture
def api(aws, handlers, population):
    """Return a function that restores a state (or keeps the last one), sends a case and validates the answer."""
    people = {username_of(event) for events in SAMPLES.values() for event in events} | {BUYER}
    with requests.Session() as session:
        session.trust_env = False
        session.mount(URL, Gateway(aws.template, handlers, {name: name for name in people if name}))

        def ask(case, who, state=population):
            if state is not AS_IT_IS:
                aws.restore(state)
            return case.call_and_validate(base_url=URL, session=session, checks=CHECKS, **who)

        yield ask


@pytest.mark.parametrize("who", [who_may], ids=["who may"])
@EVERYTHING.parametrize()
@settings(SAME, max_examples=20)
def test_whatever_is_sent_the_answer_is_as_documented(case, api, who):
    api(case, who(case.operation.label))


@pytest.mark.parametrize("who", OTHERS.values(), ids=OTHERS)
@SOMETHING.parametrize()
@settings(SAME, max_examples=5)
def test_whoever_asks_the_answer_is_as_documented(case, api, who):
    api(case, who)


# Requests that mostly succeed


@SENSIBLE.hook
def before_generate_path_parameters(context, strategy):
    names = [parameter.name for parameter in context.operation.path_parameters]
    known = st.fixed_dictionaries({name: st.sampled_from(sorted(KNOWN[name])) for name in names})
    samples = [event["pathParameters"] for event in SAMPLES[context.operation.label] if event.get("pathParameters")]
    return strategy | known | st.sampled_from(samples) if samples else strategy | known


@SENSIBLE.hook
def before_generate_query(context, strategy):
    known = [
        event["queryStringParameters"] for event in SAMPLES[context.operation.label] if "queryStringParameters" in event
    ]
    return strategy | st.sampled_from(known) if known else strategy


@SENSIBLE.hook
def before_generate_headers(context, strategy):
    # Few of the versions that the document allows exist.
    return strategy | strategy.map(lambda headers: {**headers, "If-Match": "*"} if "If-Match" in headers else headers)


@SENSIBLE.hook
def before_generate_body(context, strategy):
    known = [event["body"] for event in SAMPLES[context.operation.label]]
    bodies = [json.loads(body) if body.startswith("{") else body for body in known]
    return st.sampled_from(bodies) | st.tuples(st.sampled_from(bodies), strategy, st.sets(st.integers(0, 9))).map(
        _mixed
    )


def _mixed(parts):
    """Return a sample's body with some of its fields replaced by generated ones."""
    sample, generated, places = parts
    if not (isinstance(sample, dict) and isinstance(generated, dict)):
        return generated
    return {**sample, **{name: value for place, (name, value) in enumerate(generated.items()) if place in places}}


OPERATIONS = {result.ok().label: result.ok() for result in SENSIBLE.get_all_operations()}


@pytest.mark.parametrize("route", OPERATIONS)
def test_what_means_something_is_answered_as_documented_and_well(api, population, route):
    # The company of the sample events is activated once.
    state = None if route == "POST /activations" else population
    who = {"auth": Signed()} if route == "POST /webhooks/{source}" else who_may(route)
    answered = set()

    @settings(SAME, max_examples=40)
    @given(OPERATIONS[route].as_strategy())
    def ask(case):
        answered.add(HTTPStatus(api(case, who, state).status_code))
        # A repeat, where it has an Idempotency-Key; else another request, which finds what the first one left.
        api(case, who, AS_IT_IS)

    ask()
    assert any(status.is_success for status in answered), answered


def test_every_documented_route_is_asked():
    assert set(OPERATIONS) == set(SAMPLES)
