"""The customers room with fakes: an account, its products, and everything that follows a change."""

from contextlib import suppress
from datetime import timedelta
from itertools import count

from customer_center.connectors.kinds import KINDS
from customer_center.customers.apply_customer_event import CustomerEvent, apply_customer_event
from customer_center.customers.bodies import CustomerEditBody
from customer_center.customers.catch_up_product import catch_up_product, due, position_of
from customer_center.customers.control_product import ProductRequest
from customer_center.customers.create_customer import NewCustomer, create_customer
from customer_center.customers.delete_customer import delete_customer
from customer_center.customers.edit_customer import edit_customer
from customer_center.customers.effects import (
    CUSTOMER_CHANGED,
    CUSTOMER_ERASED,
    KEYS_CHANGED,
    PRODUCT_CATCH_UP,
    PRODUCT_PUSH,
    product_catch_up,
    since_of,
)
from customer_center.customers.erase_customer import erase_customer
from customer_center.customers.fields import normalised
from customer_center.customers.follow_change import follow_change
from customer_center.customers.follow_erasure import Unfinished, follow_erasure
from customer_center.customers.follow_keys import follow_keys
from customer_center.customers.index_words import index_words
from customer_center.customers.join_account import join_account
from customer_center.customers.leave_account import leave_account
from customer_center.customers.members import Policy
from customer_center.customers.merge_customers import merge_customers
from customer_center.customers.outage import Since
from customer_center.customers.push_customer import Postponed, push_customer
from customer_center.customers.put_account import put_account
from customer_center.customers.put_product import ProductWish, put_product, remove_product
from customer_center.customers.resolve_conflict import dismiss, keep_separate
from customer_center.customers.unmerge_customer import unmerge_customer
from customer_center.platform.journal import Actor
from customer_center.platform.stamps import nanoseconds
from tests.fakes.accounts import FakeAccounts
from tests.fakes.clock import FakeClock
from tests.fakes.customers import FakeCustomers, FakeErasedIds
from tests.fakes.products import FakeConnector, FakeProducts, FakeSecrets
from tests.fakes.search import FakeWords

ACCOUNT = "AG-100"
PARTNER = "VMF"
MACHINE = Actor("client", "key")
ANNA = {"first_name": "Anna", "last_name": "Muster", "emails": ("anna@muster.example",)}


class CustomersRoom:
    """Use cases over fakes. `a` and `b` are products; `follow_up` runs what the outbox would cause."""

    def __init__(self, *products):
        self.customers, self.connector, self.clock = FakeCustomers(), FakeConnector(), FakeClock()
        self.accounts = FakeAccounts()
        self.erased_ids, self.erasures = FakeErasedIds(), []
        self.products, self.secrets = FakeProducts(), FakeSecrets()
        self.words = FakeWords()
        self.numbers = count(1)
        self._followed = self._steered = 0
        self.pointers, self.pages = [], []
        for product in products:
            self.connect(product)
        self.settle()

    def connect(self, product, url="https://product.example/hook", *, account=ACCOUNT, **rules):
        return put_product(
            account,
            product,
            ProductWish(url, **rules),
            MACHINE,
            self._id(),
            kinds=KINDS,
            products=self.products,
            secrets=self.secrets,
            clock=self.clock,
        )

    def disconnect(self, product):
        at = {"products": self.products, "secrets": self.secrets, "clock": self.clock}
        remove_product(ACCOUNT, product, MACHINE, self._id(), if_versions=None, **at)

    def create(self, product=None, *, external_id=None, customer_code=None, consent=None, account=ACCOUNT, **values):
        new = NewCustomer(_normal(values), external_id, customer_code, consent)
        return create_customer(new, account, product, MACHINE, self._id(), customers=self.customers, clock=self.clock)

    def edit(self, customer_id, product=None, *, if_versions=None, consent=None, account=ACCOUNT, **values):
        return edit_customer(
            customer_id,
            account,
            product,
            _normal(values),
            MACHINE,
            self._id(),
            consent=consent,
            if_versions=if_versions,
            customers=self.customers,
            clock=self.clock,
        )

    def patch(self, customer_id, product=None, **body):
        """Edit a customer with the body of a request."""
        edit = CustomerEditBody.model_validate(body).values
        return edit_customer(
            customer_id,
            ACCOUNT,
            product,
            edit,
            MACHINE,
            self._id(),
            if_versions=None,
            customers=self.customers,
            clock=self.clock,
        )

    def delete(self, customer_id, product=None, *, account=ACCOUNT):
        delete_customer(
            customer_id,
            account,
            product,
            MACHINE,
            self._id(),
            if_versions=None,
            customers=self.customers,
            clock=self.clock,
        )

    def partner(self, partner_id=PARTNER, account=ACCOUNT):
        """Put an account into the group of a partner."""
        described = {"partner_id": partner_id, "name": account, "country": "DE", "blocked_values": ()}
        at = {"actor": MACHINE, "request_id": self._id(), "accounts": self.accounts, "clock": self.clock}
        put_account(account, **described, if_versions=None, **at)

    def leave(self, customer_id, *, account=ACCOUNT, if_versions=None):
        """Take a customer out of its account."""
        at = {"customers": self.customers, "accounts": self.accounts, "clock": self.clock}
        return leave_account(customer_id, account, MACHINE, self._id(), if_versions=if_versions, **at)

    def join(self, customer_id, account=ACCOUNT, *, partner_id=PARTNER, if_versions=None):
        """Put a customer without account into an account."""
        at = {"customers": self.customers, "accounts": self.accounts, "clock": self.clock}
        return join_account(customer_id, partner_id, account, MACHINE, self._id(), if_versions=if_versions, **at)

    def merge(self, customer_id, other_id, *, if_versions=None, **policies):
        """Merge two customers, and return the survivor. `policies` are rules by field, or policies."""
        named = {name: Policy(each) if isinstance(each, str) else each for name, each in policies.items()}
        at = {"if_versions": if_versions, "customers": self.customers, "clock": self.clock}
        return merge_customers(customer_id, other_id, ACCOUNT, named, MACHINE, self._id(), **at)

    def unmerge(self, customer_id, member_id=None, *, if_versions=None):
        at = {"if_versions": if_versions, "customers": self.customers, "clock": self.clock}
        return unmerge_customer(customer_id, ACCOUNT, member_id, MACHINE, self._id(), **at)

    def keep_separate(self, conflict_id):
        at = {"customers": self.customers, "clock": self.clock}
        return keep_separate(conflict_id, ACCOUNT, MACHINE, self._id(), **at)

    def dismiss(self, conflict_id):
        return dismiss(conflict_id, ACCOUNT, MACHINE, self._id(), customers=self.customers, clock=self.clock)

    def erase(self, customer_id, *, include=(), if_versions=None, account=ACCOUNT):
        stores = {"customers": self.customers, "first": self.customers, "products": self.products}
        at = {"include": include, "if_versions": if_versions, "clock": self.clock, **stores}
        return erase_customer(customer_id, account, MACHINE, self._id(), **at)

    def clear(self, has_time=lambda: True):
        """Follow up the erasures, of which those that have to go on stay."""
        at = {"customers": self.customers, "erased_ids": self.erased_ids, "clock": self.clock}
        for customer_id in list(self.erasures):
            with suppress(Unfinished):
                follow_erasure(customer_id, has_time=has_time, **at)
                self.erasures.remove(customer_id)

    def event(
        self,
        product,
        kind="customer.updated",
        /,
        *,
        late=0,
        event_id=None,
        ids=(None, None),
        consent=None,
        account=ACCOUNT,
        **values,
    ):
        """Return an event that happened `late` seconds ago; `ids` are the product's own id, and ours."""
        now = self.clock.now()
        at = nanoseconds(now - timedelta(seconds=late))
        own_id, customer_id = ids
        source = f"src_{product}" if product else "erp"
        arguments = (event_id or self._id(), source, account, product, kind, at, now, _normal(values))
        return CustomerEvent(*arguments, own_id, customer_id, consent)

    def apply(self, event):
        apply_customer_event(event, customers=self.customers, erased_ids=self.erased_ids, clock=self.clock)

    def hear(self, product, kind="customer.updated", /, **given):
        self.apply(self.event(product, kind, **given))

    def follow_up(self):
        """Follow every change of the journal, and tell every product. Postponed pointers stay."""
        self.gather()
        self.tell()

    def gather(self):
        """Follow every change of the journal, up to the pointers and the pages of walks."""
        for effect in self.effects():
            self.follow(effect)
        new, self._steered = self.products.entries[self._steered :], len(self.products.entries)
        self.send([effect for entry in new for effect in entry.effects])

    def follow(self, effect):
        """Follow one change, up to the pointers."""
        if effect.kind == KEYS_CHANGED:
            account_and_key = effect.data["account_id"], effect.data["key_id"]
            follow_keys(*account_and_key, effect.effect_id, customers=self.customers, clock=self.clock)
            return
        if effect.kind == CUSTOMER_ERASED:
            self.erasures.append(effect.data["customer_id"])
            return
        assert effect.kind == CUSTOMER_CHANGED
        follow_change(
            effect.data["account_id"],
            effect.data["customer_id"],
            send=self.send,
            customers=self.customers,
            products=self.products,
            clock=self.clock,
        )
        index_words(effect.data["customer_id"], customers=self.customers, words=self.words)

    def effects(self):
        """Yield the effects of all entries that were not followed yet."""
        # Following a change may make further entries.
        while self._followed < len(self.customers.entries):
            self._followed += 1
            yield from self.customers.entries[self._followed - 1].effects

    def send(self, effects, delay=timedelta()):
        """Put effects into the queue: pointers, and pages that come after the delay."""
        self.pointers += [effect for effect in effects if effect.kind == PRODUCT_PUSH]
        at = self.clock.now() + delay
        self.pages += [(at, effect) for effect in effects if effect.kind == PRODUCT_CATCH_UP]

    def tell(self):
        """Deliver the waiting pointers, then the pages that are due and the pointers that come of them."""
        self.deliver_pointers()
        while self.deliver_pages():
            self.deliver_pointers()

    def deliver_pointers(self):
        """Deliver the waiting pointers. Those that are postponed wait again, and whose worker dies stay."""
        for pointer in list(self.pointers):
            with suppress(Postponed):
                self.deliver(pointer)
                self.pointers.remove(pointer)

    def deliver_pages(self):
        """Deliver the pages that are due. Return whether there were any."""
        now = self.clock.now()
        due = [page for page in self.pages if page[0] <= now]
        for page in due:
            self.deliver(page[1])
            self.pages.remove(page)
        return bool(due)

    def deliver_due(self, *failures):
        """Follow every change, then deliver once what waits or is due. What fails so comes again a second later."""
        self.gather()
        now = self.clock.now()
        pages = [each for at, each in self.pages if at <= now]
        waiting, self.pointers = [*self.pointers, *pages], []
        self.pages = [each for each in self.pages if each[0] > now]
        for message in waiting:
            try:
                self.deliver(message)
            except failures:
                self.send([message], timedelta(seconds=1))

    def deliver(self, effect):
        """Deliver one message of the product-push queue."""
        account, product = effect.data["account_id"], effect.data["product"]
        if effect.kind == PRODUCT_PUSH:
            self.push(product, effect.data["customer_id"], since_of(effect), account=account)
            return
        step = effect.data.get("step")
        catch_up_product(
            account,
            product,
            int(step) if step else None,
            push=lambda customer_id, since: self.push(product, customer_id, since, is_probe=True, account=account),
            send=self.send,
            customers=self.customers,
            products=self.products,
            clock=self.clock,
        )

    def every_minute(self):
        """Do what is done by schedule."""
        behind = due(self.products, self.clock)
        now = self.clock.now()
        self.send([product_catch_up(status.account_id, status.product, now) for status, is_due in behind if is_due])

    def push(self, product, customer_id, since=None, *, is_probe=False, account=ACCOUNT):
        now = self.clock.now()
        status = push_customer(
            account,
            product,
            customer_id,
            since or Since(feed=position_of(now)),
            customers=self.customers,
            products=self.products,
            connectors=lambda kind: self.connector,
            clock=self.clock,
            is_probe=is_probe,
        )
        if status:
            self.send([product_catch_up(account, product, now)], status.next_attempt_at - now)

    def settle(self):
        """Let time pass until every walk is at its end, or cannot go on."""
        self.gather()
        for _ in range(10):
            self.tell()
            self.later()
            self.every_minute()
        self.tell()

    def control(self, change, product, *, account=ACCOUNT, **given):
        """Pause, resume or redrive a product."""
        request = ProductRequest(account, product, MACHINE, self._id())
        return change(request, **given, products=self.products, clock=self.clock)

    def status(self, product):
        return self.products.status(ACCOUNT, product)

    def shown(self, customer_id):
        return self.customers.customer(customer_id).values

    def known_to(self, product):
        return self.connector.told_to(product)

    def later(self, seconds=10):
        self.clock.advance(seconds=seconds)

    def _id(self):
        return f"id_{next(self.numbers):04}"


def _normal(values):
    return {name: normalised(name, value) for name, value in values.items()}
