"""/conflicts and merges: customers of an account that may be the same, for the machines of those who decide it."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from customer_center.clients.callers import AccountClient
from customer_center.clients.entries import machine
from customer_center.clients.model import Scope
from customer_center.clients.texts import CLIENTS_TEXTS
from customer_center.clients.wiring import client_keys
from customer_center.customers.bodies import CustomerAnswer
from customer_center.customers.callers import account_client
from customer_center.customers.cluster_bodies import ConflictMergeBody, MergeBody, MergePreviewAnswer, UnmergeBody
from customer_center.customers.conflict_bodies import ConflictAnswer, ConflictsAnswer, ConflictsQuery
from customer_center.customers.edit_customer import present_customer
from customer_center.customers.identity import IdentityConflict
from customer_center.customers.list_conflicts import list_conflicts
from customer_center.customers.merge_conflict import merge_conflict
from customer_center.customers.merge_customers import merge_customers
from customer_center.customers.model import Customer
from customer_center.customers.ports import Customers
from customer_center.customers.preview_merge import preview_merge
from customer_center.customers.resolve_conflict import account_conflict, dismiss, keep_separate
from customer_center.customers.texts import CUSTOMERS_TEXTS
from customer_center.customers.unmerge_customer import unmerge_customer
from customer_center.customers.wiring import customers
from customer_center.platform.clock import SystemClock
from customer_center.platform.http import Answer, Api, Request
from customer_center.platform.idempotency import once

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

api = Api(CLIENTS_TEXTS | CUSTOMERS_TEXTS)


@api.route(
    "GET /conflicts",
    operation="list_conflicts",
    caller=account_client(client_keys, Scope.CUSTOMERS_READ),
    problems=["cursor-invalid"],
)
def list_open(query: ConflictsQuery, caller: AccountClient) -> Answer[ConflictsAnswer]:
    """List the account's open conflicts, the oldest first."""
    page = list_conflicts(caller.account_id, limit=query.limit, cursor=query.cursor, customers=customers())
    return Answer(ConflictsAnswer.from_page(page))


@api.route(
    "GET /conflicts/{conflict_id}",
    operation="get_conflict",
    caller=account_client(client_keys, Scope.CUSTOMERS_READ),
)
def get(conflict_id: str, caller: AccountClient) -> Answer[ConflictAnswer]:
    """Return one conflict, also a closed one."""
    return _answer(account_conflict(conflict_id, caller.account_id, customers()))


@api.route(
    "POST /conflicts/{conflict_id}/keep-separate",
    operation="keep_customers_separate",
    caller=account_client(client_keys, Scope.CUSTOMERS_ADMIN),
    problems=["conflict-closed", "in-progress"],
)
def keep(
    conflict_id: str,
    caller: AccountClient,
    request: Request,
) -> Answer[ConflictAnswer]:
    """Say that the customer and its candidates are not the same. From now on they may share e-mails and numbers.

    A hidden customer is listed, and what was withheld is shown; products are told. If another customer has taken one of
    the values meanwhile, the conflict stays open with it as its candidate.
    """
    clock = SystemClock()

    def do(customers: Customers) -> IdentityConflict:
        at = {"customers": customers, "clock": clock}
        return keep_separate(conflict_id, caller.account_id, machine(caller.key), request.request_id, **at)

    return _once(do, conflict_id, caller, request)


@api.route(
    "POST /conflicts/{conflict_id}/dismiss",
    operation="dismiss_conflict",
    caller=account_client(client_keys, Scope.CUSTOMERS_ADMIN),
    problems=["conflict-closed", "in-progress"],
)
def drop(
    conflict_id: str,
    caller: AccountClient,
    request: Request,
) -> Answer[ConflictAnswer]:
    """Drop what is in conflict: a hidden customer is deleted, a withheld value is forgotten.

    If another source says a value of another customer, too, the conflict stays open with that value.
    """
    clock = SystemClock()

    def do(customers: Customers) -> IdentityConflict:
        at = {"customers": customers, "clock": clock}
        return dismiss(conflict_id, caller.account_id, machine(caller.key), request.request_id, **at)

    return _once(do, conflict_id, caller, request)


@api.route(
    "POST /conflicts/{conflict_id}/preview",
    operation="preview_merge",
    caller=account_client(client_keys, Scope.CUSTOMERS_ADMIN),
    problems=["conflict-closed", "already-merged", "cluster-limit", "customer-unknown", "too-many-waiting"],
)
def preview(
    conflict_id: str,
    body: ConflictMergeBody,
    caller: AccountClient,
    request: Request,
) -> Answer[MergePreviewAnswer]:
    """Return what merging the customer with a candidate would come to. Nothing is written."""
    named = (conflict_id, caller.account_id, body.customer_id, body.by_field, machine(caller.key), request.request_id)
    return Answer(MergePreviewAnswer.from_preview(preview_merge(*named, customers=customers(), clock=SystemClock())))


@api.route(
    "POST /conflicts/{conflict_id}/merge",
    operation="merge_conflict",
    caller=account_client(client_keys, Scope.CUSTOMERS_ADMIN),
    problems=[
        "conflict-closed",
        "already-merged",
        "cluster-limit",
        "customer-unknown",
        "too-many-waiting",
        "in-progress",
    ],
)
def merge_candidates(
    conflict_id: str,
    body: ConflictMergeBody,
    caller: AccountClient,
    request: Request,
) -> Answer[CustomerAnswer]:
    """Say that the customer and a candidate are the same: they are merged, as `POST /customers/…/merges` does.

    Other candidates stay in conflict with the surviving customer.
    """
    clock, policies = SystemClock(), body.by_field

    def do(customers: Customers) -> Customer:
        named = (conflict_id, caller.account_id, body.customer_id, policies, machine(caller.key), request.request_id)
        return merge_conflict(*named, customers=customers, clock=clock)

    return _customer_once(do, caller, request)


@api.route(
    "POST /customers/{customer_id}/merges",
    operation="merge_customers",
    caller=account_client(client_keys, Scope.CUSTOMERS_ADMIN),
    problems=[
        "already-merged",
        "cluster-limit",
        "customer-unknown",
        "merged-with-itself",
        "too-many-waiting",
        "in-progress",
        "version-changed",
    ],
)
def merge(
    customer_id: str,
    body: MergeBody,
    caller: AccountClient,
    request: Request,
) -> Answer[CustomerAnswer]:
    """Merge two customers, and return the one that survives: the listed one, else the older one.

    All ids of both are its ids from now on. Products are told that the other one is gone (`merged_into`), and what the
    surviving one shows. A merge can be undone.
    """
    clock, policies = SystemClock(), body.by_field

    def do(customers: Customers) -> Customer:
        return merge_customers(
            customer_id,
            body.customer_id,
            caller.account_id,
            policies,
            machine(caller.key),
            request.request_id,
            if_versions=request.if_match,
            customers=customers,
            clock=clock,
        )

    return _customer_once(do, caller, request)


@api.route(
    "POST /customers/{customer_id}/unmerge",
    operation="unmerge_customer",
    caller=account_client(client_keys, Scope.CUSTOMERS_ADMIN),
    problems=["not-merged", "too-many-waiting", "in-progress", "version-changed"],
)
def unmerge(
    customer_id: str,
    body: UnmergeBody,
    caller: AccountClient,
    request: Request,
) -> Answer[CustomerAnswer]:
    """Undo a merge, and return the customer that came out: it is what it was, with what was said about it meanwhile.

    Edits by the API since the merge stay with the surviving customer. Denials of consent since then hold for both.
    Products are told both.
    """
    clock = SystemClock()

    def do(customers: Customers) -> Customer:
        return unmerge_customer(
            customer_id,
            caller.account_id,
            body.customer_id,
            machine(caller.key),
            request.request_id,
            if_versions=request.if_match,
            customers=customers,
            clock=clock,
        )

    return _customer_once(do, caller, request)


def _customer_once(
    do: Callable[[Customers], Customer], caller: AccountClient, request: Request
) -> Answer[CustomerAnswer]:
    def again(customer_id: str) -> Customer:
        return present_customer(customer_id, caller.account_id, customers())

    asked = request.idempotency(caller.key.key_id)
    customer = once(asked, do, again, records=customers(), clock=SystemClock())
    return Answer(CustomerAnswer.from_customer(customer), version=customer.version)


def _once(
    do: Callable[[Customers], IdentityConflict], conflict_id: str, caller: AccountClient, request: Request
) -> Answer[ConflictAnswer]:
    def again(_: str) -> IdentityConflict:
        return account_conflict(conflict_id, caller.account_id, customers())

    asked = request.idempotency(caller.key.key_id)
    return _answer(once(asked, do, again, records=customers(), clock=SystemClock()))


def _answer(conflict: IdentityConflict) -> Answer[ConflictAnswer]:
    return Answer(ConflictAnswer.from_conflict(conflict), version=conflict.version)


def handler(event: Mapping[str, Any], context: "LambdaContext") -> Mapping[str, Any]:
    """Answer one request of the HTTP API."""
    return api.handle(event, context)
