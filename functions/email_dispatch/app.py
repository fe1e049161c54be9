"""Mail queue → SES: sends mails. A message may be delivered any number of times: its effect id identifies the mail."""

from collections.abc import Mapping
from datetime import timedelta
from functools import cache
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from customer_center.companies.mails.deliver_mail import Outgoing, Shop, deliver_mail
from customer_center.companies.model import InvitationRules
from customer_center.companies.wiring import companies
from customer_center.mail.render import render
from customer_center.mail.ses import SesMailer
from customer_center.platform import aws
from customer_center.platform.clock import SystemClock
from customer_center.platform.config import from_environment
from customer_center.platform.frozen import frozen
from customer_center.platform.journal import Effect
from customer_center.platform.sqs import consume


@frozen
class Settings:
    """The template's parameters for mails: the shop's name and addresses, and how long links and codes are valid."""

    shop_name: str
    shop_url: str
    invitation_url: str
    invitation_days: int
    email_confirmation_url: str
    invite_again_url: str
    email_cancellation_url: str
    email_change_hours: int
    email_change_delay_hours: int
    activation_code_minutes: int
    mail_from: str
    configuration_set: str


@cache
def outgoing() -> Outgoing:
    """Return everything that delivering a mail needs in this deployment."""
    settings = from_environment(Settings)
    return Outgoing(
        shop=Shop(
            settings.shop_name,
            settings.shop_url,
            settings.invitation_url,
            settings.email_confirmation_url,
            settings.email_cancellation_url,
            settings.invite_again_url or settings.shop_url,
        ),
        rules=InvitationRules(
            valid_for=timedelta(days=settings.invitation_days),
            new_email_valid_for=timedelta(hours=settings.email_change_hours),
            new_email_delay=timedelta(hours=settings.email_change_delay_hours),
        ),
        code_valid_for=timedelta(minutes=settings.activation_code_minutes),
        companies=companies(),
        mailer=SesMailer(
            client=aws.sesv2(),
            sender_name=settings.shop_name,
            sender_address=settings.mail_from,
            configuration_set=settings.configuration_set,
        ),
        render=render,
        clock=SystemClock(),
    )


def handler(event: Mapping[str, Any], context: LambdaContext) -> Mapping[str, Any]:  # noqa: ARG001 # Lambda's signature
    """Deliver a batch of mails."""

    def deliver(effect: Effect) -> None:
        deliver_mail(effect, outgoing())

    return consume(event, deliver)
