"""Whatever happens in whatever order, in the end a copy by the feed has every customer, and its words find each.

Follow-ups come late, twice, in any order and several at once; they die between any two steps. Meanwhile customers
change, also while a follow-up is about to write what it has read. A reader reads a page now and then.
"""

from contextlib import suppress

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule

from customer_center.customers.listing import row_of
from customer_center.customers.words import words_of
from customer_center.platform.errors import Conflict, InvalidInput, NotFound
from tests.builders.copy_of_customers import Copy, present
from tests.builders.customers_room import ACCOUNT, CustomersRoom

names = st.sampled_from(["x1", "x2", "y1 y2", None])
emails = st.sampled_from([("a@x.example",), ("b@x.example", "a@x.example"), None])


class WorkerDiedError(Exception):
    """The worker was killed."""


class Readers(RuleBasedStateMachine):
    """Customers that change, follow-ups on their way, and a reader."""

    customers = Bundle("customers")

    @initialize(limit=st.integers(1, 3))
    def begin(self, limit):
        self.room = CustomersRoom()
        self.copy = Copy(self.room, limit)
        self.waiting = []

    @rule(target=customers, name=names, email=emails)
    def create(self, name, email):
        return self.room.create(last_name=name, emails=email).customer_id

    @rule(customer_id=customers, name=names, email=emails)
    def edit(self, customer_id, name, email):
        try:
            self.room.edit(customer_id, last_name=name, emails=email)
        except NotFound:
            assert self.room.customers.customer(customer_id).is_gone

    @rule(customer_id=customers)
    def delete(self, customer_id):
        try:
            self.room.delete(customer_id)
        except NotFound:
            assert self.room.customers.customer(customer_id).is_gone

    @rule(customer_id=customers, other_id=customers)
    def merge(self, customer_id, other_id):
        """Merge two customers, unless one of them is gone or they are one."""
        with suppress(NotFound, InvalidInput, Conflict):
            self.room.merge(customer_id, other_id)

    @rule(customer_id=customers)
    def unmerge(self, customer_id):
        with suppress(NotFound, Conflict):
            self.room.unmerge(customer_id)

    @rule(seconds=st.sampled_from([1, 5, 11, 600, 86400]))
    def wait(self, seconds):
        self.room.later(seconds)

    @rule()
    def read(self):
        self.copy.read()

    @rule(number=st.integers(0, 9), again=st.booleans(), dies=st.sampled_from([None, "before", "between", "while"]))
    def follow(self, number, again, dies):
        """One of the follow-ups on their way runs, perhaps not for the last time."""
        self._follow(number, again=again, dies=dies)

    @rule(number=st.integers(0, 9), customer_id=customers, name=names, is_followed=st.booleans())
    def follow_while_a_customer_changes(self, number, customer_id, name, is_followed):
        """The customer changes when the follow-up has read, and another follow-up may overtake this one."""

        def meanwhile():
            self.room.words.during = None
            self.edit(customer_id, name, None)
            if is_followed:
                for effect in self.room.effects():
                    self.room.follow(effect)

        self.room.words.during = meanwhile
        self._follow(number)
        self.room.words.during = None

    def _follow(self, number, *, again=False, dies=None):
        self.waiting += self.room.effects()
        if not self.waiting:
            return
        effect = self.waiting[number % len(self.waiting)]
        try:
            self._run(effect, dies)
        except WorkerDiedError:
            return
        if not again:
            self.waiting.remove(effect)

    def _run(self, effect, dies):
        if dies == "before":
            raise WorkerDiedError
        if dies == "between":
            self.room.words.noted = self._die
        if dies == "while":
            self.room.words.during = self._die
        try:
            self.room.follow(effect)
        finally:
            vars(self.room.words).pop("noted", None)
            if dies:
                self.room.words.during = None

    def _die(self, *_):
        raise WorkerDiedError

    @invariant()
    def every_kept_word_is_noted(self):
        """So nothing that finds a customer is forgotten."""
        kept = {(row.word, row.customer_id) for row in self.room.words.kept.get(ACCOUNT, ())}
        notes = [self.room.words.noted(customer.customer_id) for customer in self.room.customers.everyone()]
        assert kept == {(word, note.customer_id) for note in notes for word in note.words}

    def teardown(self):
        if not hasattr(self, "room"):
            return
        self.waiting += self.room.effects()
        while self.waiting:
            self._follow(0)
            self.waiting += self.room.effects()
        self.room.later(60)
        self.copy.catch_up()
        assert self.copy.kept == present(self.room)
        for customer in self.room.customers.everyone():
            assert self.room.words.noted(customer.customer_id).words == words_of(customer)
            assert row_of(customer) or not words_of(customer)


TestReaders = Readers.TestCase
TestReaders.settings = settings(max_examples=100, stateful_step_count=30, deadline=None)
