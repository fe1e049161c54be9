"""What keeping customers promises, of the fake and of the store in DynamoDB."""

from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from customer_center.customers.clusters import Cluster
from customer_center.customers.consent import ConsentSaid, ConsentStatement
from customer_center.customers.entries import customer_entry
from customer_center.customers.fields import ADDRESS_PARTS, FIELDS, normalised
from customer_center.customers.listing import CustomerSort, Range, from_to, row_of, since_until
from customer_center.customers.members import Member, Policy
from customer_center.customers.model import Customer, Delivery, SourceRecord
from customer_center.customers.own_ids import FreedId, OwnId
from customer_center.customers.ports import Change
from customer_center.customers.store import CustomerStore
from customer_center.platform.errors import Conflict, FieldError, InProgress
from customer_center.platform.idempotency import AlreadyDone, Idempotency
from customer_center.platform.journal import Actor, Journal
from customer_center.platform.stamps import event_stamp, nanoseconds
from tests.fakes.clock import NOON
from tests.fakes.customers import FakeCustomers

ACCOUNT = "AG-100"
STAMP = event_stamp(nanoseconds(NOON), "id_1")
NEWER = event_stamp(nanoseconds(NOON) + 1, "id_2")
NEWEST = event_stamp(nanoseconds(NOON) + 2, "id_3")
VALUES = {"last_name": "Muster", "emails": ("a@x.example",), "visit_address": {"city": "Bonn", "street": "Weg 1"}}
ACTOR = Actor("client", "key")


@dataclass
class World:
    customers: object
    entries: object


@pytest.fixture
def fake():
    customers = FakeCustomers()
    return World(customers, lambda partition: [entry for entry in customers.entries if entry.partition == partition])


def stored(client, create_table):
    dynamodb = client("dynamodb")
    tables = [create_table(dynamodb, name) for name in ("CustomersTable", "JournalTable")]
    journal = Journal(client=dynamodb, table=tables[1])
    store = CustomerStore(client=dynamodb, table=tables[0], journal=journal)
    return World(store, lambda partition: list(journal.newest(partition, limit=100).rows))


@pytest.fixture
def moto(moto_client, create_table):
    return stored(moto_client, create_table)


@pytest.fixture
def emulator(emulator_client, create_table):
    return stored(emulator_client, create_table)


@pytest.fixture
def dynamodb_local(dynamodb_local_client, create_table):
    return stored(dynamodb_local_client, create_table)


@pytest.fixture(params=["fake", "moto", "emulator", "dynamodb_local"])
def world(request):
    return request.getfixturevalue(request.param)


@pytest.fixture
def customers(world):
    return world.customers


def a_customer(number=1, **given):
    return Customer(f"cus_{number}", ACCOUNT, NOON, NOON, **given).told(VALUES, "api", STAMP, NOON)


def entry(before, after):
    return customer_entry("customer.updated", before, after, ACTOR, NOON, "request")


def added(customers, *claims, number=1, **given):
    customer = a_customer(number, **given)
    customers.save(Change(None, customer, claims=claims), entry(None, customer))
    return customer


def test_a_customer_is_read_as_it_was_written(world):
    customer = added(world.customers, customer_code="10000")
    assert world.customers.customer(customer.customer_id) == customer
    assert world.customers.customer("cus_2") is None
    assert [each.action for each in world.entries(customer.customer_id)] == ["customer.updated"]


def largest(sign, choice):
    """Return the largest value of each field, or one of its choices: every character needs four bytes."""

    def of(name, field):
        line = sign * field.max_length
        match field.kind:
            case "line":
                return field.choices[choice] if field.choices else line
            case "list":
                return tuple(f"{number:02}{line[2:]}" for number in range(field.max_items))
            case "map":
                return {f"{number:02}{'n' * 62}": line for number in range(field.max_items)}
            case "address":
                return {part: sign * length for part, length in ADDRESS_PARTS.items()}

    return {name: normalised(name, of(name, field)) for name, field in FIELDS.items()}


def test_the_largest_customer_is_written_and_replaced_by_another(world):
    """An item of DynamoDB has at most 400 KB. The largest is the journal's, with all values before and after."""
    before, after = largest("\U0001d49c", 0), largest("\U0001d49e", -1)
    stamp = event_stamp(nanoseconds(NOON), "i" * 128)
    customer = Customer("cus_1", ACCOUNT, NOON, NOON).told(before, f"product:{'p' * 64}", STAMP, NOON)
    source, said = SourceRecord("cus_1", "api"), SourceRecord("cus_1", "api").sent(after, stamp, None)[0]
    world.customers.save(Change(None, customer), entry(None, customer))
    changed = customer.told(after, "api", stamp, NOON)
    world.customers.save(Change(customer, changed, source=(source, said)), entry(customer, changed))
    assert world.customers.customer("cus_1").values == after
    assert world.customers.source_record("cus_1", "api") == said
    assert {len(each.changes) for each in world.entries("cus_1")} == {len(FIELDS)}


def test_a_tombstone_stays(customers):
    customer = added(customers)
    after = customer.deleted(NOON + timedelta(seconds=1))
    customers.save(Change(customer, after), entry(customer, after))
    assert customers.customer(customer.customer_id) == after


def test_all_records_of_a_change_are_written_together(customers):
    customer = added(customers)
    source, delivery = SourceRecord("cus_1", "product:a"), Delivery("cus_1", ACCOUNT, "a")
    said, stated = source.sent({"last_name": None, "phones": ("1",)}, NEWER, None)
    heard = delivery.heard({"last_name": None, "phones": ("1",)}, NEWER, has_it=True)
    after = customer.told(stated, "product:a", NEWER, NOON)
    change = Change(customer, after, (source, said), (delivery, heard), [("a", "a-1"), (None, "10000")])
    customers.save(change, entry(customer, after))
    assert customers.customer("cus_1") == after
    assert customers.source_record("cus_1", "product:a") == said
    assert customers.delivery("cus_1", ACCOUNT, "a") == heard
    assert customers.customer_id_of(ACCOUNT, "a", "a-1") == "cus_1"
    assert customers.customer_id_of(ACCOUNT, None, "10000") == "cus_1"
    assert customers.customer_id_of(ACCOUNT, "b", "a-1") is None
    assert customers.customer_id_of("AG-2", "a", "a-1") is None


@pytest.mark.parametrize(
    ("claim", "code"), [(("a", "a-1"), "external-id-taken"), ((None, "10000"), "customer-code-taken")]
)
def test_an_id_belongs_to_one_customer(world, claim, code):
    added(world.customers, claim)
    other = a_customer(2)
    with pytest.raises(Conflict) as refused:
        world.customers.save(Change(None, other, claims=[claim]), entry(None, other))
    assert refused.value.code == code
    assert world.customers.customer("cus_2") is None
    assert world.entries("cus_2") == []


@pytest.mark.parametrize("product", ["a", None])
def test_an_id_that_is_given_up_names_its_customer_in_older_events_only(customers, product):
    customer = added(customers, (product, "1"))
    after = replace(customer, revision=2)
    freed = FreedId(product, "1", to="2")
    customers.save(Change(customer, after, frees=[freed], stamp=NEWER), entry(customer, after))
    assert customers.own_id(ACCOUNT, product, "1") == OwnId("cus_1", NEWER, "2")
    assert customers.customer_id_of(ACCOUNT, product, "1") is None
    other = a_customer(2)
    for stamp in (STAMP, NEWER):
        with pytest.raises(Conflict):
            customers.save(Change(None, other, claims=[(product, "1")], stamp=stamp), entry(None, other))
    customers.save(Change(None, other, claims=[(product, "1")], stamp=NEWEST), entry(None, other))
    assert customers.own_id(ACCOUNT, product, "1") == OwnId("cus_2")
    again = replace(after, revision=3)
    with pytest.raises(InProgress):
        customers.save(Change(after, again, frees=[freed], stamp=NEWEST), entry(after, again))


@pytest.mark.parametrize("product", ["a", None])
def test_an_id_goes_to_a_new_customer_that_replaces_a_deleted_one(customers, product):
    added(customers, (product, "1"))
    other = a_customer(2)
    with pytest.raises(Conflict):
        customers.save(Change(None, other, claims=[(product, "1")], replaces=["cus_3"]), entry(None, other))
    customers.save(Change(None, other, claims=[(product, "1")], replaces=["cus_3", "cus_1"]), entry(None, other))
    assert customers.customer_id_of(ACCOUNT, product, "1") == "cus_2"


def test_the_newest_deletion_of_an_unknown_customer_is_noted(customers):
    freed = FreedId("a", "1")
    assert customers.own_id(ACCOUNT, "a", "1") == OwnId()
    assert customers.note_gone(ACCOUNT, freed, STAMP, NOON)
    assert customers.note_gone(ACCOUNT, freed, NEWER, NOON)
    assert not customers.note_gone(ACCOUNT, freed, STAMP, NOON)
    assert customers.own_id(ACCOUNT, "a", "1") == OwnId(None, NEWER)
    assert customers.own_id("AG-2", "a", "1") == customers.own_id(ACCOUNT, "b", "1") == OwnId()


def test_a_deletion_is_not_noted_for_a_customer_that_is_there(customers):
    added(customers, ("a", "1"))
    assert not customers.note_gone(ACCOUNT, FreedId("a", "1"), NEWER, NOON)
    assert customers.customer_id_of(ACCOUNT, "a", "1") == "cus_1"


def test_what_each_product_knows_is_read_at_once(customers):
    heard = [
        Delivery("cus_1", ACCOUNT, product).heard({"last_name": "Muster"}, STAMP, has_it=True) for product in ("b", "a")
    ]
    heard[0] = heard[0].called("b-1").called("b-2")
    for delivery in heard:
        assert customers.save_delivery(Delivery("cus_1", ACCOUNT, delivery.product), delivery)
    customers.save_delivery(Delivery("cus_2", ACCOUNT, "a"), Delivery("cus_2", ACCOUNT, "a").called("a-2"))
    assert customers.deliveries("cus_1") == [heard[1], heard[0]]
    assert (heard[0].external_id, heard[0].former_ids) == ("b-2", ("b-1",))


def with_consent(customers, customer, said, stamp):
    source = customers.source_record("cus_1", "product:a")
    said_by, statements = source.sent_consent(said, stamp, None, customer.consent)
    after = customer.told({}, "product:a", stamp, NOON, statements)
    return Change(customer, after, (source, said_by), consent=statements)


def test_the_ledger_of_consent_only_grows(world):
    customers, customer = world.customers, added(world.customers)
    assert customers.consent_ledger("cus_1") == []
    grant = with_consent(customers, customer, ConsentSaid(permission=True), STAMP)
    customers.save(grant, entry(customer, grant.after))
    assert customers.customer("cus_1") == grant.after
    assert customers.source_record("cus_1", "product:a") == grant.source[1]
    denial = with_consent(customers, grant.after, ConsentSaid(channels={"sms": ("denied", 0)}), NEWER)
    customers.save(denial, entry(grant.after, denial.after))
    assert customers.customer("cus_1") == denial.after
    assert customers.source_record("cus_1", "product:a") == denial.source[1]
    since = STAMP.partition("#")[0]
    granted = [
        ConsentStatement(channel, "granted", since, STAMP, "product:a") for channel in ("email", "phone", "post", "sms")
    ]
    denied = ConsentStatement("sms", "denied", "1970-01-01T00:00:00.000000000+00:00", NEWER, "product:a")
    assert customers.consent_ledger("cus_1") == [*granted, denied]
    assert customers.consent_ledger("cus_2") == []


def test_a_repeated_statement_is_in_the_ledger_once(customers):
    customer = added(customers)
    change = with_consent(customers, customer, ConsentSaid(permission=False), STAMP)
    customers.save(change, None)
    ledger = customers.consent_ledger("cus_1")
    customers.save(Change(change.after, change.after, consent=change.consent), None)
    assert customers.consent_ledger("cus_1") == ledger


def test_a_refused_change_adds_nothing_to_the_ledger(customers):
    customer = added(customers)
    change = with_consent(customers, customer, ConsentSaid(permission=True), STAMP)
    customers.save(change, None)
    with pytest.raises(InProgress):
        customers.save(with_consent(customers, customer, ConsentSaid(permission=False), NEWER), None)
    assert {said.state for said in customers.consent_ledger("cus_1")} == {"granted"}


def test_an_id_may_be_claimed_again_by_its_customer(customers):
    customer = added(customers, ("a", "a-1"))
    customers.save(Change(customer, customer, claims=[("a", "a-1")]), None)
    assert customers.customer_id_of(ACCOUNT, "a", "a-1") == "cus_1"


def test_a_change_of_what_was_changed_meanwhile_writes_nothing(world):
    customers, customer = world.customers, added(world.customers)
    after = customer.told({"last_name": "First"}, "api", NEWER, NOON)
    customers.save(Change(customer, after), entry(customer, after))
    source = SourceRecord("cus_1", "erp")
    said, _ = source.sent({"last_name": "Second"}, NEWER, None)
    late = customer.told({"last_name": "Second"}, "erp", NEWER, NOON)
    for change in (
        Change(customer, late, (source, said)),
        Change(None, late, (source, said)),
        Change(after, after, (replace(source, version=3), replace(said, version=4))),
    ):
        with pytest.raises(InProgress):
            customers.save(change, entry(customer, late))
    assert customers.customer("cus_1") == after
    assert customers.source_record("cus_1", "erp") == source
    assert len(world.entries("cus_1")) == 2


def in_lists(customers, number, *, code=None, **given):
    """Add customer `number`, created in that minute."""
    at = NOON + timedelta(minutes=number)
    values = {"last_name": given.pop("last_name", "Muster"), **given}
    customer = Customer(f"cus_{number}", ACCOUNT, at, at, customer_code=code).told(values, "api", STAMP, at)
    customers.save(Change(None, customer), entry(None, customer))
    return customer


def listed(customers, sort, positions=Range(), *, limit=10, after=None):  # noqa: B008 # immutable
    part = customers.listed(ACCOUNT, CustomerSort(sort), positions, limit=limit, after=after)
    return [row.customer_id for row in part.rows]


def test_customers_are_listed_in_every_order_both_ways(customers):
    in_lists(customers, 1, last_name="Zander", code="B")
    in_lists(customers, 2, last_name="Ąbel", code="C")
    third = in_lists(customers, 3, organisation="abel", last_name="Zzz", code="A")
    in_lists(customers, 4, last_name=None)
    later = third.told({"first_name": "Anna"}, "api", NEWER, NOON + timedelta(hours=1))
    customers.save(Change(third, later), entry(third, later))
    orders = {
        "created": ["cus_1", "cus_2", "cus_3", "cus_4"],
        "updated": ["cus_1", "cus_2", "cus_4", "cus_3"],
        "name": ["cus_4", "cus_2", "cus_3", "cus_1"],
        "customer_code": ["cus_3", "cus_1", "cus_2"],
    }
    for sort, expected in orders.items():
        assert listed(customers, sort) == expected
        assert listed(customers, f"-{sort}") == expected[::-1]


def test_a_row_shows_the_first_of_several(customers):
    customer = in_lists(customers, 1, emails=("a@x.example", "b@x.example"), phones=("1", "2"), code="A")
    (row,) = customers.listed(ACCOUNT, CustomerSort.NAME, Range(), limit=1).rows
    assert row == row_of(customer)
    assert (row.customer_id, row.account_id, row.version) == ("cus_1", ACCOUNT, customer.version)
    assert (row.email, row.phone, row.customer_code, row.last_name) == ("a@x.example", "1", "A", "Muster")
    assert (row.first_name, row.organisation, row.created_at) == (None, None, NOON + timedelta(minutes=1))


def test_lists_are_read_by_range_and_in_pages(customers):
    for number in range(1, 6):
        in_lists(customers, number, code=f"C{number}")
    minutes = since_until(NOON + timedelta(minutes=2), NOON + timedelta(minutes=4))
    assert listed(customers, "created", minutes) == ["cus_2", "cus_3"]
    assert listed(customers, "-customer_code", from_to("C2", "C4")) == ["cus_4", "cus_3", "cus_2"]
    assert listed(customers, "customer_code", from_to("C4", "C2")) == []
    for sort in ("name", "-name"):
        everybody = listed(customers, sort)
        part = customers.listed(ACCOUNT, CustomerSort(sort), Range(), limit=2)
        assert part.more
        after = part.rows[-1].position("name")
        assert listed(customers, sort, after=after) == everybody[2:]
        assert listed(customers, sort, after=after, limit=1) == everybody[2:3]


def test_deleted_customers_and_those_of_other_accounts_are_not_listed(customers):
    customer = in_lists(customers, 1, code="A")
    deleted = customer.deleted(NOON)
    customers.save(Change(customer, deleted), entry(customer, deleted))
    other = replace(a_customer(2), account_id="AG-2")
    customers.save(Change(None, other), entry(None, other))
    for sort in CustomerSort:
        assert listed(customers, sort) == []


def test_several_customers_are_read_together(customers):
    first, second = added(customers), added(customers, number=2)
    for consistent in (True, False):
        read = customers.customers_with(["cus_2", "cus_3", "cus_1", "cus_2"], consistent=consistent)
        assert sorted(read, key=lambda customer: customer.customer_id) == [first, second]
        assert customers.customers_with([], consistent=consistent) == []


def test_more_customers_than_one_read_has_are_read_together(customers):
    for number in range(101):
        added(customers, number=number)
    assert len(customers.customers_with(f"cus_{number}" for number in range(101))) == 101


def test_a_name_of_any_length_is_listed(customers):
    in_lists(customers, 1, last_name="\ufdfa" * 100, organisation="\U0001f600" * 200, code="\U0001f600" * 200)
    for sort in CustomerSort:
        assert listed(customers, sort) == ["cus_1"]


def test_what_every_source_says_is_read_together(customers):
    customer = added(customers)
    for source in ("product:b", "erp", "product:a"):
        record = SourceRecord("cus_1", source)
        said, _ = record.sent({"last_name": source, "phones": None}, NEWER, None)
        customers.save(Change(customer, customer, (record, said)), None)
    added(customers, number=2)
    read = customers.source_records("cus_1")
    assert [record.source for record in read] == ["erp", "product:a", "product:b"]
    assert read[0] == customers.source_record("cus_1", "erp")
    assert customers.source_records("cus_2") == []


def test_a_history_is_read_newest_first_in_pages(customers):
    customer = added(customers)
    added(customers, number=2)
    for number in range(2):
        later = NOON + timedelta(minutes=number + 1)
        after = customer.told({"last_name": str(number)}, "api", event_stamp(nanoseconds(later), "id"), later)
        change = customer_entry("customer.updated", customer, after, ACTOR, later, "request")
        customers.save(Change(customer, after), change)
        customer = after
    first = customers.history("cus_1", limit=2)
    assert [tuple(each.changes["last_name"]) for each in first.rows] == [("0", "1"), ("Muster", "0")]
    assert first.more
    rest = customers.history("cus_1", limit=2, before=first.rows[-1].entry_id)
    assert ([each.at for each in rest.rows], rest.more) == ([NOON], False)


def test_a_delivery_is_written_by_one_of_two(customers):
    empty = customers.delivery("cus_1", ACCOUNT, "b")
    assert empty == Delivery("cus_1", ACCOUNT, "b")
    leased = empty.leased({"last_name": "hash"}, NOON)
    assert customers.save_delivery(empty, leased)
    assert not customers.save_delivery(empty, leased)
    assert customers.delivery("cus_1", ACCOUNT, "b") == leased
    again = leased.released().leased({"last_name": "other hash"}, NOON)
    assert again.doubted["last_name"] == ("hash",)
    assert customers.save_delivery(leased, again)
    assert customers.delivery("cus_1", ACCOUNT, "b") == again
    delivered = again.delivered(STAMP)
    assert customers.save_delivery(again, delivered)
    assert customers.delivery("cus_1", ACCOUNT, "b") == delivered
    assert customers.save_delivery(delivered, delivered.released(refused="http-422"))
    assert customers.delivery("cus_1", ACCOUNT, "b").refused == "http-422"


def test_a_customer_that_left_is_read_as_it_was_written_and_listed_nowhere(customers):
    customer = added(customers, customer_code="10000")
    left = customer.without_account("VMF", NEWER, NOON)
    customers.save(Change(customer, left), entry(customer, left))
    assert customers.customer("cus_1") == left
    joined = left.in_account("AG-2")
    customers.save(Change(left, joined), entry(left, joined))
    assert customers.customer("cus_1") == joined
    assert (joined.left[ACCOUNT].customer_code, joined.left[ACCOUNT].version) == ("10000", 3)
    for account_id in (ACCOUNT, "AG-2", left.account_id):
        assert customers.listed(account_id, CustomerSort.CREATED, Range(), limit=9).rows == []


def test_products_of_one_name_know_a_customer_by_their_account(customers):
    heard = [
        Delivery("cus_1", account_id, "a").heard({"last_name": account_id}, STAMP, has_it=True)
        for account_id in (ACCOUNT, "AG-2")
    ]
    for delivery in heard:
        assert customers.save_delivery(Delivery("cus_1", delivery.account_id, "a"), delivery)
    assert [customers.delivery("cus_1", account_id, "a") for account_id in (ACCOUNT, "AG-2")] == heard
    assert customers.deliveries("cus_1") == heard
    assert customers.delivery("cus_1", "AG-3", "a") == Delivery("cus_1", "AG-3", "a")


def test_a_creation_is_remembered_with_its_request(customers):
    request = Idempotency("key", "hash")
    added(customers.remembering(request))
    assert customers.remembered(request, NOON).subject == "cus_1"
    with pytest.raises(AlreadyDone):
        added(customers.remembering(request), number=2)
    assert customers.customer("cus_2") is None


def test_events_are_noted(customers):
    assert not customers.was_applied("src_1", "msg_1")
    customers.note_applied("src_1", "msg_1", NOON)
    assert customers.was_applied("src_1", "msg_1")
    assert not customers.was_applied("src_2", "msg_1")
    customers.note_refused("src_1", "msg_2", "customer-unknown", [FieldError("/data/customer_id", "invalid")], NOON)


def test_the_ledger_of_consent_is_read_by_pages(customers):
    customer = added(customers)
    said = [
        ConsentStatement(channel, state, moment, stamp, "product:a")
        for channel, state, moment, stamp in (
            ("email", "granted", "2026-11-24T12:00:00.000000000+00:00", STAMP),
            ("email", "denied", "2026-11-24T12:00:01.000000000+00:00", NEWER),
            ("sms", "granted", "2026-11-24T12:00:00.000000000+00:00", STAMP),
        )
    ]
    after = replace(customer, revision=2)
    customers.save(Change(customer, after, consent=said), entry(customer, after))
    first = customers.ledger_part("cus_1", limit=2)
    second = customers.ledger_part("cus_1", limit=2, after=first.rows[-1].position)
    assert [*first.rows, *second.rows] == customers.consent_ledger("cus_1") == said
    assert (first.more, second.more) == (True, False)


def test_refused_events_are_read_newest_first_by_pages(customers):
    errors = [FieldError("/data/customer_id", "invalid"), FieldError("/data/external_id", "invalid")]
    for number in (1, 3, 2):
        at = NOON + timedelta(milliseconds=number)
        customers.note_refused("src_1", f"msg#{number}", "ids-differ", errors, at)
    customers.note_refused("src_2", "msg_1", "customer-unknown", [], NOON)
    first = customers.refused_events("src_1", limit=2)
    second = customers.refused_events("src_1", limit=2, before=first.rows[-1].position)
    assert [each.event_id for each in (*first.rows, *second.rows)] == ["msg#3", "msg#2", "msg#1"]
    assert (first.more, second.more) == (True, False)
    (newest, _) = first.rows
    assert (newest.source_id, newest.code, list(newest.errors)) == ("src_1", "ids-differ", errors)
    assert newest.received_at == NOON + timedelta(milliseconds=3)
    assert customers.refused_events("src_3", limit=2).rows == []


def test_a_cluster_is_read_as_it_was_written(world):
    customers = world.customers
    survivor, other = added(customers, number=1), added(customers, number=2, customer_code="10000")
    policies = {"last_name": Policy("source_priority", ("erp", "product:b")), "emails": Policy("fill_empty")}
    member = Member(
        "cus_2",
        "cus_1",
        NEWER,
        NOON,
        "key",
        kept_separate=("cus_3",),
        owned=("email:a@x.example",),
        policies=policies,
    )
    cluster = Cluster(survivor).joined(Cluster(other), member, NOON + timedelta(seconds=1))
    after = cluster.told("cus_1", {"last_name": "Edited"}, "api", NEWER, NOON, is_edit=True).survivor
    gone = cluster.merged["cus_2"]
    change = Change(survivor, after, others=[(other, gone)])
    customers.save(change, entry(survivor, after), entry(other, gone))
    assert [customers.customer(each) for each in ("cus_1", "cus_2")] == [after, gone]
    assert (after.edited, after.own.values["last_name"]) == ({"last_name": NEWER}, "Edited")
    assert [len(world.entries(each)) for each in ("cus_1", "cus_2")] == [2, 2]
    assert listed(customers, "created") == ["cus_1"]
    with pytest.raises(InProgress):
        customers.save(Change(after, after, others=[(other, gone)]), None)


def test_ids_and_consent_of_a_change_are_those_of_the_record_that_it_names(customers):
    survivor = added(customers, number=1)
    added(customers, number=2)
    (said, *_) = with_consent(customers, survivor, ConsentSaid(permission=False), STAMP).consent
    copied = [("cus_3", said)]
    change = Change(survivor, survivor, claims=[("a", "a-2")], consent=[said], record_id="cus_2", copied=copied)
    customers.save(change, None)
    assert customers.customer_id_of(ACCOUNT, "a", "a-2") == "cus_2"
    assert [customers.consent_ledger(f"cus_{number}") for number in (1, 2, 3)] == [[], [said], [said]]
