"""The whole system in one process: the real handlers run one after the other, until no work is left.

DynamoDB is DynamoDB Local or moto. Cognito, SES, SQS and SSM are moto. The ERP is its simulator. This module itself
delivers the journal's stream and the queues, so that it knows when no work is left.
"""

import io
import json
import re
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, redirect_stdout
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from http import HTTPStatus
from http.client import HTTPConnection
from itertools import batched
from typing import Any
from urllib.parse import urlsplit

import pytest
from moto import mock_aws

from benchmarks.meter import Call, Meter, watching
from customer_center.clients.issue_client_key import NewKey
from customer_center.clients.model import Scope, written
from local.simulators.erp.server import ErpSimulator
from local.simulators.products.server import ProductsSimulator
from ops.client_key import client_keys, issue, local_key
from tests.builders.rs256 import pem, private_key
from tests.builders.vendasta import GROUP, UPDATE, webhook
from tests.builders.webhooks import signed
from tests.fakes.erp_simulator import running_simulator
from tests.integration.aws import Aws, Sandboxes, event_of, forget
from tests.template_reader import events_of, functions_of

_WRITERS = 4
_BATCH_WRITE = {
    "Content-Type": "application/x-amz-json-1.0",
    "X-Amz-Target": "DynamoDB_20120810.BatchWriteItem",
    # DynamoDB Local wants a signature, and does not check it.
    "X-Amz-Date": "20261124T000000Z",
    "Authorization": "AWS4-HMAC-SHA256 Credential=test/20261124/eu-central-1/dynamodb/aws4_request, "
    "SignedHeaders=host, Signature=0",
}
PASSWORD = "a long enough password"  # noqa: S105 # of users in a benchmark


@dataclass(frozen=True)
class Invocation:
    """One event that a function handled, and the calls to AWS that it made."""

    event: Mapping[str, Any]
    calls: Sequence[Call]


class Stage:
    """The stack, without companies at the start."""

    def __init__(
        self, aws: Aws, erp: ErpSimulator, products: ProductsSimulator, sandboxes: Sandboxes, meter: Meter
    ) -> None:
        self.aws = aws
        self.erp = erp
        self.products = products
        self.meter = meter
        self._dynamodb = aws.client("dynamodb")
        self._sandboxes = sandboxes
        self._writer = threading.local()
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

    def vendasta(self) -> None:
        """Add a source of Vendasta's webhooks, and send one, without processing it."""
        settings = {"public_keys": [pem(private_key("vendasta"))], "accounts": {GROUP: "shop"}, "leeway_seconds": 86400}
        source = self.call(
            "POST /webhook-sources",
            query={"account_id": "shop"},
            headers={"authorization": f"Bearer {self.client_key('customers:admin')}"},
            body={"product": "vendasta", "format": "vendasta", "vendasta": settings},
        )["source"]["source_id"]
        body = webhook(UPDATE, datetime.now(UTC)).decode()
        self.call("POST /webhooks/{source}", source=source, body=body)

    def client_key(self, scope: str) -> str:
        """Return a new client key with the scope, in the form that its holder sends."""
        tables = (self.aws.physical(name) for name in ("CompaniesTable", "JournalTable"))
        return local_key(client_keys(self._dynamodb, *tables), [scope], None)

    def product_key(self, product: str, account: str) -> str:
        """Return a new client key of a product, which reads and writes the customers of its account."""
        tables = (self.aws.physical(name) for name in ("CompaniesTable", "JournalTable"))
        scopes = frozenset({Scope.CUSTOMERS_READ, Scope.CUSTOMERS_WRITE})
        issued = issue(client_keys(self._dynamodb, *tables), NewKey(product, scopes, frozenset({account}), product))
        return written(issued.key.key_id, str(issued.secret))

    def settle(self) -> Sequence[tuple[str, Invocation]]:
        """Process the stream and the queues until both are empty. Return the functions that ran, in order."""
        ran: list[tuple[str, Invocation]] = []
        while more := [*self._carry_stream(), *self._carry_queues()]:
            ran += more
        return ran

    def _carry_stream(self) -> Iterator[tuple[str, Invocation]]:
        pages = self._dynamodb.get_paginator("scan").paginate(TableName="JournalTable", IndexName="pending")
        # The index has keys only; a stream has whole entries.
        keys = [{name: item[name] for name in ("pk", "sk")} for page in pages for item in page["Items"]]
        waiting = [self._dynamodb.get_item(TableName="JournalTable", Key=key)["Item"] for key in keys]
        if waiting:
            yield self._handle("OutboxFunction", stream_event(waiting))

    def _carry_queues(self) -> Iterator[tuple[str, Invocation]]:
        for queue, function in self._consumers.items():
            for message in self.aws.messages(queue):
                yield self._handle(function, queue_event(message))

    def schedule(self, function: str) -> None:
        """Start a function as its schedule does."""
        self._run(function, {})

    def deliver(self, queue: str, message: Any) -> None:
        """Deliver a message to the queue's function, without sending it to the queue."""
        self._handle(self._consumers[queue], queue_event(message))

    def _handle(self, function: str, event: Mapping[str, Any]) -> tuple[str, Invocation]:
        answer = self._run(function, event)
        if answer["batchItemFailures"]:
            raise AssertionError(f"{function} failed:\n{self._sandboxes.log.getvalue()[-3000:]}")
        return function, self.invocations[function]

    def _run(self, name: str, event: Mapping[str, Any]) -> Any:
        before = len(self.meter.calls)
        # Metrics are printed.
        with redirect_stdout(io.StringIO()):
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

    def items(self, table: str, text: str) -> Sequence[Mapping[str, Any]]:
        """Return the items of a table that have this text in their key."""
        pages = self._dynamodb.get_paginator("scan").paginate(TableName=table)
        found = [item for page in pages for item in page["Items"]]
        return [item for item in found if text in item["pk"]["S"] or text in item["sk"]["S"]]

    def put(self, table: str, items: Iterable[str]) -> None:
        """Write items, each as JSON, into a table of DynamoDB Local, without checks and without counting units.

        botocore would take longer than DynamoDB Local.
        """
        puts = (f'{{"PutRequest": {{"Item": {item}}}}}' for item in items)
        bodies = (f'{{"RequestItems": {{"{table}": [{", ".join(some)}]}}}}' for some in batched(puts, 25, strict=False))
        with ThreadPoolExecutor(_WRITERS) as pool:
            # A few at a time, because the pool would take all of them at once.
            for some_bodies in batched(bodies, 100, strict=False):
                for answer in pool.map(self._batch_write, some_bodies):
                    if answer != {"UnprocessedItems": {}}:
                        raise AssertionError(answer)

    def _batch_write(self, body: str) -> Any:
        if not hasattr(self._writer, "connection"):
            self._writer.connection = HTTPConnection(urlsplit(self._dynamodb.meta.endpoint_url).netloc)
        self._writer.connection.request("POST", "/", body, _BATCH_WRITE)
        return json.loads(self._writer.connection.getresponse().read())


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
        products = on.enter_context(_running_products())
        aws = Aws(erp.url)
        aws.parameters["LoopbackProducts"] = "true"
        meter = Meter(aws.client("dynamodb"))
        on.enter_context(watching(meter))
        on.callback(forget)
        yield Stage(aws, erp, products, Sandboxes(aws, patch), meter)


@contextmanager
def _running_products() -> Iterator[ProductsSimulator]:
    """Yield the products' simulator, which serves in a thread."""
    products = ProductsSimulator()
    server = threading.Thread(target=products.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    server.start()
    try:
        yield products
    finally:
        products.shutdown()
        products.server_close()
        server.join()
