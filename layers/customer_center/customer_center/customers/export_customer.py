"""Export everything about a person (GDPR, articles 15 and 20)."""

from collections.abc import Sequence
from datetime import datetime

from customer_center.customers.consent import ConsentStatement
from customer_center.customers.edit_customer import present_customer
from customer_center.customers.model import CONSENT, GONE, NOTHING, PERMISSION, Customer, Delivery
from customer_center.customers.ports import Customers
from customer_center.customers.read_history import SourceStatements, read_history, read_sources
from customer_center.platform.frozen import frozen
from customer_center.platform.journal import Entry
from customer_center.platform.paging import Page
from customer_center.platform.stamps import stamped_at


@frozen
class Told:
    """What a product was told, or said itself: the fields that it knows as they are shown, and when it was told last.

    Of what a product knows we keep hashes, not values: `outdated` are fields of which it knows something else.
    """

    product: str
    external_ids: Sequence[str]
    told_at: datetime | None
    knows: Sequence[str]
    outdated: Sequence[str]


@frozen
class ExportedRecord:
    """One record of the person: what each source said, every statement about consent, and what products know."""

    customer_id: str
    sources: Sequence[SourceStatements]
    consent: Sequence[ConsentStatement]
    products: Sequence[Told]


@frozen
class Export:
    """All that is kept about a person. `history` is a page of what happened to the customer, newest first."""

    customer: Customer
    records: Sequence[ExportedRecord]
    history: Page[Entry]


def export_customer(
    customer_id: str, account_id: str, *, limit: int, cursor: str | None, customers: Customers
) -> Export:
    """Return everything about the person, with all records that were merged into the customer.

    `limit` and `cursor` are of the history of the record `customer_id`. Raises NotFound, also for a deleted customer,
    and MalformedRequest `cursor-invalid`.
    """
    customer = present_customer(customer_id, account_id, customers)
    records = [
        ExportedRecord(
            each,
            read_sources(each, account_id, customers=customers),
            customers.consent_ledger(each),
            [
                _told(delivery, customer)
                for delivery in customers.deliveries(each)
                # An account does not see the products of another one.
                if delivery.account_id == account_id or customer.partner_id
            ],
        )
        for each in sorted(customer.ids)
    ]
    history = read_history(customer_id, account_id, limit=limit, cursor=cursor, customers=customers)
    return Export(customer, records, history)


def _told(delivery: Delivery, customer: Customer) -> Told:
    known = {name: value for name, value in delivery.knows.items() if name != GONE and value != NOTHING}
    shown = {**customer.view, **{name: "" for name in known if name not in customer.view}}
    ids = [*delivery.former_ids, *([delivery.external_id] if delivery.external_id else [])]
    return Told(
        delivery.product,
        ids,
        stamped_at(delivery.told_at) if delivery.told_at else None,
        sorted(name for name, value in known.items() if value == shown[name] and name not in (CONSENT, PERMISSION)),
        sorted(name for name, value in known.items() if value != shown[name]),
    )
