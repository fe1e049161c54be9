"""GET /settings: what a page needs to know before anybody has logged in. Reads nothing and needs no permission."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from functools import cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Literal

from customer_center.companies.settings import SettingsAnswer, shop_settings
from customer_center.platform.config import from_environment
from customer_center.platform.frozen import frozen
from customer_center.platform.http import PUBLIC, Answer, Api, Request

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

# Parameters change with a deploy. Five minutes later every page knows the new ones.
_CACHED = "public, max-age=300"

api = Api()


@frozen
class Settings:
    """The template's parameters that pages need."""

    salutations: tuple[str, ...]
    currencies: tuple[str, ...]
    activation_confirmation: str
    user_pool_id: str
    user_pool_client_id: str


@cache
def settings() -> Settings:
    """Return this deployment's settings."""
    return from_environment(Settings)


@cache
def _answer() -> tuple[SettingsAnswer, str]:
    """Return the answer and its entity tag."""
    given = settings()
    activation: Literal["email", "none"] = "none" if given.activation_confirmation == "none" else "email"
    answer = shop_settings(
        salutations=given.salutations,
        currencies=given.currencies,
        activation=activation,
        user_pool_id=given.user_pool_id,
        user_pool_client_id=given.user_pool_client_id,
    )
    digest = hashlib.sha256(json.dumps(asdict(answer)).encode()).hexdigest()
    return answer, f'"{digest[:16]}"'


@api.route("GET /settings", operation="get_settings", caller=PUBLIC, statuses=[HTTPStatus.OK, HTTPStatus.NOT_MODIFIED])
def get_settings(request: Request) -> Answer[SettingsAnswer | None]:
    """Return the allowed values, limits and names of this deployment. May be cached for five minutes.

    With the `ETag` of an earlier answer in `If-None-Match`, the answer is 304 if nothing has changed.
    """
    answer, tag = _answer()
    headers = {"ETag": tag, "Cache-Control": _CACHED}
    known = {each.strip().removeprefix("W/") for each in request.headers.get("if-none-match", "").split(",")}
    if known & {tag, "*"}:
        return Answer(None, HTTPStatus.NOT_MODIFIED, headers=headers)
    return Answer(answer, headers=headers)


def handler(event: Mapping[str, Any], context: "LambdaContext") -> Mapping[str, Any]:
    """Answer one request of the HTTP API."""
    return api.handle(event, context)
