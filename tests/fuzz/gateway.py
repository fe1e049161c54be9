"""The HTTP API's gateway without a network: requests go to the real handlers as the events that AWS makes of them."""

import base64
import io
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from requests.adapters import HTTPAdapter
from urllib3 import HTTPResponse

from tests.integration.aws import Context, folder_of, handler_of, load
from tests.template_reader import events_of, functions_of

# AWS hands over a body as text when its type is one of these, and in Base64 otherwise.
_TEXT = re.compile(r"(text/.*|application/(.*\+)?(json|javascript|xml))(;.*)?", re.IGNORECASE)
_MAX_BODY_BYTES = 10 * 1024 * 1024


@dataclass(frozen=True)
class _Route:
    """One route of the template."""

    key: str
    pattern: re.Pattern[str]
    public: bool
    function: str


class Gateway(HTTPAdapter):
    """Answers requests as the gateway does: finds the route, checks the token, asks the function.

    `tokens` are access tokens with the user names they are of. What a handler raises is raised: behind AWS's gateway it
    would be a 500.
    """

    def __init__(self, template: Mapping[str, Any], handlers: Mapping[str, Any], tokens: Mapping[str, str]) -> None:
        super().__init__()
        self._routes = sorted(_routes(template), key=lambda route: route.key.count("{"))
        self._handlers = handlers
        self._tokens = tokens
        self._requests = count(1)

    def send(self, request, **_):
        method, url = request.method, urlsplit(request.url)
        matches = ((route, route.pattern.fullmatch(f"{method} {url.path}")) for route in self._routes)
        route, match = next(((route, match) for route, match in matches if match), (None, None))
        if route is None:
            return self._answer(request, *_error(404, "Not Found"))
        if len(request.body or b"") > _MAX_BODY_BYTES:
            return self._answer(request, *_error(413, "Request Entity Too Large"))
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        username = self._tokens.get(token) if scheme == "Bearer" else None
        if username is None and not route.public:
            return self._answer(request, *_error(401, "Unauthorized"))
        event = self._event(request, route, match, None if route.public else username)
        answer = self._handlers[route.function](event, Context(route.function))
        return self._answer(request, answer["statusCode"], answer["headers"], answer["body"])

    def _answer(self, request, status, headers, text):
        body = io.BytesIO(text.encode())
        return self.build_response(request, HTTPResponse(body, status=status, headers=headers, preload_content=False))

    def _event(self, request, route, match, username):
        url = urlsplit(request.url)
        path = unquote(url.path)
        authorizer = {"authorizer": {"jwt": {"claims": {"username": username}, "scopes": []}}} if username else {}
        event = {
            "version": "2.0",
            "routeKey": route.key,
            "rawPath": path,
            "rawQueryString": url.query,
            "headers": {name.lower(): value for name, value in request.headers.items()},
            "requestContext": {
                "requestId": f"request-{next(self._requests)}",
                "routeKey": route.key,
                "http": {"method": request.method, "path": path, "sourceIp": "203.0.113.7"},
                **authorizer,
            },
            "isBase64Encoded": False,
        }
        if match.groupdict():
            event["pathParameters"] = {name: unquote(value) for name, value in match.groupdict().items()}
        if url.query:
            query = {}
            for name, value in parse_qsl(url.query, keep_blank_values=True):
                query[name] = f"{query[name]},{value}" if name in query else value
            event["queryStringParameters"] = query
        return event | _body(request)


def handlers_of(template: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the handler of every function behind the gateway, each loaded once."""
    return {
        name: getattr(load(folder_of(name)), handler_of(template, name))
        for name, function in functions_of(template).items()
        if events_of(function, "HttpApi")
    }


def _routes(template):
    for name, function in functions_of(template).items():
        for event in events_of(function, "HttpApi").values():
            path = re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(event["Path"]))
            public = event.get("Auth") == {"Authorizer": "NONE"}
            key = f"{event['Method']} {event['Path']}"
            yield _Route(key, re.compile(f"{event['Method']} {path}"), public, name)


def _body(request):
    raw = request.body.encode() if isinstance(request.body, str) else request.body
    if not raw:
        return {}
    if _TEXT.fullmatch(request.headers.get("Content-Type", "text/plain")):
        return {"body": raw.decode(errors="replace")}
    return {"body": base64.b64encode(raw).decode(), "isBase64Encoded": True}


def _error(status, message):
    headers = {"Content-Type": "application/json"}
    return status, headers | ({"WWW-Authenticate": "Bearer"} if status == 401 else {}), json.dumps({"message": message})
