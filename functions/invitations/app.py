"""The links in mails: accept an invitation, or confirm a new e-mail address."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from functools import cache
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from customer_center.companies.bodies import CompanyAnswer, UserAnswer
from customer_center.companies.email_address import shown_email
from customer_center.companies.model import WrongLinkLimits
from customer_center.companies.onboarding.accept_invitation import accept_invitation
from customer_center.companies.onboarding.bodies import (
    AcceptanceBody,
    EmailConfirmationBody,
    EmailConfirmedAnswer,
    LoggedInAnswer,
    SessionAnswer,
)
from customer_center.companies.onboarding.confirm_email import confirm_email
from customer_center.companies.onboarding.limit_wrong_links import wrong_links_limited
from customer_center.companies.texts import COMPANIES_TEXTS
from customer_center.companies.wiring import companies
from customer_center.connectors.cognito.wiring import identities
from customer_center.platform.clock import SystemClock
from customer_center.platform.config import from_environment
from customer_center.platform.frozen import frozen
from customer_center.platform.http import PUBLIC, Answer, Api, Request
from customer_center.platform.networks import source_network

api = Api(COMPANIES_TEXTS)


@frozen
class Settings:
    """The template's parameters for opening links."""

    wrong_links_per_network: int
    wrong_links_window_seconds: int

    def limits(self) -> WrongLinkLimits:
        """Return the parameters as limits."""
        return WrongLinkLimits(self.wrong_links_per_network, self.wrong_links_window_seconds)


@cache
def settings() -> Settings:
    """Return this deployment's settings."""
    return from_environment(Settings)


@api.route(
    "POST /invitations/acceptance",
    operation="accept_invitation",
    caller=PUBLIC,
    problems=[
        "company-closed",
        "invitation-invalid",
        "invitation-expired",
        "invitation-revoked",
        "invitation-superseded",
        "invitation-used",
        "in-progress",
        "too-many-requests",
        "identity-unavailable",
    ],
)
def accept(body: AcceptanceBody, request: Request) -> Answer[LoggedInAnswer]:
    """Accept an invitation with the token in its link and a new password. The answer logs the person in."""
    clock = SystemClock()
    with _wrong_links_limited(request):
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
            user=UserAnswer.from_user(accepted.user, accepted.company, clock.now()),
            company=CompanyAnswer.from_company(accepted.company),
            session=SessionAnswer.from_session(accepted.session),
        ),
        version=accepted.user.version,
    )


@api.route(
    "POST /email-confirmations",
    operation="confirm_email",
    caller=PUBLIC,
    problems=[
        "confirmation-invalid",
        "confirmation-expired",
        "company-closed",
        "email-in-use",
        "in-progress",
        "too-many-requests",
    ],
)
def confirm(body: EmailConfirmationBody, request: Request) -> Answer[EmailConfirmedAnswer]:
    """Confirm a new e-mail address with the token in its link. The address becomes the login. Sessions stay valid."""
    with _wrong_links_limited(request):
        user = confirm_email(
            body.token,
            request.request_id,
            companies=companies(),
            identities=identities(),
            clock=SystemClock(),
        )
    return Answer(EmailConfirmedAnswer(email=shown_email(user.email)))


def _wrong_links_limited(request: Request) -> AbstractContextManager[None]:
    return wrong_links_limited(
        source_network(request, SystemClock().now()),
        settings().limits(),
        request.limits,
        companies=companies(),
        clock=SystemClock(),
    )


def handler(event: Mapping[str, Any], context: LambdaContext) -> Mapping[str, Any]:
    """Answer one request of the HTTP API."""
    return api.handle(event, context)
