"""Cognito's CustomMessage trigger: writes the mails that Cognito sends. It may run any number of times."""

from functools import cache
from typing import TYPE_CHECKING, Any

from customer_center.mail.login_mails import login_mail
from customer_center.platform.config import from_environment
from customer_center.platform.frozen import frozen

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


@frozen
class Settings:
    """The template's parameters for mails."""

    shop_name: str
    shop_url: str
    fallback_language: str


@cache
def settings() -> Settings:
    """Return this deployment's settings."""
    return from_environment(Settings)


def handler(event: dict[str, Any], _context: "LambdaContext") -> dict[str, Any]:
    """Return the event with subject and text in its response."""
    request = event["request"]
    event["response"] |= login_mail(
        event["triggerSource"],
        locale=request["userAttributes"].get("locale"),
        code=request["codeParameter"],
        shop_name=settings().shop_name,
        shop_url=settings().shop_url,
        fallback_language=settings().fallback_language,
    )
    return event
