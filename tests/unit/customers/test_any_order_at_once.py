"""Whatever happens in whatever order (`test_any_order.py`), and at the same moment: between a read and its write.

Somebody else creates, edits or deletes a customer after a use case has read and before it writes, and another worker
comes while one is telling a product. Besides what must hold there: a product is told of a customer by one worker at a
time, at most twice for each change, and every customer can be rebuilt from what its sources said.
"""

from contextlib import contextmanager, suppress

from hypothesis import assume, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule

from customer_center.customers.push_customer import Postponed
from ops.check_list import rebuilt
from tests.unit.customers.test_any_order import PRODUCTS, RUNS, InStep, names, products, values

letters = st.sampled_from(["x", "y", "xy"])


class AtOnce(InStep):
    """Adds what happens in the middle of something else."""

    @initialize()
    def begin(self):
        super().begin()
        self.calls = set()
        self.during_calls = []
        self.doubtful = 0

    def _push(self, product, push):
        place = product.product, push.customer.customer_id
        assert place not in self.calls, "two workers tell one product of one customer"
        self.calls.add(place)
        self.doubtful += bool(self.failures)
        try:
            if self.during_calls:
                self.during_calls.pop(0)(*place)
            return super()._push(product, push)
        finally:
            self.calls.discard(place)

    def _tell(self):
        """Follow also what happens during the calls."""
        entries = None
        while entries != len(self.room.customers.entries):
            entries = len(self.room.customers.entries)
            super()._tell()

    @rule(edits=st.booleans(), name=names, value=values)
    def another_worker_comes_during_the_next_call(self, edits, name, value):
        def come(product, customer_id):
            if edits:
                self.edit(customer_id, name, value)
            with suppress(Postponed):
                self.room.push(product, customer_id)

        self.during_calls.append(come)

    @rule(target=InStep.customers, product=st.none() | products, value=letters, other=letters)
    def two_create_at_once(self, product, value, other):
        with self._before_the_write(lambda: self.create(None, "emails", other)):
            return self.create(product, "emails", value)

    @rule(one=InStep.customers, other=InStep.customers, value=letters, other_value=letters)
    def two_edit_at_once(self, one, other, value, other_value):
        """Perhaps each takes what the other one gives up."""
        assume(one != other)
        with self._before_the_write(lambda: self.edit(other, "emails", other_value)):
            self.edit(one, "emails", value)

    @rule(one=InStep.customers, other=InStep.customers, value=letters)
    def one_is_deleted_while_another_takes_its_keys(self, one, other, value):
        assume(one != other)
        with self._before_the_write(lambda: self.delete(one, None)):
            self.edit(other, "emails", value)

    @rule(customer_id=InStep.customers, one=products, other=products, name=names, value=values, older=values)
    def the_older_of_two_events_arrives_later(self, customer_id, one, other, name, value, older):
        assume(self.held[one].get(customer_id) and self.held[other].get(customer_id))
        for product, said in ((one, older), (other, value)):
            self.edit_at_product(customer_id, product, name, said, full=False, late=0)
        for _ in range(2):
            self.room.apply(self.on_the_way.pop())

    def _before_the_write(self, do):
        """Return a context in which `do` happens after a use case has read, and before it writes for the first time."""
        customers, save = self.room.customers, self.room.customers.save

        @contextmanager
        def interrupted():
            def meanwhile(change, *entries):
                customers.save = save
                do()
                save(change, *entries)

            customers.save = meanwhile
            try:
                yield
            finally:
                customers.save = save

        return interrupted()

    @invariant()
    def every_customer_can_be_rebuilt(self):
        for customer in self.room.customers.everyone():
            assert rebuilt(customer, self.room.customers) == customer

    def teardown(self):
        if not hasattr(self, "during_calls"):
            return
        self.during_calls.clear()
        super().teardown()
        # A call that failed is made again.
        changes = len(self.room.customers.entries)
        assert self.pushes <= 2 * changes * len(PRODUCTS) + self.doubtful


TestAtOnce = AtOnce.TestCase
TestAtOnce.settings = settings(max_examples=RUNS, stateful_step_count=25, deadline=None)
