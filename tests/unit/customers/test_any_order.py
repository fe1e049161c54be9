"""Whatever happens in whatever order, in the end each product holds what is shown.

Products hold a copy of each customer, edit it themselves, and take what they are told unless they hold a newer version.
Their events arrive late, twice and in any order; calls fail before or after the product has taken them, and workers
die in the middle of a call. Afterwards, when everything has arrived, the copies are equal. Consent is granted only by
a grant that is later than every denial; product c holds no customer without it. No two listed customers show one
e-mail, unless they are kept separate, and nobody is told a hidden one.
"""

from itertools import combinations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule

from customer_center.customers.clusters import record_of
from customer_center.customers.consent import CHANNELS, ConsentSaid, shown, with_statements
from customer_center.customers.control_product import pause_product, redrive_product, resume_product
from customer_center.customers.identity import KeyRules, all_keys, key_id, keys_by_field
from customer_center.customers.listing import row_of
from customer_center.customers.model import CONSENT, PERMISSION, source_of
from customer_center.customers.product_ports import Delivered, TryLater
from customer_center.customers.push_customer import Postponed
from customer_center.platform.errors import NotFound
from customer_center.platform.stamps import iso_nanoseconds, nanoseconds
from tests.builders.customers_room import ACCOUNT, CustomersRoom

PRODUCTS = ("a", "b", "c")
products = st.sampled_from(PRODUCTS)
FIELD_NAMES = ("first_name", "last_name", "organisation", "emails")
names = st.sampled_from(FIELD_NAMES)
values = st.sampled_from(["x", "y", "z", "xy", None])
flags = st.booleans()
channels = st.dictionaries(
    st.sampled_from(["email", "phone", "sms"]),
    st.tuples(st.sampled_from(["granted", "denied"]), st.integers(0, 20)),
    min_size=1,
)


SECOND = 1_000_000_000


class WorkerDiedError(Exception):
    """The worker was killed during the call."""


class InStep(RuleBasedStateMachine):
    """Products, events on their way, and calls that fail."""

    customers = Bundle("customers")

    @initialize()
    def begin(self):
        self.room = CustomersRoom("a", "b")
        self.room.connect("c", without_consent="skip", on_withdrawal="delete")
        self.room.settle()
        self.held = {product: {} for product in PRODUCTS}
        self.on_the_way = []
        self.failures = []
        self.pushes = 0
        self.meant = set()
        self.repeats = set()
        self.room.connector.push = self._push

    def _push(self, product, push):
        self.pushes += 1
        assert push.kind == "deleted" or not push.customer.hidden
        failure = self.failures.pop(0) if self.failures else None
        if failure in (None, "unanswered", "dies after"):
            self._take(product.product, push)
        if failure in ("dies before", "dies after"):
            raise WorkerDiedError
        return Delivered() if failure is None else TryLater("failed", is_outage=failure == "busy")

    def _take(self, product, push):
        copy = self.held[product]
        known = copy.get(push.customer.customer_id)
        if push.kind == "deleted":
            copy[push.customer.customer_id] = None
        elif known is None or known["version"] < push.customer.version:
            copy[push.customer.customer_id] = copy_of(push.customer)

    # What happens

    @rule(target=customers, product=st.none() | products, name=names, value=values)
    def create(self, product, name, value):
        value = value_of(name, value)
        self.room.later(1)
        customer = self.room.create(product, **{name: value})
        self.meant.add((customer.customer_id, source_of(product), name, value))
        if product:
            self.held[product][customer.customer_id] = copy_of(customer)
        return customer.customer_id

    @rule(target=customers, value=values, other=values, customer_id=customers, product=st.none() | products)
    def create_while_another_is_edited(self, value, other, customer_id, product):
        """Between reading and writing, somebody else changes who has the e-mails."""
        self.room.customers.before_save = lambda: self.edit(customer_id, "emails", other)
        return self.create(product, "emails", value)

    @rule(one=customers, other=customers, value=values, meanwhile=values)
    def edit_while_another_is_edited(self, one, other, value, meanwhile):
        """Two customers change their e-mails at one moment, perhaps to those of each other."""
        if self._survivor(one) == self._survivor(other):
            return
        self.room.customers.before_save = lambda: self.edit(other, "emails", meanwhile)
        self.edit(one, "emails", value)
        self.room.customers.before_save = None

    @rule(customer_id=customers, product=st.none() | products, said=flags | channels)
    def edit_consent(self, customer_id, product, said):
        """Somebody says by the API what is permitted; a product takes the answer for its copy."""
        self.room.later(1)
        try:
            customer = self.room.edit(customer_id, product, consent=self._consent(said))
        except NotFound:
            return
        customer_id = customer.customer_id
        if product and self.held[product].get(customer_id):
            known = {PERMISSION: customer.permission_to_contact, CONSENT: dict(shown(customer.consent)), "own": True}
            self.held[product][customer_id] |= known

    @rule(customer_id=customers, product=products, said=flags | channels, late=st.integers(0, 3), full=flags)
    def consent_at_product(self, customer_id, product, said, late, full):
        """A product notes what is permitted in its copy, and sends an event: that, or its whole copy."""
        copy = self.held[product].get(customer_id)
        if copy is None:
            return
        self.room.later(1)
        ago = late * SECOND // 10 if isinstance(said, bool) else 0
        note_consent(copy, said, nanoseconds(self.room.clock.now()) - ago)
        values = {each: copy.get(each) for each in FIELD_NAMES} if full else {}
        ids = (f"{product}-{customer_id}", customer_id)
        event = self.room.event(product, ids=ids, late=late / 10, consent=self._consent(said), **values)
        self.on_the_way.append(event)

    @rule(customer_id=customers, product=products)
    def repeat_consent(self, customer_id, product):
        """A product sends its whole copy, with the permission that it holds."""
        copy = self.held[product].get(customer_id)
        if copy is not None:
            before = len(self.on_the_way)
            self.consent_at_product(customer_id, product, copy[PERMISSION], 0, full=True)
            if not copy.get("own") and len(self.on_the_way) > before:
                self.repeats.add(self.on_the_way[-1].event_id)

    def _survivor(self, customer_id):
        customer = self.room.customers.customer(customer_id)
        return self._survivor(customer.merged_into) if customer.merged_into else customer

    def _consent(self, said):
        if isinstance(said, bool):
            return ConsentSaid(permission=said)
        now = nanoseconds(self.room.clock.now())
        return ConsentSaid(channels={name: (state, now - ago * SECOND) for name, (state, ago) in said.items()})

    @rule(customer_id=customers, name=names, value=values)
    def edit(self, customer_id, name, value):
        value = value_of(name, value)
        self.room.later(1)
        try:
            edited = self.room.edit(customer_id, **{name: value})
        except NotFound:
            assert self._survivor(customer_id).deleted_at
            return
        self.meant.add((edited.customer_id, source_of(None), name, value))
        # Whatever others said, and whatever a merge's policy says: a person sees what they wrote.
        assert edited.newest.get(name) == value

    @rule(customer_id=customers, product=products, name=names, value=values)
    def edit_as_product(self, customer_id, product, name, value):
        """A product edits by the API, and takes the answer for its copy."""
        value = value_of(name, value)
        self.room.later(1)
        try:
            customer = self.room.edit(customer_id, product, **{name: value})
        except NotFound:
            return
        customer_id = customer.customer_id
        self.meant.add((customer_id, source_of(product), name, value))
        if self.held[product].get(customer_id):
            self.held[product][customer_id][name] = customer.values.get(name)

    @rule(customer_id=customers, product=products, name=names, value=values, full=st.booleans(), late=st.integers(0, 3))
    def edit_at_product(self, customer_id, product, name, value, full, late):
        """A product edits its own copy, and sends an event: the field, or its whole copy."""
        value = value_of(name, value)
        copy = self.held[product].get(customer_id)
        if copy is None:
            return
        self.room.later(1)
        copy[name] = value
        self.meant.add((customer_id, source_of(product), name, value))
        said = {each: copy.get(each) for each in FIELD_NAMES} if full else {name: value}
        ids = (f"{product}-{customer_id}", customer_id)
        self.on_the_way.append(self.room.event(product, ids=ids, late=late / 10, **said))

    @rule(customer_id=customers, product=st.none() | products)
    def delete(self, customer_id, product):
        self.room.later(1)
        customer_id = self._survivor(customer_id).customer_id
        if product and not self.held[product].get(customer_id):
            return
        try:
            self.room.delete(customer_id, product)
        except NotFound:
            return
        if product:
            self.held[product][customer_id] = None

    @rule(number=st.integers(0, 9), how=st.sampled_from(["keep_separate", "dismiss"]))
    def resolve(self, number, how):
        """Somebody resolves one of the open conflicts."""
        self.room.later(1)
        conflicts = self.room.customers.open_conflicts(ACCOUNT, limit=99).rows
        if conflicts:
            conflict = conflicts[number % len(conflicts)]
            getattr(self.room, how)(conflict.conflict_id)
            for record in self.room.customers.source_records(conflict.customer_id):
                self.meant.add((conflict.customer_id, record.source, "emails", record.said.get("emails")))

    @rule(number=st.integers(0, 9), again=st.booleans())
    def deliver(self, number, again):
        """One of the events on their way arrives, perhaps not for the last time."""
        if self.on_the_way:
            event = self.on_the_way[number % len(self.on_the_way)]
            if not again:
                self.on_the_way.remove(event)
            self.room.apply(event)

    @rule(
        failures=st.lists(st.sampled_from(["refused", "busy", "unanswered", "dies before", "dies after"]), max_size=3)
    )
    def follow_up(self, failures):
        self.room.later(1)
        self.failures = list(failures)
        self._tell()
        self.failures = []

    def _tell(self):
        self.room.deliver_due(Postponed, WorkerDiedError)

    @rule(product=products, change=st.sampled_from([pause_product, resume_product, redrive_product]))
    def control(self, product, change):
        """Somebody pauses a product, or has it told again."""
        self.room.later(1)
        self.room.control(change, product)

    @rule(lost=st.booleans())
    def every_minute(self, lost):
        """The schedule goes on with walks, perhaps after their messages were lost."""
        self.room.pages = [] if lost else self.room.pages
        self.room.every_minute()

    @rule(seconds=st.integers(1, 200))
    def wait(self, seconds):
        self.room.later(seconds)

    # What holds

    @invariant()
    def the_customer_can_be_rebuilt_from_what_was_said(self):
        for customer in self.room.customers.everyone():
            newest = {}
            for source in ("api", *map(source_of, PRODUCTS)):
                record = self.room.customers.source_record(customer.customer_id, source)
                for name, stamp in record.as_of.items():
                    # A full update and an echo say nothing that their sender did not mean.
                    assert (customer.customer_id, source, name, record.said[name]) in self.meant
                    if stamp > newest.get(name, ("", None))[0]:
                        newest[name] = (stamp, record.said[name])
            current = {name: value for name, (_, value) in newest.items() if value is not None}
            assert customer.deleted_at or current == dict(record_of(customer).values)

    @invariant()
    def identities_can_be_rebuilt_from_the_customers(self):
        owners, waiting, open_conflicts = {}, {}, {}
        for customer in self.room.customers.everyone():
            for key in customer.keys:
                if key in customer.waiting:
                    waiting.setdefault(key_id(key), {})[customer.customer_id] = customer.conflict_id
                else:
                    owners.setdefault(key_id(key), set()).add(customer.customer_id)
            if customer.conflict_id:
                open_conflicts[customer.conflict_id] = customer.customer_id
            assert customer.is_gone or all_keys(keys_by_field(customer.newest, KeyRules())) == customer.keys
            assert bool(customer.waiting) == bool(customer.conflict_id)
        for identity in self.room.customers.all_identities():
            assert set(identity.owners) == owners.pop(identity.key_id, set())
            assert identity.waiting == waiting.pop(identity.key_id, {})
        assert (owners, waiting) == ({}, {})
        conflicts = self.room.customers.open_conflicts(ACCOUNT, limit=999).rows
        assert {each.conflict_id: each.customer_id for each in conflicts} == open_conflicts

    @invariant()
    def no_two_listed_customers_show_one_key_unless_they_are_kept_separate(self):
        shown = {}
        for customer in self.room.customers.everyone():
            if row_of(customer):
                for key in all_keys(keys_by_field(customer.values, KeyRules())):
                    shown.setdefault(key, []).append(customer)
        for sharing in shown.values():
            for one, other in combinations(sharing, 2):
                assert one.is_kept_separate_from(other)

    @invariant()
    def consent_is_what_its_ledger_says_and_the_newest_denial_holds(self):
        for customer in self.room.customers.everyone():
            ledger = self._ledger(customer)
            # What a product repeats, because it was told it, grants nothing.
            assert not [row for row in ledger if row.state == "granted" and row.stamp.partition("#")[2] in self.repeats]
            assert customer.consent == with_statements({}, ledger) == with_statements({}, reversed(ledger))
            for channel, said in shown(customer.consent).items():
                rows = [row for row in ledger if row.channel == channel]
                denials = [row.at for row in rows if row.state == "denied" or is_effective(row, rows)]
                grants = [row.at for row in rows if row.state == "granted"]
                is_granted = bool(grants) and max(grants) > max(denials, default="")
                assert (said or {}).get("state") == ("granted" if is_granted else "denied" if denials else None)

    def _ledger(self, customer):
        return self.room.customers.consent_ledger(customer.customer_id)

    def _owns(self, owner_id, customer):
        owner = self.room.customers.customer(owner_id)
        return ({*owner.keys} - {*owner.waiting}) & {*customer.waiting}

    def teardown(self):
        if not hasattr(self, "room"):
            return
        self.room.later(200)
        for event in self.on_the_way:
            self.room.apply(event)
        for product in PRODUCTS:
            self.room.control(resume_product, product)
            self.room.control(redrive_product, product)
        for _ in range(15):
            self._tell()
            self.room.later(200)
            self.room.every_minute()
        assert (self.room.pointers, self.room.products.behind()) == ([], [])
        for customer in self.room.customers.everyone():
            # Who waits has somebody to wait for.
            assert all(self._owns(other, customer) for other in customer.conflicting)
            if customer.hidden and not customer.is_gone:
                continue
            for product in PRODUCTS:
                copy = self.held[product].get(customer.customer_id)
                if customer.is_gone or (product == "c" and customer.is_withdrawn):
                    assert copy is None, product
                elif copy is None:
                    assert product == "c"
                    assert not customer.permission_to_contact
                else:
                    given = {
                        name: value
                        for name, value in copy.items()
                        if name not in ("version", "own", PERMISSION, CONSENT) and value
                    }
                    assert given == dict(customer.values), product
                    assert copy[PERMISSION] == customer.permission_to_contact, product
                    assert copy[CONSENT] == shown(customer.consent), product
        # Quiet now: nobody is told anything more.
        before = self.pushes
        self._tell()
        assert self.pushes == before


def value_of(name, text):
    """Return a value of the field: of e-mails one for each letter."""
    if name != "emails":
        return text
    return tuple(f"{letter}@x.example" for letter in text) if text else None


def copy_of(customer):
    consent = {PERMISSION: customer.permission_to_contact, CONSENT: dict(shown(customer.consent))}
    return {"version": customer.version, **consent, **customer.values}


def note_consent(copy, said, at):
    """Note in a product's copy what it says itself, as docs/products.md explains it."""
    if said == copy[PERMISSION]:
        return
    consent = copy[CONSENT] = dict(copy[CONSENT])
    if isinstance(said, bool):
        said_by_channel = {
            channel: ("granted" if said else "denied", at) for channel in CHANNELS if said or consent[channel]
        }
    else:
        said_by_channel = {channel: (state, at - ago * SECOND) for channel, (state, ago) in said.items()}
    for channel, (state, since) in said_by_channel.items():
        moment = iso_nanoseconds(since)
        held = consent[channel]
        if held is None or (moment, state == "denied") > (held["at"], held["state"] == "denied"):
            consent[channel] = {"state": state, "at": moment}
    known = [each["state"] for each in consent.values() if each]
    permitted = "granted" in known and "denied" not in known
    copy[PERMISSION], copy["own"] = said if isinstance(said, bool) else permitted, True


def is_effective(row, rows):
    """Return whether a withdrawal denies: something was said before it."""
    said = [each.stamp for each in rows if each.state != "withdrawn"]
    return row.state == "withdrawn" and any(stamp < row.stamp for stamp in said)


TestInStep = InStep.TestCase
# `make soak` asks for more runs.
RUNS = max(200, settings.default.max_examples)
TestInStep.settings = settings(max_examples=RUNS, stateful_step_count=25, deadline=None)
