"""The committed OpenAPI document: current, valid, complete, and readable by people."""

import builtins
import json
import keyword
import re

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from customer_center.platform.http import STATUS, Answer, Api
from generate import openapi
from generate.openapi.declarations import read_operations
from tests.template_reader import events_of, functions_of, load_template
from tests.texts import ALL_TEXTS

RATE_LIMIT = {"RateLimit", "RateLimit-Policy"}
# Names that a client in TypeScript or Python cannot give a function, or hides with it.
_OF_TYPESCRIPT = (
    "abstract any arguments as async await boolean break case catch class const constructor continue debugger declare "
    "default delete do else enum eval export extends false finally for from function get if implements import in infer "
    "instanceof interface is keyof let module namespace never new null number object of package private protected "
    "public readonly require return set static string super switch symbol this throw true try type typeof undefined "
    "unique unknown var void while with yield"
)
RESERVED = {*keyword.kwlist, *keyword.softkwlist, *dir(builtins), *_OF_TYPESCRIPT.split(" ")}
PUBLIC_ROUTES = {
    "POST /activations",
    "POST /invitations/lookup",
    "POST /invitations/acceptance",
    "POST /email-confirmations",
    "POST /email-cancellations",
    "GET /settings",
}

# Codes that no route answers; each with its reason.
# What is noted about a received event that can never be applied.
INTERNAL_CODES = frozenset({"customer-erased", "customer-number-in-use", "ids-differ"})


@pytest.fixture(scope="module")
def document():
    return json.loads(openapi.DOCUMENT.read_text())


@pytest.fixture(scope="module")
def operations(document):
    """Every operation by method and path, as the template writes a route."""
    return {
        f"{method.upper()} {path}": operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }


def _references(node):
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for member in node.values():
            yield from _references(member)
    elif isinstance(node, list):
        for member in node:
            yield from _references(member)


def _resolve(document, reference):
    assert reference.startswith("#/")
    node = document
    for step in reference.removeprefix("#/").split("/"):
        node = node[step]
    return node


def _codes(operation, status=None):
    """The error codes an operation documents, all or those of one status."""
    for answered, codes in operation["x-problems"].items():
        if status in (None, answered):
            yield from codes


def test_the_committed_document_is_what_the_handlers_declare(capsys):
    assert openapi.main(["--check"]) == 0, "run `python -m generate.openapi`"


def test_a_stale_document_is_told_in_one_line(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(openapi, "ROOT", tmp_path)
    monkeypatch.setattr(openapi, "DOCUMENT", tmp_path / "openapi.json")
    monkeypatch.setattr(openapi, "rendered", lambda: "{}\n")
    assert openapi.main(["--check"]) == 1
    assert capsys.readouterr().err == "openapi.json is stale: run `python -m generate.openapi`.\n"
    assert openapi.main([]) == 0
    assert openapi.main(["--check"]) == 0


def test_writing_it_twice_gives_the_same_text():
    assert openapi.rendered() == openapi.rendered()


def test_it_is_a_valid_openapi_3_1_document(document):
    assert document["openapi"].startswith("3.1.")
    assert list(OpenAPIV31SpecValidator(document).iter_errors()) == []


def test_naming_something_twice_is_not_forbidden(document):
    """It counts once (tests/integration)."""
    roles = document["components"]["schemas"]["RequestUserBody"]["properties"]["roles"]
    assert (roles["type"], roles["minItems"]) == ("array", 1)
    assert '"uniqueItems"' not in json.dumps(document)


def _routes_of_the_template():
    """Every route of the gateway, and whether it lets the request through without asking who is calling."""
    for function in functions_of(load_template()).values():
        for event in events_of(function, "HttpApi").values():
            yield f"{event['Method']} {event['Path']}", event.get("Auth") == {"Authorizer": "NONE"}


def test_it_has_the_routes_of_the_template_and_no_other(operations):
    assert operations.keys() == dict(_routes_of_the_template()).keys()


def test_a_route_asks_for_a_persons_token_exactly_when_the_gateway_does(operations):
    let_through = {route for route, everybody in _routes_of_the_template() if everybody}
    kinds = {route: operation.get("security") for route, operation in operations.items()}
    assert {route for route, security in kinds.items() if security is not None} == let_through
    assert {route for route, security in kinds.items() if security == []} == PUBLIC_ROUTES
    machines = {route: kinds[route] for route in let_through - PUBLIC_ROUTES}
    assert machines.pop("POST /webhooks/{source}") == [{"signature": []}]
    assert all(security == [{"client_key": []}] for security in machines.values())


def test_every_error_code_is_documented_or_known_to_be_internal(operations):
    documented = {code for operation in operations.values() for code in _codes(operation)}
    assert documented | INTERNAL_CODES == set(ALL_TEXTS.problems)
    assert not documented & INTERNAL_CODES


def test_every_code_stands_under_the_status_that_is_answered_with_it(operations):
    for operation in operations.values():
        for status in operation["responses"]:
            for code in _codes(operation, status):
                kind = ALL_TEXTS.problems[code].raised_as
                assert str(int(next(STATUS[parent] for parent in kind.__mro__ if parent in STATUS))) == status


def test_every_reference_leads_somewhere(document):
    references = set(_references(document))
    assert references
    assert all(_resolve(document, reference) is not None for reference in references)


def test_every_component_is_used(document):
    used = set(_references(document))
    for section in ("schemas", "responses", "parameters", "headers"):
        for name in document["components"][section]:
            assert f"#/components/{section}/{name}" in used


def test_schemas_have_names_a_person_would_choose(document):
    for name in document["components"]["schemas"]:
        assert re.fullmatch("([A-Z][a-z]+)+", name)
        assert not name.endswith(("Input", "Output", "Model", "Schema"))


def test_operations_have_unique_ids_and_say_what_they_do(operations):
    ids = [operation["operationId"] for operation in operations.values()]
    assert len(set(ids)) == len(ids)
    assert {"list_users", "get_user", "activate_company"} <= set(ids)
    assert not set(ids) & RESERVED
    assert all(operation["summary"] and operation["tags"] for operation in operations.values())


def test_bodies_take_no_unknown_field(document, operations):
    bodies = [operation["requestBody"]["content"] for operation in operations.values() if "requestBody" in operation]
    read = [body["application/json"]["schema"] for body in bodies if "application/json" in body]
    assert read
    for schema in (kind for one in read for kind in one.get("anyOf", [one])):
        assert _resolve(document, schema["$ref"])["additionalProperties"] is False


def test_answers_always_carry_all_their_fields(document):
    for name, schema in document["components"]["schemas"].items():
        if name.endswith("Answer"):
            assert sorted(schema["required"]) == sorted(schema["properties"])


def test_activation_answers_201_logged_in_or_202_code_sent(operations):
    responses = operations["POST /activations"]["responses"]
    schemas = {status: responses[status]["content"]["application/json"]["schema"]["$ref"] for status in ("201", "202")}
    assert schemas == {
        "201": "#/components/schemas/LoggedInAnswer",
        "202": "#/components/schemas/CodeSentAnswer",
    }
    assert responses["201"]["headers"].keys() == {"ETag", "Location", *RATE_LIMIT}
    assert responses["202"]["headers"].keys() == RATE_LIMIT


@pytest.mark.parametrize(
    ("route", "parameters"),
    [
        ("POST /activations", ["IdempotencyKey", "AcceptLanguage"]),
        ("POST /invitations/acceptance", ["IdempotencyKey", "AcceptLanguage"]),
        ("POST /users/{user_id}/deactivate", ["IfMatch", "IdempotencyKey", "AcceptLanguage"]),
        ("POST /users/{user_id}/activate", ["IfMatch", "IdempotencyKey", "AcceptLanguage"]),
        ("GET /me", ["AcceptLanguage"]),
    ],
)
def test_request_headers_are_documented_where_they_count(operations, route, parameters):
    references = _references(operations[route]["parameters"])
    assert list(references) == [f"#/components/parameters/{name}" for name in parameters]


def test_the_query_of_a_list_says_its_bounds(operations):
    limit, cursor, *_ = operations["GET /users"]["parameters"]
    assert (limit["name"], limit["schema"]["minimum"], limit["schema"]["maximum"]) == ("limit", 1, 100)
    assert (cursor["name"], cursor["required"], cursor["schema"]["type"]) == ("cursor", False, "string")


def test_an_administrators_route_says_who_is_refused_and_how(operations):
    refusals = set(_codes(operations["POST /users"], "403"))
    everybody = {"forbidden", "user-deactivated", "company-closed"}
    assert refusals == everybody | {"permission-missing", "customer-center-off"}
    assert set(_codes(operations["GET /me"], "403")) == everybody
    assert set(_codes(operations["POST /invitations/acceptance"], "403")) == {"company-closed"}
    assert "401" not in operations["GET /me"]["responses"]
    assert operations["GET /me"]["responses"]["default"] == {"$ref": "#/components/responses/GatewayError"}


def test_a_machines_route_says_that_it_asks_for_the_key_and_its_scope(operations):
    operation = operations["GET /companies/{company_id}"]
    assert set(_codes(operation, "401")) == {"unauthorized"}
    assert set(_codes(operation, "403")) == {"scope-missing"}
    assert "`companies:read`" in operation["description"]
    assert operation["responses"]["401"]["$ref"] == "#/components/responses/Unauthorized"


def test_a_webhook_says_which_events_there_are_and_how_it_is_signed(document, operations):
    operation = operations["POST /webhooks/{source}"]
    assert set(_codes(operation, "401")) == {"signature-invalid"}
    assert set(_codes(operation, "422")) == {"event-type-unknown", "invalid-input"}
    assert set(_codes(operation, "503")) == {"overloaded", "queue-unavailable"}
    names = [
        _resolve(document, parameter["$ref"])["name"] for parameter in operation["parameters"] if "$ref" in parameter
    ]
    assert {"webhook-id", "webhook-timestamp"} <= set(names)
    assert "Idempotency-Key" not in names
    schemas = operation["requestBody"]["content"]["application/json"]["schema"]["anyOf"]
    kinds = [_resolve(document, schema["$ref"])["properties"]["type"]["const"] for schema in schemas]
    of_erp = ["customer.updated", "contact.updated", "contact.deleted", "customer.renumbered"]
    of_customers = ["customer.created", "customer.updated", "customer.deleted"]
    assert kinds == [*of_erp, "customer.created", "customer.deleted", *of_customers]


def test_whoever_may_be_told_to_come_later_is_told_before_how_much_is_left(operations):
    limited = {route for route, operation in operations.items() if set(_codes(operation, "429"))}
    assert limited >= {"POST /activations", "POST /invitations/acceptance", "POST /users"}
    for route, operation in operations.items():
        for response in operation["responses"].values():
            if "$ref" not in response:
                assert (set(response.get("headers", ())) >= RATE_LIMIT) is (route in limited)


def test_every_refusal_is_a_named_response_with_the_one_problem(document, operations):
    """Generators of clients make one type of it, and so keep `code`."""
    for operation in operations.values():
        for status, response in operation["responses"].items():
            if status.startswith(("4", "5")):
                told = _resolve(document, response["$ref"])
                assert told["content"].keys() == {"application/problem+json"}
                schema = told["content"]["application/problem+json"]["schema"]
                assert schema == {"$ref": "#/components/schemas/Problem"}
                assert set(_codes(operation, status)), "codes of this status"
    codes = document["components"]["schemas"]["Problem"]["properties"]["code"]["enum"]
    assert set(codes) == {code for operation in operations.values() for code in _codes(operation)}


def test_the_gateways_own_answers_are_the_default_and_nothing_else(document, operations):
    for operation in operations.values():
        assert operation["responses"]["default"] == {"$ref": "#/components/responses/GatewayError"}
    assert [reference for reference in _references(document) if reference.endswith("schemas/GatewayError")] == [
        "#/components/schemas/GatewayError"
    ]


def test_every_operation_has_one_topic_and_every_topic_is_described(document, operations):
    topics = {tag["name"] for tag in document["tags"]}
    assert {topic for operation in operations.values() for topic in operation["tags"]} == topics
    assert all(len(operation["tags"]) == 1 for operation in operations.values())
    assert all(tag["description"] for tag in document["tags"])


def _schemas(node):
    """Every object in the document, schemas among them."""
    if isinstance(node, dict):
        yield node
        for member in node.values():
            yield from _schemas(member)
    elif isinstance(node, list):
        for member in node:
            yield from _schemas(member)


def test_every_array_says_what_it_holds(document):
    assert [found for found in _schemas(document) if found.get("type") == "array" and "items" not in found] == []


def test_no_schema_has_a_default(document):
    """Generators make a field with a default one that must be sent."""
    assert [found for found in _schemas(document["components"]["schemas"]) if "default" in found] == []
    for methods in document["paths"].values():
        for operation in methods.values():
            for parameter in operation["parameters"]:
                assert "default" not in parameter.get("schema", {})


def test_the_actions_of_the_audit_trail_are_an_enum(document, operations):
    action = document["components"]["schemas"]["Action"]["enum"]
    assert {"user.invited", "company.closed"} <= set(action)
    shown = document["components"]["schemas"]["AuditEntryAnswer"]["properties"]["action"]
    (asked,) = (each for each in operations["GET /audit-entries"]["parameters"] if each.get("name") == "action")
    assert shown == asked["schema"] == {"$ref": "#/components/schemas/Action"}


def test_every_answer_has_an_example_that_fits_its_schema(document, operations):
    answers = [*document["components"]["responses"].values()]
    for operation in operations.values():
        answers += [response for response in operation["responses"].values() if "$ref" not in response]
    for response in answers:
        for content in response.get("content", {}).values():
            Draft202012Validator({**content["schema"], "components": document["components"]}).validate(
                content["example"]
            )


def test_it_names_the_server_of_this_machine(document):
    assert any(server["url"].startswith("http://127.0.0.1:{port}/") for server in document["servers"])


def test_two_operations_with_one_id_are_refused(monkeypatch):
    class Module:
        api = Api()

    for path in ("/things", "/others"):

        @Module.api.route(f"GET {path}", operation="list_things")
        def handler() -> Answer[None]:
            """List things."""
            return Answer(None)

    with pytest.raises(ValueError, match="list_things"):
        read_operations({"things": Module})


def test_passwords_are_passwords_and_nobody_shows_one(document):
    for schema in document["components"]["schemas"].values():
        password = schema.get("properties", {}).get("password")
        if password:
            assert (password["type"], password["format"]) == ("string", "password")
            assert not password.keys() & {"example", "examples", "default"}


def test_every_example_fits_its_own_schema(document):
    shown = 0
    for schema in document["components"]["schemas"].values():
        for field in schema.get("properties", {}).values():
            for example in field.get("examples", []):
                shown += 1
                Draft202012Validator({**field, "components": document["components"]}).validate(example)
    assert shown > 10
