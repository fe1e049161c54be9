"""POST /activations: a main contact activates the company's customer center, or a person a standard account."""

from collections.abc import Mapping
from functools import cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from customer_center.companies.bodies import CompanyAnswer, UserAnswer
from customer_center.companies.model import RefusalLimits
from customer_center.companies.onboarding.activate_company import activate_company
from customer_center.companies.onboarding.activation import Activation, ActivationRules, CodeSent, Visit
from customer_center.companies.onboarding.activation_bodies import ActivationBody, CodeSentAnswer
from customer_center.companies.onboarding.bodies import LoggedInAnswer, SessionAnswer
from customer_center.companies.texts import COMPANIES_TEXTS
from customer_center.companies.wiring import companies
from customer_center.connectors.cognito.wiring import identities
from customer_center.connectors.silver.wiring import erp
from customer_center.platform.clock import SystemClock
from customer_center.platform.config import from_environment
from customer_center.platform.email_address import shown_email
from customer_center.platform.frozen import frozen
from customer_center.platform.http import PUBLIC, Answer, Api, Request
from customer_center.platform.networks import source_network

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

api = Api(COMPANIES_TEXTS, lambda: {"salutations": settings().salutations})


@frozen
class Settings:
    """The template's parameters for activation."""

    activation_confirmation: str
    activation_refusals_per_network: int
    activation_refusals_window_seconds: int
    activation_refusals_per_day: int
    activation_refusals_per_network_and_hour: int
    activation_codes_per_day: int
    activation_refusal_seconds: float
    activation_code_tries: int
    salutations: tuple[str, ...]

    def rules(self) -> ActivationRules:
        """Return the parameters as rules."""
        return ActivationRules(
            confirm_email=self.activation_confirmation == "email",
            limits=RefusalLimits(
                per_network=self.activation_refusals_per_network,
                network_window_seconds=self.activation_refusals_window_seconds,
                per_day=self.activation_refusals_per_day,
                codes_per_day=self.activation_codes_per_day,
                per_network_and_hour=self.activation_refusals_per_network_and_hour,
            ),
            code_tries=self.activation_code_tries,
            refusal_seconds=self.activation_refusal_seconds,
        )


@cache
def settings() -> Settings:
    """Return this deployment's settings."""
    return from_environment(Settings)


@api.route(
    "POST /activations",
    operation="activate_company",
    caller=PUBLIC,
    statuses=[HTTPStatus.CREATED, HTTPStatus.ACCEPTED],
    problems=[
        "activation-refused",
        "code-invalid",
        "code-expired",
        "code-exhausted",
        "company-closed",
        "customer-blocked",
        "customer-center-managed",
        "main-contact-missing",
        "email-in-use",
        "contact-in-use",
        "user-deactivated",
        "in-progress",
        "too-many-refusals",
        "erp-malformed",
        "erp-unavailable",
        "erp-timeout",
        "identity-unavailable",
    ],
)
def activate(body: ActivationBody, request: Request) -> Answer[LoggedInAnswer | CodeSentAnswer]:
    """Activate the company's customer center, or a standard account if the company has no customer center in the ERP.

    A customer number, one of its invoice numbers and an e-mail address prove the right to activate. The first request
    mails a code to the address (202). The same request with that `code` completes the activation and logs the person in
    (201). If the address has an account already, the answer is the same and the mail says so. If the company has
    invited the person, they take this invitation over.
    """
    activation = Activation(
        customer_number=body.customer_number,
        invoice_number=body.invoice_number,
        email=body.email,
        salutation=body.salutation,
        name=body.name,
        password=body.password.get_secret_value(),
        language=request.language,
        contact_number=body.contact_number,
        code=body.code,
    )
    clock = SystemClock()
    visit = Visit(
        network=source_network(request, clock.now()),
        request_id=request.request_id,
        claim_id=request.idempotency_key or request.request_id,
        limits=request.limits,
    )
    with erp() as gateway:
        result = activate_company(
            activation,
            visit,
            rules=settings().rules(),
            erp=gateway,
            companies=companies(),
            identities=identities(),
            clock=clock,
        )
    if isinstance(result, CodeSent):
        return Answer(CodeSentAnswer(email=shown_email(result.email)), status=HTTPStatus.ACCEPTED)
    answer = LoggedInAnswer(
        user=UserAnswer.from_user(result.user, result.company, clock.now()),
        company=CompanyAnswer.from_company(result.company),
        session=SessionAnswer.from_session(result.session),
    )
    return Answer(
        answer,
        status=HTTPStatus.CREATED,
        version=result.user.version,
        location=f"/users/{result.user.user_id}",
    )


def handler(event: Mapping[str, Any], context: "LambdaContext") -> Mapping[str, Any]:
    """Answer one request of the HTTP API."""
    return api.handle(event, context)
