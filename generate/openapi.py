"""The API's OpenAPI 3.1 document, from the declarations of the handlers: `python -m generate.openapi [--check]`.

Every `functions/*/app.py` with an `api` is loaded and its routes are read. A route says its kind of caller, its good
statuses and its own error codes; what every route of its kind may answer besides is added here. The status of a code
is read from where the code is raised, so that there is one table only (`platform/http.py`).
"""

import argparse
import ast
import importlib.util
import inspect
import json
import re
import sys
import tomllib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, is_dataclass
from functools import cache
from http import HTTPStatus
from pathlib import Path
from types import ModuleType, NoneType
from typing import Any, Literal, get_args, get_type_hints, override

from pydantic import BaseModel, create_model
from pydantic.json_schema import GenerateJsonSchema, models_json_schema
from pydantic_core.core_schema import ComputedField, DataclassField, FrozenSetSchema, ModelField, TypedDictField

sys.path.insert(0, str(Path(__file__).parents[1] / "layers/customer_center"))

from customer_center.clients.callers import ClientCaller
from customer_center.companies.callers import PersonCaller
from customer_center.platform import errors, texts
from customer_center.platform.http import PROBLEM_JSON, STATUS, Api, Csv, Route
from customer_center.webhooks.callers import SignatureCaller
from customer_center.webhooks.events import EVENTS, Field
from customer_center.webhooks.receive_event import SOURCES

ROOT = Path(__file__).parents[1]
LAYER = ROOT / "layers/customer_center"
DOCUMENT = ROOT / "docs/openapi.json"
JSON = "application/json"

type Json = dict[str, Any]

# Short and made up; a password has none.
EXAMPLES: Mapping[str, Mapping[str, object]] = {
    "ActivationBody": {
        "customer_number": "10000",
        "invoice_number": "103019",
        "email": "max.mustermann@musterhandel.example",
        "salutation": "mr",
        "name": "Max Mustermann",
        "contact_number": "KT010001",
        "code": "123456",
    },
    "ClientKeyBody": {"name": "shop backend", "scopes": ["companies:read"]},
    "EditUserBody": {
        "name": "Max Mustermann",
        "email": "max.mustermann@musterhandel.example",
        "roles": ["approver"],
        "budgets": {"per_order": {"amount": "500.00", "currency": "EUR"}, "per_month": None},
    },
    "InviteContactBody": {
        "salutation": "mrs",
        "roles": ["buyer"],
        "name": "Tina Tinte",
        "email": "tina.tinte@musterhandel.example",
        "language": "de",
        "budgets": {"per_order": {"amount": "500.00", "currency": "EUR"}, "per_month": None},
    },
}

_GATEWAY_ERRORS: Mapping[HTTPStatus, str] = {
    HTTPStatus.UNAUTHORIZED: "The gateway found no valid access token.",
    HTTPStatus.FORBIDDEN: "The gateway found a token without the scope of an access token, an ID token for example.",
    HTTPStatus.TOO_MANY_REQUESTS: "The gateway's own limit for all callers together.",
    HTTPStatus.INTERNAL_SERVER_ERROR: "An error of ours; it is logged.",
    HTTPStatus.SERVICE_UNAVAILABLE: "The gateway could not reach the function, or waited too long for it.",
}
# The gateway's authorizer knows people only; whoever else calls is asked by us.
_BY_AUTHORIZER = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)
_ABOUT = """\
A shop's business customers run their own accounts, in step with the ERP.

People log in at Amazon Cognito, which is not part of this API, and send its access token; machines send a client key,
which an operator issues. Errors are `application/problem+json` (RFC 9457); `code` is stable and never translated,
`detail` speaks the language that `Accept-Language` asks for (en, de, nl, fr). A body has at most 4 MB, a
webhook's 64 KB (413 `body-too-large`). What the gateway answers before a request reaches us is a `GatewayError`:
besides the answers listed with each operation, 404 for a route that does not exist and 413 for a body above 10 MB.
"""


class FieldProblem(BaseModel):
    """One wrong place in the body, or in the query."""

    pointer: str
    code: str
    message: str


class Problem(BaseModel):
    """Why a request was refused (RFC 9457). `errors` says where the input is wrong; pointers are JSON pointers."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    request_id: str
    errors: list[FieldProblem] = []


class GatewayError(BaseModel):
    """What the gateway itself answers, before or instead of us."""

    message: str


@dataclass(frozen=True)
class Operation:
    """One route with the function it is of."""

    function: str
    operation_id: str
    route: Route

    @property
    def parameters(self) -> Mapping[str, Any]:
        """The handler's parameters by name, with their types."""
        return {name: kind for name, kind in get_type_hints(self.route.handler).items() if name != "return"}

    @property
    def answers(self) -> Iterator[tuple[HTTPStatus, type[BaseModel | Csv | None]]]:
        """The good statuses with their models: of `Answer[A | B]` the first status has A, the second B."""
        (answered,) = get_args(get_type_hints(self.route.handler)["return"])
        models = get_args(answered) or (answered,) * len(self.route.statuses)
        return zip(self.route.statuses, map(_modelled, models), strict=True)


@cache
def _modelled(answer: type[Any]) -> type[Any]:
    """Return what pydantic makes a schema of: an answer that is a plain dataclass becomes a model."""
    if not is_dataclass(answer):
        return answer
    fields: Any = {name: (kind, ...) for name, kind in get_type_hints(answer).items()}
    model: type[BaseModel] = create_model(answer.__name__, __doc__=answer.__doc__, **fields)
    return model


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the document; with `--check` only say whether the committed one is current."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when the file is stale")
    check: bool = parser.parse_args(arguments).check
    text = rendered()
    if not check:
        DOCUMENT.write_text(text)
    elif not DOCUMENT.exists() or DOCUMENT.read_text() != text:
        print(f"{DOCUMENT.relative_to(ROOT)} is stale: run `python -m generate.openapi`.", file=sys.stderr)
        return 1
    return 0


def rendered() -> str:
    """Return the document as the file holds it."""
    return json.dumps(document(), indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def document() -> Json:
    """Return the whole document."""
    modules = dict(_modules())
    operations = list(_operations(modules))
    schemas = _schemas(operations)
    paths: Json = {}
    for operation in operations:
        path: Json = paths.setdefault(operation.route.path, {})
        path[operation.route.method.lower()] = _operation(operation, schemas)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Customer Center",
            "version": project["version"],
            "description": _ABOUT,
            "license": {"name": project["license"], "identifier": project["license"]},
        },
        "servers": [
            {
                "url": "https://{host}",
                "variables": {
                    "host": {"default": "api.example.com", "description": "The host of the stack's output `ApiUrl`."}
                },
            }
        ],
        "security": [{"person": []}],
        "tags": [
            {"name": name, "description": _sentences(module)[0]}
            for name, module in modules.items()
            if name in {operation.function for operation in operations}
        ],
        "paths": paths,
        "components": {
            "schemas": {name: schema for name, schema in schemas.items() if not name.endswith("Query")},
            "parameters": _PARAMETERS,
            "headers": _HEADERS,
            "securitySchemes": {
                "person": {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "JWT",
                    "description": "A person's access token from Amazon Cognito (not the ID token).",
                },
                "client_key": {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "cck_<key id>_<secret>",
                    "description": "The client key of a machine. An operator issues it (docs/shop-backend.md).",
                },
                "signature": {
                    "type": "apiKey",
                    "in": "header",
                    "name": "webhook-signature",
                    "description": "The request is signed as Standard Webhooks 1.0.0 has it (docs/webhooks.md).",
                },
            },
        },
    }


# Reading the declarations


def _modules() -> Iterator[tuple[str, ModuleType]]:
    for file in sorted((ROOT / "functions").glob("*/app.py")):
        spec = importlib.util.spec_from_file_location(f"functions_{file.parent.name}", file)
        assert spec
        assert spec.loader
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        yield file.parent.name, module


def _operations(modules: Mapping[str, ModuleType]) -> Iterator[Operation]:
    """Yield all routes; two handlers of one name get their function's name before it."""
    apis = {function: module.api for function, module in modules.items() if isinstance(getattr(module, "api", 0), Api)}
    routes = [(function, route) for function, api in apis.items() for route in api.routes]
    names = Counter(route.handler.__name__ for _, route in routes)
    for function, route in routes:
        name = route.handler.__name__
        yield Operation(function, name if names[name] == 1 else f"{function}_{name}", route)


@cache
def classes_of_codes() -> Mapping[str, type[errors.CustomerCenterError]]:
    """Return each error code with the class that is raised with it, read from the source of the whole package."""
    classes = ((name, kind) for name, kind in vars(errors).items() if inspect.isclass(kind))
    tree = {name: kind for name, kind in classes if issubclass(kind, errors.CustomerCenterError)}
    found: dict[str, type[errors.CustomerCenterError]] = {}
    for kind in tree.values():
        default = inspect.signature(kind).parameters["code"].default
        if isinstance(default, str):
            found[default] = kind
    for file in LAYER.rglob("*.py"):
        for name, code in _raised(ast.parse(file.read_text())):
            if name in tree and found.setdefault(code, tree[name]) is not tree[name]:
                raise ValueError(f"{code} is raised as {name} and as {found[code].__name__}")
    return found


def _raised(module: ast.Module) -> Iterator[tuple[str, str]]:
    """Yield the name and the first argument of everything that is called with a text first."""
    for node in ast.walk(module):
        match node:
            case ast.Call(
                func=ast.Name(id=name) | ast.Attribute(attr=name), args=[ast.Constant(value=str() as code), *_]
            ):
                yield name, code


def _wants_version(route: Route) -> bool:
    return route.method in ("PATCH", "DELETE")


def _status_of(code: str) -> HTTPStatus:
    return next(STATUS[kind] for kind in classes_of_codes()[code].__mro__ if kind in STATUS)


def _codes(route: Route) -> Iterable[str]:
    """Return every code the route may answer: its own, its caller's, and those that reading its input has."""
    parameters = inspect.signature(route.handler).parameters
    codes = set(route.problems)
    if "body" in parameters:
        codes |= {"body-too-large", "json-invalid"}
        codes |= {"invalid-input"} if parameters["body"].annotation is not bytes else set()
    if "query" in parameters:
        codes.add("invalid-input")
    caller = route.caller
    if isinstance(caller, SignatureCaller):
        return sorted(codes)
    if route.method == "POST":
        codes |= {"idempotency-key-invalid"} | ({"idempotency-key-reused"} if caller.security else set())
    if _wants_version(route):
        codes.add("precondition-required")
    if isinstance(caller, ClientCaller):
        codes |= {"unauthorized", "scope-missing"}
    if isinstance(caller, PersonCaller):
        codes |= {"forbidden", "user-deactivated", "company-closed"}
        codes |= {"permission-missing"} if caller.permission else set()
        codes |= {"customer-center-off"} if caller.administration else set()
    return sorted(codes)


# Schemas


class _Schema(GenerateJsonSchema):
    """pydantic's schemas without a title for each field; an answer always carries all of its fields."""

    @override
    def field_title_should_be_set(self, schema: object) -> bool:
        return False

    @override
    def field_is_required(
        self, field: ModelField | DataclassField | TypedDictField | ComputedField, total: bool
    ) -> bool:
        return self.mode == "serialization" or super().field_is_required(field, total)  # type: ignore[arg-type] # the parent's own union is narrower

    @override
    def frozenset_schema(self, schema: FrozenSetSchema) -> Json:
        # What is sent twice counts once.
        return {name: value for name, value in super().frozenset_schema(schema).items() if name != "uniqueItems"}


def _schemas(operations: Iterable[Operation]) -> Json:
    answered = {model for operation in operations for _, model in operation.answers if issubclass(model, BaseModel)}
    read: set[type[BaseModel]] = {Problem, GatewayError}
    for operation in operations:
        read |= {kind for name, kind in operation.parameters.items() if name in ("body", "query") and kind is not bytes}
    models: list[tuple[type[BaseModel], Literal["validation", "serialization"]]] = []
    models += [(model, "validation") for model in sorted(read, key=_name)]
    models += [(model, "serialization") for model in sorted(answered, key=_name)]
    _, generated = models_json_schema(
        models,
        ref_template="#/components/schemas/{model}",
        schema_generator=_Schema,
    )
    # A model that is both read and answered comes twice: MoneyBody is what is read, MoneyAnswer what is answered.
    text = json.dumps(generated["$defs"]).replace("Body-Input", "Body").replace("Body-Output", "Answer")
    schemas: Json = json.loads(text)
    for schema in schemas.values():
        schema.pop("title", None)
    for name, example in EXAMPLES.items():
        for field, value in example.items():
            schemas[name]["properties"][field]["examples"] = [value]
    schemas["FieldProblem"]["properties"]["code"]["enum"] = sorted(texts.FIELDS)
    return schemas | {_event_name(kind): _event_schema(kind, table) for kind, table in EVENTS.items()}


def _event_name(kind: str) -> str:
    """Return `CustomerUpdatedEvent` for `customer.updated`."""
    return "".join(word.capitalize() for word in kind.split(".")) + "Event"


def _event_schema(kind: str, table: Mapping[str, Field]) -> Json:
    data = {
        "type": "object",
        "properties": {name: _event_field(field) for name, field in table.items()},
        "required": [name for name, field in table.items() if field.required],
        "additionalProperties": False,
    }
    timestamp = {"type": "string", "format": "date-time", "description": "When it happened in the ERP."}
    return {
        "type": "object",
        "description": f"The event `{kind}`. What is left out of `data` says nothing; null says that there is none.",
        "properties": {"type": {"type": "string", "const": kind}, "timestamp": timestamp, "data": data},
        "required": ["type", "timestamp", "data"],
        "additionalProperties": False,
    }


def _event_field(field: Field) -> Json:
    if not field.max_length:
        return {"type": "boolean"}
    text: Json = {"type": "string", "maxLength": field.max_length}
    if field.nullable:
        return {**text, "type": ["string", "null"]}
    return {**text, "minLength": 1}


def _name(model: type) -> str:
    return model.__name__


def _ref(name: str, section: str = "schemas") -> Json:
    return {"$ref": f"#/components/{section}/{name}"}


# Operations

_PARAMETERS: Json = {
    "AcceptLanguage": {
        "name": "Accept-Language",
        "in": "header",
        "description": "The language of messages and mails (RFC 9110): en, de, nl or fr.",
        "schema": {"type": "string", "examples": ["de-AT, en;q=0.5"]},
    },
    "IdempotencyKey": {
        "name": "Idempotency-Key",
        "in": "header",
        "description": "Names the attempt, for 24 hours. A repeat with the same key changes nothing again and is "
        "answered with the resource as it is now; on a public route it goes on where the first one stopped, while one "
        "with another key has to wait for it (`in-progress`).",
        "schema": {
            "type": "string",
            "pattern": "^[!-~]+$",
            "minLength": 1,
            "maxLength": 255,
            "examples": ["8e03978e-40d5-43e8-bc93-6894a57f9324"],
        },
    },
    "RequiredIfMatch": {
        "name": "If-Match",
        "in": "header",
        "required": True,
        "description": "The `ETag` the change is meant for, or `*` for any version.",
        "schema": {"type": "string", "pattern": r'^("[0-9]{1,9}"|\*)$', "examples": ['"3"']},
    },
    "IfMatch": {
        "name": "If-Match",
        "in": "header",
        "description": "The `ETag` the change is meant for; without it, or with `*`, any version.",
        "schema": {"type": "string", "pattern": r'^("[0-9]{1,9}"|\*)$', "examples": ['"3"']},
    },
    "WebhookId": {
        "name": "webhook-id",
        "in": "header",
        "required": True,
        "description": "Names the event; the same in every repeat.",
        "schema": {"type": "string", "pattern": "^[!-\\-/-~]{1,128}$", "examples": ["msg_2KWPBgLlAfxdpx2AI54pPJ85f4W"]},
    },
    "WebhookTimestamp": {
        "name": "webhook-timestamp",
        "in": "header",
        "required": True,
        "description": "When this request was sent, in seconds since 1970.",
        "schema": {"type": "string", "pattern": "^[0-9]{1,11}$", "examples": ["1795514400"]},
    },
}
_HEADERS: Json = {
    "ETag": {
        "description": "The version of what is shown, for If-Match.",
        "schema": {"type": "string", "examples": ['"3"']},
    },
    "Link": {
        "description": 'Where the next page is, with `rel="next"` (RFC 8288); not there at the end.',
        "schema": {"type": "string", "examples": ['<?cursor=eyJw>; rel="next"']},
    },
    "Location": {"description": "Where the new resource is.", "schema": {"type": "string"}},
    "RateLimit": {
        "description": "How much is left of each limit this request was counted against, and for how many seconds "
        "(draft-ietf-httpapi-ratelimit-headers-11). Left out where nothing was counted, as for a repeated request.",
        "schema": {"type": "string", "examples": ['"mails-per-hour";r=150;t=1200']},
    },
    "RateLimitPolicy": {
        "description": "The limits: so many in so many seconds.",
        "schema": {"type": "string", "examples": ['"mails-per-hour";q=200;w=3600']},
    },
    "RetryAfter": {"description": "Seconds after which to come again.", "schema": {"type": "integer", "minimum": 1}},
}


_RATE_LIMIT: Json = {
    "RateLimit": _ref("RateLimit", "headers"),
    "RateLimit-Policy": _ref("RateLimitPolicy", "headers"),
}


def _operation(operation: Operation, schemas: Mapping[str, Any]) -> Json:
    route, kinds = operation.route, operation.parameters
    summary, *rest = _sentences(route.handler)
    described: Json = {
        "operationId": operation.operation_id,
        "tags": [operation.function],
        "summary": summary.removesuffix("."),
        "parameters": list(_parameters(route, kinds, schemas)),
        "responses": _responses(operation, schemas),
    }
    if isinstance(route.caller, PersonCaller) and route.caller.permission:
        rest.append(f"Takes the permission `{route.caller.permission}`.")
    if isinstance(route.caller, ClientCaller):
        rest.append(f"Takes a client key with the scope `{route.caller.scope}`.")
        described["security"] = [{route.caller.security: []}]
    if rest:
        described["description"] = "\n\n".join(rest)
    if isinstance(route.caller, SignatureCaller):
        described["security"] = [{route.caller.security: []}]
    if route.caller.security is None:
        described["security"] = []
    if "body" in kinds:
        schema = _raw_schema(route) if kinds["body"] is bytes else _ref(_name(kinds["body"]))
        described["requestBody"] = {"required": True, "content": {route.consumes: {"schema": schema}}}
    return described


def _raw_schema(route: Route) -> Json:
    """Return the schema of a body that is handed over as it came."""
    if not isinstance(route.caller, SignatureCaller):
        return {"type": "string"}
    events = {kind: _ref(_event_name(kind)) for kind in EVENTS}
    mapping = {kind: schema["$ref"] for kind, schema in events.items()}
    return {"oneOf": list(events.values()), "discriminator": {"propertyName": "type", "mapping": mapping}}


def _sentences(documented: Callable[..., object] | ModuleType) -> list[str]:
    """Return the paragraphs of a docstring, each on one line."""
    return [" ".join(paragraph.split()) for paragraph in (inspect.getdoc(documented) or "").split("\n\n")]


def _parameters(route: Route, kinds: Mapping[str, Any], schemas: Mapping[str, Any]) -> Iterator[Json]:
    for name in re.findall(r"{(\w+)}", route.path):
        values = {"enum": list(SOURCES)} if name == "source" else {}
        yield {"name": name, "in": "path", "required": True, "schema": {"type": "string", **values}}
    if "query" in kinds:
        query = schemas[_name(kinds["query"])]
        for name, schema in query["properties"].items():
            yield _query_parameter(name, dict(schema), required=name in query.get("required", ()))
    if "version-changed" in route.problems:
        yield _ref("RequiredIfMatch" if _wants_version(route) else "IfMatch", "parameters")
    if isinstance(route.caller, SignatureCaller):
        yield from (_ref(name, "parameters") for name in ("WebhookId", "WebhookTimestamp"))
    elif route.method == "POST":
        yield _ref("IdempotencyKey", "parameters")
    yield _ref("AcceptLanguage", "parameters")


def _query_parameter(name: str, schema: Json, *, required: bool) -> Json:
    if "anyOf" in schema:
        # A query cannot carry null: the parameter is left out.
        (kind,) = (kind for kind in schema.pop("anyOf") if kind != {"type": "null"})
        schema |= kind
    if schema.get("default", 0) is None:
        del schema["default"]
    description = schema.pop("description")
    return {"name": name, "in": "query", "required": required, "description": description, "schema": schema}


def _responses(operation: Operation, schemas: Mapping[str, Any]) -> Json:
    responses = {status: _good(status, model, schemas) for status, model in operation.answers}
    codes = _codes(operation.route)
    for status in {_status_of(code) for code in codes}:
        responses[status] = _problems([code for code in codes if _status_of(code) is status])
    if HTTPStatus.TOO_MANY_REQUESTS in responses:
        for response in responses.values():
            response.setdefault("headers", {}).update(_RATE_LIMIT)
    for status, sentence in _GATEWAY_ERRORS.items():
        if isinstance(operation.route.caller, PersonCaller) or status not in _BY_AUTHORIZER:
            response = responses.setdefault(status, {"description": "", "content": {}})
            response["description"] = f"{response['description']}\n\n{sentence}".strip()
            response["content"][JSON] = {"schema": _ref("GatewayError")}
    return {str(int(status)): response for status, response in responses.items()}


def _good(status: HTTPStatus, model: type[BaseModel | Csv | None], schemas: Mapping[str, Any]) -> Json:
    """Return the answer of a request that was done."""
    if model is NoneType:
        return {"description": "It is done, and there is nothing left to show."}
    described: Json = {"description": _sentences(model)[0]}
    if not issubclass(model, BaseModel):
        table = {"text/csv; charset=utf-8": {"schema": {"type": "string"}}}
        return {**described, "content": table, "headers": {"Link": _ref("Link", "headers")}}
    headers: Json = {}
    if {"version", "user"} & schemas[_name(model)]["properties"].keys():
        headers["ETag"] = _ref("ETag", "headers")
    if status is HTTPStatus.CREATED:
        headers["Location"] = _ref("Location", "headers")
    described["content"] = {JSON: {"schema": _ref(_name(model))}}
    return {**described, "headers": headers} if headers else described


def _problems(codes: Sequence[str]) -> Json:
    """Return the answer of one status that may have these codes."""
    narrowed = {"properties": {"code": {"enum": codes}}}
    problem: Json = {
        "description": "\n".join(f"- `{code}`: {texts.ERRORS[code]['en']}" for code in codes),
        "content": {PROBLEM_JSON: {"schema": {"allOf": [_ref("Problem"), narrowed]}}},
    }
    if any(issubclass(classes_of_codes()[code], errors.RetryLater) for code in codes):
        problem["headers"] = {"Retry-After": _ref("RetryAfter", "headers")}
    return problem


if __name__ == "__main__":
    sys.exit(main())
