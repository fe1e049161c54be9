"""The whole system in one process: the real handlers run one after the other, until no work is left.

DynamoDB is DynamoDB Local or moto. Cognito, SES, SQS and SSM are moto. The ERP is its simulator. This module itself
delivers the journal's stream and the queues, so that it knows when no work is left.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from http import HTTPStatus
from itertools import batched
from typing import Any

import pytest
from moto import mock_aws

from benchmarks.meter import Call, Meter, watching
from local.simulators.erp.server import ErpSimulator
from ops.client_key import client_keys, local_key
from tests.builders.webhooks import signed
from tests.fakes.erp_simulator import running_simulator
from tests.integration.aws import Aws, Sandboxes, event_of, forget
from tests.template_reader import events_of, functions_of

PASSWORD = "a long enough password"  # noqa: S105 # of users in a benchmark


@dataclass(frozen=True)
class Invocation:
    """One event that a function handled, and the calls to AWS that it made."""

    event: Mapping[str, Any]
    calls: Sequence[Call]


class Stage:
    """The stack, without companies at the start."""

    def __init__(self, aws: Aws, erp: ErpSimulator, sandboxes: Sandboxes, meter: Meter) -> None:
        self.aws = aws
        self.erp = erp
        self.meter = meter
        self._dynamodb = aws.client("dynamodb")
        self._sandboxes = sandboxes
        functions = functions_of(aws.template)
        self._routes = {
            f"{route['Method']} {route['Path']}": name
            for name, function in functions.items()
            for route in events_of(function, "HttpApi").values()
        }
        self._consumers = {
            queue["Queue"]["Fn::GetAtt"][0]: name
            for name, function in functions.items()
            for queue in events_of(function, "SQS").values()
        }
        self.invocations: dict[str, Invocation] = {}
        """The last invocation of each route, and of each function that is not behind the API."""

    def has(self, route: str) -> bool:
        """Whether the template has this route."""
        return route in self._routes

    def function_of(self, name: str) -> str:
        """Return the function that handles a route; the name of a function is returned unchanged."""
        return self._routes.get(name, name)

    def call(self, route: str, *, by: str | None = None, body: Any = None, **given: Any) -> Any:
        """Return the answer to a request. `by` is the caller's user id; `given` are more arguments of `request`."""
        answer = self._run(route, request(route, by=by, body=body, **given))
        if answer["statusCode"] >= HTTPStatus.BAD_REQUEST:
            raise AssertionError(f"{route}: {answer}")
        return json.loads(answer["body"])

    def webhook(self, webhook_id: str, kind: str, data: Any) -> None:
        """Send a webhook of the ERP, and process its consequences."""
        now = datetime.now(UTC)
        body = json.dumps({"type": kind, "timestamp": now.isoformat(), "data": data})
        self.call("POST /webhooks/{source}", source="erp", body=body, headers=signed(body, now, webhook_id=webhook_id))
        self.settle()

    def client_key(self, scope: str) -> str:
        """Return a new client key with the scope, in the form that its holder sends."""
        tables = (self.aws.physical(name) for name in ("CompaniesTable", "JournalTable"))
        return local_key(client_keys(self._dynamodb, *tables), [scope], None)

    def settle(self) -> None:
        """Process the stream and the queues until both are empty."""
        while self._carry_stream() or self._carry_queues():
            pass

    def _carry_stream(self) -> bool:
        pages = self._dynamodb.get_paginator("scan").paginate(TableName="JournalTable", IndexName="pending")
        waiting = [item for page in pages for item in page["Items"]]
        if waiting:
            self._handle("OutboxFunction", stream_event(waiting))
        return bool(waiting)

    def _carry_queues(self) -> bool:
        carried = False
        for queue, function in self._consumers.items():
            for message in self.aws.messages(queue):
                self._handle(function, queue_event(message))
                carried = True
        return carried

    def deliver(self, queue: str, message: Any) -> None:
        """Deliver a message to the queue's function, without sending it to the queue."""
        self._handle(self._consumers[queue], queue_event(message))

    def _handle(self, function: str, event: Mapping[str, Any]) -> None:
        answer = self._run(function, event)
        if answer["batchItemFailures"]:
            raise AssertionError(f"{function} failed:\n{self._sandboxes.log.getvalue()[-3000:]}")

    def _run(self, name: str, event: Mapping[str, Any]) -> Any:
        before = len(self.meter.calls)
        answer = self._sandboxes.run(self.function_of(name), event)
        self.invocations[name] = Invocation(event, self.meter.calls[before:])
        return answer

    def mailed(self, pattern: str, *, before: int = 0) -> str:
        """Return the one text that the pattern finds in the last mail, or in one that was sent `before` it."""
        _, html = self.aws.mails()[-1 - before]
        (found,) = set(re.findall(pattern, html))
        return str(found)

    @cache  # noqa: B019 # there is one stage
    def item(self, table: str, name: str, value: str) -> Mapping[str, Any]:
        """Return the one item of a table whose attribute `name` has this value. Later calls return the same version."""
        pages = self._dynamodb.get_paginator("scan").paginate(TableName=table)
        (found,) = [item for page in pages for item in page["Items"] if item.get(name) == {"S": value}]
        return found

    def put(self, table: str, items: Iterable[Mapping[str, Any]]) -> None:
        """Write items into a table directly, without checks and without counting units."""
        for some in batched(items, 25, strict=False):
            requests: Any = {table: [{"PutRequest": {"Item": item}} for item in some]}
            while requests:
                requests = self._dynamodb.batch_write_item(RequestItems=requests)["UnprocessedItems"]


def request(
    route: str,
    *,
    by: str | None = None,
    body: Any = None,
    query: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    **path: str,
) -> dict[str, Any]:
    """Return the event of a request, as the gateway would send it."""
    method, template = route.split(" ")
    event = event_of("users/get_user")
    raw_path = template.format_map(path)
    context = event["requestContext"]
    context["routeKey"] = event["routeKey"] = route
    context["http"] |= {"method": method, "path": raw_path}
    event |= {"rawPath": raw_path, "headers": {**event["headers"], **(headers or {})}}
    event.pop("pathParameters")
    if path:
        event["pathParameters"] = path
    if query:
        event["queryStringParameters"] = dict(query)
    if by is None:
        context.pop("authorizer")
    else:
        context["authorizer"]["jwt"]["claims"]["username"] = by
    if body is not None:
        event["body"] = body if isinstance(body, str) else json.dumps(body)
        event["headers"]["content-type"] = "application/json"
    return event


def stream_event(images: list[Mapping[str, Any]]) -> Mapping[str, Any]:
    """Return the event with which the journal's stream delivers new entries."""
    event = event_of("outbox/journal_stream")
    sample = event["Records"][0]
    event["Records"] = [
        {
            **sample,
            "dynamodb": {
                **sample["dynamodb"],
                "Keys": {name: image[name] for name in ("pk", "sk")},
                "NewImage": image,
                "SequenceNumber": image["sk"]["S"],
            },
        }
        for image in images
    ]
    return event


def queue_event(message: Any) -> Mapping[str, Any]:
    """Return the event with which a queue delivers one message."""
    event = event_of("email_dispatch/invitation")
    event["Records"] = [{**event["Records"][0], "body": json.dumps(message)}]
    return event


@contextmanager
def staged(dynamodb_url: str | None) -> Iterator[Stage]:
    """Yield a stack that uses the DynamoDB at that address, or moto's. It ignores the machine's AWS settings."""
    with ExitStack() as on, pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE"):
            patch.delenv(name, raising=False)
        config: Any = {}
        if dynamodb_url:
            patch.setenv("AWS_ENDPOINT_URL_DYNAMODB", dynamodb_url)
            config = {"core": {"passthrough": {"urls": [re.escape(dynamodb_url) + ".*"]}}}
        on.enter_context(mock_aws(config=config))
        erp = on.enter_context(running_simulator())
        aws = Aws(erp.url)
        meter = Meter(aws.client("dynamodb"))
        on.enter_context(watching(meter))
        on.callback(forget)
        yield Stage(aws, erp, Sandboxes(aws, patch), meter)
