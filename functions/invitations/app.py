"""The links in mails: look at an invitation, accept it; confirm or cancel a new e-mail address."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from datetime import timedelta
from functools import cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from customer_center.companies.bodies import CompanyAnswer, UserAnswer
from customer_center.companies.model import InvitationRules, WrongLinkLimits
from customer_center.companies.onboarding.accept_invitation import accept_invitation
from customer_center.companies.onboarding.bodies import LoggedInAnswer, SessionAnswer
from customer_center.companies.onboarding.cancel_email_change import cancel_email_change
from customer_center.companies.onboarding.confirm_email import confirm_email
from customer_center.companies.onboarding.limit_wrong_links import wrong_links_limited
from customer_center.companies.onboarding.link_bodies import (
    AcceptanceBody,
    EmailCancelledAnswer,
    EmailConfirmedAnswer,
    InvitationLookupAnswer,
    LinkBody,
)
from customer_center.companies.onboarding.look_up_invitation import look_up_invitation
from customer_center.companies.texts import COMPANIES_TEXTS
from customer_center.companies.wiring import companies
from customer_center.connectors.cognito.wiring import identities
from customer_center.platform.clock import SystemClock
from customer_center.platform.config import from_environment
from customer_center.platform.email_address import shown_email
from customer_center.platform.frozen import frozen
from customer_center.platform.http import PUBLIC, Answer, Api, Request
from customer_center.platform.networks import source_network

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

api = Api(COMPANIES_TEXTS)


@frozen
class Settings:
    """The template's parameters for opening links."""

    wrong_links_per_network: int
    wrong_links_window_seconds: int
    shop_name: str
    email_change_delay_hours: int

    def limits(self) -> WrongLinkLimits:
        """Return the parameters as limits."""
        return WrongLinkLimits(self.wrong_links_per_network, self.wrong_links_window_seconds)


@cache
def settings() -> Settings:
    """Return this deployment's settings."""
    return from_environment(Settings)


@api.route(
    "POST /invitations/lookup",
    caller=PUBLIC,
    problems=[
        "company-closed",
        "invitation-invalid",
        "invitation-expired",
        "invitation-revoked",
        "invitation-superseded",
        "invitation-used",
        "too-many-requests",
    ],
)
def look_up(body: LinkBody, request: Request) -> Answer[InvitationLookupAnswer]:
    """Show who invites into which company, before the person chooses a password. Nothing is changed."""
    with _wrong_links_limited(request):
        found = look_up_invitation(body.token, companies=companies(), clock=SystemClock())
    return Answer(
        InvitationLookupAnswer(
            shop_name=settings().shop_name,
            company_name=found.company_name,
            inviter_name=found.inviter_name,
            expires_at=found.expires_at,
        )
    )


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
    """Accept an invitation with the token in its link, or the code in its mail, and a new password.

    The answer logs the person in. A repeat within 15 minutes logs in again and changes nothing.
    """
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
    statuses=[HTTPStatus.OK, HTTPStatus.ACCEPTED],
    problems=[
        "confirmation-invalid",
        "confirmation-expired",
        "company-closed",
        "email-in-use",
        "in-progress",
        "too-many-requests",
    ],
)
def confirm(body: LinkBody, request: Request) -> Answer[EmailConfirmedAnswer]:
    """Confirm a new e-mail address with the token or code of its mail, or agree to it with that of the old address.

    When both addresses have said yes, or the new one has and the delay is over, the address becomes the login (200,
    `confirmed`). Until then the change waits (202, `waiting`). Sessions stay valid.
    """
    with _wrong_links_limited(request):
        said = confirm_email(
            body.token,
            request.request_id,
            rules=InvitationRules(new_email_delay=timedelta(hours=settings().email_change_delay_hours)),
            companies=companies(),
            identities=identities(),
            clock=SystemClock(),
        )
    return Answer(
        EmailConfirmedAnswer(
            status="confirmed" if said.done else "waiting",
            email=shown_email(said.email),
            takes_effect_at=said.takes_effect_at,
        ),
        status=HTTPStatus.OK if said.done else HTTPStatus.ACCEPTED,
    )


@api.route(
    "POST /email-cancellations",
    caller=PUBLIC,
    problems=["confirmation-invalid", "email-change-done", "in-progress", "too-many-requests"],
)
def cancel(body: LinkBody, request: Request) -> Answer[EmailCancelledAnswer]:
    """Cancel the change of an e-mail address with the token or code that was mailed to the old address."""
    with _wrong_links_limited(request):
        user = cancel_email_change(body.token, request.request_id, companies=companies(), clock=SystemClock())
    return Answer(EmailCancelledAnswer(email=shown_email(user.email)))


def _wrong_links_limited(request: Request) -> AbstractContextManager[None]:
    return wrong_links_limited(
        source_network(request, SystemClock().now()),
        settings().limits(),
        request.limits,
        companies=companies(),
        clock=SystemClock(),
    )


def handler(event: Mapping[str, Any], context: "LambdaContext") -> Mapping[str, Any]:
    """Answer one request of the HTTP API."""
    return api.handle(event, context)
