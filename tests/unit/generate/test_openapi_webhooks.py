"""The webhooks of the OpenAPI document are what products really get."""

import json
import re
from dataclasses import replace
from http import HTTPStatus

import pytest
from jsonschema import Draft202012Validator, FormatChecker

from customer_center.connectors.webhook import connector as module
from customer_center.connectors.webhook.connector import REFUSALS, WebhookConnector
from customer_center.customers.fields import ADDRESS_PARTS, FIELDS, normalised
from customer_center.customers.model import Customer, Product
from customer_center.customers.product_ports import Push
from customer_center.platform.outbound_urls import Reply
from generate import openapi
from tests.builders.webhooks import SECRET
from tests.fakes.clock import NOON, FakeClock

DOCUMENT = json.loads(openapi.DOCUMENT.read_text())
WEBHOOKS = {name: path["post"] for name, path in DOCUMENT["webhooks"].items()}
PRODUCT = Product("AG-100", "b", "https://b.example/hook", "secret_1", NOON, NOON)


def a_value(name):
    field = FIELDS[name]
    match field.kind:
        case "line":
            return field.choices[0] if field.choices else "x"
        case "list":
            return ["x", "y"]
        case "map":
            return {"b": "1", "a": "2"}
        case "address":
            return dict.fromkeys(ADDRESS_PARTS, "x")


EMPTY = Customer("cus_1", "AG-100", NOON, NOON)
FULL = replace(EMPTY, customer_code="10000", values={name: normalised(name, a_value(name)) for name in FIELDS})


@pytest.fixture
def push(monkeypatch):
    """Return a function that really pushes, and returns the body and the headers of the request."""
    calls = []
    monkeypatch.setattr(module, "resolved", lambda url, loopback: url)

    def call(target, body, headers, seconds):
        calls.append((json.loads(body), headers))
        return Reply(204, {})

    def pushed(kind, customer, external_id=None):
        connector = WebhookConnector(secrets=lambda product: [SECRET], clock=FakeClock(), call=call)
        connector.push(PRODUCT, Push("msg_1", kind, customer, external_id))
        return calls[-1]

    return pushed


def parameter(name):
    return DOCUMENT["components"]["parameters"][name.removeprefix("#/components/parameters/")]


@pytest.mark.parametrize("external_id", [None, "b-1"])
@pytest.mark.parametrize("customer", [EMPTY, FULL])
@pytest.mark.parametrize("kind", ["created", "updated", "deleted"])
def test_what_a_product_gets_has_exactly_the_fields_of_its_schema(push, kind, customer, external_id):
    body, headers = push(kind, customer, external_id)
    operation = WEBHOOKS[body["type"]]
    (content,) = operation["requestBody"]["content"].items()
    assert content[0] == headers["Content-Type"]
    schema = {**content[1]["schema"], "components": DOCUMENT["components"]}
    Draft202012Validator(schema, format_checker=FormatChecker()).validate(body)
    assert body.keys() == content[1]["example"].keys()
    assert body["data"].keys() == content[1]["example"]["data"].keys()
    for reference in operation["parameters"]:
        header = parameter(reference["$ref"])
        assert re.search(header["schema"]["pattern"], headers[header["name"]])
    (scheme,) = (DOCUMENT["components"]["securitySchemes"][name] for each in operation["security"] for name in each)
    assert headers[scheme["name"]].startswith("v1,")


@pytest.mark.parametrize("name", WEBHOOKS)
def test_an_example_is_as_its_schema_says(name):
    (content,) = WEBHOOKS[name]["requestBody"]["content"].values()
    schema = {**content["schema"], "components": DOCUMENT["components"]}
    Draft202012Validator(schema, format_checker=FormatChecker()).validate(content["example"])


@pytest.mark.parametrize("name", WEBHOOKS)
def test_it_says_what_each_answer_of_a_product_means(name):
    refused = {status for status, meant in WEBHOOKS[name]["responses"].items() if "refuses" in meant["description"]}
    assert refused == {str(int(status)) for status in REFUSALS}
    assert {"2XX", str(int(HTTPStatus.GONE)), "default"} == WEBHOOKS[name]["responses"].keys() - refused
