"""Resolve a conflict: its customer and one of its candidates are the same, and are merged."""

from collections.abc import Mapping

from customer_center.customers.edit_customer import present_customer
from customer_center.customers.members import Policy
from customer_center.customers.merge_customers import merge_customers
from customer_center.customers.model import Customer
from customer_center.customers.ports import Customers
from customer_center.customers.preview_merge import parties
from customer_center.customers.resolve_conflict import account_conflict
from customer_center.platform.clock import Clock
from customer_center.platform.journal import Actor


def merge_conflict(
    conflict_id: str,
    account_id: str,
    candidate_id: str | None,
    policies: Mapping[str, Policy],
    actor: Actor,
    request_id: str,
    *,
    customers: Customers,
    clock: Clock,
) -> Customer:
    """Merge the customer of a conflict with a candidate, and return the survivor. May run any number of times.

    Without `candidate_id` it is the only one. Other candidates stay in conflict with the survivor. Raises NotFound,
    Conflict `conflict-closed` if it was closed in another way, or `cluster-limit`, and InvalidInput for a customer that
    is no candidate.
    """
    conflict = account_conflict(conflict_id, account_id, customers)
    if conflict.status == "merged":
        return present_customer(conflict.customer_id, account_id, customers)
    _, other_id = parties(conflict, candidate_id, customers)
    return merge_customers(
        conflict.customer_id,
        other_id,
        account_id,
        policies,
        actor,
        request_id,
        if_versions=None,
        customers=customers,
        clock=clock,
    )
