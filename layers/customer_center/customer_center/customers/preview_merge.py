"""Show what a merge would make of two customers. Nothing is written."""

from collections.abc import Mapping, Sequence

from customer_center.customers.identity import IdentityConflict
from customer_center.customers.members import Policy
from customer_center.customers.merge_customers import merge_of, other_customer
from customer_center.customers.model import Customer
from customer_center.customers.ports import Customers
from customer_center.customers.resolve_conflict import account_conflict
from customer_center.platform.clock import Clock
from customer_center.platform.errors import Conflict, FieldError, InvalidInput
from customer_center.platform.frozen import frozen
from customer_center.platform.journal import Actor

_POINTER = "/customer_id"


@frozen
class MergePreview:
    """What the survivor would be, and which customer would be gone. `values` of `survivor` have their sources."""

    survivor: Customer
    gone_id: str


def preview_merge(
    conflict_id: str,
    account_id: str,
    candidate_id: str | None,
    policies: Mapping[str, Policy],
    actor: Actor,
    request_id: str,
    *,
    customers: Customers,
    clock: Clock,
) -> MergePreview:
    """Return what merging the two customers of a conflict would come to, also which keys and conflicts stay.

    Raises what `merge_conflict` raises.
    """
    conflict = account_conflict(conflict_id, account_id, customers)
    customer, other_id = parties(conflict, candidate_id, customers)
    other = other_customer(customer, conflict.customer_id, other_id, customers)
    merge = merge_of(customer, other, policies, actor, request_id, customers=customers, now=clock.now())
    return MergePreview(merge.change.after, merge.gone[0].customer_id)


def parties(conflict: IdentityConflict, candidate_id: str | None, customers: Customers) -> tuple[Customer, str]:
    """Return the customer of an open conflict, and the id of the candidate to merge it with.

    Raises Conflict `conflict-closed`, and InvalidInput unless the candidate is named, if there are several, and is one.
    """
    customer = customers.customer(conflict.customer_id)
    if conflict.status != "open" or customer is None or customer.is_gone:
        raise Conflict("conflict-closed")
    candidates: Sequence[str] = list(conflict.candidates)
    if candidate_id is None:
        if len(candidates) > 1:
            raise InvalidInput(errors=[FieldError(_POINTER, "required")])
        candidate_id = candidates[0]
    if candidate_id not in candidates:
        raise InvalidInput("customer-unknown", [FieldError(_POINTER, "unknown-value")])
    return customer, candidate_id
