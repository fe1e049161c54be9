"""What people do with the links they are mailed: accept an invitation (seed 001), confirm a new e-mail."""

from collections.abc import Mapping
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from customer_center.companies.accept_invitation import accept_invitation
from customer_center.companies.adapter import companies
from customer_center.companies.bodies import (
    AcceptanceBody,
    CompanyAnswer,
    EmailConfirmationBody,
    EmailConfirmedAnswer,
    LoggedInAnswer,
    SessionAnswer,
    UserAnswer,
)
from customer_center.companies.confirm_email import confirm_email
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


@api.route(
    "POST /email-confirmations",
    caller=PUBLIC,
    problems=["confirmation-invalid", "confirmation-expired", "company-closed", "email-in-use", "in-progress"],
)
def confirm(body: EmailConfirmationBody, request: Request) -> Answer[EmailConfirmedAnswer]:
    """Confirm a new e-mail with the token of its link: from now on it is the login. Open sessions go on."""
    user = confirm_email(
        body.token,
        request.request_id,
        companies=companies(),
        identities=identities(),
        clock=SystemClock(),
    )
    return Answer(EmailConfirmedAnswer(email=user.email))


def handler(event: Mapping[str, Any], context: LambdaContext) -> Mapping[str, Any]:
    """Answer one request of the HTTP API."""
    return api.handle(event, context)
