"""The door between the functions and the emulator: rules that AWS has and the emulator lacks, and a record of calls.

A caller with a session token is a function. Whoever has none passes: tests, the shop, and the tools that deploy. A rule
is off until somebody puts it into `/_stricter`, the rules by name with their options:

    {"password-of-disabled": {"refused": true},    AdminSetUserPassword for a disabled user; false accepts and counts it
     "sign-out-of-disabled": {"refused": true},    AdminUserGlobalSignOut for a disabled user; false as above
     "alias-exists": {},                           a verified e-mail that another login has: AliasExistsException
     "enable-late": {"seconds": 1},                an enabled user counts as disabled for this time
     "quotas": {"UserUpdate": 25, "SSM": 40},      calls a second, by category
     "concurrency": {"limit": 10}}                 executions of all functions at the same time (`local/emulator.py`)

The bucket of a quota begins empty, as if others had used it up.

A PUT replaces all rules and forgets the counts; a GET returns `rules`, and the counts `reached` and `refused`: how
often a rule had to decide, and how often it refused. A quota counts as `quotas UserUpdate`. A DELETE ends all
sandboxes, so that the next ones start cold.

A record is one line of JSON: `{"function", "service", "action", "parameters", "status"}`. `function` is the function's
physical name, `<stack>-<logical id>-<suffix>`; `service` is the prefix of IAM's actions, for example `cognito-idp`;
`action` is the operation as the SDK names it, for example `TransactWriteItems`; `parameters` are the request's own;
`status` is the HTTP status of the answer. A call that the SDK repeats is a record each time.

The emulator's Python runs this module, so it imports nothing outside the standard library.
"""

import asyncio
import json
import re
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

type Scope = MutableMapping[str, Any]
type Message = MutableMapping[str, Any]
type Receive = Callable[[], Awaitable[Message]]
type Send = Callable[[Message], Awaitable[None]]
type App = Callable[[Scope, Receive, Send], Awaitable[None]]

CONTROL = "/_stricter"
RULES = ("password-of-disabled", "sign-out-of-disabled", "alias-exists", "enable-late", "quotas", "concurrency")

# docs.aws.amazon.com/cognito/latest/developerguide/quotas.html, "operation categories".
_CATEGORIES = {
    "AdminCreateUser": "UserCreation",
    "AdminInitiateAuth": "UserAuthentication",
    "AdminSetUserPassword": "UserAccountRecovery",
    "AdminGetUser": "UserRead",
    "ListUsers": "UserList",
}
_UPDATE = "UserUpdate"
# Services that name the operation in the path.
_PATHS = {("ses", "POST", "/v2/email/outbound-emails"): "SendEmail"}


@dataclass(frozen=True)
class Call:
    """One request of a function to AWS."""

    function: str
    service: str
    action: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True)
class Refusal:
    """What AWS answers in place of the result."""

    code: str
    message: str
    status: int = 400


_DISABLED = Refusal("NotAuthorizedException", "User is disabled.")
_ALIAS_EXISTS = Refusal("AliasExistsException", "An account with the given email already exists.")
_THROTTLED = {
    "cognito-idp": Refusal("TooManyRequestsException", "Rate exceeded"),
    "ssm": Refusal("ThrottlingException", "Rate exceeded"),
    "ses": Refusal("TooManyRequestsException", "Maximum sending rate exceeded.", 429),
}


class Logins(Protocol):
    """What the rules ask about the logins of a user pool."""

    def is_disabled(self, pool_id: str, username: str) -> bool:
        """Return whether there is this login, disabled."""

    def with_verified_email(self, pool_id: str, email: str) -> list[str]:
        """Return the user names of the logins that have this e-mail as alias."""


class Rules:
    """The rules that are on, and how often each had to decide and refused."""

    def __init__(self, on: Mapping[str, Mapping[str, Any]] | None = None) -> None:
        self.put(on or {})

    def put(self, on: Mapping[str, Mapping[str, Any]]) -> None:
        """Replace all rules and forget the counts. Raises ValueError for a rule that there is not."""
        if unknown := set(on) - set(RULES):
            raise ValueError(f"no such rules: {sorted(unknown)}")
        self.on = dict(on)
        self.reached: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self._buckets: dict[str, tuple[float, float]] = {}

    def decide(self, rule: str, *, refused: bool) -> bool:
        """Count a decision of this rule, and return it."""
        self.reached[rule] += 1
        self.refused[rule] += refused
        return refused

    def refuses_execution(self, in_flight: int) -> bool:
        """Return whether Lambda refuses one more execution."""
        if "concurrency" not in self.on:
            return False
        return self.decide("concurrency", refused=in_flight >= self.on["concurrency"]["limit"])

    def throttles(self, call: Call, now: float) -> bool:
        """Return whether the call is over the quota of its category: a bucket that holds the calls of one second.

        A bucket holds one call at least, so a quota below one a second works too.
        """
        category = _category(call)
        rate = self.on.get("quotas", {}).get(category)
        if rate is None:
            return False
        left, since = self._buckets.get(category, (0.0, now))
        left = min(max(1, rate), left + (now - since) * rate)
        refused = self.decide(f"quotas {category}", refused=left < 1)
        self._buckets[category] = (left if refused else left - 1, now)
        return refused


def _category(call: Call) -> str:
    return _CATEGORIES.get(call.action, _UPDATE) if call.service == "cognito-idp" else call.service.upper()


class Door:
    """An ASGI application in front of the emulator's."""

    def __init__(
        self,
        emulator: App,
        *,
        functions: Mapping[str, str],
        logins: Logins,
        rules: Rules,
        records: Path | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        end_sandboxes: Callable[[], None] = lambda: None,
    ) -> None:
        """`functions` are the names of the functions by their session token; calls are written into `records`."""
        self._emulator = emulator
        self._functions = functions
        self._logins = logins
        self._rules = rules
        self._records = records
        self._monotonic = monotonic
        self._end_sandboxes = end_sandboxes
        self._enabled_at: dict[str, float] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request to the emulator."""
        if scope.get("path") == CONTROL:
            if scope["method"] == "DELETE":
                # In a thread, because a sandbox may end only after the emulator has answered its last call.
                await asyncio.to_thread(self._end_sandboxes)
            await _send(send, *self._controlled(scope["method"], await _body(receive)))
            return
        headers = {name.lower(): value.decode() for name, value in scope.get("headers", [])}
        token = headers.get(b"x-amz-security-token")
        if not token:
            await self._emulator(scope, receive, send)
            return
        body = await _body(receive)
        call = _call(self._functions.get(token, token), scope, headers, body)
        refusal = self._refusal(call)
        if refusal:
            self._record(call, refusal.status)
            answer = {"__type": refusal.code, "message": refusal.message}
            await _send(send, refusal.status, answer, (b"x-amzn-errortype", refusal.code.encode()))
            return

        async def record_and_send(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._record(call, message["status"])
            await send(message)

        await self._emulator(scope, _replay(body, receive), record_and_send)

    def _controlled(self, method: str, body: bytes) -> tuple[int, Mapping[str, Any]]:
        if method == "PUT":
            try:
                self._rules.put(json.loads(body))
            except ValueError as error:
                return 400, {"message": str(error)}
        return 200, {"rules": self._rules.on, "reached": self._rules.reached, "refused": self._rules.refused}

    def _refusal(self, call: Call) -> Refusal | None:
        rules = self._rules
        if rules.throttles(call, self._monotonic()):
            return _THROTTLED[call.service]
        return self._refusal_of_cognito(call) if call.service == "cognito-idp" and rules.on else None

    def _refusal_of_cognito(self, call: Call) -> Refusal | None:
        rules = self._rules
        match call.action:
            case "AdminSetUserPassword" | "AdminUserGlobalSignOut":
                return self._refusal_of_disabled(call)
            case "AdminCreateUser" | "AdminUpdateUserAttributes" if "alias-exists" in rules.on:
                taken = self._is_alias_of_another(call)
                return _ALIAS_EXISTS if rules.decide("alias-exists", refused=taken) else None
            case "AdminEnableUser" if "enable-late" in rules.on and self._is_disabled(call):
                self._enabled_at[call.parameters["Username"]] = self._monotonic()
            case "AdminDisableUser":
                self._enabled_at.pop(call.parameters["Username"], None)
            case "AdminInitiateAuth" if "enable-late" in rules.on:
                late = self._is_late(call.parameters["AuthParameters"]["USERNAME"])
                return _DISABLED if rules.decide("enable-late", refused=late) else None
        return None

    def _refusal_of_disabled(self, call: Call) -> Refusal | None:
        rule = {"AdminSetUserPassword": "password-of-disabled"}.get(call.action, "sign-out-of-disabled")
        options = self._rules.on.get(rule)
        if options is None or not self._is_disabled(call):
            return None
        return _DISABLED if self._rules.decide(rule, refused=options["refused"]) else None

    def _is_disabled(self, call: Call) -> bool:
        username = call.parameters["Username"]
        return self._is_late(username) or self._logins.is_disabled(call.parameters["UserPoolId"], username)

    def _is_late(self, username: str) -> bool:
        late: float = self._rules.on.get("enable-late", {}).get("seconds", 0)
        return username in self._enabled_at and self._monotonic() < self._enabled_at[username] + late

    def _is_alias_of_another(self, call: Call) -> bool:
        given = {each["Name"]: each["Value"] for each in call.parameters["UserAttributes"]}
        if given.get("email_verified") != "true":
            return False
        holders = self._logins.with_verified_email(call.parameters["UserPoolId"], given["email"])
        return any(holder != call.parameters["Username"] for holder in holders)

    def _record(self, call: Call, status: int) -> None:
        if self._records:
            with self._records.open("a") as records:
                records.write(json.dumps({**vars(call), "status": status}) + "\n")


def _call(function: str, scope: Scope, headers: Mapping[bytes, str], body: bytes) -> Call:
    signed = re.search(r"Credential=[^/]+/\d+/[^/]+/([^/]+)/", headers.get(b"authorization", ""))
    service = signed[1] if signed else ""
    named = headers.get(b"x-amz-target", "").rpartition(".")[2]
    method, path = scope["method"], scope["path"]
    action = named or _PATHS.get((service, method, path), f"{method} {path}")
    return Call(function, service, action, json.loads(body) if body else {})


async def _body(receive: Receive) -> bytes:
    parts = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)


def _replay(body: bytes, receive: Receive) -> Receive:
    waiting = [body]

    async def receive_again() -> Message:
        if waiting:
            return {"type": "http.request", "body": waiting.pop(), "more_body": False}
        return await receive()

    return receive_again


async def _send(send: Send, status: int, answer: Mapping[str, Any], *headers: tuple[bytes, bytes]) -> None:
    body = json.dumps(answer).encode()
    kind = (b"content-type", b"application/x-amz-json-1.1")
    await send({"type": "http.response.start", "status": status, "headers": [kind, *headers]})
    await send({"type": "http.response.body", "body": body})
