"""Operations of the document: parameters, request bodies and responses."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import is_dataclass
from http import HTTPStatus
from types import NoneType
from typing import Any

from customer_center.platform.errors import RetryLater
from customer_center.platform.http import PROBLEM_JSON, Route
from customer_center.platform.texts import Problem
from generate.openapi.declarations import Operation, sentences, status_of
from generate.openapi.schemas import Json, name_of, reference

_JSON = "application/json"
_GATEWAY_ERRORS: Mapping[HTTPStatus, str] = {
    HTTPStatus.UNAUTHORIZED: "The gateway found no valid access token.",
    HTTPStatus.FORBIDDEN: "The gateway found a token without the scope of an access token, an ID token for example.",
    HTTPStatus.TOO_MANY_REQUESTS: "The gateway's own limit for all callers together.",
    HTTPStatus.INTERNAL_SERVER_ERROR: "An error of ours; it is logged.",
    HTTPStatus.SERVICE_UNAVAILABLE: "The gateway could not reach the function, or waited too long for it.",
}
# The gateway's authorizer answers these statuses. It checks people only.
_BY_AUTHORIZER = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)

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
        "description": "Identifies this request for 24 hours. A repeat with the same key changes nothing again; its "
        "answer is the resource as it is now. On a public route the repeat continues where the first request stopped. "
        "A request with another key must wait for the first one (`in-progress`).",
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
}
HEADERS: Json = {
    "ETag": {
        "description": "The version of what is shown, for If-Match.",
        "schema": {"type": "string", "examples": ['"3"']},
    },
    "Link": {
        "description": 'The address of the next page, with `rel="next"` (RFC 8288). Left out on the last page.',
        "schema": {"type": "string", "examples": ['<?cursor=eyJw>; rel="next"']},
    },
    "Location": {"description": "The address of the new resource.", "schema": {"type": "string"}},
    "RateLimit": {
        "description": "For each limit that counted this request: what is left, and for how many seconds "
        "(draft-ietf-httpapi-ratelimit-headers-11). Left out if nothing was counted, for example for a repeat.",
        "schema": {"type": "string", "examples": ['"mails-per-hour";r=150;t=1200']},
    },
    "RateLimitPolicy": {
        "description": "Each limit: the number of requests and the seconds they are counted in.",
        "schema": {"type": "string", "examples": ['"mails-per-hour";q=200;w=3600']},
    },
    "RetryAfter": {
        "description": "Seconds after which the caller may retry.",
        "schema": {"type": "integer", "minimum": 1},
    },
}

_RATE_LIMIT: Json = {
    "RateLimit": reference("RateLimit", "headers"),
    "RateLimit-Policy": reference("RateLimitPolicy", "headers"),
}


def parameters_of(operations: Iterable[Operation]) -> Json:
    """Return the parameters that are components: the common ones, and those of each kind of caller."""
    return _PARAMETERS | {name: dict(it) for each in operations for name, it in each.route.caller.parameters.items()}


def described(operation: Operation, schemas: Mapping[str, Any]) -> Json:
    """Return the Operation Object of an operation."""
    route, kinds = operation.route, operation.parameters
    summary, *rest = sentences(route.handler)
    found: Json = {
        "operationId": operation.operation_id,
        "tags": [operation.function],
        "summary": summary.removesuffix("."),
        "parameters": list(_parameters(operation, schemas)),
        "responses": _responses(operation, schemas),
    }
    if route.caller.requirement:
        rest.append(route.caller.requirement)
    if rest:
        found["description"] = "\n\n".join(rest)
    if not _asked_by_gateway(route):
        found["security"] = [{security.name: []} for security in route.caller.security]
    if "body" in kinds:
        schema = _raw_schema(route) if kinds["body"] is bytes else reference(name_of(kinds["body"]))
        found["requestBody"] = {"required": True, "content": {route.consumes: {"schema": schema}}}
    return found


def _asked_by_gateway(route: Route) -> bool:
    return any(security.by_gateway for security in route.caller.security)


def _raw_schema(route: Route) -> Json:
    """Return the schema of a body that the handler gets as bytes."""
    if route.body_schemas is None:
        return {"type": "string"}
    schemas = {schema["properties"]["type"]["const"]: reference(name) for name, schema in route.body_schemas().items()}
    mapping = {kind: schema["$ref"] for kind, schema in schemas.items()}
    return {"oneOf": list(schemas.values()), "discriminator": {"propertyName": "type", "mapping": mapping}}


def _parameters(operation: Operation, schemas: Mapping[str, Any]) -> Iterator[Json]:
    route, kinds = operation.route, operation.parameters
    for name in re.findall(r"{(\w+)}", route.path):
        values = {"enum": list(route.path_values[name])} if name in route.path_values else {}
        yield {"name": name, "in": "path", "required": True, "schema": {"type": "string", **values}}
    if "query" in kinds:
        query = schemas[name_of(kinds["query"])]
        for name, schema in query["properties"].items():
            yield _query_parameter(name, dict(schema), required=name in query.get("required", ()))
    if "version-changed" in route.problems:
        yield reference("RequiredIfMatch" if operation.needs_version else "IfMatch", "parameters")
    yield from (reference(name, "parameters") for name in route.caller.parameters)
    if operation.takes_idempotency_key:
        yield reference("IdempotencyKey", "parameters")
    yield reference("AcceptLanguage", "parameters")


def _query_parameter(name: str, schema: Json, *, required: bool) -> Json:
    if "anyOf" in schema:
        # A query cannot contain null; callers leave the parameter out instead.
        (kind,) = (kind for kind in schema.pop("anyOf") if kind != {"type": "null"})
        schema |= kind
    if schema.get("default", 0) is None:
        del schema["default"]
    description = schema.pop("description")
    return {"name": name, "in": "query", "required": required, "description": description, "schema": schema}


def _responses(operation: Operation, schemas: Mapping[str, Any]) -> Json:
    responses = {status: _good(status, model, schemas) for status, model in operation.answers}
    problems = operation.problems
    for status in {status_of(problem) for problem in problems.values()}:
        responses[status] = _refusal({code: it for code, it in problems.items() if status_of(it) is status})
    if HTTPStatus.TOO_MANY_REQUESTS in responses:
        for response in responses.values():
            response.setdefault("headers", {}).update(_RATE_LIMIT)
    for status, sentence in _GATEWAY_ERRORS.items():
        if _asked_by_gateway(operation.route) or status not in _BY_AUTHORIZER:
            response = responses.setdefault(status, {"description": "", "content": {}})
            response["description"] = f"{response['description']}\n\n{sentence}".strip()
            response["content"][_JSON] = {"schema": reference("GatewayError")}
    return {str(int(status)): response for status, response in responses.items()}


def _good(status: HTTPStatus, model: type[Any], schemas: Mapping[str, Any]) -> Json:
    """Return the Response Object of a successful request."""
    if model is NoneType:
        return {"description": "Done. The answer has no body."}
    found: Json = {"description": sentences(model)[0]}
    if not is_dataclass(model):
        table = {"text/csv; charset=utf-8": {"schema": {"type": "string"}}}
        return {**found, "content": table, "headers": {"Link": reference("Link", "headers")}}
    headers: Json = {}
    if {"version", "user"} & schemas[name_of(model)]["properties"].keys():
        headers["ETag"] = reference("ETag", "headers")
    if status is HTTPStatus.CREATED:
        headers["Location"] = reference("Location", "headers")
    found["content"] = {_JSON: {"schema": reference(name_of(model))}}
    return {**found, "headers": headers} if headers else found


def _refusal(problems: Mapping[str, Problem]) -> Json:
    """Return the Response Object of a status that has these problems."""
    narrowed = {"properties": {"code": {"enum": list(problems)}}}
    found: Json = {
        "description": "\n".join(f"- `{code}`: {problem.sentences['en']}" for code, problem in problems.items()),
        "content": {PROBLEM_JSON: {"schema": {"allOf": [reference("Problem"), narrowed]}}},
    }
    if any(issubclass(problem.raised_as, RetryLater) for problem in problems.values()):
        found["headers"] = {"Retry-After": reference("RetryAfter", "headers")}
    return found
