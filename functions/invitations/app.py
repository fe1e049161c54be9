"""POST /invitations/acceptance: an invited person sets a password and is logged in (seed 001)."""

from collections.abc import Mapping
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from customer_center.companies.accept_invitation import accept_invitation
from customer_center.companies.adapter import companies
from customer_center.companies.bodies import AcceptanceBody, CompanyAnswer, LoggedInAnswer, SessionAnswer, UserAnswer
from customer_center.connectors.cognito.adapter import identities
from customer_center.platform.clock import SystemClock
from customer_center.platform.http import PUBLIC, Answer, Api, Request

api = Api()


@api.route(
    "POST /invitations/acceptance",
    caller=PUBLIC,
    problems=[
        "invitation-invalid",
        "invitation-expired",
        "invitation-revoked",
        "invitation-used",
        "in-progress",
        "identity-unavailable",
    ],
)
def accept(body: AcceptanceBody, request: Request) -> Answer[LoggedInAnswer]:
    """Accept an invitation with the token of its link and a password, and be logged in."""
    clock = SystemClock()
    accepted = accept_invitation(
        body.token,
        body.password.get_secret_value(),
        request.idempotency_key or request.request_id,
        request.request_id,
        companies=companies(),
        identities=identities(),
        clock=clock,
    )
    return Answer(
        LoggedInAnswer(
            user=UserAnswer.of(accepted.user, accepted.company, clock.now()),
            company=CompanyAnswer.of(accepted.company),
            session=SessionAnswer.of(accepted.session),
        ),
        version=accepted.user.version,
    )


def handler(event: Mapping[str, Any], context: LambdaContext) -> Mapping[str, Any]:
    """Answer one request of the HTTP API."""
    return api.handle(event, context)
