"""/customers: the Customer List for products and other machines."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from customer_center.clients.callers import AccountClient
from customer_center.clients.entries import machine
from customer_center.clients.model import ClientKey, Scope
from customer_center.clients.texts import CLIENTS_TEXTS
from customer_center.clients.wiring import client_keys
from customer_center.customers.bodies import (
    ChangesAnswer,
    ChangesQuery,
    CustomerAnswer,
    CustomerEditBody,
    CustomersAnswer,
    CustomerSourcesAnswer,
    CustomersQuery,
    HistoryAnswer,
    HistoryQuery,
    LookupQuery,
    NewCustomerBody,
)
from customer_center.customers.callers import account_client, joining_client, partner_client
from customer_center.customers.consent_bodies import ConsentLedgerAnswer, ConsentLedgerQuery
from customer_center.customers.create_customer import create_customer
from customer_center.customers.delete_customer import delete_customer
from customer_center.customers.edit_customer import edit_customer, present_customer
from customer_center.customers.erase_customer import erase_customer, read_erasure
from customer_center.customers.erasures import Erasure, erasure_id_of
from customer_center.customers.export_customer import export_customer
from customer_center.customers.external_id_bodies import ExternalIdAnswer, ExternalIdBody
from customer_center.customers.external_ids import put_external_id, remove_external_id
from customer_center.customers.join_account import join_account
from customer_center.customers.joining_bodies import JoiningBody
from customer_center.customers.leave_account import leave_account
from customer_center.customers.list_customers import list_customers
from customer_center.customers.look_up_customer import look_up_customer
from customer_center.customers.model import Customer
from customer_center.customers.ports import Customers
from customer_center.customers.privacy_bodies import (
    CustomerErasureAnswer,
    CustomerErasureBody,
    CustomerExportAnswer,
    CustomerExportQuery,
)
from customer_center.customers.read_changes import read_changes
from customer_center.customers.read_consent import read_consent
from customer_center.customers.read_history import read_history, read_sources
from customer_center.customers.search_customers import search_customers
from customer_center.customers.texts import CUSTOMERS_TEXTS
from customer_center.customers.wiring import accounts, customers, products, words
from customer_center.platform.clock import SystemClock
from customer_center.platform.http import Answer, Api, Request
from customer_center.platform.idempotency import once

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

api = Api(CLIENTS_TEXTS | CUSTOMERS_TEXTS)


@api.route(
    "POST /customers",
    caller=partner_client(client_keys, Scope.CUSTOMERS_WRITE),
    statuses=[HTTPStatus.CREATED],
    problems=["external-id-taken", "customer-code-taken", "too-many-waiting", "in-progress"],
)
def create_customer_record(
    body: NewCustomerBody,
    caller: AccountClient,
    request: Request,
) -> Answer[CustomerAnswer]:
    """Create a customer. A product's key creates it as that product, which is not told of it.

    A customer with an e-mail or a telephone number of another one is created, too. It is hidden until the conflict
    (`conflict_id`) is resolved, or until nobody else has the value. With `partner_id`, the customer has no account.
    """
    clock = SystemClock()

    def do(customers: Customers) -> Customer:
        return create_customer(
            body.new_customer(),
            caller.account_id,
            caller.key.product,
            machine(caller.key),
            request.request_id,
            customers=customers,
            clock=clock,
        )

    def again(customer_id: str) -> Customer:
        return present_customer(customer_id, caller.account_id, customers())

    customer = once(request.idempotency(caller.key.key_id), do, again, records=customers(), clock=clock)
    return Answer(
        CustomerAnswer.from_customer(customer),
        HTTPStatus.CREATED,
        version=customer.version,
        location=f"/customers/{customer.customer_id}",
    )


@api.route(
    "GET /customers",
    operation="list_customers",
    caller=account_client(client_keys, Scope.CUSTOMERS_READ),
    problems=["cursor-invalid"],
)
def list_records(query: CustomersQuery, caller: AccountClient) -> Answer[CustomersAnswer]:
    """List the account's customers, or those that `q` finds. A change shows in lists a moment later.

    A page with a filter, with a range of another field than that of `sort`, or with a `q` of several words may have few
    items, or none, before the end.
    """
    at: dict[str, Any] = {"limit": query.limit, "cursor": query.cursor, "customers": customers()}
    if search := query.search:
        page = search_customers(caller.account_id, search, query.filter, words=words(), **at)
    else:
        page = list_customers(caller.account_id, query.filter, sort=query.sort, **at)
    return Answer(CustomersAnswer.from_page(page))


@api.route(
    "GET /customers/changes",
    operation="read_customer_changes",
    caller=account_client(client_keys, Scope.CUSTOMERS_READ),
    problems=["cursor-invalid", "cursor-expired"],
)
def changes(query: ChangesQuery, caller: AccountClient) -> Answer[ChangesAnswer]:
    """Return all customers, then what has changed since, to keep a copy of them.

    Each page has a `next_cursor` to go on with, at once while `has_more` is true, and later otherwise. Changes are
    there about ten seconds after they were made. The customers are shown as they are now, each once in a page.
    """
    at: dict[str, Any] = {"limit": query.limit, "customers": customers(), "feed": products(), "clock": SystemClock()}
    return Answer(ChangesAnswer.from_changes(read_changes(caller.account_id, query.since, **at)))


@api.route(
    "GET /customers/lookup",
    operation="look_up_customer",
    caller=account_client(client_keys, Scope.CUSTOMERS_READ),
    problems=["external-id-unknown"],
)
def look_up(query: LookupQuery, caller: AccountClient) -> Answer[CustomerAnswer]:
    """Return the customer with this external id of the key's product, or with this customer code."""
    customer = _looked_up(query, caller)
    return Answer(CustomerAnswer.from_customer(customer), version=customer.version)


@api.route(
    "PATCH /customers/lookup",
    operation="edit_looked_up_customer",
    caller=account_client(client_keys, Scope.CUSTOMERS_WRITE),
    problems=["external-id-unknown", "cluster-limit", "too-many-waiting", "in-progress", "version-changed"],
    consumes="application/merge-patch+json",
)
def edit_looked_up(
    query: LookupQuery, body: CustomerEditBody, caller: AccountClient, request: Request
) -> Answer[CustomerAnswer]:
    """Change the fields that are sent of the customer with this id, as `PATCH /customers/{customer_id}` does."""
    return _edited(_looked_up(query, caller).customer_id, body, caller, request)


@api.route(
    "DELETE /customers/lookup",
    operation="delete_looked_up_customer",
    caller=account_client(client_keys, Scope.CUSTOMERS_WRITE),
    statuses=[HTTPStatus.NO_CONTENT],
    problems=["external-id-unknown", "in-progress", "version-changed"],
)
def delete_looked_up(query: LookupQuery, caller: AccountClient, request: Request) -> Answer[None]:
    """Delete the customer with this id, as `DELETE /customers/{customer_id}` does."""
    return _deleted(_looked_up(query, caller).customer_id, caller, request)


def _looked_up(query: LookupQuery, caller: AccountClient) -> Customer:
    return look_up_customer(
        caller.account_id,
        caller.key.product,
        external_id=query.external_id,
        customer_code=query.customer_code,
        customers=customers(),
    )


@api.route(
    "GET /customers/{customer_id}",
    operation="get_customer",
    caller=partner_client(client_keys, Scope.CUSTOMERS_READ),
)
def get(customer_id: str, caller: AccountClient) -> Answer[CustomerAnswer]:
    """Return one customer."""
    customer = present_customer(customer_id, caller.account_id, customers())
    return Answer(CustomerAnswer.from_customer(customer), version=customer.version)


@api.route(
    "PATCH /customers/{customer_id}",
    operation="edit_customer",
    caller=partner_client(client_keys, Scope.CUSTOMERS_WRITE),
    problems=["cluster-limit", "too-many-waiting", "in-progress", "version-changed"],
    consumes="application/merge-patch+json",
)
def edit(
    customer_id: str,
    body: CustomerEditBody,
    caller: AccountClient,
    request: Request,
) -> Answer[CustomerAnswer]:
    """Change the fields that are sent. A product that edits a customer is not told its own edit.

    An e-mail or a telephone number of another customer is withheld until the conflict (`conflict_id`) is resolved, or
    until nobody else has the value.
    """
    return _edited(customer_id, body, caller, request)


def _edited(
    customer_id: str, body: CustomerEditBody, caller: AccountClient, request: Request
) -> Answer[CustomerAnswer]:
    customer = edit_customer(
        customer_id,
        caller.account_id,
        caller.key.product,
        body.values,
        machine(caller.key),
        request.request_id,
        consent=body.said_consent,
        if_versions=request.required_if_match,
        customers=customers(),
        clock=SystemClock(),
    )
    return Answer(CustomerAnswer.from_customer(customer), version=customer.version)


@api.route(
    "DELETE /customers/{customer_id}",
    operation="delete_customer",
    caller=partner_client(client_keys, Scope.CUSTOMERS_WRITE),
    statuses=[HTTPStatus.NO_CONTENT],
    problems=["in-progress", "version-changed"],
)
def delete(
    customer_id: str,
    caller: AccountClient,
    request: Request,
) -> Answer[None]:
    """Delete a customer, for good: later updates do not bring it back. The account's products are told."""
    return _deleted(customer_id, caller, request)


def _deleted(customer_id: str, caller: AccountClient, request: Request) -> Answer[None]:
    delete_customer(
        customer_id,
        caller.account_id,
        caller.key.product,
        machine(caller.key),
        request.request_id,
        if_versions=request.required_if_match,
        customers=customers(),
        clock=SystemClock(),
    )
    return Answer(None, HTTPStatus.NO_CONTENT)


@api.route(
    "GET /customers/{customer_id}/history",
    operation="read_customer_history",
    caller=partner_client(client_keys, Scope.CUSTOMERS_READ),
    problems=["cursor-invalid"],
)
def history(customer_id: str, query: HistoryQuery, caller: AccountClient) -> Answer[HistoryAnswer]:
    """List the changes of a customer, newest first, also of a deleted one."""
    at: dict[str, Any] = {"limit": query.limit, "cursor": query.cursor, "customers": customers()}
    return Answer(HistoryAnswer.from_page(read_history(customer_id, caller.account_id, **at)))


@api.route(
    "GET /customers/{customer_id}/sources",
    operation="read_customer_sources",
    caller=partner_client(client_keys, Scope.CUSTOMERS_READ),
)
def sources(customer_id: str, caller: AccountClient) -> Answer[CustomerSourcesAnswer]:
    """Return who said each value of a customer, and when, also of a deleted one."""
    return Answer(
        CustomerSourcesAnswer.from_sources(read_sources(customer_id, caller.account_id, customers=customers()))
    )


@api.route(
    "GET /customers/{customer_id}/consent",
    operation="read_customer_consent",
    caller=partner_client(client_keys, Scope.CUSTOMERS_READ),
    problems=["cursor-invalid"],
)
def consent(customer_id: str, query: ConsentLedgerQuery, caller: AccountClient) -> Answer[ConsentLedgerAnswer]:
    """List every statement about a customer's consent, by channel, oldest first, also of a deleted customer."""
    at = {"limit": query.limit, "cursor": query.cursor, "customers": customers()}
    return Answer(ConsentLedgerAnswer.from_page(read_consent(customer_id, caller.account_id, **at)))


# External ids


@api.route(
    "PUT /customers/{customer_id}/external-ids/{product}",
    operation="put_external_id",
    caller=account_client(client_keys, Scope.CUSTOMERS_WRITE),
    problems=["other-product", "external-id-taken", "in-progress", "version-changed"],
)
def associate(
    customer_id: str, product: str, body: ExternalIdBody, caller: AccountClient, request: Request
) -> Answer[ExternalIdAnswer]:
    """Associate a customer with a product's own id of it. An id that it had before is free again.

    The product has the customer from then on, and is told what it lacks. The key of a product has ids of that product.
    """
    association = put_external_id(
        customer_id,
        caller.account_id,
        product,
        body.external_id,
        machine(caller.key),
        request.request_id,
        caller_product=caller.key.product,
        if_versions=request.if_match,
        customers=customers(),
        clock=SystemClock(),
    )
    return Answer(ExternalIdAnswer.from_association(association), version=association.customer.version)


@api.route(
    "DELETE /customers/{customer_id}/external-ids/{product}",
    operation="remove_external_id",
    caller=account_client(client_keys, Scope.CUSTOMERS_WRITE),
    problems=["other-product", "in-progress", "version-changed"],
)
def dissociate(customer_id: str, product: str, caller: AccountClient, request: Request) -> Answer[ExternalIdAnswer]:
    """Free the product's own id of a customer. The product keeps the customer, and is told it by `customer_id`."""
    association = remove_external_id(
        customer_id,
        caller.account_id,
        product,
        machine(caller.key),
        request.request_id,
        caller_product=caller.key.product,
        if_versions=request.required_if_match,
        customers=customers(),
        clock=SystemClock(),
    )
    return Answer(ExternalIdAnswer.from_association(association), version=association.customer.version)


# Accounts


@api.route(
    "PUT /customers/{customer_id}/account",
    operation="join_account",
    caller=joining_client(client_keys),
    problems=["too-many-waiting", "in-progress", "version-changed"],
)
def join(customer_id: str, body: JoiningBody, caller: ClientKey, request: Request) -> Answer[CustomerAnswer]:
    """Put a customer without account into an account of its partner. It is checked like a new customer.

    With an e-mail or a telephone number of another customer it is hidden until the conflict (`conflict_id`) is
    resolved, or until nobody else has the value. Otherwise the account's products are told.
    """
    customer = join_account(
        customer_id,
        caller.partner(),
        caller.account(body.account_id),
        machine(caller),
        request.request_id,
        if_versions=request.if_match,
        customers=customers(),
        accounts=accounts(),
        clock=SystemClock(),
    )
    return Answer(CustomerAnswer.from_customer(customer), version=customer.version)


@api.route(
    "DELETE /customers/{customer_id}/account",
    operation="leave_account",
    caller=account_client(client_keys, Scope.CUSTOMERS_ADMIN),
    problems=["account-without-partner", "customer-merged", "in-progress", "version-changed"],
)
def leave(customer_id: str, caller: AccountClient, request: Request) -> Answer[CustomerAnswer]:
    """Take a customer out of its account. It belongs to the account's partner from then on.

    Its e-mails, telephone numbers, customer code and external ids are free for others. The account's products are told
    that it is gone. It keeps its values, its consent and its history. Only a key of the partner sees it.
    """
    customer = leave_account(
        customer_id,
        caller.account_id,
        machine(caller.key),
        request.request_id,
        if_versions=request.required_if_match,
        customers=customers(),
        accounts=accounts(),
        clock=SystemClock(),
    )
    return Answer(CustomerAnswer.from_customer(customer), version=customer.version)


# Privacy


@api.route(
    "GET /customers/{customer_id}/export",
    operation="export_customer",
    caller=partner_client(client_keys, Scope.CUSTOMERS_ADMIN),
    problems=["cursor-invalid"],
)
def export(customer_id: str, query: CustomerExportQuery, caller: AccountClient) -> Answer[CustomerExportAnswer]:
    """Return everything about a person: who said each value and when, consent, history, ids, what products know.

    The history has pages; the rest is in each of them.
    """
    at = {"limit": query.limit, "cursor": query.cursor, "customers": customers()}
    return Answer(CustomerExportAnswer.from_export(export_customer(customer_id, caller.account_id, **at)))


@api.route(
    "POST /customers/{customer_id}/erasure",
    operation="erase_customer",
    caller=partner_client(client_keys, Scope.CUSTOMERS_ADMIN),
    statuses=[HTTPStatus.ACCEPTED],
    problems=["in-progress", "version-changed"],
)
def erase(
    customer_id: str, body: CustomerErasureBody, caller: AccountClient, request: Request
) -> Answer[CustomerErasureAnswer]:
    """Erase a person, also one that was deleted, with all records that were merged into the customer.

    Nobody sees the customer from now on, later events do not bring it back, and products are told to delete it. The
    answer names customers in open conflict with it, who may be the same person; those in `include` are erased too. A
    repeat returns the same certificate.
    """
    clock = SystemClock()

    def do(store: Customers) -> Erasure:
        return erase_customer(
            customer_id,
            caller.account_id,
            machine(caller.key),
            request.request_id,
            include=body.include,
            if_versions=request.if_match,
            customers=store,
            first=customers(),
            products=products(),
            clock=clock,
        )

    def again(erased_id: str) -> Erasure:
        return _erasure(erasure_id_of(erased_id), caller)

    erasure = once(request.idempotency(caller.key.key_id), do, again, records=customers(), clock=clock)
    return Answer(CustomerErasureAnswer.from_erasure(erasure), HTTPStatus.ACCEPTED)


@api.route(
    "GET /erasures/{erasure_id}",
    operation="get_erasure",
    caller=partner_client(client_keys, Scope.CUSTOMERS_ADMIN),
)
def get_erasure(erasure_id: str, caller: AccountClient) -> Answer[CustomerErasureAnswer]:
    """Return the certificate of an erasure: what is cleared, and which products took the deletion."""
    return Answer(CustomerErasureAnswer.from_erasure(_erasure(erasure_id, caller)))


def _erasure(erasure_id: str, caller: AccountClient) -> Erasure:
    return read_erasure(erasure_id, caller.account_id, customers=customers(), products=products())


def handler(event: Mapping[str, Any], context: "LambdaContext") -> Mapping[str, Any]:
    """Answer one request of the HTTP API."""
    return api.handle(event, context)
