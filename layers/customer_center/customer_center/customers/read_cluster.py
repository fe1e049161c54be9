"""Read a cluster by any id of its records."""

from customer_center.customers.clusters import Cluster
from customer_center.customers.model import Customer
from customer_center.customers.ports import Customers


def surviving(customer: Customer | None, customers: Customers) -> Customer | None:
    """Return the record that this one was merged into, or the record itself if it was not merged."""
    return customers.customer(customer.merged_into) if customer and customer.merged_into else customer


def read_cluster(survivor: Customer, customers: Customers) -> Cluster:
    """Return the records that were merged into this one, with it. Reads nothing if there are none."""
    ids = [member.customer_id for member in survivor.members]
    merged = customers.customers_with(ids) if ids else ()
    return Cluster(survivor, {each.customer_id: each for each in merged})
