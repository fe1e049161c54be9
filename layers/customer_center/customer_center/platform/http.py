"""HTTP for every function behind the API: who may call, reading bodies, one table from error to status.

A handler is declared once with its route, its kind of caller and its models; the same declaration routes the request,
refuses strangers, reads the body, and feeds the OpenAPI document (`local/openapi.py`). A route without a declared
kind of caller refuses everybody (DESIGN §3).
"""

import base64
import inspect
import ipaddress
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Protocol

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BaseModel, ValidationError

from customer_center.platform import errors, texts
from customer_center.platform.language import from_accept_language
from customer_center.platform.log import logger

MAX_BODY_BYTES = 4 * 1024 * 1024
PROBLEM_JSON = "application/problem+json"

STATUS: Mapping[type[errors.CustomerCenterError], HTTPStatus] = {
    errors.MalformedRequest: HTTPStatus.BAD_REQUEST,
    errors.Forbidden: HTTPStatus.FORBIDDEN,
    errors.NotFound: HTTPStatus.NOT_FOUND,
    errors.Conflict: HTTPStatus.CONFLICT,
    errors.InProgress: HTTPStatus.CONFLICT,
    errors.Gone: HTTPStatus.GONE,
    errors.PreconditionFailed: HTTPStatus.PRECONDITION_FAILED,
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
_ROUTE_PARAMETER = re.compile(r"{(\w+)}")


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
    headers: Mapping[str, str]
    source_ip: str
    username: str | None
    language: str

    @property
    def idempotency_key(self) -> str | None:
        """The Idempotency-Key header, None when there is none."""
        return self.headers.get("idempotency-key")

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


@dataclass(frozen=True, slots=True)
class Answer[Body: BaseModel]:
    """What a handler returns: the representation, and what belongs into headers."""

    body: Body
    status: HTTPStatus = HTTPStatus.OK
    version: int | None = None
    location: str | None = None


@dataclass(frozen=True, slots=True)
class Route:
    """One declared route, as the OpenAPI generator reads it."""

    method: str
    path: str
    caller: Caller
    handler: Callable[..., Answer[Any]]
    statuses: Sequence[HTTPStatus]
    problems: Sequence[str]


class Api:
    """The routes of one function."""

    def __init__(self) -> None:
        self.routes: list[Route] = []
        self._resolver = APIGatewayHttpResolver(strip_prefixes=[])
        self._resolver.exception_handler(errors.CustomerCenterError)(self._problem)
        self._resolver.not_found(lambda _: self._problem(errors.NotFound()))
        self._request: Request | None = None

    def route(
        self,
        route: str,
        *,
        caller: Caller = NOBODY,
        statuses: Sequence[HTTPStatus] = (HTTPStatus.OK,),
        problems: Sequence[str] = (),
    ) -> Callable[[Callable[..., Answer[Any]]], Callable[..., Answer[Any]]]:
        """Declare a handler: `route` as the gateway writes it (`POST /users/{user_id}/deactivate`).

        The handler gets, by the names of its parameters: path parameters; `caller`, whom `caller.admit` returned;
        `body` and `query`, read into the pydantic models they are annotated with; `request`. `statuses` are its good
        answers and `problems` the error codes of its own, for the document.
        """
        method, path = route.split(" ")

        def register(handler: Callable[..., Answer[Any]]) -> Callable[..., Answer[Any]]:
            parameters = inspect.signature(handler).parameters

            def call(**_: str) -> Response[str]:
                request = self._current()
                admitted = caller.admit(request)
                arguments: dict[str, Any] = {**self._resolver.current_event.path_parameters}
                if "caller" in parameters:
                    arguments["caller"] = admitted
                if "request" in parameters:
                    arguments["request"] = request
                if "query" in parameters:
                    query = self._resolver.current_event.query_string_parameters
                    arguments["query"] = _validated(parameters["query"].annotation.model_validate, query or {})
                if "body" in parameters:
                    arguments["body"] = _validated(parameters["body"].annotation.model_validate_json, self._body())
                return _response(handler(**arguments))

            self._resolver.route(_ROUTE_PARAMETER.sub(r"<\1>", path), method)(call)
            self.routes.append(Route(method, path, caller, handler, statuses, problems))
            return handler

        return register

    def handle(self, event: Mapping[str, Any], context: LambdaContext) -> Mapping[str, Any]:
        """Answer one event of an HTTP API (payload format 2.0). Unknown exceptions stay exceptions."""
        self._request = request = _request(event)
        logger.clear_state()
        logger.append_keys(request_id=request.request_id, route=event.get("routeKey"))
        # The route that the gateway chose, not its raw path: that one is percent-decoded and may hold any character.
        return self._resolver.resolve({**event, "rawPath": event["routeKey"].partition(" ")[2]}, context)

    def _current(self) -> Request:
        assert self._request is not None
        return self._request

    def _body(self) -> bytes:
        event = self._resolver.current_event
        text = event.body or ""
        if len(text) > MAX_BODY_BYTES * 4 // 3:
            raise errors.BodyTooLarge("body-too-large")
        try:
            raw = base64.b64decode(text, validate=True) if event.is_base64_encoded else text.encode()
        except ValueError as error:
            raise errors.MalformedRequest("json-invalid") from error
        if len(raw) > MAX_BODY_BYTES:
            raise errors.BodyTooLarge("body-too-large")
        return raw

    def _problem(self, error: errors.CustomerCenterError) -> Response[str]:
        request = self._current()
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
                {
                    "pointer": wrong.pointer,
                    "code": wrong.code,
                    "message": texts.field_text(wrong.code, request.language),
                }
                for wrong in error.errors
            ]
        headers: dict[str, str | list[str]] = {"Cache-Control": "no-store", "Content-Language": request.language}
        if isinstance(error, errors.RetryLater):
            headers["Retry-After"] = str(error.retry_after)
        logger.info("refused", code=error.code, status=int(status))
        return Response(int(status), content_type=PROBLEM_JSON, body=json.dumps(problem), headers=headers)


def _request(event: Mapping[str, Any]) -> Request:
    context = event["requestContext"]
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    claims = context.get("authorizer", {}).get("jwt", {}).get("claims", {})
    return Request(
        request_id=context["requestId"],
        headers=headers,
        source_ip=context["http"]["sourceIp"],
        username=claims.get("username"),
        language=from_accept_language(headers.get("accept-language"), fallback="en"),
    )


def _response(answer: Answer[BaseModel]) -> Response[str]:
    headers: dict[str, str | list[str]] = {"Cache-Control": "no-store"}
    if answer.version is not None:
        headers["ETag"] = f'"{answer.version}"'
    if answer.location is not None:
        headers["Location"] = answer.location
    body = answer.body.model_dump_json()
    return Response(int(answer.status), content_type="application/json", body=body, headers=headers)


def _validated[Model](validate: Callable[[Any], Model], given: bytes | Mapping[str, str]) -> Model:
    try:
        return validate(given)
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
        if found[0]["type"] == "json_invalid":
            raise errors.MalformedRequest("json-invalid") from None
        # pydantic's own error repeats the input, which is personal data: it is not chained.
        raise errors.InvalidInput(errors=[_field_error(wrong["loc"], wrong["type"]) for wrong in found]) from None


def _field_error(location: Sequence[str | int], kind: str) -> errors.FieldError:
    pointer = "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in location)
    code = kind if kind in texts.FIELDS else _FIELD_CODES.get(kind, "invalid")
    return errors.FieldError(pointer, code)
