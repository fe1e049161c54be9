"""Identity queue → Cognito. Brings a login in line with its record; a message may come any number of times."""

from collections.abc import Mapping
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from customer_center.companies.adapter import companies
from customer_center.companies.align_identity import align_identity
from customer_center.connectors.cognito.adapter import identities
from customer_center.platform.journal import Effect
from customer_center.platform.sqs import consume


def handler(event: Mapping[str, Any], context: LambdaContext) -> Mapping[str, Any]:
    """Align a batch of logins."""

    def one(effect: Effect) -> None:
        align_identity(effect.data["user_id"], companies=companies(), identities=identities())

    return consume(event, context, one)
