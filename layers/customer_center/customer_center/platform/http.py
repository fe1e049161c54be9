"""HTTP for every function behind the API: who may call, reading bodies, one table from error to status.

A handler is declared once with its route, its kind of caller and its models; the same declaration answers the route,
refuses strangers, reads the body, and feeds the OpenAPI document (`generate/openapi.py`). A route without a declared
kind of caller refuses everybody (DESIGN §3). Which route a request is for was decided by the gateway: `routeKey`.
"""

import base64
import hashlib
import inspect
import ipaddress
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, is_dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Protocol

from aws_lambda_powertools.utilities.typing import LambdaContext

from customer_center.platform import errors, texts
from customer_center.platform.idempotency import Idempotency
from customer_center.platform.language import from_accept_language
from customer_center.platform.log import logger

if TYPE_CHECKING:
    # At run time the models bring it along: a function without any does not pay for it (BUDGETS).
    from _typeshed import DataclassInstance
    from pydantic import BaseModel

MAX_BODY_BYTES = 4 * 1024 * 1024
PROBLEM_JSON = "application/problem+json"

STATUS: Mapping[type[errors.CustomerCenterError], HTTPStatus] = {
    errors.MalformedRequest: HTTPStatus.BAD_REQUEST,
    errors.Unauthorized: HTTPStatus.UNAUTHORIZED,
    errors.Forbidden: HTTPStatus.FORBIDDEN,
    errors.NotFound: HTTPStatus.NOT_FOUND,
    errors.Conflict: HTTPStatus.CONFLICT,
    errors.InProgress: HTTPStatus.CONFLICT,
    errors.Gone: HTTPStatus.GONE,
    errors.PreconditionFailed: HTTPStatus.PRECONDITION_FAILED,
    errors.PreconditionRequired: HTTPStatus.PRECONDITION_REQUIRED,
    errors.BodyTooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    errors.InvalidInput: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.TooManyRequests: HTTPStatus.TOO_MANY_REQUESTS,
    errors.OutsideMalformed: HTTPStatus.BAD_GATEWAY,
    errors.OutsideUnavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.OutsideTimeout: HTTPStatus.GATEWAY_TIMEOUT,
}

# pydantic's error types (docs.pydantic.dev, "Validation Errors") to our field codes; whatever is not here is "invalid".
_FIELD_CODES: Mapping[str, str] = {
    "missing": "required",
    "extra_forbidden": "unknown-field",
    "string_type": "text",
    "string_too_short": "too-short",
    "string_too_long": "too-long",
    "too_short": "too-short",
    "too_long": "too-long",
    "enum": "unknown-value",
    "literal_error": "unknown-value",
    "model_type": "object",
    "model_attributes_type": "object",
    "bool_type": "boolean",
    "bool_parsing": "boolean",
    "datetime_type": "moment",
    "datetime_parsing": "moment",
    "datetime_from_date_parsing": "moment",
    "timezone_aware": "moment",
    "int_type": "number",
    "int_parsing": "number",
    "int_parsing_size": "out-of-range",
    "finite_number": "number",
    "decimal_type": "number",
    "decimal_parsing": "number",
    "greater_than": "out-of-range",
    "greater_than_equal": "out-of-range",
    "less_than_equal": "out-of-range",
    "decimal_max_digits": "out-of-range",
    "decimal_max_places": "out-of-range",
    "decimal_whole_digits": "out-of-range",
}
_IDEMPOTENCY_KEY = re.compile(r"[\x21-\x7e]{1,255}")


class Caller(Protocol):
    """One kind of caller a route is for."""

    @property
    def security(self) -> str | None:
        """The scheme's name in the OpenAPI document, None for a public route."""

    def admit(self, request: "Request") -> object:
        """Return who is calling, to be handed to the handler as `caller`; raise Forbidden for anybody else."""


class _Nobody:
    security = "none"

    def admit(self, request: "Request") -> object:  # noqa: ARG002 # the Protocol's signature
        raise errors.Forbidden("forbidden")


class _Public:
    security = None

    def admit(self, request: "Request") -> object:  # noqa: ARG002 # the Protocol's signature
        return None


NOBODY: Caller = _Nobody()
PUBLIC: Caller = _Public()


@dataclass(frozen=True, slots=True)
class Request:
    """What a handler may need of a request besides its body: ids, language, preconditions, where it came from."""

    request_id: str
    route: str
    headers: Mapping[str, str]
    source_ip: str
    username: str | None
    language: str
    fingerprint: Callable[[], str]
    limits: list[errors.RateLimit] = field(default_factory=list)
    """Limits this request was counted against; the answer tells them."""

    @property
    def idempotency_key(self) -> str | None:
        """The Idempotency-Key header (draft-ietf-httpapi-idempotency-key-header), None when there is none.

        Raises MalformedRequest for one that is empty, too long, or not of printable ASCII.
        """
        key = self.headers.get("idempotency-key")
        if key is not None and not _IDEMPOTENCY_KEY.fullmatch(key):
            raise errors.MalformedRequest("idempotency-key-invalid")
        return key

    def idempotency(self, caller_id: str) -> Idempotency | None:
        """Return what remembers this request of this caller, None when the caller sent no Idempotency-Key."""
        key = self.idempotency_key
        if key is None:
            return None
        digest = hashlib.sha256(f"{caller_id}\n{self.route}\n{key}".encode()).hexdigest()
        return Idempotency(digest, self.fingerprint())

    @property
    def if_match(self) -> int | None:
        """The version of the If-Match header (RFC 9110), None when there is none or it is `*`.

        Raises PreconditionFailed for an entity tag that no version of ours ever had.
        """
        header = self.headers.get("if-match", "*").strip()
        if header == "*":
            return None
        match = re.fullmatch(r'"(\d{1,9})"', header)
        if match is None:
            raise errors.PreconditionFailed
        return int(match[1])

    @property
    def required_if_match(self) -> int | None:
        """The version of the If-Match header, None for `*`; PreconditionRequired (RFC 6585) when there is none."""
        if "if-match" not in self.headers:
            raise errors.PreconditionRequired
        return self.if_match

    def source_network(self, trusted_proxies: int) -> str:
        """Return the caller's network, /24 of IPv4 or /48 of IPv6 (what one site is given): limits count by it.

        `trusted_proxies` is how many proxies of ours stand before the gateway. Each of them, and the gateway itself,
        appended to X-Forwarded-For the address that called it; the rest of that header is the caller's to forge.
        """
        hops = [hop.strip() for hop in self.headers.get("x-forwarded-for", "").split(",")]
        address = hops[-1 - trusted_proxies] if 0 < trusted_proxies < len(hops) else self.source_ip
        try:
            ip = ipaddress.ip_address(address)
        except ValueError:
            return self.source_ip
        return str(ipaddress.ip_network(f"{ip}/{24 if ip.version == 4 else 48}", strict=False))  # noqa: PLR2004 # IP version


class Csv(str):
    """A table as CSV (RFC 4180), for an answer that is no JSON."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Answer[Body: BaseModel | DataclassInstance | Csv | None]:
    """What a handler returns: the representation, and what belongs into headers; no body where a thing is gone."""

    body: Body
    status: HTTPStatus = HTTPStatus.OK
    version: int | None = None
    location: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Route:
    """One declared route, as the OpenAPI generator reads it."""

    method: str
    path: str
    caller: Caller
    handler: Callable[..., Answer[Any]]
    statuses: Sequence[HTTPStatus]
    problems: Sequence[str]
    consumes: str


type _Respond = Callable[[Mapping[str, Any], Request], Answer[Any]]


class Api:
    """The routes of one function."""

    def __init__(self) -> None:
        self.routes: list[Route] = []
        self._respond: dict[str, _Respond] = {}

    def route(
        self,
        route: str,
        *,
        caller: Caller = NOBODY,
        statuses: Sequence[HTTPStatus] = (HTTPStatus.OK,),
        problems: Sequence[str] = (),
        consumes: str = "application/json",
    ) -> Callable[[Callable[..., Answer[Any]]], Callable[..., Answer[Any]]]:
        """Declare a handler: `route` as the gateway writes it (`POST /users/{user_id}/deactivate`).

        The handler gets, by the names of its parameters: path parameters; `caller`, whom `caller.admit` returned;
        `body` and `query`, read into the pydantic models they are annotated with (a body annotated as `bytes` is
        handed over as it came); `request`. `statuses` are its good answers, `problems` the error codes of its own and
        `consumes` the media type of its body, for the document.
        """
        method, path = route.split(" ")

        def register(handler: Callable[..., Answer[Any]]) -> Callable[..., Answer[Any]]:
            parameters = inspect.signature(handler).parameters

            def respond(event: Mapping[str, Any], request: Request) -> Answer[Any]:
                admitted = caller.admit(request)
                arguments: dict[str, Any] = {**(event.get("pathParameters") or {})}
                if "caller" in parameters:
                    arguments["caller"] = admitted
                if "request" in parameters:
                    arguments["request"] = request
                if "query" in parameters:
                    query = event.get("queryStringParameters") or {}
                    arguments["query"] = validated(parameters["query"].annotation.model_validate, query)
                if "body" in parameters:
                    model, body = parameters["body"].annotation, _body(event)
                    arguments["body"] = body if model is bytes else validated(model.model_validate_json, body)
                return handler(**arguments)

            self._respond[route] = respond
            self.routes.append(Route(method, path, caller, handler, statuses, problems, consumes))
            return handler

        return register

    def handle(self, event: Mapping[str, Any], context: LambdaContext) -> Mapping[str, Any]:  # noqa: ARG002 # Lambda's signature
        """Answer one event of an HTTP API (payload format 2.0). Unknown exceptions stay exceptions."""
        request = _request(event)
        logger.clear_state()
        logger.append_keys(request_id=request.request_id, route=request.route)
        try:
            if request.route not in self._respond:
                raise errors.NotFound
            return _response(self._respond[request.route](event, request), request)
        except errors.TooManyRequests as error:
            request.limits.extend(error.limits)
            return _problem(error, request)
        except errors.CustomerCenterError as error:
            return _problem(error, request)


def _request(event: Mapping[str, Any]) -> Request:
    context = event["requestContext"]
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    claims = context.get("authorizer", {}).get("jwt", {}).get("claims", {})

    def fingerprint() -> str:
        asked = [event.get(part) for part in ("routeKey", "pathParameters", "queryStringParameters", "body")]
        return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()

    return Request(
        request_id=context["requestId"],
        route=event["routeKey"],
        headers=headers,
        source_ip=context["http"]["sourceIp"],
        username=claims.get("username"),
        language=from_accept_language(headers.get("accept-language"), fallback="en"),
        fingerprint=fingerprint,
    )


def _body(event: Mapping[str, Any]) -> bytes:
    text = event.get("body") or ""
    if len(text) > MAX_BODY_BYTES * 4 // 3:
        raise errors.BodyTooLarge("body-too-large")
    try:
        raw = base64.b64decode(text, validate=True) if event.get("isBase64Encoded") else text.encode()
    except ValueError as error:
        raise errors.MalformedRequest("json-invalid") from error
    if len(raw) > MAX_BODY_BYTES:
        raise errors.BodyTooLarge("body-too-large")
    return raw


def _response(answer: Answer[Any], request: Request) -> Mapping[str, Any]:
    headers = {**answer.headers}
    if answer.version is not None:
        headers["ETag"] = f'"{answer.version}"'
    if answer.location is not None:
        headers["Location"] = answer.location
    if answer.body is None:
        return _sent(answer.status, None, "", request, headers)
    if isinstance(answer.body, Csv):
        return _sent(answer.status, "text/csv; charset=utf-8", answer.body, request, headers)
    body = answer.body.model_dump_json() if not is_dataclass(answer.body) else json.dumps(asdict(answer.body))  # type: ignore[arg-type] # an instance
    return _sent(answer.status, "application/json", body, request, headers)


def _problem(error: errors.CustomerCenterError, request: Request) -> Mapping[str, Any]:
    status = next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)
    problem: dict[str, Any] = {
        "type": f"urn:customer-center:problem:{error.code}",
        "title": status.phrase,
        "status": status,
        "detail": texts.error_text(error.code, request.language, error.values),
        "code": error.code,
        "request_id": request.request_id,
    }
    if isinstance(error, errors.InvalidInput) and error.errors:
        problem["errors"] = [
            {"pointer": wrong.pointer, "code": wrong.code, "message": texts.field_text(wrong.code, request.language)}
            for wrong in error.errors
        ]
    headers = {"Content-Language": request.language}
    if isinstance(error, errors.RetryLater):
        headers["Retry-After"] = str(error.retry_after)
    if isinstance(error, errors.Unauthorized):
        headers["WWW-Authenticate"] = error.scheme
    else:
        # Strangers do not fill our log; the gateway's access log has them.
        logger.info("refused", code=error.code, status=int(status))
    return _sent(status, PROBLEM_JSON, json.dumps(problem), request, headers)


def _sent(
    status: HTTPStatus, media_type: str | None, body: str, request: Request, headers: Mapping[str, str]
) -> Mapping[str, Any]:
    typed = {"Content-Type": media_type} if media_type else {}
    limited: dict[str, str] = {}
    if request.limits:
        limited["RateLimit"] = ", ".join(f'"{at.policy}";r={at.remaining};t={at.reset}' for at in request.limits)
        limited["RateLimit-Policy"] = ", ".join(f'"{at.policy}";q={at.quota};w={at.window}' for at in request.limits)
    return {
        "statusCode": int(status),
        "headers": {**typed, "Cache-Control": "no-store", **limited, **headers},
        "body": body,
        "isBase64Encoded": False,
    }


def validated[Model](validate: Callable[[Any], Model], given: bytes | Mapping[str, str]) -> Model:
    """Return what a pydantic model makes of the input.

    Raises MalformedRequest for what is no JSON, and one InvalidInput for everything that is wrong.
    """
    try:
        return validate(given)
    except ValueError as error:
        # It is pydantic's ValidationError, which is not imported here.
        found = error.errors(include_url=False, include_context=False, include_input=False)  # type: ignore[attr-defined]
        if found[0]["type"] == "json_invalid":
            raise errors.MalformedRequest("json-invalid") from None
        # pydantic's own error repeats the input, which is personal data: it is not chained.
        raise errors.InvalidInput(errors=[_field_error(wrong["loc"], wrong["type"]) for wrong in found]) from None


def _field_error(location: Sequence[str | int], kind: str) -> errors.FieldError:
    pointer = "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in location)
    code = kind if kind in texts.FIELDS else _FIELD_CODES.get(kind, "invalid")
    return errors.FieldError(pointer, code)
