"""Compare what a product holds with what it should hold, page by page, and have it told what differs.

1. What the product holds: other values, and customers that it should not hold.
2. The account's customers: those that the product does not hold.

Webhooks and pushes can be lost, and people repair things by hand. A reconciliation finds what that left behind. It
repairs by the same pushes as every change: what the product was told counts as unknown, and a pointer is sent.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from customer_center.customers.effects import product_push, reconcile
from customer_center.customers.listing import CustomerRow, CustomerSort, Range
from customer_center.customers.model import GONE, Customer, Product
from customer_center.customers.outage import Since
from customer_center.customers.ports import Customers
from customer_center.customers.product_ports import (
    Held,
    ProductConnector,
    Products,
    PullingConnector,
    TryLater,
)
from customer_center.customers.reconciliation import (
    FINDING_KEY,
    Finding,
    Reconciliation,
    Reconciliations,
    doubting,
)
from customer_center.platform.clock import Clock
from customer_center.platform.errors import Conflict, MalformedRequest, NotFound
from customer_center.platform.ids import new_ulid
from customer_center.platform.journal import Actor, Effect, new_entry
from customer_center.platform.log import logger
from customer_center.platform.metrics import count
from customer_center.platform.paging import Page, read_cursor, written_cursor
from customer_center.platform.stamps import event_stamp, iso_nanoseconds, nanoseconds

METRIC = "ProductDifferences"
"""Counts reconciliations that found a difference and did not repair it."""
_PAGE = 100
_SCHEDULE = Actor("system", "product_reconciliation")


class ProductUnavailable(Exception):
    """The product could not be read now. The reconciliation goes on where it stopped, after `retry_after` seconds."""

    def __init__(self, reason: str, retry_after: int) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


def start_reconciliation(
    account_id: str,
    product: str,
    actor: Actor,
    request_id: str,
    *,
    repair: bool,
    products: Products,
    connectors: Callable[[str], ProductConnector],
    reconciliations: Reconciliations,
    clock: Clock,
) -> Reconciliation:
    """Begin to compare a product with the account. The pages follow in the queue.

    Raises NotFound, and Conflict `product-not-readable` for a kind of product that only takes what it is told.
    """
    found, now = products.product(account_id, product), clock.now()
    if found is None:
        raise NotFound
    if not isinstance(connectors(found.kind), PullingConnector):
        raise Conflict("product-not-readable")
    started = Reconciliation(
        reconciliation_id=f"rec_{new_ulid(now)}", account_id=account_id, product=product, repair=repair, started_at=now
    )
    entry = new_entry(
        partition=f"account#{account_id}",
        now=now,
        actor=actor,
        action="product.reconciled",
        subject=started.reconciliation_id,
        request_id=request_id,
        changes={"product": (None, product), "repair": (None, repair)},
        effects=[reconcile(started.reconciliation_id, now)],
    )
    reconciliations.add(started, entry)
    return started


def schedule_reconciliations(
    product: Product, *, connectors: Callable[[str], ProductConnector], reconciliations: Reconciliations
) -> None:
    """Have the product reconciled regularly, if it can be read. May run any number of times."""
    if isinstance(connectors(product.kind), PullingConnector):
        reconciliations.schedule(product.account_id, product.product)


def reconcile_all(
    *,
    products: Products,
    connectors: Callable[[str], ProductConnector],
    reconciliations: Reconciliations,
    clock: Clock,
) -> None:
    """Begin to compare every product that is reconciled regularly, without repairs.

    A difference may be an event of the product that was lost, and a push would overwrite what it said. So a person
    decides. A product that was removed is reconciled no more. May run any number of times.
    """
    for account_id, product in reconciliations.scheduled():
        try:
            start_reconciliation(
                account_id,
                product,
                _SCHEDULE,
                "schedule",
                repair=False,
                products=products,
                connectors=connectors,
                reconciliations=reconciliations,
                clock=clock,
            )
        except (NotFound, Conflict):
            reconciliations.unschedule(account_id, product)


def read_reconciliation(
    account_id: str, product: str, reconciliation_id: str, reconciliations: Reconciliations
) -> Reconciliation:
    """Return a reconciliation of the account's product. Raises NotFound."""
    found = reconciliations.reconciliation(reconciliation_id)
    if found is None or (found.account_id, found.product) != (account_id, product):
        raise NotFound
    return found


def read_findings(
    found: Reconciliation, *, limit: int, cursor: str | None, reconciliations: Reconciliations
) -> Page[Finding]:
    """Return a page of the differences so far. Raises MalformedRequest `cursor-invalid`."""
    after = None
    if cursor is not None:
        (after,) = read_cursor(cursor, found.reconciliation_id, parts=1)
        if not FINDING_KEY.fullmatch(after):
            raise MalformedRequest("cursor-invalid")
    part = reconciliations.findings(found.reconciliation_id, limit=limit, after=after)
    return Page(part.rows, written_cursor([part.rows[-1].key], found.reconciliation_id) if part.more else None)


def reconcile_product(
    reconciliation_id: str,
    *,
    has_time: Callable[[], bool],
    customers: Customers,
    products: Products,
    connectors: Callable[[str], ProductConnector],
    reconciliations: Reconciliations,
    send: Callable[[Sequence[Effect]], None],
    clock: Clock,
) -> None:
    """Compare pages as long as there is time, and queue the rest.

    May run any number of times, also twice at once: a page that is compared twice finds the same. Of a page that was
    compared and not noted, nothing is lost. Raises ProductUnavailable.
    """
    current = reconciliations.reconciliation(reconciliation_id)
    while current and current.finished_at is None:
        product = products.product(current.account_id, current.product)
        connector = connectors(product.kind) if product else None
        if product is None or not isinstance(connector, PullingConnector):
            # It was removed meanwhile: there is nothing more to compare.
            reconciliations.advance(current, current.after_page([], 0, None, clock.now()))
            current = reconciliations.reconciliation(reconciliation_id)
            continue
        comparison = _Comparison(current, product, connector, customers, products, reconciliations, send, clock)
        after = comparison.product_page() if current.step == "product" else comparison.account_page()
        if not reconciliations.advance(current, after):
            # Another worker is ahead, and queues the rest.
            return
        current = after
        if current.finished_at:
            _end(current)
        elif not has_time():
            send([reconcile(reconciliation_id, clock.now())])
            return


def _end(done: Reconciliation) -> None:
    differences = sum(done.counts.get(name, 0) for name in ("missing", "extra", "differing"))
    if differences > done.counts.get("repaired", 0):
        count(METRIC)
    # docs/runbook.md refers to this log line.
    logger.info(
        "product reconciled",
        reconciliation_id=done.reconciliation_id,
        account_id=done.account_id,
        product=done.product,
        counts=dict(done.counts),
    )


class _Comparison:
    """The comparison of one page."""

    def __init__(
        self,
        current: Reconciliation,
        product: Product,
        connector: PullingConnector,
        customers: Customers,
        products: Products,
        reconciliations: Reconciliations,
        send: Callable[[Sequence[Effect]], None],
        clock: Clock,
    ) -> None:
        self._products = products
        self._current = current
        self._start = event_stamp(nanoseconds(current.started_at), "")
        self._product = product
        self._connector = connector
        self._customers = customers
        self._reconciliations = reconciliations
        self._send = send
        self._clock = clock

    def product_page(self) -> Reconciliation:
        """Compare a page of what the product holds."""
        page = self._connector.pull(self._product, self._current.cursor)
        if isinstance(page, TryLater):
            raise ProductUnavailable(page.reason, page.seconds)
        known = [(held, self._customer_of(held)) for held in page.held]
        now = self._clock.now()
        seen = [customer.customer_id for _, customer in known if customer]
        self._reconciliations.note_seen(self._current.reconciliation_id, seen, now)
        found = [finding for held, customer in known if (finding := self._compared(held, customer))]
        return self._noted(found, len(page.held), page.next_cursor, now)

    def account_page(self) -> Reconciliation:
        """Compare a page of the account's customers, in the order of their creation."""
        order, after = CustomerSort.CREATED, self._current.cursor
        part = self._customers.listed(self._current.account_id, order, Range(), limit=_PAGE, after=after)
        rows = [row for row in part.rows if row.updated_at < self._current.started_at]
        seen = self._reconciliations.seen(self._current.reconciliation_id, [row.customer_id for row in rows])
        found = [finding for row in rows if row.customer_id not in seen and (finding := self._missing(row))]
        last = part.rows[-1].position(order.field) if part.rows and part.more else None
        return self._noted(found, 0, last, self._clock.now())

    def _noted(self, found: Sequence[Finding], held: int, cursor: str | None, now: datetime) -> Reconciliation:
        self._reconciliations.note_found(self._current.reconciliation_id, found, now)
        return self._current.after_page(found, held, cursor, now)

    def _customer_of(self, held: Held) -> Customer | None:
        """Return the customer that the product means: by our id, else by its own."""
        account_id = self._current.account_id
        ids = iter(
            (held.customer_id, self._customers.customer_id_of(account_id, self._product.product, held.remote_id))
        )
        for customer_id in filter(None, ids):
            customer = self._customers.customer(customer_id)
            if customer and (customer.account_id == account_id or account_id in customer.left):
                return customer.as_seen_by(account_id)
        return None

    def _compared(self, held: Held, customer: Customer | None) -> Finding | None:
        if customer is None:
            return Finding("extra", None, held.remote_id)
        if customer.updated_at >= self._current.started_at:
            # Its push may have come after the page was read.
            return None
        delivery = self._customers.delivery(customer.customer_id, self._current.account_id, self._product.product)
        view = self._product.view_of(customer, delivery)
        if view is None or delivery.told_at > self._start:
            return None
        if GONE in view:
            return self._found(Finding("extra", customer.customer_id, held.remote_id), has_it=True)
        fields = list(_differing(self._connector, self._product, customer, held))
        if not fields:
            return None
        return self._found(Finding("differing", customer.customer_id, held.remote_id, fields), has_it=True)

    def _missing(self, row: CustomerRow) -> Finding | None:
        customer = self._customers.customer(row.customer_id)
        if customer is None or customer.deleted_at:
            return None
        delivery = self._customers.delivery(row.customer_id, self._current.account_id, self._product.product)
        view = self._product.view_of(customer, delivery)
        if view is None or GONE in view or delivery.told_at > self._start:
            return None
        return self._found(Finding("missing", row.customer_id, delivery.external_id), has_it=False)

    def _found(self, finding: Finding, *, has_it: bool) -> Finding:
        """Return the finding; have the product told, if that is wished for."""
        if not self._current.repair or finding.customer_id is None:
            return finding
        account_id, name, now = self._current.account_id, self._product.product, self._clock.now()
        delivery = self._customers.delivery(finding.customer_id, account_id, name)
        # If it was changed meanwhile, the product is being told anyway.
        self._customers.save_delivery(delivery, doubting(delivery, has_it=has_it))
        # The row is for a product that is down: its pointer is dropped, and a walk of the feed tells it later.
        position = iso_nanoseconds(nanoseconds(now))
        self._products.add_to_feed(account_id, finding.customer_id, position, now)
        self._send([product_push(account_id, name, finding.customer_id, Since(feed=position), now)])
        return Finding(finding.difference, finding.customer_id, finding.external_id, finding.fields, repaired=True)


def _differing(connector: PullingConnector, product: Product, customer: Customer, held: Held) -> Iterator[str]:
    for name, value in connector.expected(product, customer).items():
        if held.values.get(name) != value:
            yield name
