"""Operations of the document: parameters, request bodies and responses."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import is_dataclass
from http import HTTPStatus
from types import NoneType
from typing import Any

from customer_center.companies.audit.bodies import AUDIT_COLUMNS
from customer_center.companies.users.user_table import USER_COLUMNS
from customer_center.platform.errors import RetryLater
from customer_center.platform.http import PROBLEM_JSON, STATUS, Route
from customer_center.platform.texts import Problem
from generate.openapi.declarations import Operation, sentences, status_of
from generate.openapi.examples import example_of
from generate.openapi.schemas import Json, name_of, reference

_JSON = "application/json"
TABLES: Mapping[str, Sequence[str]] = {"export_audit_entries": AUDIT_COLUMNS, "export_users": USER_COLUMNS}
"""The columns of the tables that operations answer."""
_GATEWAY_ERROR = """\
What the gateway answers instead of this API. It has no `code`; the status says why.
- 401: there is no valid access token.
- 403: the token is no access token, but an ID token for example.
- 429: the gateway's own limit for all callers together.
- 500: an error of ours; it is logged.
- 503: the function could not be reached, or took too long.
"""

_IF_MATCH = r'^(\*|"[1-9][0-9]{0,8}"( *, *"[1-9][0-9]{0,8}")*)$'
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
        "description": "The `ETag` the change is meant for, or several, or `*` for any version.",
        "schema": {"type": "string", "pattern": _IF_MATCH, "examples": ['"3"']},
    },
    "IfNoneMatch": {
        "name": "If-None-Match",
        "in": "header",
        "description": "The `ETag` of an earlier answer: if it is still the same, the answer is 304 without a body.",
        "schema": {"type": "string", "examples": ['"4f1a9c0b7d2e6a35"']},
    },
    "IfMatch": {
        "name": "If-Match",
        "in": "header",
        "description": "The `ETag` the change is meant for, or several; without it, or with `*`, any version.",
        "schema": {"type": "string", "pattern": _IF_MATCH, "examples": ['"3"']},
    },
}
HEADERS: Json = {
    "CacheControl": {
        "description": "How long browsers and proxies may keep the answer (RFC 9111).",
        "schema": {"type": "string", "examples": ["public, max-age=300"]},
    },
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

_CACHED: Json = {
    "ETag": reference("ETag", "headers"),
    "Cache-Control": reference("CacheControl", "headers"),
}
_RATE_LIMIT: Json = {
    "RateLimit": reference("RateLimit", "headers"),
    "RateLimit-Policy": reference("RateLimitPolicy", "headers"),
}


def parameters_of(operations: Iterable[Operation]) -> Json:
    """Return the parameters that are components: the common ones, and those of each kind of caller."""
    return _PARAMETERS | {name: dict(it) for each in operations for name, it in each.route.caller.parameters.items()}


def responses_of(operations: Iterable[Operation], schemas: Mapping[str, Any]) -> Json:
    """Return the answers to refused requests, which are components: one for each status, and the gateway's own."""
    problems = {code: problem for operation in operations for code, problem in operation.problems.items()}
    by_status: dict[HTTPStatus, dict[str, Problem]] = {}
    for code, problem in sorted(problems.items()):
        by_status.setdefault(status_of(problem), {})[code] = problem
    found = {_name_of(status): _refusal(status, by_status[status], schemas) for status in sorted(by_status)}
    error = {"message": "Unauthorized"}
    gateway = {"schema": reference("GatewayError"), "example": error}
    return found | {"GatewayError": {"description": _GATEWAY_ERROR, "content": {_JSON: gateway}}}


def _name_of(status: HTTPStatus) -> str:
    return status.phrase.replace(" ", "").replace("-", "")


def described(operation: Operation, schemas: Mapping[str, Any]) -> Json:
    """Return the Operation Object of an operation."""
    route, kinds = operation.route, operation.parameters
    summary, *rest = sentences(route.handler)
    found: Json = {
        "operationId": route.operation_id,
        "tags": [operation.topic],
        "summary": summary.removesuffix("."),
        "parameters": list(_parameters(operation, schemas)),
        "responses": _responses(operation, schemas),
        # What generators of clients do not read: the error codes of this operation, by status.
        "x-problems": {str(int(status)): list(problems) for status, problems in _by_status(operation).items()},
    }
    if route.caller.requirement:
        rest.append(route.caller.requirement)
    if rest:
        found["description"] = "\n\n".join(rest)
    if not _asked_by_gateway(route):
        found["security"] = [{security.name: []} for security in route.caller.security]
    if "body" in kinds:
        schema = _raw_schema(route) if kinds["body"] is bytes else reference(name_of(kinds["body"]))
        content = {route.consumes: {"schema": schema}}
        if route.text_body:
            content["text/plain"] = {"schema": {"type": "string", "description": route.text_body}}
        found["requestBody"] = {"required": True, "content": content}
    return found


def _asked_by_gateway(route: Route) -> bool:
    return any(security.by_gateway for security in route.caller.security)


def _raw_schema(route: Route) -> Json:
    """Return the schema of a body that the handler gets as bytes."""
    if route.body_schemas is None:
        return {"type": "string"}
    # No discriminator: several kinds of senders have events of one type.
    return {"anyOf": [reference(name) for name in route.body_schemas()]}


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
    if HTTPStatus.NOT_MODIFIED in route.statuses:
        yield reference("IfNoneMatch", "parameters")
    yield from (reference(name, "parameters") for name in route.caller.parameters)
    if operation.takes_idempotency_key:
        yield reference("IdempotencyKey", "parameters")
    yield reference("AcceptLanguage", "parameters")


def _query_parameter(name: str, schema: Json, *, required: bool) -> Json:
    if "anyOf" in schema:
        # A query cannot contain null; callers leave the parameter out instead.
        (kind,) = (kind for kind in schema.pop("anyOf") if kind != {"type": "null"})
        schema |= kind
    description = schema.pop("description")
    default = schema.pop("default", None)
    if default is not None:
        description = f"{description} Default: `{json.dumps(default).strip('"')}`."
    # An empty value of another parameter counts as left out (`platform/wire.py`).
    empty = {} if required else {"allowEmptyValue": True}
    return {"name": name, "in": "query", "required": required, **empty, "description": description, "schema": schema}


def _responses(operation: Operation, schemas: Mapping[str, Any]) -> Json:
    found = {str(int(status)): _good(operation.route, status, model, schemas) for status, model in operation.answers}
    refusals = _by_status(operation)
    if HTTPStatus.TOO_MANY_REQUESTS in refusals:
        for response in found.values():
            response.setdefault("headers", {}).update(_RATE_LIMIT)
    for status, problems in refusals.items():
        told = "\n".join(f"- `{code}`: {problem.sentences['en']}" for code, problem in problems.items())
        found[str(int(status))] = {**reference(_name_of(status), "responses"), "description": told}
    return {**found, "default": reference("GatewayError", "responses")}


def _by_status(operation: Operation) -> Mapping[HTTPStatus, Mapping[str, Problem]]:
    found: dict[HTTPStatus, dict[str, Problem]] = {}
    for code, problem in operation.problems.items():
        found.setdefault(status_of(problem), {})[code] = problem
    return found


def _good(route: Route, status: HTTPStatus, model: type[Any], schemas: Mapping[str, Any]) -> Json:
    """Return the Response Object of a successful request."""
    if model is NoneType:
        if status is HTTPStatus.NOT_MODIFIED:
            return {"description": "Nothing has changed. The answer has no body.", "headers": dict(_CACHED)}
        return {"description": "Done. The answer has no body."}
    found: Json = {"description": sentences(model)[0]}
    if not is_dataclass(model):
        example = ",".join(TABLES[route.operation_id]) + "\r\n"
        table = {"text/csv; charset=utf-8": {"schema": {"type": "string"}, "example": example}}
        return {**found, "content": table, "headers": {"Link": reference("Link", "headers")}}
    headers: Json = {}
    if {"version", "user"} & schemas[name_of(model)]["properties"].keys():
        headers["ETag"] = reference("ETag", "headers")
    if HTTPStatus.NOT_MODIFIED in route.statuses:
        headers |= _CACHED
    if status is HTTPStatus.CREATED:
        headers["Location"] = reference("Location", "headers")
    schema = reference(name_of(model))
    found["content"] = {_JSON: {"schema": schema, "example": example_of(schema, schemas)}}
    return {**found, "headers": headers} if headers else found


def _refusal(status: HTTPStatus, problems: Mapping[str, Problem], schemas: Mapping[str, Any]) -> Json:
    """Return the Response Object of a status that has these problems."""
    code = next(iter(problems))
    example: Json = {
        **example_of(reference("Problem"), schemas),
        "type": f"urn:customer-center:problem:{code}",
        "title": status.phrase,
        "status": int(status),
        "detail": problems[code].sentences["en"],
        "code": code,
    }
    if "invalid-input" in problems:
        code = "invalid-input"
        example |= {"type": f"urn:customer-center:problem:{code}", "code": code}
        example["detail"] = problems[code].sentences["en"]
    else:
        del example["errors"]
    del example["user_id"]
    found: Json = {
        "description": next(sentences(kind)[0] for kind, known in STATUS.items() if known is status),
        "content": {PROBLEM_JSON: {"schema": reference("Problem"), "example": example}},
        "headers": dict(_RATE_LIMIT),
    }
    if any(issubclass(problem.raised_as, RetryLater) for problem in problems.values()):
        found["headers"]["Retry-After"] = reference("RetryAfter", "headers")
    return found
