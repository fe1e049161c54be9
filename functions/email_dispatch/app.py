"""Mail queue → SES: sends mails. A message may be delivered any number of times: its effect id identifies the mail."""

from collections.abc import Mapping
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

from customer_center.companies.mails.deliver_mail import Outgoing, Shop, deliver_mail
from customer_center.companies.model import BounceLimits, InvitationRules
from customer_center.companies.wiring import companies
from customer_center.mail.ports import MailUnavailable
from customer_center.mail.render import render
from customer_center.mail.ses import SesMailer
from customer_center.platform import aws
from customer_center.platform.clock import SystemClock
from customer_center.platform.config import from_environment
from customer_center.platform.frozen import frozen
from customer_center.platform.journal import Effect
from customer_center.platform.sqs import Patience, consume

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


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
    mail_bounces_per_day: int
    mail_bounces_percent: int
    mail_stop_hours: int
    mail_queue_url: str


@cache
def settings() -> Settings:
    """Return this deployment's settings."""
    return from_environment(Settings)


@cache
def patience() -> Patience:
    """Return what lets mails wait while SES cannot send, because a quota is used up or the account is paused."""
    return Patience(MailUnavailable, client=aws.sqs(), queue_url=settings().mail_queue_url)


@cache
def outgoing() -> Outgoing:
    """Return everything that delivering a mail needs in this deployment."""
    given = settings()
    return Outgoing(
        shop=Shop(
            given.shop_name,
            given.shop_url,
            given.invitation_url,
            given.email_confirmation_url,
            given.email_cancellation_url,
            given.invite_again_url or given.shop_url,
        ),
        rules=InvitationRules(
            valid_for=timedelta(days=given.invitation_days),
            new_email_valid_for=timedelta(hours=given.email_change_hours),
            new_email_delay=timedelta(hours=given.email_change_delay_hours),
        ),
        code_valid_for=timedelta(minutes=given.activation_code_minutes),
        companies=companies(),
        mailer=SesMailer(
            client=aws.sesv2(),
            sender_name=given.shop_name,
            sender_address=given.mail_from,
            configuration_set=given.configuration_set,
        ),
        render=render,
        clock=SystemClock(),
        bounces=BounceLimits(
            given.mail_bounces_per_day, given.mail_bounces_percent, timedelta(hours=given.mail_stop_hours)
        ),
    )


def handler(event: Mapping[str, Any], context: "LambdaContext") -> Mapping[str, Any]:  # noqa: ARG001 # Lambda's signature
    """Deliver a batch of mails."""

    def deliver(effect: Effect) -> None:
        deliver_mail(effect, outgoing())

    return consume(event, deliver, patience())
