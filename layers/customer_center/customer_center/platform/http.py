"""HTTP for all functions behind the API: kinds of caller, reading of bodies, and the table from errors to statuses.

A handler is declared once, with its route, its kind of caller and its models. The declaration serves requests, and the
generator of the OpenAPI document (`generate/openapi`) reads it. A route without a declared kind of caller refuses every
request. The gateway matches each request to a route, whose name is in `routeKey`.
"""

import base64
import hashlib
import inspect
import json
import re
from codecs import BOM_UTF8
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, field
from datetime import UTC, datetime
from http import HTTPStatus
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol, override

from customer_center.platform import errors
from customer_center.platform.frozen import frozen
from customer_center.platform.idempotency import Idempotency
from customer_center.platform.language import from_accept_language
from customer_center.platform.log import logger
from customer_center.platform.overload import AWS_ERRORS, is_overload
from customer_center.platform.printable import trimmed
from customer_center.platform.texts import PLATFORM_TEXTS, Texts

if TYPE_CHECKING:
    from _typeshed import DataclassInstance
    from aws_lambda_powertools.utilities.typing import LambdaContext

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
    errors.Overloaded: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.OutsideTimeout: HTTPStatus.GATEWAY_TIMEOUT,
}

# Maps pydantic's error types (docs.pydantic.dev, "Validation Errors") to our field codes. Other types map to "invalid".
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
    "dict_type": "object",
    "list_type": "list",
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
# The values of pydantic's contexts, and of our own validators', that say what is allowed.
_LIMITS: Mapping[str, str] = {
    "limit": "",
    "max_length": "",
    "min_length": "",
    "expected": "",
    "gt": "> ",
    "ge": "≥ ",
    "le": "≤ ",
}
# RFC 9110, 8.8.3; and those that this API sends (`_response`).
_ENTITY_TAG = re.compile(r'(?:W/)?"[^"]*"')
_VERSION_TAG = re.compile(r'"[1-9][0-9]{0,8}"')
# Longer than any id or number of ours. A table's key can be neither empty nor much longer.
_LONGEST_NAME = 500
_IDEMPOTENCY_KEY = re.compile(r"[\x21-\x7e]{1,255}")


@frozen
class Security:
    """One way to authenticate a caller: its name and its Security Scheme Object in the OpenAPI document."""

    name: str
    scheme: Mapping[str, str]
    by_gateway: bool = False
    """Whether the gateway authenticates the caller, and itself answers 401 and 403."""


class Caller(Protocol):
    """A kind of caller that may use a route. Its attributes describe it in the OpenAPI document."""

    security: Sequence[Security] = ()
    """The ways to authenticate; a caller needs one of them. Empty for a public route."""
    problems: Sequence[str] = ()
    """The error codes that `admit` raises."""
    requirement: str = ""
    """A sentence for the descriptions of operations: what a caller needs besides authentication."""
    parameters: Mapping[str, Mapping[str, Any]] = MappingProxyType({})
    """Headers of every request of this caller: Parameter Objects of the OpenAPI document, by component name."""
    query: type[Any] | None = None
    """The model of the query that every request of this caller may have. A handler's own query includes it."""
    names_requests: bool = False
    """Whether `parameters` already identify a request. Such requests need no Idempotency-Key."""

    def admit(self, request: "Request") -> object:
        """Return the handler's argument `caller`. Raises Unauthorized or Forbidden if the caller is refused."""

    def allow(self, admitted: Any) -> None:  # noqa: ANN401, ARG002 # what `admit` returned
        """Raise Forbidden if the admitted caller lacks a right that `admit` left to the use case.

        Called before a bad query or body is reported: first who you are, then what you may, then what you sent.
        """
        return


class _Nobody(Caller):
    security = (Security("none", {}),)
    problems = ("forbidden",)

    @override
    def admit(self, request: "Request") -> object:
        raise errors.Forbidden("forbidden")


class _Public(Caller):
    @override
    def admit(self, request: "Request") -> object:
        return None


NOBODY: Caller = _Nobody()
PUBLIC: Caller = _Public()


@frozen
class Request:
    """A request without its body: ids, headers, language, preconditions and the caller's network."""

    request_id: str
    route: str
    headers: Mapping[str, str]
    source_ip: str
    username: str | None
    fingerprint: Callable[[], str]
    query: Mapping[str, str] = field(default_factory=dict)
    limits: list[errors.RateLimit] = field(default_factory=list)
    """The limits that counted this request. The answer shows them in its RateLimit headers."""
    authenticated_at: datetime | None = None
    """When the person last proved their password, as the token says (`auth_time`). A refresh does not change it."""

    @property
    def language(self) -> str:
        """The supported language that the Accept-Language header prefers, English without the header (RFC 9110)."""
        # Read when it is needed: most requests are answered without a sentence.
        return from_accept_language(self.headers.get("accept-language"), fallback="en")

    @property
    def idempotency_key(self) -> str | None:
        """The Idempotency-Key header (draft-ietf-httpapi-idempotency-key-header), or None without the header.

        Raises MalformedRequest `idempotency-key-invalid` unless it is 1 to 255 printable ASCII characters.
        """
        key = self.headers.get("idempotency-key")
        if key is not None and not _IDEMPOTENCY_KEY.fullmatch(key):
            raise errors.MalformedRequest("idempotency-key-invalid")
        return key

    def idempotency(self, caller_id: str) -> Idempotency | None:
        """Return the key and hash that identify this caller's request; None without an Idempotency-Key header."""
        key = self.idempotency_key
        if key is None:
            return None
        digest = hashlib.sha256(f"{caller_id}\n{self.route}\n{key}".encode()).hexdigest()
        return Idempotency(digest, self.fingerprint())

    @property
    def if_match(self) -> frozenset[int] | None:
        """The versions in the If-Match header (RFC 9110, 13.1.1); None without the header or for `*`.

        Raises PreconditionFailed when this API can have sent none of the entity tags. Weak tags never match.
        """
        header = self.headers.get("if-match", "*").strip()
        if header == "*":
            return None
        between = re.sub(_ENTITY_TAG, "", header)
        tags = re.findall(_ENTITY_TAG, header) if re.fullmatch(r"[ \t,]*", between) else []
        versions = frozenset(int(tag[1:-1]) for tag in tags if _VERSION_TAG.fullmatch(tag))
        if not versions:
            raise errors.PreconditionFailed
        return versions

    @property
    def required_if_match(self) -> frozenset[int] | None:
        """The versions in the If-Match header, None for `*`; raises PreconditionRequired (RFC 6585) without it."""
        if "if-match" not in self.headers:
            raise errors.PreconditionRequired
        return self.if_match


class Csv(str):
    """An answer's body: a CSV table (RFC 4180)."""

    __slots__ = ()


@frozen
class Answer[Body: DataclassInstance | Csv | None]:
    """A handler's result: the body (None for an empty one), the status, and the values of headers."""

    body: Body
    status: HTTPStatus = HTTPStatus.OK
    version: int | None = None
    location: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@frozen
class Route:
    """One declared route, for the generator of the OpenAPI document."""

    method: str
    path: str
    caller: Caller
    handler: Callable[..., Answer[Any]]
    statuses: Sequence[HTTPStatus]
    problems: Sequence[str]
    consumes: str
    path_values: Mapping[str, Sequence[str]]
    body_schemas: Callable[[], Mapping[str, Mapping[str, Any]]] | None
    text_body: str
    operation_id: str


type _Respond = Callable[[Mapping[str, Any], Request], Answer[Any]]


class Api:
    """The routes of one function. `texts` has the error codes of the rooms it calls; platform's codes are added.

    `allowed` returns the values that this deployment's parameters allow, by what they are of. The validators of bodies
    get it (pydantic's context), so that a request learns of all its wrong fields in one answer.
    """

    def __init__(
        self, texts: Texts = PLATFORM_TEXTS, allowed: Callable[[], Mapping[str, Sequence[str]]] | None = None
    ) -> None:
        self.texts = PLATFORM_TEXTS | texts
        self._allowed = allowed or (dict)
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
        path_values: Mapping[str, Sequence[str]] = MappingProxyType({}),
        body_schemas: Callable[[], Mapping[str, Mapping[str, Any]]] | None = None,
        text_body: str = "",
        operation: str | None = None,
        missing: Callable[[], errors.CustomerCenterError] = errors.NotFound,
    ) -> Callable[[Callable[..., Answer[Any]]], Callable[..., Answer[Any]]]:
        """Declare a handler. `route` has the gateway's format: `POST /users/{user_id}/deactivate`.

        The names of the handler's parameters decide which arguments it gets:
        - path parameters;
        - `caller`: the value that `caller.admit` returned;
        - `body` and `query`: the validated pydantic model of the annotation. A body annotated as `bytes` is not parsed;
        - `request`.

        `missing` makes the error for a name in the path that is empty, or longer than any name. The other arguments
        only describe the operation in the OpenAPI document:
        - `statuses`: those of successful answers;
        - `problems`: the handler's own error codes;
        - `consumes`: the media type of the body;
        - `path_values`: the allowed values of path parameters;
        - `body_schemas`: returns the JSON Schemas of a `bytes` body, by component name;
        - `text_body`: what a `bytes` body may be instead, as `text/plain`;
        - `operation`: the operation's id, the handler's name by default.
        """
        method, path = route.split(" ")

        def register(handler: Callable[..., Answer[Any]]) -> Callable[..., Answer[Any]]:
            parameters = inspect.signature(handler).parameters

            def respond(event: Mapping[str, Any], request: Request) -> Answer[Any]:
                admitted = caller.admit(request)
                arguments: dict[str, Any] = _pasted(event.get("pathParameters"))
                if any(not 0 < len(name) <= _LONGEST_NAME for name in arguments.values()):
                    raise missing()
                if "caller" in parameters:
                    arguments["caller"] = admitted
                if "request" in parameters:
                    arguments["request"] = request
                try:
                    model = parameters["query"].annotation if "query" in parameters else caller.query
                    if model:
                        query = _pasted(event.get("queryStringParameters"))
                        checked = validated(model.model_validate, query, self.texts)
                        arguments |= {"query": checked} if "query" in parameters else {}
                    if "body" in parameters:
                        model, body = parameters["body"].annotation, _body(event)
                        arguments["body"] = (
                            body
                            if model is bytes
                            # .NET's clients begin JSON with a byte order mark (RFC 8259, 8.1).
                            else validated(
                                model.model_validate_json, body.removeprefix(BOM_UTF8), self.texts, self._allowed()
                            )
                        )
                except errors.CustomerCenterError:
                    # Who may not do this is not told what is wrong with their body.
                    caller.allow(admitted)
                    raise
                return handler(**arguments)

            self._respond[route] = respond
            self.routes.append(
                Route(
                    method,
                    path,
                    caller,
                    handler,
                    statuses,
                    problems,
                    consumes,
                    path_values,
                    body_schemas,
                    text_body,
                    operation or handler.__name__,
                )
            )
            return handler

        return register

    def handle(self, event: Mapping[str, Any], context: "LambdaContext") -> Mapping[str, Any]:  # noqa: ARG002 # Lambda's signature
        """Answer one event of an HTTP API (payload format 2.0).

        Catches CustomerCenterError, and AWS's errors of throttling (Overloaded), but no other errors.
        """
        request = _request(event)
        logger.clear_state()
        logger.append_keys(request_id=request.request_id, route=request.route)
        try:
            if request.route not in self._respond:
                raise errors.NotFound
            return _response(self._respond[request.route](event, request), request)
        except errors.TooManyRequests as error:
            request.limits.extend(error.limits)
            return _problem(error, request, self.texts)
        except errors.CustomerCenterError as error:
            return _problem(error, request, self.texts)
        except AWS_ERRORS as error:
            if not is_overload(error):
                raise
            logger.warning("aws is overloaded", reason=str(error))
            return _problem(errors.Overloaded(), request, self.texts)


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
        fingerprint=fingerprint,
        query=_pasted(event.get("queryStringParameters")),
        authenticated_at=_moment(claims.get("auth_time")),
    )


def _pasted(parameters: Mapping[str, str] | None) -> dict[str, str]:
    """Return parameters of the path or query without blanks and invisible characters at their ends."""
    return {name: trimmed(value) for name, value in (parameters or {}).items()}


def _moment(seconds: object) -> datetime | None:
    """Return the time of a claim (RFC 7519, NumericDate), None without one. The gateway passes claims as text."""
    return datetime.fromtimestamp(int(str(seconds)), UTC) if re.fullmatch(r"\d{1,11}", str(seconds)) else None


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
    body = answer.body.to_json() if hasattr(answer.body, "to_json") else json.dumps(asdict(answer.body))
    return _sent(answer.status, "application/json", body, request, headers)


def _problem(error: errors.CustomerCenterError, request: Request, texts: Texts) -> Mapping[str, Any]:
    language = request.language
    status = next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)
    problem: dict[str, Any] = {
        "type": f"urn:customer-center:problem:{error.code}",
        "title": status.phrase,
        "status": status,
        "detail": texts.error_text(error.code, language, error.values),
        "code": error.code,
        "request_id": request.request_id,
    }
    if isinstance(error, errors.Conflict):
        problem |= error.members
    if isinstance(error, errors.InvalidInput | errors.Conflict) and error.errors:
        problem["errors"] = [
            {
                "pointer": wrong.pointer,
                "code": wrong.code,
                "message": texts.field_text(wrong.code, language, wrong.limit),
            }
            for wrong in error.errors
        ]
    headers = {"Content-Language": language}
    if isinstance(error, errors.RetryLater):
        headers["Retry-After"] = str(error.retry_after)
    if isinstance(error, errors.Unauthorized):
        headers["WWW-Authenticate"] = error.scheme
    else:
        # The gateway's access log has unauthenticated requests already. They must not fill the function's log.
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


def validated[Model](
    validate: Callable[..., Model],
    given: bytes | Mapping[str, str],
    texts: Texts,
    allowed: Mapping[str, Sequence[str]] | None = None,
) -> Model:
    """Return the input as a pydantic model. `texts` has the field codes that the model's own validators raise.

    `allowed` is the context of these validators: the values that the deployment's parameters allow.

    Raises MalformedRequest `json-invalid`, or one InvalidInput with all wrong fields.
    """
    try:
        return validate(given, context=allowed)
    except ValueError as error:
        # The error is pydantic's ValidationError. That class is not imported here, to keep cold starts short.
        found = error.errors(include_url=False, include_input=False)  # type: ignore[attr-defined] # as above
        if found[0]["type"] == "json_invalid":
            raise errors.MalformedRequest("json-invalid") from None
        wrong = [_field_error(each["loc"], each["type"], each.get("ctx", {}), texts) for each in found]
        # Not chained, because pydantic's error repeats the input, which may be personal data.
        raise errors.InvalidInput(errors=wrong) from None


def _field_error(
    location: Sequence[str | int], kind: str, context: Mapping[str, object], texts: Texts
) -> errors.FieldError:
    if "inside" in context:
        location = [*location, str(context["inside"])]
    # A wrong name of a member of a map.
    location = location[:-1] if location and location[-1] == "[key]" else location
    pointer = "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in location)
    code = kind if kind in texts.fields else _FIELD_CODES.get(kind, "invalid")
    # Only what the declaration says: other values of the context may repeat the input.
    limits = [f"{sign}{context[word]}" for word, sign in _LIMITS.items() if word in context]
    return errors.FieldError(pointer, code, limits[0].replace("'", "").replace(" or ", ", ") if limits else "")
