"""Two do something with one customer at the same moment: one is first, nothing is lost, and nothing is there twice.

Use cases with stores in the emulator and in AWS's DynamoDB Local. After each race the whole list is checked
(`ops/check_list.py`).
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from customer_center.customers.consent import ConsentSaid
from customer_center.customers.effects import KEYS_CHANGED
from customer_center.customers.listing import row_of
from customer_center.customers.partners import without_account
from customer_center.customers.product_store import ProductStore
from customer_center.customers.push_customer import Postponed
from customer_center.customers.store import CustomerStore
from customer_center.platform.clock import SystemClock
from customer_center.platform.errors import Conflict, CustomerCenterError, InProgress, PreconditionFailed
from customer_center.platform.idempotency import AlreadyDone, Idempotency
from customer_center.platform.journal import Journal, from_image
from ops.check_list import ListTables, differences
from tests.builders.customers_room import ACCOUNT, ANNA, PARTNER, CustomersRoom
from tests.contract.conftest import at_once

MANY = 16
EMAIL, OTHER_EMAIL = "anna@muster.example", "other@muster.example"


class MovableClock(SystemClock):
    """The machine's clock, whose time can be moved on. Who waits does wait, as long as the others take."""

    ahead = timedelta()

    def now(self):
        return datetime.now(UTC) + self.ahead

    def advance(self, **duration):
        self.ahead += timedelta(**duration)


@dataclass
class Race:
    """A room whose customers are in DynamoDB, and its journal."""

    room: CustomersRoom
    journal: Journal
    dynamodb: object
    journal_table: str

    def follow_keys(self):
        """Follow what the journal says about keys, until nothing new is there."""
        done = set()
        while effects := [each for each in self._effects() if each.effect_id not in done]:
            for effect in effects:
                self.room.follow(effect)
                done.add(effect.effect_id)

    def _effects(self):
        items = self.dynamodb.scan(TableName=self.journal_table, ConsistentRead=True)["Items"]
        entries = [from_image(item) for item in items]
        return [effect for entry in entries for effect in entry.effects if effect.kind == KEYS_CHANGED]

    def listed(self, *ids):
        """Return those of the customers that are listed, and what each of them shows."""
        found = (self.room.customers.customer(each) for each in ids)
        return {each.customer_id: each.values.get("emails", ()) for each in found if row_of(each)}

    def actions(self, customer_id):
        return [entry.action for entry in self.journal.newest(customer_id, limit=100).rows]


@pytest.fixture(params=["emulator_client", "dynamodb_local_client"])
def race(request, create_table):
    dynamodb = request.getfixturevalue(request.param)("dynamodb")
    table, journal_table = (create_table(dynamodb, name) for name in ("CustomersTable", "JournalTable"))
    room, journal = CustomersRoom(), Journal(client=dynamodb, table=journal_table)
    at = {"client": dynamodb, "table": table, "journal": journal}
    room.customers, room.products = CustomerStore(**at), ProductStore(**at)
    for product in ("a", "b"):
        room.connect(product)
    yield Race(room, journal, dynamodb, journal_table)
    assert list(differences(ListTables(dynamodb, table, journal_table, timedelta(days=9999)))) == []


@pytest.fixture
def room(race):
    return race.room


def until_applied(room, event):
    """Apply an event as its queue does: again until it is applied."""
    while True:
        try:
            return room.apply(event)
        except (PreconditionFailed, Conflict, InProgress):
            continue


def until(do):
    """Do something as a caller who tries again."""
    while True:
        try:
            return do()
        except (PreconditionFailed, InProgress):
            continue


def until_edited(room, customer_id, product=None, **values):
    """Edit as a caller who reads the newest version and tries again."""
    while True:
        try:
            return room.edit(customer_id, product, **values)
        except (PreconditionFailed, InProgress):
            continue


def test_of_many_creations_with_one_external_id_one_is_written(race):
    room = race.room
    answers = at_once(*(lambda n=n: room.create("a", external_id="a-1", last_name=f"Name {n}") for n in range(MANY)))
    (created,) = (answer for answer in answers if not isinstance(answer, Exception))
    assert {answer.code for answer in answers if isinstance(answer, Exception)} <= {"external-id-taken", "in-progress"}
    assert room.customers.customer_id_of(ACCOUNT, "a", "a-1") == created.customer_id
    assert race.actions(created.customer_id) == ["customer.created"]


def test_of_many_repeats_of_one_creation_one_is_written(room):
    request = Idempotency("key", "content")

    def create():
        store = room.customers.remembering(request)
        other = CustomersRoom()
        other.customers, other.clock, other.numbers = store, room.clock, count(1)
        return other.create(None, **ANNA)

    answers = at_once(*[create] * MANY)
    (created,) = (answer for answer in answers if not isinstance(answer, Exception))
    assert all(isinstance(answer, AlreadyDone | InProgress) for answer in answers if answer != created)
    assert room.customers.remembered(request, room.clock.now()).subject == created.customer_id


def test_of_many_events_with_one_unknown_id_one_creates(room):
    """The others change the customer that the first one created."""
    events = [room.event("a", ids=("a-1", None), late=n, **{f: str(n)}) for n, f in enumerate(["first_name"] * MANY)]
    at_once(*(lambda event=event: until_applied(room, event) for event in events))
    customer = room.customers.customer(room.customers.customer_id_of(ACCOUNT, "a", "a-1"))
    assert customer.values == {"first_name": "0"}
    assert room.customers.delivery(customer.customer_id, ACCOUNT, "a").external_id == "a-1"


def test_edits_and_events_at_once_all_leave_their_statements(race):
    room = race.room
    customer_id = room.create("a", external_id="a-1", customer_code="10000", **ANNA).customer_id
    room.later()
    events = [
        room.event("a", ids=("a-1", None), late=5, last_name="Said by a"),
        room.event("b", ids=("b-1", customer_id), late=4, last_name="Said by b", phones=("1",)),
        room.event(None, ids=("10000", None), late=3, organisation="Said by the ERP"),
        room.event("b", ids=("b-1", customer_id), late=2, consent=ConsentSaid(permission=True)),
    ]
    at_once(
        *(lambda event=event: until_applied(room, event) for event in events),
        lambda: until_edited(room, customer_id, first_name="Edited"),
        lambda: until_edited(room, customer_id, "a", emails=("new@muster.example",)),
        lambda: until_edited(room, customer_id, consent=ConsentSaid(channels={"sms": ("denied", 0)})),
    )
    said = {record.source: dict(record.said) for record in room.customers.source_records(customer_id)}
    assert said["product:a"]["last_name"] == "Said by a"
    assert said["product:b"] == {"last_name": "Said by b", "phones": ("1",)}
    assert said["erp"] == {"organisation": "Said by the ERP"}
    assert said["api"] == {"first_name": "Edited"}
    assert room.shown(customer_id) == {
        "first_name": "Edited",
        "last_name": "Said by b",
        "organisation": "Said by the ERP",
        "emails": ("new@muster.example",),
        "phones": ("1",),
    }
    assert {row.source for row in room.customers.consent_ledger(customer_id)} == {"product:b", "api"}


def test_of_edits_of_one_version_at_once_one_is_written(race):
    room = race.room
    customer_id = room.create(None, **ANNA).customer_id
    answers = at_once(
        *(lambda n=n: room.edit(customer_id, last_name=f"Name {n}", if_versions={1}) for n in range(MANY))
    )
    (written,) = (answer for answer in answers if not isinstance(answer, CustomerCenterError))
    assert {type(answer) for answer in answers if answer != written} <= {PreconditionFailed, InProgress}
    assert room.shown(customer_id) == written.values
    assert race.actions(customer_id) == ["customer.updated", "customer.created"]


def test_a_deletion_against_edits_and_events_is_final(room):
    customer_id = room.create("a", external_id="a-1", **ANNA).customer_id
    event = room.event("b", ids=("b-1", customer_id), last_name="Neumann")
    at_once(
        lambda: until_applied(room, event),
        lambda: until_edited(room, customer_id, first_name="Edited"),
        lambda: until_applied(room, room.event("a", "customer.deleted", ids=("a-1", None))),
    )
    assert room.customers.customer(customer_id).deleted_at


def test_a_departure_against_edits_events_and_who_takes_its_keys(room):
    customer_id = room.create("a", external_id="a-1", customer_code="10000", **ANNA).customer_id
    waiting = room.create("b", last_name="Waits", emails=ANNA["emails"]).customer_id
    room.partner()
    event = room.event("b", ids=("b-1", customer_id), phones=("+493511234567",))
    left, _, _, created = at_once(
        lambda: until(lambda: room.leave(customer_id)),
        lambda: room.apply(event),
        lambda: until_edited(room, waiting, first_name="Edited"),
        lambda: until(lambda: room.create("a", **ANNA)),
    )
    assert left.partner_id == PARTNER
    customer = room.customers.customer(customer_id)
    assert (customer.account_id, customer.keys) == (without_account(PARTNER), ())
    assert until(lambda: room.join(customer_id)).account_id == ACCOUNT
    # Whoever comes first gets the e-mail: the one that waits, the new one, or the one that is back.
    ids = (customer_id, waiting, created.customer_id)
    assert sum(not room.customers.customer(each).hidden for each in ids) <= 1


def test_of_two_who_join_with_one_e_mail_one_is_listed(room):
    room.partner()
    both = [room.create(**ANNA, account=without_account(PARTNER)).customer_id for _ in range(2)]
    at_once(*(lambda customer_id=customer_id: until(lambda: room.join(customer_id)) for customer_id in both))
    joined = [room.customers.customer(customer_id) for customer_id in both]
    assert sorted(each.hidden for each in joined) == [False, True]


def test_of_a_departure_twice_at_once_one_is_written(race):
    room = race.room
    customer_id = room.create(None, **ANNA).customer_id
    room.partner()
    answers = at_once(*[lambda: room.leave(customer_id)] * 4)
    (left,) = (answer for answer in answers if not isinstance(answer, Exception))
    assert room.customers.customer(customer_id) == left
    assert race.actions(customer_id) == ["customer.left", "customer.created"]


def test_of_many_workers_at_one_delivery_one_tells(room):
    customer_id = room.create("a", **ANNA).customer_id

    def work():
        try:
            room.push("b", customer_id)
        except Postponed as postponed:
            return postponed
        return None

    at_once(*[work] * MANY)
    assert [push.kind for push in room.connector.pushes] == ["created"]
    assert not room.customers.delivery(customer_id, ACCOUNT, "b").is_in_doubt


def test_a_worker_that_comes_during_a_call_waits_for_it(room):
    customer_id = room.create("a", **ANNA).customer_id
    met = []

    def meanwhile(product, push):
        room.connector.during = None
        with pytest.raises(Postponed):
            room.push("b", customer_id)
        room.edit(customer_id, last_name="Meanwhile")
        met.append(push.push_id)

    room.connector.during = meanwhile
    room.push("b", customer_id)
    room.push("b", customer_id)
    assert [(push.kind, push.customer.version) for push in room.connector.pushes] == [("created", 1), ("updated", 2)]
    assert met == [room.connector.pushes[0].push_id]


# Match keys: who comes first owns them


@pytest.fixture
def keys(race):
    race.room.clock = MovableClock()
    return race


def test_of_many_creations_with_one_email_one_is_listed_and_the_others_are_in_conflict_with_it(keys):
    """Issue: sixteen 201, one listed, fifteen in conflict with it."""
    room = keys.room
    answers = at_once(*(lambda n=n: room.create(None, last_name=f"Name {n}", emails=(EMAIL,)) for n in range(MANY)))
    ids = [customer.customer_id for customer in answers]
    (owner,) = keys.listed(*ids)
    keys.follow_keys()
    assert list(keys.listed(*ids)) == [owner]
    others = [room.customers.customer(each) for each in ids if each != owner]
    assert {tuple(each.conflicting) for each in others} == {(owner,)}
    assert len({each.conflict_id for each in others}) == MANY - 1


def test_crossed_pairs_each_end_in_one_owner_of_each_email(keys):
    """Of two customers each takes what the other one has, at the same moment."""
    room = keys.room
    pairs = [[f"{name}{n}@muster.example" for name in ("one", "two")] for n in range(4)]
    ids = [[room.create(None, last_name=email, emails=(email,)).customer_id for email in pair] for pair in pairs]
    room.later()
    crossed = [
        lambda customer_id=customer_id, email=email: until_edited(room, customer_id, emails=(email,))
        for customers, pair in zip(ids, pairs, strict=True)
        for customer_id, email in zip(customers, reversed(pair), strict=True)
    ]
    assert not [answer for answer in at_once(*crossed) if isinstance(answer, Exception)]
    keys.follow_keys()
    for customers, pair in zip(ids, pairs, strict=True):
        assert keys.listed(*customers) == {
            customer_id: (email,) for customer_id, email in zip(customers, reversed(pair), strict=True)
        }


def test_a_merge_against_claims_of_its_keys_keeps_them(keys):
    """Others claim the e-mails of two customers while these are merged. The survivor shows both, and nobody else."""
    room = keys.room
    pair = [room.create(None, last_name=email, emails=(email,)).customer_id for email in (EMAIL, OTHER_EMAIL)]
    claimers = [room.create(None, last_name=f"Claims {n}").customer_id for n in range(4)]
    room.later()
    answers = at_once(
        lambda: room.merge(*pair),
        *(lambda each=each: until_edited(room, each, emails=(EMAIL, OTHER_EMAIL)) for each in claimers[:2]),
        *(lambda each=each: until_edited(room, each, emails=(OTHER_EMAIL,)) for each in claimers[2:]),
        lambda: room.create(None, last_name="New", emails=(OTHER_EMAIL,)),
    )
    assert not [answer for answer in answers if isinstance(answer, Exception)]
    keys.follow_keys()
    claimers.append(answers[-1].customer_id)
    survivor = answers[0].customer_id
    assert {*keys.listed(survivor)[survivor]} == {EMAIL, OTHER_EMAIL}
    assert not any(keys.listed(*claimers).values())
    for claimer in claimers:
        assert tuple(room.customers.customer(claimer).conflicting) == (survivor,)


def test_an_unmerge_against_claims_of_its_key_leaves_it_to_one(keys):
    """The cluster does not show its member's e-mail. While the member comes out, others claim that e-mail."""
    room = keys.room
    pair = [room.create(None, last_name=email, emails=(email,)).customer_id for email in (EMAIL, OTHER_EMAIL)]
    room.later()
    survivor = room.merge(*pair, emails="fill_empty").customer_id
    member = next(each for each in pair if each != survivor)
    claimers = [room.create(None, last_name=f"Claims {n}").customer_id for n in range(3)]
    room.later()
    answers = at_once(
        lambda: room.unmerge(survivor),
        *(lambda each=each: until_edited(room, each, emails=(OTHER_EMAIL,)) for each in claimers),
        lambda: room.create(None, last_name="New", emails=(OTHER_EMAIL,)),
    )
    assert not [answer for answer in answers if isinstance(answer, Exception)]
    keys.follow_keys()
    claimers.append(answers[-1].customer_id)
    showing = keys.listed(member, *claimers)
    (owner,) = (each for each, emails in showing.items() if OTHER_EMAIL in emails)
    assert keys.listed(survivor) == {survivor: (EMAIL,)}
    for other in {member, *claimers} - {owner}:
        assert tuple(room.customers.customer(other).conflicting) == (owner,)
