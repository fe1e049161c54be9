"""POST /webhooks/{source}: other systems send events, which are verified, stored, and applied later."""

from collections.abc import Mapping
from functools import cache, partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Literal

from customer_center.platform.clock import SystemClock
from customer_center.platform.config import from_environment
from customer_center.platform.errors import Unauthorized
from customer_center.platform.frozen import frozen
from customer_center.platform.http import Answer, Api, Request
from customer_center.webhooks.callers import SIGNATURE
from customer_center.webhooks.kinds import event_schemas
from customer_center.webhooks.receive_event import receive_event
from customer_center.webhooks.signatures import STANDARD_WEBHOOKS
from customer_center.webhooks.texts import WEBHOOKS_TEXTS
from customer_center.webhooks.wiring import event_queue, source_keys, source_of

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

api = Api(WEBHOOKS_TEXTS)


@frozen
class Settings:
    """The template's parameters for webhooks."""

    webhook_tolerance_seconds: int


@frozen
class AcceptedAnswer:
    """The event is stored and will be applied. `webhook_id` is its id: the one in the request, if it has one."""

    status: Literal["accepted"]
    webhook_id: str


@cache
def settings() -> Settings:
    """Return this deployment's settings."""
    return from_environment(Settings)


@api.route(
    "POST /webhooks/{source}",
    operation="send_event",
    missing=partial(Unauthorized, "signature-invalid", STANDARD_WEBHOOKS.name),
    caller=SIGNATURE,
    statuses=[HTTPStatus.ACCEPTED],
    problems=["event-type-unknown", "invalid-input", "queue-unavailable"],
    body_schemas=event_schemas,
    text_body="From a source of the format `vendasta`: a JSON Web Token, signed with RS256. It needs no headers.",
)
def receive_webhook(source: str, body: bytes, request: Request) -> Answer[AcceptedAnswer]:
    """Send an event, signed according to Standard Webhooks 1.0.0. The source is `erp`, or the id of a webhook source.

    After any answer other than 202, send the event again with the same `webhook-id`. A repeated event is applied once.
    """
    now = SystemClock().now()
    webhook_id = receive_event(
        source,
        request.headers,
        body,
        source_of=source_of,
        keys=lambda known, scheme: source_keys(known, scheme, now),
        tolerance=settings().webhook_tolerance_seconds,
        queue=event_queue(),
        now=now,
    )
    return Answer(AcceptedAnswer("accepted", webhook_id), status=HTTPStatus.ACCEPTED)


def handler(event: Mapping[str, Any], context: "LambdaContext") -> Mapping[str, Any]:
    """Answer one request of the HTTP API."""
    return api.handle(event, context)
