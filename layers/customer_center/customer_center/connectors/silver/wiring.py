"""The ERP of this deployment, from the environment and one secret in SSM."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Literal, cast

from customer_center.companies.ports import ErpGateway
from customer_center.connectors.silver.gateway import SilverGateway
from customer_center.connectors.silver.settings import SilverSettings
from customer_center.platform import aws
from customer_center.platform.breaker import DynamoDBBreaker
from customer_center.platform.clock import Clock, SystemClock
from customer_center.platform.config import from_environment
from customer_center.platform.frozen import frozen
from customer_center.platform.outbound import new_session
from customer_center.platform.secrets import secret

if TYPE_CHECKING:
    from requests import Session


@frozen
class _Environment:
    companies_table: str
    erp_url: str
    erp_transport: str
    erp_credentials_parameter: str
    erp_timeout_seconds: float = 5.0
    erp_deadline_seconds: float = 20.0
    erp_max_count: int = 1000
    erp_one_contact: bool = True
    erp_skipped_contact_types: tuple[str, ...] = ("0",)
    erp_web_site: str = "HOME"
    erp_invoice_number_required: bool = True
    erp_offline_seconds: int = 60


@contextmanager
def erp() -> Iterator[ErpGateway]:
    """Yield the ERP for one request. All calls of the request share one deadline.

    The SecureString parameter holds `{"user": "…", "password": "…"}`. A new value takes effect within five minutes.
    """
    environment = _environment()
    clock = SystemClock()
    breaker = DynamoDBBreaker(
        client=aws.dynamodb(),
        table=environment.companies_table,
        system="erp",
        clock=clock,
        offline_for=timedelta(seconds=environment.erp_offline_seconds),
    )
    with SilverGateway(
        settings=_settings(environment, clock), breaker=breaker, clock=clock, session=_session
    ).use() as gateway:
        yield gateway


@cache
def _environment() -> _Environment:
    return from_environment(_Environment)


@cache
def _session() -> "Session":
    return new_session()


def _settings(environment: _Environment, clock: Clock) -> SilverSettings:
    credentials = secret(environment.erp_credentials_parameter, clock.now())
    return SilverSettings(
        url=environment.erp_url,
        transport=cast("Literal['xml', 'soap']", environment.erp_transport),
        user=credentials["user"],
        password=credentials["password"],
        timeout=environment.erp_timeout_seconds,
        deadline=environment.erp_deadline_seconds,
        max_count=environment.erp_max_count,
        one_contact=environment.erp_one_contact,
        skipped_contact_types=frozenset(environment.erp_skipped_contact_types),
        web_site=environment.erp_web_site,
        invoice_number_required=environment.erp_invoice_number_required,
    )
