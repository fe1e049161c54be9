"""A use case of the Customer List dies at any step, or a step fails, and its caller repeats: nothing is lost or twice.

Callers of the API repeat with the same Idempotency-Key or with another one, queues deliver a message again. Then all
products are told. The state must be that of the undisturbed run, and every customer what its sources say.
"""

from collections import Counter
from functools import cache
from itertools import count
from unittest.mock import patch

import pytest

from customer_center.customers import catch_up_product, follow_erasure
from customer_center.customers.consent import ConsentSaid, shown
from customer_center.customers.control_product import redrive_product
from customer_center.customers.follow_change import follow_change
from customer_center.customers.model import CONSENT
from customer_center.customers.product_ports import Refused, TryLater, Unsubscribed
from customer_center.customers.push_customer import Postponed
from customer_center.customers.reconcile_product import reconcile_product, start_reconciliation
from customer_center.platform.idempotency import Idempotency, once
from ops.check_list import rebuilt
from tests.builders.customers_room import ACCOUNT, ANNA, MACHINE, CustomersRoom
from tests.fakes.products import FakeConnector
from tests.fakes.reconciliations import FakeReconciliations, ReadableProduct
from tests.faults.use_cases import WAYS, Fate, Scenario, disturbed

PORTS = ("customers", "accounts", "products", "connector", "secrets", "erased_ids", "reconciliations")
OTHER = "AG-200"
GRANT = ConsentSaid(permission=True)
DENIAL = ConsentSaid(channels={"sms": ("denied", 0)})


BUSY = TryLater("http-503", is_outage=True)


class Readable(FakeConnector, ReadableProduct):
    """Products of a kind that can be read; `customers` is what they hold."""

    def __init__(self):
        ReadableProduct.__init__(self)
        FakeConnector.__init__(self)


class Room(CustomersRoom):
    """The customers room, whose products can be compared. `comparisons` are messages that wait."""

    def __init__(self, *products):
        super().__init__(*products)
        self.reconciliations, self.comparisons = FakeReconciliations(), []


# What is there before


def _connected():
    return Room("a", "b")


def _with_a_customer(**given):
    room = _connected()
    room.customer_id = room.create("a", external_id="a-1", customer_code="10000", **ANNA, **given).customer_id
    room.follow_up()
    room.later()
    return room


def _event(*arguments, prepare=_with_a_customer, **given):
    """Return a room where an event is on its way."""

    def prepared():
        room = prepare()
        own_id, named = given.get("ids", (None, None))
        ids = own_id, room.customer_id if named else None
        room.sent = room.event(*arguments, **{**given, "ids": ids})
        return room

    return prepared


def _untold(*outcomes, **rules):
    """Return a room whose product `b` has to be told of a change, and answers so."""

    def prepare():
        room = _with_a_customer()
        room.connect("b", **rules)
        room.edit(room.customer_id, last_name="Neumann", consent=DENIAL)
        room.gather()
        room.connector.outcomes["b"] = list(outcomes)
        return room

    return prepare


def _twins():
    """Return a room with a customer, and one that waits for its e-mail."""
    room = _with_a_customer()
    room.twin_id = room.create("b", external_id="b-2", last_name="Twin", emails=ANNA["emails"]).customer_id
    room.conflict_id = room.customers.customer(room.twin_id).conflict_id
    room.follow_up()
    room.later()
    return room


def _given_up():
    """Return a room whose customer has given up the e-mail that another one waits for."""
    room = _twins()
    room.edit(room.customer_id, emails=None)
    return room


def _merged():
    room = _twins()
    room.merge(room.customer_id, room.twin_id)
    room.follow_up()
    room.later()
    return room


def _of_a_partner(prepare=_twins):
    """Return a room whose account has a partner, who has another account, too, with products of its own."""
    room = prepare()
    for account in (ACCOUNT, OTHER):
        room.partner(account=account)
    for product in ("b", "c"):
        room.connect(product, account=OTHER)
    room.settle()
    return room


def _left():
    """Return a room whose customer has left its account, which nobody was told yet."""
    room = _of_a_partner()
    room.leave(room.customer_id)
    room.later()
    return room


def _several():
    """Return a room with further customers that both products have."""
    room = _with_a_customer()
    room.others = [room.create("a", last_name=name).customer_id for name in ("Two", "Three", "Four")]
    room.follow_up()
    room.later()
    return room


def _left_and_lost_its_id():
    """Return a room whose customer has left its account, and another one has its external id."""
    room = _left()
    room.follow_up()
    room.create("a", external_id="a-1", last_name="Other")
    return room


def _left_and_pointed():
    """Return a room whose products have to be told that the customer left."""
    room = _left()
    room.gather()
    return room


def _behind(*outcomes):
    """Return a room whose product `b` is down, has missed all kinds of changes, and may be tried again."""

    def prepare():
        room = _several()
        room.connector.outcomes["b"] = [BUSY]
        room.edit(room.customer_id, last_name="Neumann")
        room.gather()
        room.tell()
        room.edit(room.others[0], first_name="Later")
        room.delete(room.others[1])
        room.create("a", last_name="New")
        room.follow_up()
        assert room.status("b").is_recovering
        room.later(20)
        room.connector.outcomes["b"] = list(outcomes)
        return room

    return prepare


def _new_product():
    """Return a room with a product that is new and has everything to be told."""
    room = _several()
    room.connect("c")
    room.gather()
    return room


def _redriven():
    """Return a room whose product `b` refused customers, and is to be told them again."""
    room = _with_a_customer()
    room.connector.outcomes["b"] = [Refused("http-422")] * 3
    for name in ("Two", "Three", "Four"):
        room.create("a", last_name=name)
    room.follow_up()
    room.later()
    room.control(redrive_product, "b")
    room.gather()
    return room


def _erased(prepare=_with_a_customer):
    """Return a room with an erased person, and what follows on its way."""

    def prepared():
        room = prepare()
        room.erase(room.customer_id)
        room.gather()
        return room

    return prepared


def _compared(*, repair):
    """Return a room whose product `b` holds other things than it should, and is being compared."""

    def prepare():
        room = _several()
        room.connector = Readable()
        held = {each.customer_id: dict(each.values) for each in room.customers.everyone()}
        held[room.customer_id]["last_name"] = "Typed there"
        del held[room.others[2]]
        room.connector.customers = held | {"their-1": {"last_name": "Unknown"}}
        ports = {"products": room.products, "connectors": lambda kind: room.connector, "clock": room.clock}
        at = {**ports, "reconciliations": room.reconciliations}
        room.later()
        started = start_reconciliation(ACCOUNT, "b", MACHINE, "request", repair=repair, **at)
        room.comparisons = [started.reconciliation_id]
        return room

    return prepare


# What is done


def _walk(room, _):
    """Deliver the messages of the queue of products, in pages of two. One whose worker dies stays."""
    with patch.object(catch_up_product, "PAGE", 2):
        for _ in range(2):
            room.tell()
            room.later(15)


def _clear(room, _):
    """Deliver the message of the erasure until it is done, in pages of one; each time there is time for two more."""
    for pages in count(step=2):
        if not room.erasures:
            return
        left = iter([True] * pages)
        with patch.object(follow_erasure, "_PAGE", 1):
            room.clear(lambda left=left: next(left, False))
        room.later()


def _reconcile(room, _):
    """Deliver the message of the comparison, and those of its next pages."""
    while room.comparisons:
        reconcile_product(
            room.comparisons[0],
            has_time=lambda: False,
            customers=room.customers,
            products=room.products,
            connectors=lambda kind: room.connector,
            reconciliations=room.reconciliations,
            send=lambda effects: _queue(room, effects),
            clock=room.clock,
        )
        room.comparisons.pop(0)


def _queue(room, effects):
    room.send(effects)
    room.comparisons += [each.data["reconciliation_id"] for each in effects if "reconciliation_id" in each.data]


def _erase_both(room, _):
    room.erase(room.customer_id, include=[room.twin_id])


def _create_twin(room, claim):
    def do(customers):
        plain, room.customers = room.customers, customers
        try:
            return room.create("b", external_id="b-2", last_name="Twin", emails=ANNA["emails"])
        finally:
            room.customers = plain

    once(Idempotency(claim, "content"), do, room.customers.customer, records=room.customers, clock=room.clock)


def _release(room, _):
    for effect in [effect for entry in room.customers.entries for effect in entry.effects]:
        room.follow(effect)


def _create(room, claim):
    def do(customers):
        plain, room.customers = room.customers, customers
        try:
            return room.create("a", external_id="a-1", customer_code="10000", consent=GRANT, **ANNA)
        finally:
            room.customers = plain

    once(Idempotency(claim, "content"), do, room.customers.customer, records=room.customers, clock=room.clock)


def _edit(product, **given):
    return lambda room, _: room.edit(room.customer_id, product, **given)


def _apply(room, _):
    room.apply(room.sent)


def _follow(room, _):
    for entry in room.customers.entries:
        for effect in entry.effects:
            follow_change(
                effect.data["account_id"],
                effect.data["customer_id"],
                send=room.pointers.extend,
                customers=room.customers,
                products=room.products,
                clock=room.clock,
            )


def _push(room, _):
    for pointer in room.pointers:
        try:
            room.push(pointer.data["product"], pointer.data["customer_id"])
        except Postponed:
            # The pointer stays, and comes again.
            continue


SCENARIOS = {
    "creation": Scenario(_connected, _create, told="external-id-taken"),
    "edit": Scenario(_with_a_customer, _edit(None, last_name="Neumann", phones=None)),
    "edit by a product": Scenario(_with_a_customer, _edit("b", last_name="Neumann", phones=("1",))),
    "edit of consent": Scenario(_with_a_customer, _edit(None, consent=DENIAL)),
    "edit of one version": Scenario(
        _with_a_customer, _edit(None, last_name="Neumann", if_versions={1}), told="version-changed"
    ),
    "deletion": Scenario(_with_a_customer, lambda room, _: room.delete(room.customer_id), told="not-found"),
    "deletion by a product": Scenario(
        _with_a_customer, lambda room, _: room.delete(room.customer_id, "a"), told="not-found"
    ),
    "event that creates": Scenario(_event("b", "customer.created", ids=("b-9", None), consent=GRANT, **ANNA), _apply),
    "event of the ERP that creates": Scenario(_event(None, "customer.created", ids=("20000", None), **ANNA), _apply),
    "event that changes": Scenario(_event("a", ids=("a-1", None), last_name="Neumann"), _apply),
    "event that associates an id": Scenario(_event("b", ids=("b-1", True), last_name="Neumann"), _apply),
    "event of the ERP": Scenario(_event(None, ids=("10000", None), organisation="Muster"), _apply),
    "event with nothing new": Scenario(_event("a", ids=("a-1", None), last_name="Muster"), _apply),
    "event that is older": Scenario(_event("b", ids=("b-1", True), late=60, last_name="Older"), _apply),
    "event about consent": Scenario(_event("b", ids=("b-1", True), consent=GRANT), _apply),
    "event that deletes": Scenario(_event("a", "customer.deleted", ids=("a-1", None)), _apply),
    "event that is refused": Scenario(_event("b", ids=("a-1", True), consent=ConsentSaid(permission=2**62)), _apply),
    "what follows from a change": Scenario(_with_a_customer, _follow),
    "creation in conflict": Scenario(_with_a_customer, _create_twin, told="external-id-taken"),
    "edit that gives a key up": Scenario(_twins, _edit(None, emails=None)),
    "event that gives a key up": Scenario(_event("a", ids=("a-1", None), emails=None, prepare=_twins), _apply),
    "event that takes another's key": Scenario(
        _event("b", ids=("b-2", None), phones=("+49 351 4567890",), emails=None, prepare=_twins), _apply
    ),
    "release of who waits": Scenario(_given_up, _release),
    "keeping two separate": Scenario(_twins, lambda room, _: room.keep_separate(room.conflict_id)),
    "dismissal": Scenario(_twins, lambda room, _: room.dismiss(room.conflict_id)),
    "deletion of who owns a key": Scenario(_twins, lambda room, _: room.delete(room.customer_id), told="not-found"),
    "merge": Scenario(_twins, lambda room, _: room.merge(room.customer_id, room.twin_id), told="already-merged"),
    "leaving an account": Scenario(_of_a_partner, lambda room, _: room.leave(room.customer_id), told="not-found"),
    "joining another account": Scenario(_left, lambda room, _: room.join(room.customer_id, OTHER)),
    "coming back": Scenario(_left, lambda room, _: room.join(room.customer_id)),
    "coming back without its id": Scenario(_left_and_lost_its_id, lambda room, _: room.join(room.customer_id)),
    "what follows from leaving": Scenario(_left, _release),
    "push of a departure": Scenario(_left_and_pointed, _push),
    "event about who left": Scenario(_event("a", ids=("a-1", None), prepare=_left, last_name="Neumann"), _apply),
    "event of the ERP about who left": Scenario(_event(None, ids=("10000", None), prepare=_left, **ANNA), _apply),
    "deletion of who left": Scenario(_event("a", "customer.deleted", ids=("a-1", None), prepare=_left), _apply),
    "un-merge": Scenario(_merged, lambda room, _: room.unmerge(room.customer_id), told="not-merged"),
    "push": Scenario(_untold(), _push),
    "push that is not taken": Scenario(_untold(TryLater("http-500")), _push),
    "push that is refused": Scenario(_untold(*[Refused("http-422")] * 9), _push),
    "push to a product that is gone": Scenario(_untold(*[Unsubscribed()] * 9), _push),
    "push of a withdrawal": Scenario(_untold(on_withdrawal="delete"), _push),
    "walk after an outage, with its probe": Scenario(_behind(), _walk),
    "walk after an outage, whose probe fails": Scenario(_behind(TryLater("http-500")), _walk),
    "walk of all customers": Scenario(_new_product, _walk),
    "walk of what was refused": Scenario(_redriven, _walk),
    "erasure": Scenario(_with_a_customer, lambda room, _: room.erase(room.customer_id)),
    "erasure of two in conflict": Scenario(_twins, _erase_both),
    "erasure of merged ones": Scenario(_merged, lambda room, _: room.erase(room.customer_id)),
    "what follows from an erasure, page by page": Scenario(_erased(), _clear),
    "what follows from an erasure of merged ones": Scenario(_erased(_merged), _clear),
    "comparison": Scenario(_compared(repair=False), _reconcile),
    "comparison that repairs": Scenario(_compared(repair=True), _reconcile),
    "connecting a product": Scenario(_with_a_customer, lambda room, _: room.connect("c")),
    "changing a product": Scenario(
        _with_a_customer, lambda room, _: room.connect("b", url="https://other.example/", without_consent="skip")
    ),
    "removing a product": Scenario(_with_a_customer, lambda room, _: room.disconnect("b"), told="not-found"),
}


def _run(scenario, fate, **given):
    room = disturbed(scenario, fate, PORTS, **given)
    room.gather()
    for _ in range(3):
        room.later(200)
        room.every_minute()
        room.tell()
        room.clear()
    assert (room.pointers, room.pages, room.erasures, room.comparisons) == ([], [], [], [])
    for customer in room.customers.everyone():
        assert rebuilt(customer, room.customers) == customer
        if customer.erased_at:
            assert customer.cleared_at
            assert not room.customers.source_records(customer.customer_id)
            assert "Muster" not in str(room.customers.history(customer.customer_id, limit=99))
    return room


def _state(room):
    """Return everything that is there, by numbers instead of ids and without times."""
    customers = room.customers
    names = {each.customer_id: f"customer {at}" for at, each in enumerate(customers.everyone())}
    return {
        "customers": {
            names[each.customer_id]: (
                each.account_id, sorted(each.left), each.values, each.said_by, _plain(shown(each.consent)),
                each.customer_code, each.deleted_at is not None,
                each.version,
            )
            for each in customers.everyone()
        },
        "own ids": {key: names[own_id.customer_id] for key, own_id in customers._own_ids.items()},
        "sources": {(names[key[0]], key[1]): each.said for key, each in customers._sources.items()},
        "deliveries": {
            (names[key[0]], *key[1:]): (
                each.has_it, _timeless(each.knows), _doubt(each), each.external_id, each.refused,
            )
            for key, each in customers._deliveries.items()
        },
        "products": {
            each.product: (each.url, each.without_consent, each.gone_at is not None, room.secrets.has(each.secret_id))
            for each in room.products.products(ACCOUNT)
        },
        "behind": room.products.behind(),
        "failures": {
            (each.product, names[row.customer_id], row.reason)
            for each in room.products.products(ACCOUNT)
            for row in room.products.failures(each, limit=99).rows
        },
        "erased ids": room.erased_ids.kept,
        "findings": {
            (each.difference, names.get(each.customer_id), tuple(each.fields), each.repaired)
            for each in room.reconciliations._findings.values()
        },
        "compared": [each.counts for each in room.reconciliations._kept.values() if each.finished_at],
        "secrets": len(room.secrets.kept),
        "journal": Counter(
            (entry.action, names.get(entry.subject, entry.subject.partition("_")[0]))
            for entry in (*customers.entries, *room.products.entries)
        ),
        "fed": {names[customer_id] for _, _, customer_id in room.products.rows},
        "refused": {(source, code) for source, _, code, _ in customers.refused},
        # The newest thing that each product was told of each customer.
        "told": {
            (names[push.customer.customer_id], push.customer.account_id, product): (push.kind, push.customer.values)
            for (product, *_), push in zip(room.connector.told, room.connector.pushes, strict=True)
        },
    }  # fmt: skip


def _timeless(hashes):
    """Return the hashes of what a product knows, without that of the consent, which has times."""
    return {name: value for name, value in hashes.items() if name != CONSENT}


def _doubt(delivery):
    """Return whether a call is in doubt. One that died stays so where the product refuses what it is told again."""
    return delivery.is_in_doubt and not delivery.refused


def _plain(consent):
    return {channel: said and said["state"] for channel, said in consent.items()}


def _steps(scenario):
    fate = Fate()
    _run(scenario, fate)
    return fate.steps


CASES = [
    pytest.param(name, way, step, id=f"{name}, step {step} {way}")
    for name, scenario in SCENARIOS.items()
    for step in range(1, _steps(scenario) + 1)
    for way in WAYS
]


@cache
def _undisturbed(name):
    return _state(_run(SCENARIOS[name], Fate()))


@pytest.mark.parametrize(("repeat_as", "wait"), [("mine", 0), ("another", 150)], ids=["same key", "later"])
@pytest.mark.parametrize(("name", "way", "step"), CASES)
def test_a_repeat_ends_as_if_nothing_had_happened_and_tells_under_the_same_id(name, way, step, repeat_as, wait):
    """Of each version and kind, a product gets one id, however often it is told."""
    room = _run(SCENARIOS[name], Fate(way, step), repeat_as=repeat_as, wait=wait)
    assert _state(room) == _undisturbed(name)
    told = {
        (product, push.customer.customer_id, push.customer.version, push.kind, push.push_id)
        for (product, *_), push in zip(room.connector.told, room.connector.pushes, strict=True)
    }
    assert len({each[:-1] for each in told}) == len({each[-1] for each in told}) == len(told)


def test_the_sweep_sweeps():
    assert all(_steps(scenario) for scenario in SCENARIOS.values())
    assert len(CASES) > 300


def test_pushes_are_taken():
    assert _undisturbed("push")["told"]["customer 0", ACCOUNT, "b"][1]["last_name"] == "Neumann"
