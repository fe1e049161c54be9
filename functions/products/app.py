"""/products, /webhook-sources, /refused-events, /accounts: who is told about customers, and who may send events."""

from collections.abc import Callable, Mapping
from functools import cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from customer_center.clients.callers import AccountClient, account_client, client
from customer_center.clients.entries import machine
from customer_center.clients.model import ClientKey, Scope
from customer_center.clients.texts import CLIENTS_TEXTS
from customer_center.clients.wiring import client_keys
from customer_center.connectors.kinds import KINDS
from customer_center.customers.account_bodies import AccountAnswer, AccountBody
from customer_center.customers.control_product import (
    ProductRequest,
    pause_product,
    redrive_product,
    resume_product,
    rotate_product,
)
from customer_center.customers.model import Product
from customer_center.customers.product_bodies import (
    ConnectedProductAnswer,
    FailuresAnswer,
    FailuresQuery,
    ProductAnswer,
    ProductBody,
    ProductsAnswer,
)
from customer_center.customers.product_ports import ProductConnector, Products
from customer_center.customers.product_wiring import connectors, loopback_allowed, product_secrets
from customer_center.customers.put_account import described_account, put_account
from customer_center.customers.put_product import ConnectedProduct, connected_product, put_product, remove_product
from customer_center.customers.read_products import read_failures, read_product, read_products, shown_product
from customer_center.customers.reconcile_product import (
    read_findings,
    read_reconciliation,
    schedule_reconciliations,
    start_reconciliation,
)
from customer_center.customers.reconciliation import Reconciliation, Reconciliations
from customer_center.customers.reconciliation_bodies import (
    ReconciliationAnswer,
    ReconciliationBody,
    ReconciliationQuery,
    ReconciliationReportAnswer,
)
from customer_center.customers.texts import CUSTOMERS_TEXTS
from customer_center.customers.wiring import accounts, customers, products, reconciliations
from customer_center.platform.clock import SystemClock
from customer_center.platform.config import from_environment
from customer_center.platform.frozen import frozen
from customer_center.platform.http import Answer, Api, Request
from customer_center.platform.idempotency import once
from customer_center.webhooks.bodies import (
    ShownSourceAnswer,
    WebhookSourceAnswer,
    WebhookSourceBody,
    WebhookSourcesAnswer,
)
from customer_center.webhooks.manage_sources import (
    ShownSource,
    add_source,
    remove_source,
    rotate_source,
    source_of_account,
)
from customer_center.webhooks.ports import WebhookSources
from customer_center.webhooks.read_refused_events import read_refused_events
from customer_center.webhooks.refused_event_bodies import RefusedEventsAnswer, RefusedEventsQuery
from customer_center.webhooks.texts import WEBHOOKS_TEXTS
from customer_center.webhooks.wiring import source_secrets, source_store

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


@frozen
class Settings:
    """The template's parameter for the shop's own customers."""

    shop_account_id: str


@cache
def settings() -> Settings:
    """Return this deployment's settings."""
    return from_environment(Settings)


api = Api(CLIENTS_TEXTS | CUSTOMERS_TEXTS | WEBHOOKS_TEXTS)


# Products


@api.route(
    "PUT /products/{product}",
    operation="put_product",
    caller=account_client(client_keys, Scope.CUSTOMERS_ADMIN),
    problems=["in-progress"],
)
def connect(
    product: str,
    body: ProductBody,
    caller: AccountClient,
    request: Request,
) -> Answer[ConnectedProductAnswer]:
    """Connect a product to the account, or change its address. From then on it is told of changes.

    The first answer shows the secret that signs what the product is told; later ones have `secret: null`.
    """
    connected = put_product(
        caller.account_id,
        product,
        body.wish,
        machine(caller.key),
        request.request_id,
        kinds=KINDS,
        loopback=loopback_allowed(),
        products=products(),
        secrets=product_secrets(),
        clock=SystemClock(),
    )
    schedule_reconciliations(connected.product, connectors=connector_of(), reconciliations=reconciliations())
    return _connected(connected)


def _connected(connected: ConnectedProduct) -> Answer[ConnectedProductAnswer]:
    stores = {"customers": customers(), "products": products()}
    shown = shown_product(connected.product, **stores, clock=SystemClock())
    return Answer(ConnectedProductAnswer.from_connected(connected, shown), version=connected.product.version)


@api.route("GET /products", operation="list_products", caller=account_client(client_keys, Scope.CUSTOMERS_ADMIN))
def list_products(caller: AccountClient) -> Answer[ProductsAnswer]:
    """List the account's products, and how telling them goes."""
    stores = {"customers": customers(), "products": products()}
    return Answer(ProductsAnswer.from_shown(read_products(caller.account_id, **stores, clock=SystemClock())))


@api.route(
    "GET /products/{product}",
    caller=account_client(client_keys, Scope.CUSTOMERS_ADMIN),
)
def get_product(product: str, caller: AccountClient) -> Answer[ProductAnswer]:
    """Return one product of the account, and how telling it goes."""
    stores = {"customers": customers(), "products": products()}
    shown = read_product(caller.account_id, product, **stores, clock=SystemClock())
    return Answer(ProductAnswer.from_shown(shown), version=shown.product.version)


@api.route(
    "GET /products/{product}/failures",
    operation="list_product_failures",
    caller=account_client(client_keys, Scope.CUSTOMERS_ADMIN),
    problems=["cursor-invalid"],
)
def list_failures(product: str, query: FailuresQuery, caller: AccountClient) -> Answer[FailuresAnswer]:
    """List the customers that the product did not take, by id. It is told them again at their next change."""
    at = {"limit": query.limit, "cursor": query.cursor, "products": products()}
    return Answer(FailuresAnswer.from_page(read_failures(caller.account_id, product, **at)))


type _Change = Callable[[ProductRequest, Products], Product]


def _controlled(product: str, caller: AccountClient, request: Request, change: _Change) -> Answer[ProductAnswer]:
    """Answer an action about a product, once for an Idempotency-Key."""
    clock = SystemClock()
    asked = _asked(product, caller, request)

    def do(products: Products) -> Product:
        return change(asked, products)

    def again(name: str) -> Product:
        return connected_product(caller.account_id, name, products())

    found = once(request.idempotency(caller.key.key_id), do, again, records=products(), clock=clock)
    shown = shown_product(found, customers=customers(), products=products(), clock=clock)
    return Answer(ProductAnswer.from_shown(shown), version=found.version)


def _asked(product: str, caller: AccountClient, request: Request) -> ProductRequest:
    return ProductRequest(
        caller.account_id, product, machine(caller.key), request.request_id, if_versions=request.if_match
    )


@api.route(
    "POST /products/{product}/pause",
    operation="pause_product",
    caller=account_client(client_keys, Scope.CUSTOMERS_ADMIN),
    problems=["in-progress", "version-changed"],
)
def pause(
    product: str,
    caller: AccountClient,
    request: Request,
) -> Answer[ProductAnswer]:
    """Tell the product nothing until it is resumed. Nothing is lost meanwhile."""
    return _controlled(
        product, caller, request, lambda asked, store: pause_product(asked, products=store, clock=SystemClock())
    )


@api.route(
    "POST /products/{product}/resume",
    operation="resume_product",
    caller=account_client(client_keys, Scope.CUSTOMERS_ADMIN),
    problems=["in-progress", "version-changed"],
)
def resume(
    product: str,
    caller: AccountClient,
    request: Request,
) -> Answer[ProductAnswer]:
    """Tell the product again, after a pause or after it answered 410. First it is told what it missed."""
    return _controlled(
        product, caller, request, lambda asked, store: resume_product(asked, products=store, clock=SystemClock())
    )


@api.route(
    "POST /products/{product}/redrive",
    operation="redrive_product",
    caller=account_client(client_keys, Scope.CUSTOMERS_ADMIN),
    problems=["in-progress", "version-changed"],
)
def redrive(
    product: str,
    caller: AccountClient,
    request: Request,
) -> Answer[ProductAnswer]:
    """Tell the product again what it did not take, and, in an outage, try it at once."""
    return _controlled(
        product, caller, request, lambda asked, store: redrive_product(asked, products=store, clock=SystemClock())
    )


@api.route(
    "POST /products/{product}/rotation",
    operation="rotate_product",
    caller=account_client(client_keys, Scope.CUSTOMERS_ADMIN),
    problems=["in-progress", "version-changed"],
)
def rotate(
    product: str,
    caller: AccountClient,
    request: Request,
) -> Answer[ConnectedProductAnswer]:
    """Make a new secret, and show it once. The one before signs too until the next rotation.

    A repeated request gets `secret: null`.
    """
    clock = SystemClock()
    asked = _asked(product, caller, request)

    def do(products: Products) -> ConnectedProduct:
        return rotate_product(asked, kinds=KINDS, products=products, secrets=product_secrets(), clock=clock)

    def again(name: str) -> ConnectedProduct:
        return ConnectedProduct(connected_product(caller.account_id, name, products()))

    return _connected(once(request.idempotency(caller.key.key_id), do, again, records=products(), clock=clock))


@api.route(
    "DELETE /products/{product}",
    operation="remove_product",
    caller=account_client(client_keys, Scope.CUSTOMERS_ADMIN),
    statuses=[HTTPStatus.NO_CONTENT],
    problems=["in-progress", "version-changed"],
)
def disconnect(
    product: str,
    caller: AccountClient,
    request: Request,
) -> Answer[None]:
    """Remove a product and its secret. It is told nothing more; what it knows stays with it."""
    remove_product(
        caller.account_id,
        product,
        machine(caller.key),
        request.request_id,
        if_versions=request.required_if_match,
        products=products(),
        secrets=product_secrets(),
        clock=SystemClock(),
    )
    return Answer(None, HTTPStatus.NO_CONTENT)


# Reconciliations


@cache
def connector_of() -> Callable[[str], ProductConnector]:
    """Return the connectors of this deployment, by kind of product."""
    return connectors(KINDS)


@api.route(
    "POST /products/{product}/reconciliations",
    operation="start_reconciliation",
    caller=account_client(client_keys, Scope.CUSTOMERS_ADMIN),
    statuses=[HTTPStatus.ACCEPTED],
    problems=["in-progress", "product-not-readable"],
)
def reconcile(
    product: str,
    body: ReconciliationBody,
    caller: AccountClient,
    request: Request,
) -> Answer[ReconciliationAnswer]:
    """Compare what the product holds with what it should hold, in the background.

    With `repair`, the product is told what differs or is missing, and that a customer is deleted. A customer of the
    product that we do not know is only reported.
    """
    clock = SystemClock()

    def do(records: Reconciliations) -> Reconciliation:
        return start_reconciliation(
            caller.account_id,
            product,
            machine(caller.key),
            request.request_id,
            repair=body.repair,
            products=products(),
            connectors=connector_of(),
            reconciliations=records,
            clock=clock,
        )

    def again(reconciliation_id: str) -> Reconciliation:
        return read_reconciliation(caller.account_id, product, reconciliation_id, reconciliations())

    key = request.idempotency(caller.key.key_id)
    started = once(key, do, again, records=reconciliations(), clock=clock)
    return Answer(ReconciliationAnswer.from_reconciliation(started), HTTPStatus.ACCEPTED)


@api.route(
    "GET /products/{product}/reconciliations/{reconciliation_id}",
    caller=account_client(client_keys, Scope.CUSTOMERS_ADMIN),
    problems=["cursor-invalid"],
)
def get_reconciliation(
    product: str, reconciliation_id: str, query: ReconciliationQuery, caller: AccountClient
) -> Answer[ReconciliationReportAnswer]:
    """Return a reconciliation, and the differences that it has found so far, by pages. It is kept for 30 days."""
    found = read_reconciliation(caller.account_id, product, reconciliation_id, reconciliations())
    page = read_findings(found, limit=query.limit, cursor=query.cursor, reconciliations=reconciliations())
    return Answer(ReconciliationReportAnswer.from_report(found, page))


# Sources of webhooks


@api.route(
    "POST /webhook-sources",
    operation="add_webhook_source",
    caller=account_client(client_keys, Scope.CUSTOMERS_ADMIN),
    statuses=[HTTPStatus.CREATED],
    problems=["in-progress"],
)
def add_webhook_source(
    body: WebhookSourceBody,
    caller: AccountClient,
    request: Request,
) -> Answer[ShownSourceAnswer]:
    """Let a product send events about the account's customers to `POST /webhooks/{source_id}`.

    The answer shows the secret that signs them. A repeated request gets `secret: null`. The events of a source of the
    format `vendasta` name the account.
    """
    clock = SystemClock()
    for account_id in body.vendasta.accounts.values() if body.vendasta else ():
        caller.key.account(account_id)

    def do(sources: WebhookSources) -> ShownSource:
        return add_source(
            body.new_source,
            caller.account_id,
            machine(caller.key),
            request.request_id,
            sources=sources,
            secrets=source_secrets(),
            clock=clock,
        )

    shown = once(request.idempotency(caller.key.key_id), do, _shown_before(caller), records=source_store(), clock=clock)
    return Answer(
        ShownSourceAnswer.from_shown(shown),
        HTTPStatus.CREATED,
        location=f"/webhook-sources/{shown.stored.source.source_id}",
    )


@api.route("GET /webhook-sources", caller=account_client(client_keys, Scope.CUSTOMERS_ADMIN))
def list_webhook_sources(caller: AccountClient) -> Answer[WebhookSourcesAnswer]:
    """List the account's sources of webhooks, without their secrets."""
    return Answer(WebhookSourcesAnswer.from_sources(source_store().sources(caller.account_id)))


@api.route("GET /webhook-sources/{source_id}", caller=account_client(client_keys, Scope.CUSTOMERS_ADMIN))
def get_webhook_source(source_id: str, caller: AccountClient) -> Answer[WebhookSourceAnswer]:
    """Return one source of webhooks, without its secrets."""
    stored = source_of_account(source_id, caller.account_id, source_store())
    return Answer(WebhookSourceAnswer.from_stored(stored), version=stored.version)


@api.route(
    "DELETE /webhook-sources/{source_id}",
    caller=account_client(client_keys, Scope.CUSTOMERS_ADMIN),
    statuses=[HTTPStatus.NO_CONTENT],
    problems=["in-progress", "version-changed"],
)
def remove_webhook_source(
    source_id: str,
    caller: AccountClient,
    request: Request,
) -> Answer[None]:
    """Remove a source. Its events are refused within five minutes."""
    remove_source(
        source_id,
        caller.account_id,
        machine(caller.key),
        request.request_id,
        if_versions=request.required_if_match,
        sources=source_store(),
        secrets=source_secrets(),
        clock=SystemClock(),
    )
    return Answer(None, HTTPStatus.NO_CONTENT)


@api.route(
    "POST /webhook-sources/{source_id}/rotation",
    operation="rotate_webhook_source",
    caller=account_client(client_keys, Scope.CUSTOMERS_ADMIN),
    problems=["in-progress"],
)
def rotate_webhook_source(
    source_id: str,
    caller: AccountClient,
    request: Request,
) -> Answer[ShownSourceAnswer]:
    """Make a new secret. The one before is valid until the next rotation. A repeated request gets `secret: null`."""
    clock = SystemClock()

    def do(sources: WebhookSources) -> ShownSource:
        return rotate_source(
            source_id,
            caller.account_id,
            machine(caller.key),
            request.request_id,
            sources=sources,
            secrets=source_secrets(),
            clock=clock,
        )

    shown = once(request.idempotency(caller.key.key_id), do, _shown_before(caller), records=source_store(), clock=clock)
    return Answer(ShownSourceAnswer.from_shown(shown))


def _shown_before(caller: AccountClient) -> Callable[[str], ShownSource]:
    def shown(source_id: str) -> ShownSource:
        return ShownSource(source_of_account(source_id, caller.account_id, source_store()))

    return shown


@api.route(
    "GET /refused-events",
    operation="list_refused_events",
    caller=account_client(client_keys, Scope.CUSTOMERS_ADMIN),
    problems=["cursor-invalid"],
)
def refused_events(query: RefusedEventsQuery, caller: AccountClient) -> Answer[RefusedEventsAnswer]:
    """List the events of a source that were accepted and can never be applied, newest first, of the last 14 days."""
    page = read_refused_events(
        query.source_id,
        caller.account_id,
        shop_account_id=settings().shop_account_id,
        limit=query.limit,
        cursor=query.cursor,
        sources=source_store(),
        refused=customers(),
    )
    return Answer(RefusedEventsAnswer.from_page(page))


# Accounts


@api.route(
    "PUT /accounts/{account_id}",
    operation="put_account",
    caller=client(client_keys, Scope.OPERATOR),
    problems=["not-found", "in-progress", "version-changed"],
)
def describe_account(account_id: str, body: AccountBody, caller: ClientKey, request: Request) -> Answer[AccountAnswer]:
    """Describe an account, as a whole. Without a description, an account has no country and blocks no values."""
    account = put_account(
        caller.account(account_id),
        partner_id=body.partner_id,
        name=body.name,
        country=body.country,
        blocked_values=body.blocked_values,
        actor=machine(caller),
        request_id=request.request_id,
        if_versions=request.if_match,
        accounts=accounts(),
        clock=SystemClock(),
    )
    return Answer(AccountAnswer.from_account(account), version=account.version)


@api.route("GET /accounts/{account_id}", caller=client(client_keys, Scope.OPERATOR), problems=["not-found"])
def get_account(account_id: str, caller: ClientKey) -> Answer[AccountAnswer]:
    """Return the description of an account."""
    account = described_account(caller.account(account_id), accounts())
    return Answer(AccountAnswer.from_account(account), version=account.version)


def handler(event: Mapping[str, Any], context: "LambdaContext") -> Mapping[str, Any]:
    """Answer one request of the HTTP API."""
    return api.handle(event, context)
