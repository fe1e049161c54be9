"""Customers leave accounts and join others in whatever order, while products edit, fail, and send late events.

Two accounts of one partner have products of their own, one of them under the same name. In the end each product holds
exactly the customers of its account that are listed, as they are shown. Every customer can be rebuilt from what was
said, and every key and every id belongs to a customer of its account. Nobody is told a customer of another account.
"""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule

from customer_center.customers.control_product import pause_product, resume_product
from customer_center.customers.identity import KeyRules, all_keys, key_id, keys_by_field
from customer_center.customers.listing import row_of
from customer_center.customers.partners import without_account
from customer_center.customers.product_ports import Delivered, TryLater
from customer_center.customers.push_customer import Postponed
from customer_center.platform.errors import NotFound
from ops.check_list import rebuilt
from tests.builders.customers_room import ACCOUNT, PARTNER, CustomersRoom
from tests.unit.customers.test_any_order import RUNS, WorkerDiedError

OTHER, NOWHERE = "AG-200", without_account(PARTNER)
PRODUCTS = [(ACCOUNT, "a"), (ACCOUNT, "b"), (OTHER, "b"), (OTHER, "c")]
accounts = st.sampled_from([ACCOUNT, OTHER])
products = st.sampled_from(PRODUCTS)
letters = st.sampled_from(["x", "y", "xy", None])


class Moving(RuleBasedStateMachine):
    """Two accounts with products, and customers that move between them."""

    customers = Bundle("customers")

    @initialize()
    def begin(self):
        self.room = CustomersRoom()
        self.held = {product: {} for product in PRODUCTS}
        self.on_the_way, self.failures, self.anew = [], [], set()
        self.room.connector.push = self._push
        for account, product in PRODUCTS:
            self.room.connect(product, account=account)
        for account in (ACCOUNT, OTHER):
            self.room.partner(account=account)
        self.room.settle()

    def _push(self, product, push):
        customer = push.customer
        assert customer.account_id == product.account_id
        assert push.kind == "deleted" or not customer.hidden
        failure = self.failures.pop(0) if self.failures else None
        if failure in (None, "unanswered", "dies after"):
            copies, known = self.held[product.account_id, product.product], None
            known = copies.get(customer.customer_id)
            if known is None or known[0] < customer.version:
                copies[customer.customer_id] = (customer.version, None if customer.is_gone else dict(customer.values))
        if failure in ("dies before", "dies after"):
            raise WorkerDiedError
        return Delivered() if failure is None else TryLater("failed", is_outage=failure == "busy")

    # What happens

    @rule(target=customers, where=products | st.just((NOWHERE, None)), as_product=st.booleans(), value=letters)
    def create(self, where, as_product, value):
        account, product = where
        self.room.later(1)
        product = product if as_product else None
        customer = self.room.create(product, account=account, emails=emails(value), last_name=value)
        if product:
            # Also what is hidden: its answer is what it holds.
            self.held[account, product][customer.customer_id] = (customer.version, dict(customer.values))
        return customer.customer_id

    @rule(customer_id=customers, value=letters)
    def edit(self, customer_id, value):
        self.room.later(1)
        account = self.room.customers.customer(customer_id).account_id
        try:
            self.room.edit(customer_id, account=account, emails=emails(value))
        except NotFound:
            assert self.room.customers.customer(customer_id).deleted_at

    @rule(customer_id=customers)
    def delete(self, customer_id):
        self.room.later(1)
        customer = self.room.customers.customer(customer_id)
        if not customer.deleted_at:
            self.room.delete(customer_id, account=customer.account_id)

    @rule(customer_id=customers, meanwhile=st.none() | customers, value=letters)
    def leave(self, customer_id, meanwhile, value):
        """A customer leaves; perhaps somebody is edited between reading and writing."""
        self.room.later(1)
        customer = self.room.customers.customer(customer_id)
        if customer.partner_id or customer.deleted_at:
            return
        if meanwhile is not None:
            self.room.customers.before_save = lambda: self.edit(meanwhile, value)
        self.room.leave(customer_id, account=customer.account_id)
        self.room.customers.before_save = None

    @rule(customer_id=customers, account=accounts, meanwhile=st.none() | customers, value=letters)
    def join(self, customer_id, account, meanwhile, value):
        self.room.later(1)
        customer = self.room.customers.customer(customer_id)
        if meanwhile is not None and customer.partner_id and not customer.deleted_at:
            self.room.customers.before_save = lambda: self.edit(meanwhile, value)
        try:
            self.room.join(customer_id, account)
        except NotFound:
            assert customer.deleted_at or not customer.partner_id
        self.room.customers.before_save = None

    @rule(where=products, customer_id=customers, by=st.sampled_from(["own", "ours", "both"]), value=letters)
    def edit_at_product(self, where, customer_id, by, value):
        """A product edits its own copy, and sends an event that is on its way."""
        account, product = where
        _, copy = self.held[where].get(customer_id, (0, None))
        if copy is None:
            return
        self.room.later(1)
        copy["last_name"] = value
        own_id = f"{product}-{customer_id}"
        if by == "own" and self.room.customers.customer_id_of(account, product, own_id) is None:
            by = "both"
        ids = (None if by == "ours" else own_id, None if by == "own" else customer_id)
        self.on_the_way.append(self.room.event(product, account=account, ids=ids, last_name=value))

    @rule(where=products, customer_id=customers, value=letters)
    def make_anew_at_product(self, where, customer_id, value):
        """A product that was told that somebody is gone has somebody new under its own id of them."""
        account, product = where
        if self.held[where].get(customer_id, (0, {}))[1] is not None or (where, customer_id) in self.anew:
            return
        self.room.later(1)
        self.anew.add((where, customer_id))
        given = {"account": account, "ids": (f"{product}-{customer_id}", None), "last_name": value}
        self.on_the_way.append(self.room.event(product, "customer.created", **given))

    @rule(where=products, customer_id=customers)
    def delete_at_product(self, where, customer_id):
        account, product = where
        if self.held[where].get(customer_id, (0, None))[1] is None:
            return
        self.room.later(1)
        self.held[where][customer_id] = (self.held[where][customer_id][0], None)
        given = {"account": account, "ids": (f"{product}-{customer_id}", customer_id)}
        self.on_the_way.append(self.room.event(product, "customer.deleted", **given))

    @rule(number=st.integers(0, 9), again=st.booleans())
    def deliver(self, number, again):
        if self.on_the_way:
            event = self.on_the_way[number % len(self.on_the_way)]
            if not again:
                self.on_the_way.remove(event)
            self._apply(event)

    def _apply(self, event):
        before = {each.customer_id: each.version for each in self.room.customers.everyone()}
        self.room.apply(event)
        for each in self.room.customers.everyone():
            if each.customer_id not in before:
                values = {name: value for name, value in event.values.items() if value}
                self.held[event.account_id, event.product][each.customer_id] = (0, values)
            if each.version != before.get(each.customer_id):
                assert each.account_id == event.account_id

    @rule(
        failures=st.lists(st.sampled_from(["refused", "busy", "unanswered", "dies before", "dies after"]), max_size=3)
    )
    def follow_up(self, failures):
        self.room.later(1)
        self.failures = list(failures)
        self._tell()
        self.failures = []

    @rule(where=products, change=st.sampled_from([pause_product, resume_product]))
    def control(self, where, change):
        self.room.later(1)
        self.room.control(change, where[1], account=where[0])

    @rule(seconds=st.integers(1, 200))
    def wait(self, seconds):
        self.room.later(seconds)
        self.room.every_minute()

    def _tell(self):
        self.room.deliver_due(Postponed, WorkerDiedError)

    # What holds

    @invariant()
    def every_customer_can_be_rebuilt(self):
        for customer in self.room.customers.everyone():
            assert rebuilt(customer, self.room.customers) == customer

    @invariant()
    def keys_belong_to_customers_of_their_account(self):
        owners, waiting = {}, {}
        for customer in self.room.customers.everyone():
            is_matched = not customer.is_gone and not customer.partner_id
            assert customer.keys == (all_keys(keys_by_field(customer.newest, KeyRules())) if is_matched else ())
            for key in customer.keys:
                kept = waiting if key in customer.waiting else owners
                kept.setdefault((customer.account_id, key_id(key)), set()).add(customer.customer_id)
        for identity in self.room.customers.all_identities():
            place = identity.account_id, identity.key_id
            assert set(identity.owners) == owners.pop(place, set())
            assert set(identity.waiting) == waiting.pop(place, set())
        assert (owners, waiting) == ({}, {})

    @invariant()
    def external_ids_belong_to_customers_of_their_account(self):
        for customer in self.room.customers.everyone():
            for delivery in self.room.customers.deliveries(customer.customer_id):
                if delivery.external_id and delivery.account_id == customer.account_id and not customer.deleted_at:
                    place = delivery.account_id, delivery.product, delivery.external_id
                    assert self.room.customers.customer_id_of(*place) == customer.customer_id

    def teardown(self):
        if not hasattr(self, "room"):
            return
        self.room.later(200)
        for event in self.on_the_way:
            self._apply(event)
        for account, product in PRODUCTS:
            self.room.control(resume_product, product, account=account)
        for _ in range(15):
            self._tell()
            self.room.later(200)
            self.room.every_minute()
        assert (self.room.pointers, self.room.products.behind()) == ([], [])
        for customer in self.room.customers.everyone():
            for account, product in PRODUCTS:
                _, copy = self.held[account, product].get(customer.customer_id, (0, None))
                if customer.hidden and account == customer.account_id and not customer.is_gone:
                    # Who made it holds it.
                    continue
                copy = copy and {name: value for name, value in copy.items() if value}
                is_there = row_of(customer) is not None and customer.account_id == account
                assert copy == (dict(customer.values) if is_there else None), (account, product)


def emails(letters):
    """Return an e-mail for each letter."""
    return tuple(f"{letter}@x.example" for letter in letters) if letters else None


TestMoving = Moving.TestCase
TestMoving.settings = settings(max_examples=RUNS, stateful_step_count=25, deadline=None)
